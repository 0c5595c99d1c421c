import { setTimeout as pause } from "node:timers/promises";
import { memoryStore } from "../../src/index.js";
import { endOf } from "../../src/stores/ended.js";
import { triedBy } from "../../src/stores/tried.js";
import type { NewPending, Pending, SendEvent, Which } from "../../src/stores/pending.js";
import type {
  Amended,
  Amendment,
  Charge,
  Charged,
  Consumed,
  Consumption,
  Counted,
  Guess,
  Opened,
  Store,
} from "../../src/stores/store.js";

/** Steps that read, give way and only then write what they had read: as a store does that is not one step. */
export interface Flaws {
  readonly open?: boolean;
  readonly attempt?: boolean;
  readonly consume?: boolean;
  readonly cancel?: boolean;
  readonly claim?: boolean;
}

/**
 * A store that says yes where it should not. A test about races is worth something only if it fails with one of these;
 * with no flaw at all it is a plain store, and the same test must pass.
 */
export function brokenStore(flaws: Flaws): Store {
  const sound = memoryStore();
  const broken = new BrokenStore(flaws, sound);
  return new Proxy(sound, {
    get(target, name): unknown {
      const owner: object = Reflect.has(broken, name) ? broken : target;
      const member: unknown = Reflect.get(owner, name, owner);
      return typeof member === "function" ? member.bind(owner) : member;
    },
  });
}

/** Counts too few attempts, and compares more than it counts. */
export const attemptNotAtomic = (): Store => brokenStore({ attempt: true });
/** Neither step is one. */
export const nothingAtomic = (): Store => brokenStore({ attempt: true, consume: true });
/** Counts well, and lets several use up the same challenge: a test of the cap alone passes. */
export const halfAtomic = (): Store => brokenStore({ consume: true });

interface Account {
  failures: number;
  lockedUntil: number;
  lockedBy: string;
}

const MS = 4;

class BrokenStore {
  readonly #flaws: Flaws;
  readonly #sound: Store;
  readonly #rows = new Map<string, Pending>();
  readonly #accounts = new Map<string, Account>();

  constructor(flaws: Flaws, sound: Store) {
    this.#flaws = flaws;
    this.#sound = sound;
  }

