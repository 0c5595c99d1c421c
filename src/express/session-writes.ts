import type { Clock } from "../core/clock.js";
import { isPromise } from "../core/deadline.js";
import type { Done, HeaderHolder, SessionLike, SessionStore } from "./session-like.js";
import type { TwoFactorState } from "./stored-marks.js";

/** How long a request may have been under way and still be kept from undoing what happened since, in milliseconds. */
const MEMORY = 600_000;
const MAX_FATES = 10_000;

type Destroy = (id: string, done?: Done) => unknown;

/** What became of a session id: its session has a new id, is over, or carries marks that only we may change. */
type Fate =
  | { readonly kind: "moved"; readonly to: string; readonly until: number }
  | { readonly kind: "ended"; readonly until: number }
  | { readonly kind: "held"; state: TwoFactorState | undefined; readonly until: number };

/**
 * What happened to the sessions of one store in the last ten minutes, so that a slow request which loaded a session
 * before it moved, ended or changed its marks cannot write the past back. It knows this process only.
 */
export class SessionWrites {
  readonly #fates = new Map<string, Fate>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #clock: Clock;
  readonly #destroy: Destroy;

  constructor(clock: Clock, destroy: Destroy) {
    this.#clock = clock;
    this.#destroy = destroy;
  }

  /** The store's own `destroy`, beneath the watch: no logout, only a row less. */
  discard(id: string, done: Done = ignore): unknown {
    return this.#destroy(id, done);
  }

  /** The same where nobody waits: a failure leaves a session behind that has no reader. */
  discardQuietly(id: string): void {
    try {
      const returned = this.#destroy(id, ignore);
      if (isPromise(returned)) void Promise.resolve(returned).catch(ignore);
    } catch {
      // see above
    }
  }

  /** Whether nothing may be read from or written to this id any more. */
  isGone(id: string): boolean {
    const kind = this.#fates.get(id)?.kind;
    return kind === "moved" || kind === "ended";
  }

  /** Where the session of this id lives now; `undefined` when it is over. */
  current(id: string): string | undefined {
    let at = id;
    for (let fate = this.#fates.get(at); fate; fate = this.#fates.get(at)) {
      if (fate.kind === "ended") return undefined;
      if (fate.kind === "held") return at;
      at = fate.to;
    }
    return at;
  }

  move(from: string, to: string, state: TwoFactorState): void {
    this.#put(from, { kind: "moved", to, until: this.#until() });
    this.hold(to, state);
  }

  /** From now on every write of this session carries these marks, whatever the writer still believes. */
  hold(id: string, state: TwoFactorState): void {
    this.#put(id, { kind: "held", state, until: this.#until() });
  }

  held(id: string): TwoFactorState | undefined {
    const fate = this.#fates.get(id);
    return fate?.kind === "held" ? fate.state : undefined;
  }

  /** Ends a session under every id it has had since; names the ids a logout must destroy. */
  end(id: string): readonly string[] {
    const ids = [id];
    for (let fate = this.#fates.get(id); fate?.kind === "moved"; fate = this.#fates.get(fate.to)) ids.push(fate.to);
    for (const each of ids) this.#put(each, { kind: "ended", until: this.#until() });
    return ids;
  }

  /** Lays the marks we hold over what is about to be written. */
  correct(id: string, session: SessionLike): void {
    const fate = this.#fates.get(id);
    if (fate?.kind !== "held") return;
    // The app threw our part of the session away, as by a logout that empties it: so it stays.
    if (session.twoFactor === undefined) fate.state = undefined;
    else if (fate.state === undefined) delete session.twoFactor;
    else session.twoFactor = fate.state;
  }

  /** Whether the marks changed while a write was under way. */
  outdated(id: string, session: SessionLike): boolean {
    const fate = this.#fates.get(id);
    return fate?.kind === "held" && session.twoFactor !== fate.state;
  }

  /** Runs jobs of one login one after another. */
  async inTurn<T>(login: string, job: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(login) ?? Promise.resolve();
    const mine = before.then(job, job);
    this.#turns.set(login, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(login) === mine) this.#turns.delete(login);
    }
  }

  #until(): number {
    return this.#clock() + MEMORY;
  }

  #put(id: string, fate: Fate): void {
    this.#fates.delete(id);
    this.#fates.set(id, fate);
    const now = this.#clock();
    for (const [oldest, { kind, until }] of this.#fates) {
      if (until > now && this.#fates.size <= MAX_FATES) break;
      this.#fates.delete(oldest);
      // Another process may have written it back in the meantime; this is the last time we think of it.
      if (kind === "moved") this.discardQuietly(oldest);
    }
  }
}

function ignore(): void {}

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
export function watchStore(store: SessionStore, session: SessionLike, clock: Clock): SessionWrites {
  const known = watched.get(store);
  if (known) return known;
  const destroy = store.destroy.bind(store);
  const writes = new SessionWrites(clock, destroy);
  watched.set(store, writes);
  watchReads(store, writes);
  store.set = watchWrites(store.set.bind(store), writes);
  if (typeof store.touch === "function") store.touch = watchWrites(store.touch.bind(store), writes);
  store.destroy = watchEnds(destroy, writes);
  watchCookies(session);
  return writes;
}

function watchReads(store: SessionStore, writes: SessionWrites): void {
  const get = store.get.bind(store);
  store.get = (id, done) => (writes.isGone(id) ? answer(done) : get(id, done));
}

/** A logout that raced with a rotation ends the session under its new id as well. */
function watchEnds(destroy: Destroy, writes: SessionWrites): Destroy {
  return (id, done) => {
    const ids = writes.end(id);
    if (ids.length === 1) return destroy(id, done);
    let left = ids.length;
    let failure: unknown;
    const one = (error?: unknown): void => {
      failure ??= error;
      left -= 1;
      if (left === 0) done?.(failure);
    };
    return Promise.all(ids.map((each) => destroy(each, one)));
  };
}

type Write = (id: string, session: SessionLike, done?: Done) => unknown;

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
