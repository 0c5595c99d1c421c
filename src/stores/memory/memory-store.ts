import { checkKeys, wholeNumber } from "../../core/options.js";
import type {
  Amended,
  Amendment,
  Charge,
  Charged,
  Consumed,
  Consumption,
  Counted,
  Guess,
  NewPending,
  Opened,
  Pending,
  Store,
  Which,
} from "../store.js";
import { Accounts } from "./accounts.js";
import { Limiter } from "./limiter.js";
import { endOf } from "../ended.js";
import { PendingTable } from "./pending-table.js";
import { Registers } from "./registers.js";

export interface MemoryStoreOptions {
  /**
   * How many verifications may be remembered at once. When all of them are live, new ones are refused with 503;
   * old ones are never forgotten to make room.
   * @default 100000
   */
  maxPending?: number;
}

const DEFAULT_MAX_PENDING = 100_000;
/** Locks, counters and used steps live longer than what they guard, and must fit. */
const TABLE_MAX = 1_000_000;

/**
 * Keeps everything in this process: the default, for development, tests and apps of one process.
 * A restart forgets locks and counters, and a second process would not see them, so production wants
 * `allowMemoryStore: true` from `twoFactor()` to accept it.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option or a size that is no whole number from 1 to 10,000,000.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkKeys(options, { maxPending: true }, "memoryStore()");
  return new MemoryStore(wholeNumber(options.maxPending ?? DEFAULT_MAX_PENDING, 1, 10_000_000, "memoryStore({ maxPending })"));
}

/** Every method runs from its first line to its last without giving way: that is what makes each one step. */
class MemoryStore implements Store {
  readonly name = "memory";
  readonly durable = false;
  readonly #pending: PendingTable;
  readonly #accounts = new Accounts(TABLE_MAX);
  readonly #limiter = new Limiter(TABLE_MAX);
  readonly #registers = new Registers(TABLE_MAX);

  constructor(maxPending: number) {
    this.#pending = new PendingTable(maxPending);
  }

  open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Opened {
    const until = this.#accounts.lockedUntil(account, "", now);
    if (until > 0) return { outcome: "locked", until };
    const live = this.#pending.findLive(entry.owner, entry.purpose, now);
    if (live) return { outcome: "exists", entry: live };
    const refusal = this.#limiter.refusal(charges, now);
    if (refusal) return { outcome: "limited", refusal };
    const row = this.#pending.add(entry, now);
    if (!row) return { outcome: "full", retryAt: this.#pending.roomAt };
    this.#limiter.charge(charges, now);
    return { outcome: "opened", entry: row };
  }

  find(which: Which, now: number): Pending | undefined {
    return this.#pending.find(which, now);
  }

  attempt(which: Which, guess: Guess, now: number): Counted {
    const row = this.#pending.find(which, now);
    if (row?.nonces.includes(guess.nonce)) return counted(row, 0);
    const end = endOf(row, now);
    if (!row || end) return { outcome: end ?? "missing" };
    const until = this.#accounts.lockedUntil(guess.account, guess.nonce, now);
    if (until > 0) return { outcome: "locked", until };
    const lockedUntil = this.#accounts.countFailure(guess, now);
    const nonces = [...row.nonces, guess.nonce];
    return counted(this.#pending.replace({ ...row, attempts: row.attempts + 1, nonces }, now), lockedUntil);
  }

  consume(which: Which, { nonce, account, step }: Consumption, now: number): Consumed {
    const row = this.#pending.find(which, now);
    if (!row?.nonces.includes(nonce)) return { outcome: "missing" };
    if (row.state === "verified") return row.usedBy === nonce ? { outcome: "consumed", at: now } : { outcome: "used" };
    if (row.state === "canceled") return { outcome: "canceled" };
    const until = this.#accounts.lockedUntil(account, nonce, now);
    if (until > 0) return { outcome: "locked", until };
    if (step) {
      if (!this.#registers.isNewStep(step.key, step.value, now)) return { outcome: "replayed" };
      this.#registers.burnStep(step.key, step.value, now);
    }
    this.#accounts.clearFailures(account, nonce, now);
    this.#pending.replace({ ...row, state: "verified", usedBy: nonce }, now);
    return { outcome: "consumed", at: now };
  }

  amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Amended {
    const row = this.#pending.find(which, now);
    const end = endOf(row, now);
    if (!row || end) return { outcome: end ?? "missing" };
    if (row.revision !== change.revision) return { outcome: "changed", entry: row };
    const charged = this.#limiter.charge(charges, now);
    if (charged.outcome === "limited") return charged;
    const entry = this.#pending.replace({ ...row, delivery: change.delivery, revision: row.revision + 1 }, now);
    return { outcome: "amended", entry };
  }

  cancel(which: Which, now: number): boolean {
    const row = this.#pending.find(which, now);
    const end = endOf(row, now);
    if (!row || (end && end !== "spent")) return false;
    this.#pending.replace({ ...row, state: "canceled" }, now);
    return true;
  }

  charge(charges: readonly Charge[], now: number): Charged {
    return this.#limiter.charge(charges, now);
  }

  refund(charges: readonly Charge[], at: number): void {
    this.#limiter.refund(charges, at);
  }

  once(key: string, nonce: string, ttl: number, now: number): boolean {
    return this.#registers.once(key, nonce, ttl, now);
  }

  touch(key: string, since: number, idle: number, now: number): boolean {
    return this.#registers.touch(key, since, idle, now);
  }

  put(key: string, value: string, ttl: number, now: number): boolean {
    return this.#registers.put(key, value, ttl, now);
  }

  get(key: string, now: number): string | undefined {
    return this.#registers.get(key, now);
  }

  take(key: string, now: number): string | undefined {
    return this.#registers.take(key, now);
  }

  revoke(subject: string, ttl: number, now: number): void {
    this.#registers.revoke(subject, ttl, now);
  }

  revokedAt(subject: string): number {
    return this.#registers.revokedAt(subject);
  }
}

function counted(entry: Pending, lockedUntil: number): Counted {
  return { outcome: "counted", entry, attemptsLeft: Math.max(0, entry.maxAttempts - entry.attempts), lockedUntil };
}
