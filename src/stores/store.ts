import type { Awaitable } from "../core/deadline.js";
import type { Delivery, NewPending, Pending, SendEvent, Which } from "./pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "./records.js";

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
   * Adds a pending verification and charges every limit. What becomes of the owner's earlier ones, `supersede` says.
   * Refused while the account is locked, or has one of the methods on offer disabled. The id is the nonce: asked again
   * with it, the answer stays.
   */
  open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Awaitable<Opened>;
  /** The one with this id, or the owner's newest; `undefined` for somebody else's. */
  find(which: Which, now: number): Awaitable<Pending | undefined>;
  /**
   * Counts one attempt on the verification, one failure on the account and one on every method whose code it may hold:
   * the one in use and those that were sent. All of that before anything is compared.
   */
  attempt(which: Which, guess: Guess, now: number): Awaitable<Counted>;
  /** Takes back an attempt whose answer could not be compared, because whoever knows it did not reply. */
  forgive(which: Which, guess: Counting, now: number): Awaitable<void>;
  /**
   * Uses a verification up, once, for the request that counted. Clears the account's failures and those of the method
   * that was proved, gives back what was counted on the others, and enables every other that had been disabled.
   */
  consume(which: Which, proof: Consumption, now: number): Awaitable<Consumed>;
  /**
   * Changes a live verification if it is still at this revision, adds what was sent, and charges every limit. Asked
   * again for the very change that was made last, the answer stays.
   */
  amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Awaitable<Amended>;
  /** Ends a live verification. False if there is none. */
  cancel(which: Which, now: number): Awaitable<boolean>;
  /** What a message came to, whether its verification lives or not; the event is found by its id. */
  note(which: Which, event: Partial<SendEvent> & { readonly id: string }, now: number): Awaitable<boolean>;

  /** Charges every limit, or none and says which refused. */
  charge(charges: readonly Charge[], now: number): Awaitable<Charged>;
  /** Takes back what was charged at `at`, for a message that never left. */
  refund(charges: readonly Charge[], at: number): Awaitable<void>;

  /** The value under this key: this one for whoever names the key first, and as long as it lives. */
  claim(key: string, value: string, ttl: number, now: number): Awaitable<string>;
  /** Marks a use and says whether the one before lies no longer than `idle` ago. */
  touch(use: Use, now: number): Awaitable<boolean>;
  /** Keeps a value for a while; false when there is no room. */
  put(key: string, value: string, ttl: number, now: number): Awaitable<boolean>;
  get(key: string, now: number): Awaitable<string | undefined>;
  /** Gets a value and forgets it, in one step. */
  take(key: string, now: number): Awaitable<string | undefined>;

  /** Verifications of the past and present, as far back as the store keeps them. */
  search(filter: RecordFilter, page: RecordPage, now: number): Awaitable<FoundRecords>;
  usage(filter: RecordFilter, now: number): Awaitable<readonly UsageRow[]>;
  /** Opens the account's lock, forgets its failures and enables every method. */
  unlock(account: string, now: number): Awaitable<void>;
  /** Forgets every verification about this user, and their failures and locks. */
  erase(subject: string, now: number): Awaitable<void>;

  /** Adds a document to a list, unless the list has one of that name. */
  addDocument(list: string, name: string, document: string): Awaitable<boolean>;
  /** Puts another in its place; false where there is none. */
  replaceDocument(list: string, name: string, document: string): Awaitable<boolean>;
  removeDocument(list: string, name: string): Awaitable<boolean>;
  /** All of a list, oldest first. */
  documents(list: string): Awaitable<readonly string[]>;

  /** Every proof for this subject up to now is void, for `ttl` milliseconds. */
  revoke(subject: string, ttl: number, now: number): Awaitable<void>;
  /**
   * When this subject was last revoked, 0 for never. Synchronous and local: the guard asks on every request.
   *
   * @throws TwoFactorError `unavailable` when this process cannot know: then `catchUp` is waited for, and it is asked again.
   */
  revokedAt(subject: string): number;
  /** Learns at once what was revoked elsewhere, where that is not known already. */
  catchUp?(): Awaitable<void>;

  /** Calls back each time the store finds that it has lost what it kept: locks, counters, used codes. */
  onEmptied?(listener: () => void): void;
  close?(): Awaitable<void>;
}

/**
 * As many of an owner's may be live at once: nobody answers eleven challenges. And so many are looked through for the
 * newest: what has ended long ago is found by its id, and by a search.
 */
export const PER_OWNER = 10;

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
  | { readonly outcome: "locked"; readonly until: number }
  /** Which of the methods on offer are. */
  | { readonly outcome: "disabled"; readonly methods: readonly string[] };

export interface Guess {
  readonly nonce: string;
  /** Whose failures these are; locked after `lock.after` in a row. */
  readonly account: string;
  readonly lock: LockRule;
  /** What was typed, sealed, where the record is to show it. */
  readonly typed?: string | undefined;
}

/** A guess that was counted, and against which methods. */
export interface Counting extends Guess {
  readonly methods: readonly string[];
}

/** After so many failures in a row the account is locked for `first`, then twice that, up to `longest` (milliseconds). */
export interface LockRule {
  readonly after: number;
  readonly first: number;
  readonly longest: number;
  /** After so many failures in a row by one method it is disabled: no lock that ends, but a door that somebody must open. */
  readonly ceiling: number;
}

/** Stands for no lock, or no ceiling: whoever can never be locked needs no memory. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * For how long failures by a method are remembered after the last of them: the quiet day of a lock would let somebody
 * who makes nine guesses a day go on for ever.
 */
export const FAILURES_KEPT = 365 * 24 * 3_600_000;

/** A use of something that dies when it is not used for `idle` milliseconds. */
export interface Use {
  readonly key: string;
  /** Stands in for the use before the first. */
  readonly since: number;
  readonly idle: number;
  /** Only say it. */
  readonly peek?: boolean;
}

/** Why a verification cannot be answered any more. */
export type Ended = "missing" | "expired" | "used" | "spent" | "canceled";

export type Counted =
  | {
      readonly outcome: "counted";
      readonly entry: Pending;
      readonly attemptsLeft: number;
      readonly lockedUntil: number;
      /** What it was counted for, and may be compared with: methods that are disabled are not among them. */
      readonly methods: readonly string[];
      /** Those that this very attempt has disabled. */
      readonly reached: readonly string[];
    }
  | { readonly outcome: Ended }
  | { readonly outcome: "locked"; readonly until: number }
  /** The method in use is. */
  | { readonly outcome: "disabled" };

export interface Consumption {
  readonly nonce: string;
  readonly account: string;
  /** The one that was proved. */
  readonly method: string;
  /** All that the attempt was counted for. */
  readonly methods: readonly string[];
  /** A counter that may only grow, such as a TOTP time step: consumed together, or not at all. */
  readonly step?: { readonly key: string; readonly value: number };
}

export type Consumed =
  | { readonly outcome: "consumed"; readonly at: number }
  /** `disabled`: by another request, meanwhile. */
  | { readonly outcome: Ended | "replayed" | "disabled" }
  | { readonly outcome: "locked"; readonly until: number };

export interface Amendment {
  readonly revision: number;
  readonly delivery: Delivery;
  /** Added to the events, or in the place of the one with the same id. */
  readonly event?: SendEvent | undefined;
}

export type Amended =
  | { readonly outcome: "amended"; readonly entry: Pending }
  /** Somebody else was first; this is how it stands now. */
  | { readonly outcome: "changed"; readonly entry: Pending }
  | { readonly outcome: Ended }
  | Limited;
