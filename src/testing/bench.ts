import assert from "node:assert/strict";
import { randomId } from "../core/crypto.js";
import type { Delivery, NewPending, Pending, SendEvent, Which } from "../stores/pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "../stores/records.js";
import {
  type Charge,
  type Consumption,
  type Counted,
  type Counting,
  type Guess,
  type LockRule,
  NEVER,
  type Opened,
  type Refusal,
  type Store,
} from "../stores/store.js";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The time a store goes by: the caller's for memory, its own (however a test moves it) for a server. */
export interface StoreTime {
  now(): number;
  advance(ms: number): void | Promise<void>;
  /** How far apart two readings of the same instant may lie, in milliseconds: 0 where the test owns the clock. */
  readonly tolerance: number;
}

/** How much work the checks make. */
export interface Load {
  /** Random arrivals that the limiter is held against the reference model for. */
  readonly arrivals: number;
  /** Calls that run at the same time. */
  readonly parallel: number;
}

/** One promise of the contract, as a plain function that rejects where it is broken: it needs no test runner. */
export type Check = (bench: Bench) => Promise<void>;
export type Checks = Readonly<Record<string, Check>>;

export const LOCK: LockRule = { after: 10, first: 15 * MINUTE, longest: DAY, ceiling: NEVER };
/** For checks about something else: an account that is never locked. */
export const NO_LOCK: LockRule = { after: 1_000_000, first: MINUTE, longest: MINUTE, ceiling: NEVER };

/** A store with its clock, and the calls of a check in few words. */
export class Bench {
  readonly store: Store;
  readonly load: Load;
  readonly #time: StoreTime;

  constructor(store: Store, time: StoreTime, load: Load) {
    this.store = store;
    this.load = load;
    this.#time = time;
  }

  get now(): number {
    return this.#time.now();
  }

  /** The shortest step over an edge that the store's clock can show. */
  get instant(): number {
    return this.#time.tolerance + 1;
  }

  async pass(ms: number): Promise<void> {
    await this.#time.advance(ms);
  }

  /** Two instants are the same, as far as the store's clock can tell. */
  same(actual: number, expected: number, what: string): void {
    const apart = Math.abs(actual - expected);
    assert.ok(apart <= this.#time.tolerance, `${what}: ${actual} is ${apart} ms away from ${expected}.`);
  }

  async open(changes: Partial<NewPending> = {}, account = "account", charges: readonly Charge[] = []): Promise<Opened> {
    return this.store.open(aPending(changes), account, charges, this.now);
  }

  /** One that must open. */
  async opened(changes: Partial<NewPending> = {}, account?: string, charges?: readonly Charge[]): Promise<Pending> {
    const opened = await this.open(changes, account, charges);
    assert.equal(opened.outcome, "opened");
    return (opened as Opened & { outcome: "opened" }).entry;
  }

  async find(which: Which): Promise<Pending | undefined> {
    return this.store.find(which, this.now);
  }

  async attempt(which: Which, guess: Partial<Guess> = {}): Promise<Counted> {
    return this.store.attempt(which, { nonce: randomId(), account: "account", lock: NO_LOCK, ...guess }, this.now);
  }

  /** Counts one attempt and answers with the nonce it was counted for. */
  async counted(which: Which, guess: Partial<Guess> = {}): Promise<string> {
    const nonce = guess.nonce ?? randomId();
    const counted = await this.attempt(which, { ...guess, nonce });
    assert.equal(counted.outcome, "counted");
    return nonce;
  }

  async consume(which: Which, nonce: string, more: Partial<Consumption> = {}) {
    return this.store.consume(which, { account: "account", ...BY_SMS, ...more, nonce }, this.now);
  }

  async amend(
    which: Which,
    revision: number,
    delivery: Partial<Delivery> = {},
    charges: readonly Charge[] = [],
    event?: SendEvent,
  ) {
    const change = { revision, delivery: { ...DELIVERY, ...delivery }, event };
    return this.store.amend(which, change, charges, this.now);
  }

  /** Takes back an attempt, with the words it was counted with. */
  async forgive(which: Which, nonce: string, guess: Partial<Counting> = {}): Promise<void> {
    await this.store.forgive(which, { account: "account", lock: NO_LOCK, ...BY_SMS, ...guess, nonce }, this.now);
  }

  async search(filter: RecordFilter = {}, page: Partial<RecordPage> = {}): Promise<FoundRecords> {
    return this.store.search(filter, { offset: 0, limit: 100, ...page }, this.now);
  }

  /** The rows without their number, each as often as it counts, in an order of their own. */
  async usage(filter: RecordFilter = {}): Promise<string[]> {
    const rows = await this.store.usage(filter, this.now);
    assert.deepEqual(
      rows.map(({ day }) => day),
      rows.map(({ day }) => day).sort(),
      "by day",
    );
    const name = ({ day, channel, country, status }: UsageRow) =>
      [day, channel ?? "-", country ?? "-", status].join(" ");
    const names = rows.map(name);
    assert.equal(new Set(names).size, names.length, "one row for each");
    return rows.map((row) => `${name(row)}: ${row.count}`).sort();
  }

  async charge(...charges: readonly Charge[]): Promise<"charged" | Refusal> {
    const charged = await this.store.charge(charges, this.now);
    return charged.outcome === "charged" ? "charged" : charged.refusal;
  }

  /** The same call many times at once. */
  async atOnce<T>(call: (index: number) => Promise<T> | T, times = this.load.parallel): Promise<T[]> {
    return Promise.all(Array.from({ length: times }, async (_, index) => call(index)));
  }
}

export const DELIVERY: Delivery = {
  method: "sms",
  to: "+46707123456",
  status: "sent",
  sent: [{ method: "sms", to: "+46707123456", sends: 1, resendAt: 0 }],
};

/** What `DELIVERY` is answered by, as a proof has it. */
export const BY_SMS = { method: "sms", methods: ["sms"] };

/** A delivery whose one message went out so often. */
export function sentTimes(sends: number): Pick<Delivery, "sent"> {
  return { sent: [{ method: "sms", to: "+46707123456", sends, resendAt: 0 }] };
}

export function anEvent(changes: Partial<SendEvent> = {}): SendEvent {
  return { id: randomId(), at: 0, channel: "sms", to: "+46707123456", status: "queued", ...changes };
}

export function aPending(changes: Partial<NewPending> = {}): NewPending {
  return {
    id: randomId(),
    tenant: "tenant",
    owner: "owner",
    purpose: "purpose",
    keyId: "key",
    maxAttempts: 5,
    ttl: 5 * MINUTE,
    supersede: "return",
    delivery: DELIVERY,
    events: [],
    detail: { user: "ada", show: [["amount", "10"]], nested: { flag: true, none: null } },
    ...changes,
  };
}

export function aCharge(changes: Partial<Charge> = {}): Charge {
  return { name: "user", key: "user:ada", max: 3, interval: MINUTE, ...changes };
}

/** How many of the answers say this. */
export function tally(answers: ReadonlyArray<{ readonly outcome: string }>, outcome: string): number {
  return answers.filter((answer) => answer.outcome === outcome).length;
}

/** A small generator of random numbers that a failure can be repeated with (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
