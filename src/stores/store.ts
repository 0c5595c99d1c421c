import type { Awaitable } from "../core/deadline.js";

/**
 * What the package asks of a store: a handful of atomic steps, not rows to read and write back.
 *
 * Each call is one step that either happens wholly or not at all, for every process that shares the store. `now` is
 * the caller's clock; a store that has a clock of its own (Redis, Postgres) goes by that one instead. A nonce names
 * one request: repeating a call with the same nonce, as after a lost reply, changes nothing and answers the same.
 */
export interface Store {
  /** For messages and events: `"memory"`, `"redis"`. */
  readonly name: string;
  /** False where a restart forgets locks and counters: refused in production unless the app insists. */
  readonly durable: boolean;

  /**
   * Adds a pending verification and charges every limit, unless its owner has a live one for the same purpose.
   * Refused while the account is locked.
   */
  open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Awaitable<Opened>;
  /** The one with this id, or the owner's newest; `undefined` for somebody else's. */
  find(which: Which, now: number): Awaitable<Pending | undefined>;
  /** Counts one attempt on the verification and one failure on the account, before anything is compared. */
  attempt(which: Which, guess: Guess, now: number): Awaitable<Counted>;
  /** Uses a verification up, once, for the request that counted; clears the account's failures. */
  consume(which: Which, proof: Consumption, now: number): Awaitable<Consumed>;
  /** Changes a live verification if it is still at this revision, and charges every limit. */
  amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Awaitable<Amended>;
  /** Ends a live verification. False if there is none. */
  cancel(which: Which, now: number): Awaitable<boolean>;

  /** Charges every limit, or none and says which refused. */
  charge(charges: readonly Charge[], now: number): Awaitable<Charged>;
  /** Takes back what was charged at `at`, for a message that never left. */
  refund(charges: readonly Charge[], at: number): Awaitable<void>;

  /** True for the first nonce that names this key, as long as the key lives. */
  once(key: string, nonce: string, ttl: number, now: number): Awaitable<boolean>;
  /** Marks a use and says whether the one before lies no longer than `idle` ago; `since` stands in for the first. */
  touch(key: string, since: number, idle: number, now: number): Awaitable<boolean>;
  /** Keeps a value for a while; false when there is no room. */
  put(key: string, value: string, ttl: number, now: number): Awaitable<boolean>;
  get(key: string, now: number): Awaitable<string | undefined>;
  /** Gets a value and forgets it, in one step. */
  take(key: string, now: number): Awaitable<string | undefined>;

  /** Every proof for this subject up to now is void, for `ttl` milliseconds. */
  revoke(subject: string, ttl: number, now: number): Awaitable<void>;
  /**
   * When this subject was last revoked, 0 for never. Synchronous and local: the guard asks on every request.
   *
   * @throws TwoFactorError `unavailable` when this process cannot know.
   */
  revokedAt(subject: string): number;

  close?(): Awaitable<void>;
}

export type PendingState = "pending" | "verified" | "canceled";

/** A verification that waits for its answer. */
export interface Pending {
  /** At least 128 random bits. */
  readonly id: string;
  /** Who may answer: a user in one session, or an account of the service. */
  readonly owner: string;
  /** What the answer is for. An owner has at most one live verification for a purpose. */
  readonly purpose: string;
  /** Which secret its code comes from. */
  readonly keyId: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly maxAttempts: number;
  readonly state: PendingState;
  readonly attempts: number;
  /** Grows with every amendment. */
  readonly revision: number;
  readonly delivery: Delivery;
  /** What the layers above need to know again; plain JSON, never a code. */
  readonly detail: Detail;
}

/** How the challenge reaches the person, and how far it got. */
export interface Delivery {
  readonly method: string;
  /** The one canonical recipient, for methods that send. */
  readonly to?: string;
  /** `"sent"` from the moment it is handed to a provider, `"failed"` once the provider has said so. */
  readonly status: "none" | "sent" | "failed";
  /** Messages to this recipient so far. */
  readonly sends: number;
  /** Methods whose message already went out: going back to one of them sends nothing. */
  readonly sent: readonly string[];
  /** When another message may be asked for. */
  readonly resendAt?: number;
}

/** Opaque to the store. */
export type Detail = Readonly<Record<string, unknown>>;

export type NewPending = Omit<
  Pending,
  "createdAt" | "expiresAt" | "state" | "attempts" | "revision"
> & { readonly ttl: number };

/** By id, by owner (then the newest), or both. The owner, where given, must match. */
export interface Which {
  readonly id?: string | undefined;
  readonly owner?: string | undefined;
}

/** At most `max` in any `interval`, counted exactly (a sliding log); `gaps` also spaces them, each wait longer. */
export interface Charge {
  readonly name: string;
  readonly key: string;
  readonly max: number;
  readonly interval: number;
  readonly gaps?: readonly number[];
  /** Refuse when full, but do not count. */
  readonly peek?: boolean;
}

export interface Refusal {
  readonly name: string;
  readonly max: number;
  readonly interval: number;
  readonly retryAt: number;
}

export type Charged = { readonly outcome: "charged" } | Limited;
export type Limited = { readonly outcome: "limited"; readonly refusal: Refusal };

export type Opened =
  | { readonly outcome: "opened" | "exists"; readonly entry: Pending }
  | Limited
  | { readonly outcome: "full"; readonly retryAt: number }
  | { readonly outcome: "locked"; readonly until: number };

export interface Guess {
  readonly nonce: string;
  /** Whose failures these are; locked after `lock.after` in a row. */
  readonly account: string;
  readonly lock: LockRule;
}

/** After so many failures in a row the account is locked for `first`, then twice that, up to `longest` (milliseconds). */
export interface LockRule {
  readonly after: number;
  readonly first: number;
  readonly longest: number;
}

/** Why a verification cannot be answered any more. */
export type Ended = "missing" | "expired" | "used" | "spent" | "canceled";

export type Counted =
  | { readonly outcome: "counted"; readonly entry: Pending; readonly attemptsLeft: number; readonly lockedUntil: number }
  | { readonly outcome: Ended }
  | { readonly outcome: "locked"; readonly until: number };

export interface Consumption {
  readonly nonce: string;
  readonly account: string;
  /** A counter that may only grow, such as a TOTP time step: consumed together, or not at all. */
  readonly step?: { readonly key: string; readonly value: number };
}

export type Consumed =
  | { readonly outcome: "consumed"; readonly at: number }
  | { readonly outcome: Ended | "replayed" }
  | { readonly outcome: "locked"; readonly until: number };

export interface Amendment {
  readonly revision: number;
  readonly delivery: Delivery;
}

export type Amended =
  | { readonly outcome: "amended"; readonly entry: Pending }
  /** Somebody else was first; this is how it stands now. */
  | { readonly outcome: "changed"; readonly entry: Pending }
  | { readonly outcome: Ended }
  | Limited;