  async open(asked: NewPending, account: string, charges: readonly Charge[], now: number): Promise<Opened> {
    const { ttl, guardTime, supersede, ...entry } = asked;
    const until = this.#lockedUntil(account, "", now);
    if (until > 0) return { outcome: "locked", until };
    const live = [...this.#rows.values()].filter((row) => row.owner === entry.owner && endOf(row, now) === undefined);
    const same = live.find((row) => row.purpose === entry.purpose);
    if (this.#flaws.open) await pause(MS);
    if (supersede === "return" && same) return { outcome: "exists", entry: this.#newest(same) };
    const charged = this.#sound.charge(charges, now) as Charged;
    if (charged.outcome === "limited") return charged;
    const row: Pending = {
      ...entry,
      createdAt: now,
      updatedAt: now,
      expiresAt: now + ttl,
      ...(guardTime === undefined ? {} : { guardUntil: now + guardTime }),
      state: "pending",
      attempts: 0,
      revision: 0,
      checks: [],
    };
    this.#rows.set(row.id, row);
    if (supersede === "cancel") {
      for (const old of live) if (now >= (old.guardUntil ?? 0)) this.#rows.set(old.id, { ...old, state: "canceled" });
    }
    return { outcome: "opened", entry: row };
  }

  find({ id, owner, tenant }: Which, now: number): Pending | undefined {
    const rows = [...this.#rows.values()].filter(
      (row) => (id ?? row.id) === row.id && (owner ?? row.owner) === row.owner && (tenant ?? row.tenant) === row.tenant,
    );
    return rows.findLast((row) => endOf(row, now) === undefined) ?? rows.at(-1);
  }

  async attempt(which: Which, { nonce, account, lock, typed }: Guess, now: number): Promise<Counted> {
    const row = this.find(which, now);
    const end = endOf(row, now);
    if (!row || end) return { outcome: end ?? "missing" };
    const until = this.#lockedUntil(account, nonce, now);
    if (until > 0) return { outcome: "locked", until };
    const before = this.#accounts.get(account) ?? { failures: 0, lockedUntil: 0, lockedBy: "" };
    if (this.#flaws.attempt) await pause(MS);
    const failures = before.failures + 1;
    const locks = failures >= lock.after;
    const after = locks ? { failures: 0, lockedUntil: now + lock.first, lockedBy: nonce } : { ...before, failures };
    this.#accounts.set(account, after);
    const latest = this.#rows.get(row.id) ?? row;
    const check = { nonce, at: now, ...(typed === undefined ? {} : { typed }) };
    const counted = { ...row, attempts: row.attempts + 1, checks: [...latest.checks, check], updatedAt: now };
    this.#rows.set(row.id, counted);
    return {
      outcome: "counted",
      entry: counted,
      attemptsLeft: Math.max(0, counted.maxAttempts - counted.attempts),
      lockedUntil: locks ? after.lockedUntil : 0,
      methods: triedBy(row.delivery),
      reached: [],
    };
  }

  async forgive(which: Which, { nonce, account }: Guess, now: number): Promise<void> {
    const row = this.find(which, now);
    if (row?.state !== "pending" || !hasCounted(row, nonce)) return;
    const checks = row.checks.filter((check) => check.nonce !== nonce);
    this.#rows.set(row.id, { ...row, attempts: row.attempts - 1, checks, updatedAt: now });
    const before = this.#accounts.get(account);
    if (before) this.#accounts.set(account, { ...before, failures: Math.max(0, before.failures - 1) });
  }

  async consume(which: Which, { nonce, account }: Consumption, now: number): Promise<Consumed> {
    const row = this.find(which, now);
    if (!row || !hasCounted(row, nonce)) return { outcome: "missing" };
    if (row.state === "verified") return { outcome: "used" };
    if (row.state === "canceled") return { outcome: "canceled" };
    const until = this.#lockedUntil(account, nonce, now);
    if (until > 0) return { outcome: "locked", until };
    if (this.#flaws.consume) await pause(MS);
    this.#accounts.set(account, { failures: 0, lockedUntil: 0, lockedBy: "" });
    this.#rows.set(row.id, { ...(this.#rows.get(row.id) ?? row), state: "verified", usedBy: nonce });
    return { outcome: "consumed", at: now };
  }

  amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Amended | Promise<Amended> {
    const row = this.find(which, now);
    const end = endOf(row, now);
    if (!row || end) return { outcome: end ?? "missing" };
    if (row.revision !== change.revision) return { outcome: "changed", entry: row };
    const { delivery, event } = change;
    const known = row.events.some(({ id }) => id === event?.id);
    const told = known ? row.events.map((each) => (each.id === event?.id ? event : each)) : row.events;
    const events = event && !known ? [...told, event] : told;
    const entry = this.#newest({ ...row, delivery, events, revision: row.revision + 1, updatedAt: now });
    void this.#sound.charge(charges, now);
    return { outcome: "amended", entry };
  }

  async cancel(which: Which, now: number): Promise<boolean> {
    const row = this.find(which, now);
    const end = endOf(row, now);
    if (!row || (end && end !== "spent")) return false;
    if (this.#flaws.cancel) await pause(MS);
    this.#rows.set(row.id, { ...(this.#rows.get(row.id) ?? row), state: "canceled" });
    return true;
  }

  note(which: Which, event: Partial<SendEvent> & { readonly id: string }, now: number): boolean {
    const row = this.find(which, now);
    if (!row?.events.some(({ id }) => id === event.id)) return false;
    const events = row.events.map((each) => (each.id === event.id ? { ...each, ...event } : each));
    this.#rows.set(row.id, { ...row, events, updatedAt: now });
    return true;
  }

  async claim(key: string, value: string, ttl: number, now: number): Promise<string> {
    if (!this.#flaws.claim) return this.#sound.claim(key, value, ttl, now);
    const first = await this.#sound.get(key, now);
    await pause(MS);
    if (first !== undefined) return first;
    await this.#sound.put(key, value, ttl, now);
    return value;
  }

  /** Puts a row behind all others: the one meant from now on. */
  #newest(row: Pending): Pending {
    this.#rows.delete(row.id);
    this.#rows.set(row.id, row);
    return row;
  }

  #lockedUntil(key: string, nonce: string, now: number): number {
    const account = this.#accounts.get(key);
    return account && now < account.lockedUntil && account.lockedBy !== nonce ? account.lockedUntil : 0;
  }
}

function hasCounted(row: Pending, nonce: string): boolean {
  return row.checks.some((check) => check.nonce === nonce);
}
