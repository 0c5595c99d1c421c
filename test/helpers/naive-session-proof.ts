import type { Request } from "express";
import { setTimeout as pause } from "node:timers/promises";
import type { Mark, ProofFactory } from "../../src/index.js";

/**
 * A proof in the session as one would write it first: the session gets a new id, its data are copied over, and nobody
 * looks whether it still exists. Tests about logging out are worth something only if they fail with this one.
 */
export const naiveSessionProof: ProofFactory = () => ({
  kind: "session",
  accepts: () => true,
  read: (req) => ({ binding: bindingOf(req), machine: false, marks: marksOf(req) }),
  async grant(req, _res, mark) {
    const { cookie: _cookie, ...data } = Object.fromEntries(Object.entries(req.session));
    Object.assign(data, { naive: [...marksOf(req), mark], binding: bindingOf(req) });
    await pause(4);
    await new Promise<void>((resolve, reject) => {
      req.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
    });
    Object.assign(req.session, data);
    await new Promise<void>((resolve, reject) => {
      req.session.save((error: unknown) => (error ? reject(error) : resolve()));
    });
    return {};
  },
  clear: () => Promise.resolve(),
});

interface Naive {
  naive?: readonly Mark[];
  binding?: string;
}

function marksOf(req: Request): readonly Mark[] {
  return (req.session as Naive).naive ?? [];
}

function bindingOf(req: Request): string {
  return (req.session as Naive).binding ?? req.sessionID;
}
