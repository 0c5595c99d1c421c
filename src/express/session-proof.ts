import type { Request, Response } from "express";
import { fingerprint, randomId } from "../core/crypto.js";
import { misconfigured, TwoFactorError, unavailable } from "../core/errors.js";
import { checkKeys } from "../core/options.js";
import type { Mark } from "../step-up/mark.js";
import type { Granted, Login, Proof, ProofContext, ProofFactory } from "./proof.js";
import { elsewhere } from "./session-elsewhere.js";
import {
  ask,
  type SessionLike,
  type SessionRequest,
  type SessionStore,
  sessionRequest,
  storeOf,
} from "./session-like.js";
import { cameWith, elevate, regenerate, rewrite, type Rotation } from "./session-rotation.js";
import { watchStore } from "./session-watch.js";
import type { SessionWrites } from "./session-writes.js";
import { bindingIn, marksIn, type TwoFactorState, withMark } from "./stored-marks.js";

/** `sessionProof()` takes no options yet; what there is to set belongs to the session middleware. */
export type SessionProofOptions = Readonly<Record<string, never>>;

/** How long the session store may take for each call, in milliseconds. */
const STORE_DEADLINE = 1_000;

/**
 * Keeps the proof of a second factor in `req.session.twoFactor`. The default of `twoFactor({ proof })`.
 *
 * With express-session, or anything of its shape, the session gets a new id when a proof is added (OWASP ASVS 7.2.4):
 * what the store holds for the app stays, the new one is saved before the answer, the old id is removed, and requests of
 * the same session that were under way cannot write it back or hand it out again: here at once, at other processes by a
 * look into a shared store of `twoFactor()` after each write of a session. What the elevating request itself has put into the session and not saved is lost. Logging out must destroy or
 * regenerate the session; then an elevation that was under way fails.
 *
 * With cookie-session there is no id and no store: the proof goes into the cookie, nothing rotates, and somebody who
 * kept a copy of an elevated cookie keeps what it says until it is too old. Prefer a session store for such apps.
 *
 * @throws TwoFactorError `misconfigured` for any option. At a request: `misconfigured` when no session middleware ran
 * before `twoFactor()`, `unavailable` (503) when the session store fails or takes longer than a second.
 */
export function sessionProof(options: SessionProofOptions = {}): ProofFactory {
  checkKeys<SessionProofOptions>(options, {}, "sessionProof()");
  return (context) => createSessionProof(context, STORE_DEADLINE);
}

/** The same with another deadline: tests do not wait a second. */
export function createSessionProof(context: ProofContext, deadline: number): Proof {
  const watch = storeWatch(context);

  function grant(req: Request, res: Response, mark: Mark): Promise<Granted> {
    const holder = sessionRequest(req);
    const { session } = holder;
    const store = storeOf(holder);
    if (!session) return Promise.reject(new TwoFactorError("first_factor_required"));
    if (res.headersSent || res.destroyed) return Promise.reject(unavailable("The response is over, or has begun."));
    const rotation = rotationOf(holder, session, mark);
    if (store) return elevate(holder, res, { store, writes: watch(store, session) }, rotation).then(granted);
    if (session.regenerate) return regenerate(holder, res, rotation).then(granted);
    session.twoFactor = withMark(session.twoFactor, rotation.binding, mark, context.clock());
    return Promise.resolve({});
  }

  function rotationOf(holder: SessionRequest, session: SessionLike, mark: Mark): Rotation {
    const onLeftover = (error: unknown): void => context.events.emit("fault", { where: "session: old id", error });
    return { binding: bindingOf(holder, session), mark, clock: context.clock, deadline, onLeftover };
  }

  async function clear(req: Request): Promise<void> {
    const holder = sessionRequest(req);
    const { session, sessionID: id = "" } = holder;
    const store = storeOf(holder);
    if (!session || session.twoFactor === undefined) return;
    const state: TwoFactorState = { binding: bindingOf(holder, session), marks: [] };
    session.twoFactor = state;
    if (!store) {
      if (session.save) await ask(deadline, (done) => session.save?.(done));
      return;
    }
    const writes = watch(store, session);
    const current = writes.current(id);
    if (current === undefined) return;
    writes.hold(current, state);
    if (current !== id) return rewrite({ store, writes }, current, state, deadline);
    await ask(deadline, (done) => (session.save ? session.save(done) : store.set(id, session, done)));
  }

  return {
    kind: "session",
    accepts: () => true,
    read: (req) => readSession(sessionRequest(req), watch),
    marks(req) {
      const holder = sessionRequest(req);
      const store = storeOf(holder);
      if (store && holder.session) watch(store, holder.session);
      return marksIn(holder.session?.twoFactor);
    },
    anchor: (req) => anchor(sessionRequest(req)),
    grant,
    clear,
  };
}

