import type { Request } from "express";
import { type Awaitable, isPromise } from "../core/deadline.js";
import { misconfigured } from "../core/errors.js";
import type { MethodName } from "../methods/method.js";
import type { Mark } from "../step-up/mark.js";
import { barredBy } from "../step-up/first-factor.js";
import { ask } from "../step-up/ask.js";
import type { Asker } from "../step-up/wanted.js";
import { refused, type Refused } from "../verification/outcome.js";
import type { Kit } from "./kit.js";
import type { Login, Proof } from "./proof.js";

/** Who a request speaks for, and where the marks of their second factor live. */
export interface Identity {
  readonly ok: true;
  readonly user: string;
  readonly login: Login;
  readonly proof: Proof;
  /** Methods that would only prove the first factor of this login once more. */
  readonly barred?: readonly MethodName[] | undefined;
  /** That another login of the same person may have another first factor. */
  readonly varies?: boolean;
}

export function askerIn({ user, login, barred, varies }: Identity): Asker {
  return { user, binding: login.binding, barred, varies };
}

/** A token that speaks for a program: no person could answer a challenge. */
export interface Machine {
  readonly ok: false;
  readonly reason: "machine";
}

export type Identified = Identity | Machine | Refused;

const NOBODY = refused("first_factor_required");

/** Synchronous where the proof and the app's `user` callback are. */
export function identify(kit: Kit, req: Request): Awaitable<Identified> {
  const proof = proofFor(kit, req);
  const login = proof?.read(req);
  if (!proof || !login) return NOBODY;
  if (login.machine) return { ok: false, reason: "machine" };
  const named = kit.userOf?.(req);
  if (isPromise(named)) {
    return ask("The user callback", () => named).then((user) => barring(kit, req, settle(proof, login, user)));
  }
  return barring(kit, req, settle(proof, login, named));
}

/** A loop, as everything that runs on every guarded request. */
function proofFor({ proofs }: Kit, req: Request): Proof | undefined {
  for (const proof of proofs) if (proof.accepts(req)) return proof;
  return undefined;
}

/** With what the first factor of this login was, where the app says. */
function barring({ firstFactor }: Kit, req: Request, who: Identified): Awaitable<Identified> {
  if (firstFactor === undefined || !who.ok) return who;
  const varies = typeof firstFactor === "function";
  const first: unknown = typeof firstFactor === "function" ? firstFactor(req) : firstFactor;
  if (!isPromise(first)) return { ...who, varies, barred: barredBy(first) };
  return ask("The firstFactor callback", () => first).then((each) => ({ ...who, varies, barred: barredBy(each) }));
}

function settle(proof: Proof, login: Login, named: unknown): Identified {
  const given = userId(named);
  if (login.user !== undefined && given !== undefined && given !== login.user) {
    return refused("first_factor_required", { detail: "The token and the session name different users." });
  }
  const user = login.user ?? given;
  return user === undefined || (proof.kind === "jwt" && login.user === undefined)
    ? NOBODY
    : { ok: true, user, login, proof };
}

function userId(named: unknown): string | undefined {
  if (named === undefined || named === null || named === "") return undefined;
  if (typeof named === "string") return named;
  if (typeof named === "number" && Number.isFinite(named)) return String(named);
  throw misconfigured(
    `twoFactor({ user }) must return the id of the logged-in user (a string or a number) or nothing, not ${typeof named}.`,
  );
}

/** A proof that has marks for this request, of those that can say so at a glance. */
function markedProof({ proofs }: Kit, req: Request): Proof | undefined {
  for (const proof of proofs) if (proof.marks && proof.marks(req).length > 0) return proof;
  return undefined;
}

function isAnyOfAnother(marks: readonly Mark[], user: string | undefined): boolean {
  for (const mark of marks) if (mark.user !== user) return true;
  return false;
}

/** A guard asks again, and it must not be late for that. */
const PATIENCE = 1_000;

/**
 * Takes marks off a session whose user is another one by now, or nobody: a logout that kept the session leaves no proof
 * behind for whoever logs in next. Costs nothing where there are no marks. A fault is not told here: no mark opens a
 * guard that cannot ask who is there either.
 */
export function disown(kit: Kit, req: Request): Promise<void> | undefined {
  const { userOf } = kit;
  const proof = markedProof(kit, req);
  if (!proof || !userOf) return undefined;
  const clear = (named: unknown): Promise<void> | undefined =>
    isAnyOfAnother(proof.marks?.(req) ?? [], userId(named)) ? proof.clear(req) : undefined;
  try {
    const named = userOf(req);
    const cleared = isPromise(named) ? ask("The user callback", () => named, PATIENCE).then(clear) : clear(named);
    return cleared?.catch((error: unknown) => kit.events.emit("fault", { where: "user", error }));
  } catch (error) {
    kit.events.emit("fault", { where: "user", error });
    return undefined;
  }
}
