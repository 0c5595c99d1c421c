import { type Duration, milliseconds } from "../../core/durations.js";
import { checkKeys, wholeNumber } from "../../core/options.js";
import type { NewPending, Pending, SendEvent, Which } from "../pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "../records.js";
import {
  type Amended,
  type Amendment,
  type Charge,
  type Charged,
  type Consumed,
  type Consumption,
  type Counted,
  type Counting,
  type Guess,
  type Opened,
  PER_OWNER,
  type Store,
  type Use,
} from "../store.js";
import { counted, hasCounted, withEvent } from "./answers.js";
import { Accounts } from "./accounts.js";
import { search, usage } from "../archive.js";
import { Documents } from "./documents.js";
import { Limiter } from "./limiter.js";
import { endOf } from "../ended.js";
import { triedBy } from "../tried.js";
import { PendingTable } from "./pending-table.js";
import { Registers } from "./registers.js";

export interface MemoryStoreOptions {
  /**
   * How many verifications may be remembered at once. When all of them are live, new ones are refused with 503;
   * old ones are never forgotten to make room.
   * @default 100000
   */
  maxPending?: number;
  /**
   * How long a verification is remembered after its code has died; sooner forgotten when its room is needed.
   * @default "1d"
   */
  retention?: Duration;
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
  checkKeys(options, { maxPending: true, retention: true }, "memoryStore()");
  const max = wholeNumber(options.maxPending ?? DEFAULT_MAX_PENDING, 1, 10_000_000, "memoryStore({ maxPending })");
  return new MemoryStore(max, milliseconds(options.retention ?? "1d", "memoryStore({ retention })"));
}

/** Every method runs from its first line to its last without giving way: that is what makes each one step. */
class MemoryStore implements Store {
  readonly name = "memory";
  readonly durable = false;
  readonly #pending: PendingTable;
  readonly #accounts = new Accounts(TABLE_MAX);
  readonly #limiter = new Limiter(TABLE_MAX);
  readonly #registers = new Registers(TABLE_MAX);
  readonly #documents = new Documents();

  constructor(maxPending: number, retention: number) {
    this.#pending = new PendingTable(maxPending, retention);
  }

