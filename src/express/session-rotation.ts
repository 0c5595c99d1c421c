import type { Response } from "express";
import type { Clock } from "../core/clock.js";
import { isTwoFactorError, misconfigured, TwoFactorError, unavailable } from "../core/errors.js";
import type { Mark } from "../step-up/mark.js";
import { ask, type SessionLike, type SessionRequest, type SessionStore } from "./session-like.js";
import type { SessionWrites } from "./session-writes.js";
import { bindingIn, isRecord, type TwoFactorState, withMark } from "./stored-marks.js";

/** What a rotation needs to know beside the request. */
export interface Rotation {
  readonly binding: string;
  readonly mark: Mark;
  readonly clock: Clock;
  /** For each call of the store, in milliseconds. */
  readonly deadline: number;
  /** Told when the old id could not be removed from the store; it opens nothing in this process even so. */
  readonly onLeftover: (error: unknown) => void;
}

interface Stored {
  readonly store: SessionStore;
  readonly writes: SessionWrites;
}

/**
 * Moves a session of a store to a new id and adds a mark on the way: read, copy, save the new, and only then remove the
 * old (OWASP ASVS 7.2.4). Requests of one login that come here together share one new id.
 *
 * What the app keeps in the session is taken from the store, not from this request: a value that another request has
 * written or removed meanwhile stays written or removed.
 *
 * @throws TwoFactorError `first_factor_required` when the session ended in the meantime; `unavailable` when the new one
 * could not be kept, and then the request still has its old session, as it was.
 */
export function elevate(req: SessionRequest, res: Response, at: Stored, rotation: Rotation): Promise<void> {
  const job = async (): Promise<void> => {
    const id = req.sessionID ?? "";
    const current = at.writes.current(id);
    if (current === undefined) throw ended();
    await (current === id ? rotate(req, res, at, rotation) : join(req, at, rotation, current));
  };
  return at.writes.inTurn(rotation.binding, job).catch(asRefusal);
}

function asRefusal(error: unknown): never {
  throw isTwoFactorError(error) ? error : unavailable("The session could not be kept.", error);
}

async function rotate(req: SessionRequest, res: Response, at: Stored, rotation: Rotation): Promise<void> {
  const { store, writes } = at;
  const { deadline } = rotation;
  const id = req.sessionID ?? "";
  const found = await load(store, id, deadline);
  if (!found && cameWith(req, id)) throw ended();
  const before = found ? inflate(store, id, found) : (req.session ?? {});
  const [next, nextId] = aside(req, () => store.generate?.(req));
  if (nextId === id)
    throw misconfigured("session({ genid }) must return another id every time: the session keeps its old one.");
  writes.bear(next);
  copy(before, next);
  const state = withMark(
    before.twoFactor,
    bindingIn(before.twoFactor) ?? rotation.binding,
    rotation.mark,
    rotation.clock(),
  );
  next.twoFactor = state;
  try {
    await ask(deadline, (done) => store.set(nextId, next, done));
    // Twice, because the person may have logged out while we saved: here, or at another process. Once it is announced
    // that the old id is over, whoever has written it back removes it, and that it is gone says nothing any more.
    if (found && !(await load(store, id, deadline))) throw ended();
    if (!(await writes.announce(id, nextId, next))) {
      // It may still be in the store, where whoever said so came no further: then it would answer like this for ever.
      writes.end(id);
      writes.discardQuietly(id);
      throw ended();
    }
    if (writes.isGone(id)) throw ended();
    if (isAnswered(res)) {
      await writes.takeBack(id);
      throw tooLate();
    }
  } catch (error) {
    writes.end(nextId);
    writes.discardQuietly(nextId);
    throw error;
  }
  writes.move(id, nextId, state);
  req.session = next;
  req.sessionID = nextId;
  await ask(deadline, (done) => writes.drop(id, done)).catch(rotation.onLeftover);
}