function granted(): Granted {
  return {};
}

interface Watch {
  (store: SessionStore, session: SessionLike): SessionWrites;
  /** Whether any request has shown a store yet. */
  begun(): boolean;
}

/** Watches each store from the first request on that shows it, so that a logout is noticed before it has landed. */
function storeWatch(context: ProofContext): Watch {
  let last: SessionStore | undefined;
  let writes: SessionWrites | undefined;
  const others = elsewhere(context.store, context.clock, context.keys);
  const watch = (store: SessionStore, session: SessionLike): SessionWrites => {
    if (store === last && writes) return writes;
    writes = watchStore(store, session, context.clock, others);
    last = store;
    return writes;
  };
  return Object.assign(watch, { begun: () => last !== undefined });
}

function readSession(req: SessionRequest, watch: Watch): Login | undefined {
  const { session } = req;
  if (!session) return withoutSession(req, watch);
  const store = storeOf(req);
  if (store) watch(store, session);
  const state = session.twoFactor;
  return { binding: bindingOf(req, session), machine: false, marks: marksIn(state) };
}

function withoutSession(req: SessionRequest, watch: Watch): undefined {
  // Null, or a store without a session: the app has ended the session on this very request.
  if (req.session === null || req.sessionStore !== undefined) return undefined;
  // express-session goes on without a session while its store is disconnected, and outside its cookie's path.
  if (watch.begun()) throw unavailable("This request has no session: the session store is not connected.");
  throw misconfigured(
    "There is no req.session: app.use(session(...)) must come before twoFactor(), with a cookie path that covers it.",
  );
}

/** A session that the browser does not know yet is saved only if something is in it. */
function anchor(req: SessionRequest): void {
  const { session, sessionID } = req;
  if (!session || session.twoFactor !== undefined || sessionID === undefined || cameWith(req, sessionID)) return;
  session.twoFactor = { binding: bindingOf(req, session), marks: [] } satisfies TwoFactorState;
}

/** The stored binding; else one that parallel first requests of the login agree on; else a new one, kept in the session. */
function bindingOf(req: SessionRequest, session: SessionLike): string {
  const stored = bindingIn(session.twoFactor);
  if (stored !== undefined) return stored;
  if (typeof req.sessionID === "string") return fingerprint(["session", req.sessionID]);
  const cookie = sessionCookie(req);
  // Two browsers of one person may well hold the same cookie: what tells them apart is not much, but costs nothing.
  const binding = cookie === undefined ? randomId() : fingerprint(["cookie", cookie, req.headers?.["user-agent"]]);
  // The cookie changes with everything the app puts into it; what is bound to it must not.
  session.twoFactor = { binding, marks: [] } satisfies TwoFactorState;
  return binding;
}

/** cookie-session's cookie as it was sent, with its signature beside it. */
function sessionCookie(req: SessionRequest): string | undefined {
  if (!req.sessionOptions) return undefined;
  const { name = "session" } = req.sessionOptions;
  const sent = (req.headers?.cookie ?? "").split(";").map((cookie) => cookie.trim());
  const ours = sent.filter(
    (cookie) => cookie.startsWith(`${String(name)}=`) || cookie.startsWith(`${String(name)}.sig=`),
  );
  return ours.length === 0 ? undefined : ours.join(";");
}
