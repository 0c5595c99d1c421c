import type { Clock } from "../core/clock.js";
import type { Elsewhere } from "./session-elsewhere.js";
import type { Done, HeaderHolder, SessionLike, SessionStore } from "./session-like.js";
import { SessionWrites } from "./session-writes.js";

/** "Nothing", and not before the caller has finished calling: as a store would. */
function answer(done: Done | undefined): void {
  if (done) setImmediate(done);
}

const watched = new WeakMap<SessionStore, SessionWrites>();
const touched = new WeakSet<object>();

/**
 * Puts the watch in front of a session store, once; from then on it costs a look into a map for each call.
 *
 * express-session writes a session when its response ends: with `resave`, `rolling` or changed data also one that was
 * loaded before the id changed or the person logged out (expressjs/session#935, #923). Such a write is answered and
 * dropped, and the cookie with the dead id is kept out of that response.
 */
export function watchStore(
  store: SessionStore,
  session: SessionLike,
  clock: Clock,
  elsewhere: Elsewhere | undefined,
): SessionWrites {
  const known = watched.get(store);
  if (known) return known;
  const destroy = store.destroy.bind(store);
  const writes = new SessionWrites(clock, destroy, elsewhere);
  watched.set(store, writes);
  watchReads(store, writes);
  watchBirths(store, writes);
  store.set = watchWrites(recheck(store.set.bind(store), writes, elsewhere), writes);
  if (typeof store.touch === "function") store.touch = watchWrites(store.touch.bind(store), writes);
  store.destroy = (id, done) => writes.finish(id, done);
  watchCookies(session);
  return writes;
}

function watchReads(store: SessionStore, writes: SessionWrites): void {
  const get = store.get.bind(store);
  store.get = (id, done) => (writes.isGone(id) ? answer(done) : get(id, done));
}

/**
 * A request that the browser sent before it heard of the new id finds no session and is given an empty one. Were that
 * one's cookie sent, it would take the place of the new id, and the person would be logged out for having verified.
 */
function watchBirths(store: SessionStore, writes: SessionWrites): void {
  const generate = store.generate?.bind(store);
  if (!generate) return;
  store.generate = (req) => {
    const came = req.sessionID;
    generate(req);
    const { session, sessionID: id } = req;
    if (came !== undefined && session && id !== undefined && writes.hasJustMoved(came)) mute(session, id);
  };
}

type Write = (id: string, session: SessionLike, done?: Done) => unknown;

/**
 * A session that another process moved or ended was known here as it was before. Whoever ends one says so first and
 * destroys it then; here it is written first and asked about then: whichever comes second removes it. One that was born
 * on this very request is known to nobody else before its answer goes out.
 */
function recheck(write: Write, writes: SessionWrites, elsewhere: Elsewhere | undefined): Write {
  if (!elsewhere) return write;
  return (id, session, done) =>
    write(id, session, (error, value) => {
      if (error || (writes.isBornHere(session) && session.req?.res?.writableEnded === false))
        return done?.(error, value);
      elsewhere.ask(id, (over) => {
        if (over) writes.end(id);
        done?.(error, value);
      });
    });
}

function watchWrites(write: Write, writes: SessionWrites): Write {
  return function watchedWrite(id, session, done): unknown {
    if (writes.isGone(id)) {
      mute(session, id);
      return answer(done);
    }
    writes.correct(id, session);
    return write(id, session, (error, value) => {
      // What was under way when the session moved or ended may have landed after it was destroyed.
      if (writes.isGone(id)) writes.discard(id, () => done?.(error, value));
      else if (!error && writes.outdated(id, session)) watchedWrite(id, session, done);
      else done?.(error, value);
    });
  };
}

/**
 * express-session may send a cookie without asking the store: when the response begins early, or when there is nothing
 * to write and `rolling` is on. It always calls `touch()` on the session before.
 */
function watchCookies(session: SessionLike): void {
  const prototype = Object.getPrototypeOf(session) as SessionLike | null;
  const touch = prototype && Object.hasOwn(prototype, "touch") ? prototype["touch"] : undefined;
  if (!prototype || typeof touch !== "function" || touched.has(prototype)) return;
  touched.add(prototype);
  const value = function watchedTouch(this: SessionLike, ...given: unknown[]): unknown {
    const store = this.req?.sessionStore;
    if (this.id !== undefined && store && watched.get(store)?.isGone(this.id)) mute(this, this.id);
    return Reflect.apply(touch, this, given);
  };
  Object.defineProperty(prototype, "touch", { configurable: true, enumerable: false, writable: true, value });
}

const muted = new WeakMap<HeaderHolder, Set<string>>();

/** Keeps every cookie with this session id out of the response of the request the session belongs to. */
function mute(session: SessionLike, id: string): void {
  const response = session.req?.res;
  if (!response) return;
  const signed = `s%3A${encodeURIComponent(id)}.`;
  const known = muted.get(response);
  if (known) return void known.add(signed);
  const dead = new Set([signed]);
  muted.set(response, dead);
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) => {
    if (!Array.isArray(value) || name.toLowerCase() !== "set-cookie") return setHeader(name, value);
    const kept = value.filter((cookie) => ![...dead].some((each) => String(cookie).includes(each)));
    return kept.length === 0 ? response : setHeader(name, kept);
  };
}