/** Another request of this login has moved the session just now: it is this request's session too. */
async function join(req: SessionRequest, at: Stored, rotation: Rotation, id: string): Promise<void> {
  const { store, writes } = at;
  const found = await load(store, id, rotation.deadline);
  if (!found) throw ended();
  const [session] = aside(req, () => {
    req.sessionID = id;
    store.createSession?.(req, found);
  });
  const before = writes.held(id);
  const state = withMark(before, rotation.binding, rotation.mark, rotation.clock());
  writes.hold(id, state);
  try {
    session.twoFactor = state;
    await ask(rotation.deadline, (done) => store.set(id, session, done));
  } catch (error) {
    if (before) writes.hold(id, before);
    throw error;
  }
  if (writes.isGone(id)) throw ended();
  req.session = session;
  req.sessionID = id;
}

/**
 * The same for session middleware that has `regenerate()` but shows no store: there the old id goes before the new one
 * is saved, so a failure costs the login.
 */
export async function regenerate(req: SessionRequest, res: Response, rotation: Rotation): Promise<void> {
  const { deadline } = rotation;
  const old = req.session;
  const oldId = req.sessionID;
  if (!old?.regenerate) throw ended();
  try {
    await ask(deadline, (done) => old.regenerate?.(done));
    const next = req.session;
    if (!next || next === old) throw unavailable("regenerate() made no new session.");
    copy(old, next);
    next.twoFactor = withMark(old.twoFactor, rotation.binding, rotation.mark, rotation.clock());
    if (next.save) await ask(deadline, (done) => next.save?.(done));
    if (isAnswered(res)) throw tooLate();
  } catch (error) {
    if (req.session && req.session !== old) delete req.session.twoFactor;
    req.session = old;
    if (oldId !== undefined) req.sessionID = oldId;
    return asRefusal(error);
  }
}

/** Puts marks under an id this request does not hold, as when it clears a session that has moved meanwhile. */
export async function rewrite(at: Stored, id: string, state: TwoFactorState, deadline: number): Promise<void> {
  const found = await load(at.store, id, deadline);
  if (!found) return;
  const session = inflate(at.store, id, found);
  session.twoFactor = state;
  await ask(deadline, (done) => at.store.set(id, session, done));
}

async function load(store: SessionStore, id: string, deadline: number): Promise<SessionLike | undefined> {
  const found = await ask(deadline, (done) => {
    // A store of files says "no such file" for "no such session"; express-session reads it the same way.
    return store.get(id, (error, value) =>
      done((error as { code?: unknown } | null)?.code === "ENOENT" ? undefined : error, value),
    );
  });
  return isRecord(found) ? found : undefined;
}

/** Lets `make` put another session on the request, and takes it off again: it is not the request's before it is kept. */
function aside(req: SessionRequest, make: () => void): [SessionLike, string] {
  const { session, sessionID } = req;
  try {
    make();
    const made = req.session;
    if (!made || made === session || req.sessionID === undefined)
      throw unavailable("The session store made no new session.");
    return [made, req.sessionID];
  } finally {
    if (session !== undefined) req.session = session;
    if (sessionID !== undefined) req.sessionID = sessionID;
  }
}

/** What the store gave, with a cookie object in place of its JSON. */
function inflate(store: SessionStore, id: string, found: SessionLike): SessionLike {
  const stand: SessionRequest = { sessionID: id, sessionStore: store };
  store.createSession?.(stand, found);
  return stand.session ?? found;
}

function copy(from: SessionLike, to: SessionLike): void {
  for (const key of Object.keys(from)) {
    if (key !== "cookie" && !(key in to)) to[key] = from[key];
  }
  if (from.cookie && to.cookie) Object.assign(to.cookie, from.cookie);
}

/**
 * Whether the browser sent this id. One it did not send was made on this very request, and cannot have been ended by
 * another: then what the store does not have is not lost, but new.
 */
export function cameWith(req: SessionRequest, id: string): boolean {
  const cookies = req.headers?.cookie ?? "";
  return cookies.split(";").some((cookie) => cookie.includes(id) || decoded(cookie).includes(id));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Once the answer has begun, or the browser has hung up, the new id has no way to the browser. */
function isAnswered(res: Response): boolean {
  return res.headersSent || res.destroyed;
}

function tooLate(): TwoFactorError {
  return unavailable("The response was over before the session was kept.");
}

function ended(): TwoFactorError {
  return new TwoFactorError("first_factor_required", { detail: "The session has ended. Log in again." });
}
