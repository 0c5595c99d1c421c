import type { Clock } from "../core/clock.js";
import { isPromise } from "../core/deadline.js";
import type { Elsewhere } from "./session-elsewhere.js";
import type { Done, SessionLike } from "./session-like.js";
import type { TwoFactorState } from "./stored-marks.js";

/** How long a request may have been under way and still be kept from undoing what happened since, in milliseconds. */
const MEMORY = 600_000;
const MAX_FATES = 10_000;
/** How long a browser may still send the id it had before, in milliseconds: until our answer has reached it. */
const ON_THE_WAY = 5_000;

export type Destroy = (id: string, done?: Done) => unknown;

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
  readonly #born = new WeakSet<SessionLike>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #clock: Clock;
  readonly #destroy: Destroy;
  readonly #elsewhere: Elsewhere | undefined;

  constructor(clock: Clock, destroy: Destroy, elsewhere?: Elsewhere) {
    this.#clock = clock;
    this.#destroy = destroy;
    this.#elsewhere = elsewhere;
  }

  /** The store's own `destroy`, beneath the watch: no logout, only a row less. Other processes are told before. */
  discard(id: string, done: Done = ignore): unknown {
    if (!this.#elsewhere) return this.#destroy(id, done);
    return this.#elsewhere.say(id, "").then(() => this.#destroy(id, done));
  }

  /** The same for an id of which they have been told. */
  drop(id: string, done: Done): unknown {
    return this.#destroy(id, done);
  }

  /**
   * Tells the other processes that an id is about to move, and so of the session that it moves to: a logout there may end
   * that one too. False when the first was ended there before.
   */
  async announce(id: string, to: string, session: SessionLike): Promise<boolean> {
    this.#born.delete(session);
    return this.#elsewhere === undefined || (await this.#elsewhere.say(id, to)) === to;
  }

  async takeBack(id: string): Promise<void> {
    await this.#elsewhere?.takeBack(id);
  }

  /** A logout: destroys a session under every id it has had since, wherever it moved. */
  finish(id: string, done: Done = ignore): unknown {
    const ids = this.end(id);
    if (!this.#elsewhere) return this.#destroyAll(ids, done);
    return this.#moved(ids, this.#elsewhere).then((all) => this.#destroyAll(all, done));
  }

  /** These ids, and what other processes have made of them. */
  async #moved(ids: readonly string[], elsewhere: Elsewhere): Promise<readonly string[]> {
    const all = new Set(ids);
    // What is added on the way is visited as well.
    for (const id of all) {
      const to = await elsewhere.say(id, "");
      if (to !== "") for (const each of this.end(to)) all.add(each);
    }
    return [...all];
  }

  #destroyAll(ids: readonly string[], done: Done): unknown {
    const [only] = ids;
    if (only !== undefined && ids.length === 1) return this.#destroy(only, done);
    let left = ids.length;
    let failure: unknown;
    const one = (error?: unknown): void => {
      failure ??= error;
      left -= 1;
      if (left === 0) done(failure);
    };
    return Promise.all(ids.map((each) => this.#destroy(each, one)));
  }

  /** The same where nobody waits: a failure leaves a session behind that has no reader. */
  discardQuietly(id: string): void {
    try {
      const returned = this.discard(id);
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

  /** Whether the browser that sent this id is about to learn, or has just learnt, of another. */
  hasJustMoved(id: string): boolean {
    const fate = this.#fates.get(id);
    return fate?.kind === "moved" && this.#until() - fate.until < ON_THE_WAY;
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

  /** Told of a session that a request has just been given. */
  bear(session: SessionLike): void {
    this.#born.add(session);
  }

  isBornHere(session: SessionLike): boolean {
    return this.#born.has(session);
  }

  move(from: string, to: string, state: TwoFactorState): void {
    this.#put(from, { kind: "moved", to, until: this.#until() });
    this.hold(to, state);
  }

  /** From now on every write of this session carries these marks, whatever the writer still believes. What is over stays so. */
  hold(id: string, state: TwoFactorState): void {
    if (!this.isGone(id)) this.#put(id, { kind: "held", state, until: this.#until() });
  }

  held(id: string): TwoFactorState | undefined {
    const fate = this.#fates.get(id);
    return fate?.kind === "held" ? fate.state : undefined;
  }

  /** Ends a session under every id it has had here; names the ids a logout must destroy. */
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