  open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Opened {
    const known = this.#pending.opened(entry, now);
    if (known) return { outcome: "opened", entry: known };
    const until = this.#accounts.lockedUntil(account, "", now);
    if (until > 0) return { outcome: "locked", until };
    const disabled = this.#accounts.disabled(account, entry.offers ?? [], "", now);
    if (disabled.length > 0) return { outcome: "disabled", methods: disabled };
    const live = this.#pending.live(entry, now);
    const same = live.find((row) => row.purpose === entry.purpose);
    if (entry.supersede === "return" && same) return { outcome: "exists", entry: this.#pending.refresh(same) };
    const charged = this.#limiter.charge(charges, now);
    if (charged.outcome === "limited") return charged;
    const staying = entry.supersede === "cancel" ? live.filter(({ guardUntil = 0 }) => now < guardUntil) : live;
    const crowded = staying.length >= PER_OWNER;
    const row = crowded ? undefined : this.#pending.add(entry, now);
    if (!row) {
      this.#limiter.refund(charges, now);
      const retryAt = crowded ? Math.min(...staying.map(({ expiresAt }) => expiresAt)) : this.#pending.roomAt(now);
      return { outcome: "full", retryAt };
    }
    for (const old of live) if (!staying.includes(old)) this.#pending.replace(old, { state: "canceled" }, now);
    return { outcome: "opened", entry: row };
  }

  find(which: Which, now: number): Pending | undefined {
    return this.#pending.find(which, now);
  }

  attempt(which: Which, guess: Guess, now: number): Counted {
    const { nonce, account, typed } = guess;
    const row = this.#pending.find(which, now);
    const known = row && hasCounted(row, nonce);
    const end = endOf(row, now);
    if (!row || (end && !known)) return { outcome: end ?? "missing" };
    const tried = triedBy(row.delivery);
    const methods = this.#accounts.enabled(account, tried, nonce, now);
    if (known) return counted(row, this.#accounts.reckoned(guess, methods, now));
    const until = this.#accounts.lockedUntil(account, nonce, now);
    if (until > 0) return { outcome: "locked", until };
    if (!methods.includes(row.delivery.method)) return { outcome: "disabled" };
    this.#accounts.count(guess, methods, now);
    const checks = row.checks.concat(typed === undefined ? { nonce, at: now } : { nonce, at: now, typed });
    const entry = this.#pending.replace(row, { attempts: row.attempts + 1, checks }, now);
    return counted(entry, this.#accounts.reckoned(guess, methods, now));
  }

  forgive(which: Which, guess: Counting, now: number): void {
    const row = this.#pending.find(which, now);
    if (!row || row.state !== "pending" || !hasCounted(row, guess.nonce)) return;
    const checks = row.checks.filter((check) => check.nonce !== guess.nonce);
    this.#pending.replace(row, { attempts: row.attempts - 1, checks }, now);
    this.#accounts.forgive(guess, now);
  }

  consume(which: Which, proof: Consumption, now: number): Consumed {
    const { nonce, account, method, step } = proof;
    const row = this.#pending.find(which, now);
    if (!row || !hasCounted(row, nonce)) return { outcome: "missing" };
    if (row.state === "verified") {
      return row.usedBy === nonce ? { outcome: "consumed", at: row.usedAt ?? now } : { outcome: "used" };
    }
    if (row.state === "canceled") return { outcome: "canceled" };
    const until = this.#accounts.lockedUntil(account, nonce, now);
    if (until > 0) return { outcome: "locked", until };
    if (this.#accounts.disabled(account, [method], nonce, now).length > 0) return { outcome: "disabled" };
    if (step) {
      if (!this.#registers.isNewStep(step.key, step.value, now)) return { outcome: "replayed" };
      this.#registers.burnStep(step.key, step.value, now);
    }
    this.#accounts.clear(proof, now);
    this.#pending.replace(row, { state: "verified", usedBy: nonce, usedAt: now }, now);
    return { outcome: "consumed", at: now };
  }

  amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Amended {
    const row = this.#pending.find(which, now);
    if (row && row.revision === change.revision + 1 && row.delivery === change.delivery)
      return { outcome: "amended", entry: row };
    const end = endOf(row, now);
    if (!row || end) return { outcome: end ?? "missing" };
    if (row.revision !== change.revision) return { outcome: "changed", entry: row };
    const charged = this.#limiter.charge(charges, now);
    if (charged.outcome === "limited") return charged;
    this.#pending.refresh(row);
    const { delivery, event } = change;
    const events = event ? withEvent(row.events, event) : row.events;
    const amended = this.#pending.replace(row, { delivery, events, revision: row.revision + 1 }, now);
    return { outcome: "amended", entry: amended };
  }

  cancel(which: Which, now: number): boolean {
    const row = this.#pending.find(which, now);
    const end = endOf(row, now);
    // Out of attempts, but one of them may still be on its way to be consumed.
    if (!row || (end && end !== "spent") || now >= row.expiresAt) return false;
    this.#pending.replace(row, { state: "canceled" }, now);
    return true;
  }

  note(which: Which, event: Partial<SendEvent> & { readonly id: string }, now: number): boolean {
    const row = this.#pending.find(which, now);
    const before = row?.events.find(({ id }) => id === event.id);
    if (!row || !before) return false;
    this.#pending.replace(row, { events: withEvent(row.events, Object.assign({}, before, event)) }, now);
    return true;
  }

  charge(charges: readonly Charge[], now: number): Charged {
    return this.#limiter.charge(charges, now);
  }

  refund(charges: readonly Charge[], at: number): void {
    this.#limiter.refund(charges, at);
  }

  claim(key: string, value: string, ttl: number, now: number): string {
    return this.#registers.claim(key, value, ttl, now);
  }

  touch(use: Use, now: number): boolean {
    return this.#registers.touch(use, now);
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

  search(filter: RecordFilter, page: RecordPage, now: number): FoundRecords {
    return search(this.#pending.all(now), filter, page, now);
  }

  usage(filter: RecordFilter, now: number): UsageRow[] {
    return usage(this.#pending.all(now), filter, now);
  }

  erase(subject: string, now: number): void {
    for (const row of this.#pending.all(now)) if (row.subject === subject) this.#pending.remove(row);
    this.unlock(subject);
  }

  unlock(account: string): void {
    this.#accounts.erase(account);
  }

  addDocument(list: string, name: string, document: string): boolean {
    return this.#documents.add(list, name, document);
  }

  replaceDocument(list: string, name: string, document: string): boolean {
    return this.#documents.replace(list, name, document);
  }

  removeDocument(list: string, name: string): boolean {
    return this.#documents.remove(list, name);
  }

  documents(list: string): readonly string[] {
    return this.#documents.all(list);
  }

  revoke(subject: string, ttl: number, now: number): void {
    this.#registers.revoke(subject, ttl, now);
  }

  revokedAt(subject: string): number {
    return this.#registers.revokedAt(subject);
  }
}
