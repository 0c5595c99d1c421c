import { unavailable } from "../../core/errors.js";
import { type Guess, type LockRule, NEVER } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

/** Failures in a row over all verifications and methods of one account, and the lock that follows. */
interface Account {
  readonly failures: number;
  /** How many locks there were lately: each is twice as long as the one before. */
  readonly level: number;
  readonly lockedUntil: number;
  /** The request whose count closed the lock: if it turns out right, the lock opens again. */
  readonly lockedBy: string;
  readonly touchedAt: number;
}

/** A level, and a failure that led to nothing, are forgotten after a quiet day. */
const MEMORY = 24 * 3_600_000;
const FRESH: Account = { failures: 0, level: 0, lockedUntil: 0, lockedBy: "", touchedAt: 0 };

export class Locks {
  readonly #accounts: ExpiringMap<Account>;

  constructor(max: number) {
    this.#accounts = new ExpiringMap(max, {
      deadAt: (account) => Math.max(account.touchedAt, account.lockedUntil) + MEMORY,
    });
  }

  /** Until when this request is locked out, or 0. */
  lockedUntil(key: string, nonce: string, now: number): number {
    const account = this.#accounts.get(key, now);
    return account && now < account.lockedUntil && account.lockedBy !== nonce ? account.lockedUntil : 0;
  }

  /** The end of the lock that this very request closed, as long as it lasts, or 0. */
  lockOf(key: string, nonce: string, now: number): number {
    const account = this.#accounts.get(key, now);
    return account && now < account.lockedUntil && account.lockedBy === nonce ? account.lockedUntil : 0;
  }

  /** Counts a failure ahead of the compare. */
  countFailure({ account: key, nonce, lock }: Guess, now: number): void {
    if (lock.after === NEVER) return;
    const before = this.#accounts.get(key, now) ?? FRESH;
    const failures = before.failures + 1;
    const after =
      failures < lock.after
        ? { ...before, failures, touchedAt: now }
        : {
            failures: 0,
            level: before.level + 1,
            lockedUntil: now + lockLength(lock, before.level),
            lockedBy: nonce,
            touchedAt: now,
          };
    if (!this.#accounts.set(key, after, now)) throw unavailable("The table of accounts is full.");
  }

  /** A failure that was none: nobody could tell whether the answer was right. */
  forgive({ account: key, nonce, lock }: Guess, now: number): void {
    const before = this.#accounts.get(key, now);
    if (!before) return;
    // The lock opens again, but the failures that led up to it stand.
    if (this.lockOf(key, nonce, now) > 0) {
      const failures = lock.after - 1;
      this.#accounts.set(key, { ...before, failures, level: before.level - 1, lockedUntil: 0, lockedBy: "" }, now);
    } else if (before.lockedBy !== nonce && before.failures > 0) {
      this.#accounts.set(key, { ...before, failures: before.failures - 1 }, now);
    }
  }

  erase(key: string): void {
    this.#accounts.delete(key);
  }

  /** A right answer: the row of failures is broken, and a lock closed by this very request opens. */
  clearFailures(key: string, nonce: string, now: number): void {
    const before = this.#accounts.get(key, now);
    if (!before) return;
    const own = before.lockedBy === nonce;
    const level = own ? before.level - 1 : before.level;
    const lockedUntil = own ? 0 : before.lockedUntil;
    // Nothing that anybody would have to remember, as after every first right answer.
    if (level === 0 && lockedUntil <= now) this.#accounts.delete(key);
    else this.#accounts.set(key, { ...before, failures: 0, level, lockedUntil, touchedAt: now }, now);
  }
}

function lockLength(lock: LockRule, level: number): number {
  return Math.min(lock.longest, lock.first * 2 ** Math.min(level, 30));
}
