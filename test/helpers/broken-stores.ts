import { setTimeout as pause } from "node:timers/promises";
import { memoryStore } from "../../src/index.js";
import { endOf } from "../../src/stores/ended.js";
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
} from "../../src/stores/store.js";

/** Steps that read, give way and only then write what they had read: as a store does that is not one step. */
export interface Flaws {
  readonly open?: boolean;
  readonly attempt?: boolean;
  readonly consume?: boolean;
  readonly cancel?: boolean;
  readonly once?: boolean;
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

interface Row extends Pending {
  readonly nonces: readonly string[];
  readonly usedBy?: string;
}

interface Account {
  failures: number;
  lockedUntil: number;
  lockedBy: string;
}

const MS = 4;

class BrokenStore {
  readonly #flaws: Flaws;
  readonly #sound: Store;
  readonly #rows = new Map<string, Row>();
  readonly #accounts = new Map<string, Account>();
  readonly #firsts = new Map<string, string>();

  constructor(flaws: Flaws, sound: Store) {
    this.#flaws = flaws;
    this.#sound = sound;
  }

  async open({ ttl, ...entry }: NewPending, account: string, charges: readonly Charge[], now: number): Promise<Opened> {
    const until = this.#lockedUntil(account, "", now);
    if (until > 0) return { outcome: "locked", until };
    const live = [...this.#rows.values()].find(
      (row) => row.owner === entry.owner && row.purpose === entry.purpose && endOf(row, now) === undefined,
    );
    if (this.#flaws.open) await pause(MS);
    if (live) return { outcome: "exists", entry: live };
    const charged = this.#sound.charge(charges, now) as Charged;
    if (charged.outcome === "limited") return charged;
    const row: Row = {
      ...entry,
      createdAt: now,
      expiresAt: now + ttl,
      state: "pending",
      attempts: 0,
      revision: 0,
      nonces: [],
    };
    this.#rows.set(row.id, row);
    return { outcome: "opened", entry: row };
  }

  find({ id, owner }: Which, now: number): Row | undefined {
    const rows = [...this.#rows.values()].filter(
      (row) => (id ?? row.id) === row.id && (owner ?? row.owner) === row.owner,
    );
    return rows.findLast((row) => endOf(row, now) === undefined) ?? rows.at(-1);
  }

  async attempt(which: Which, { nonce, account, lock }: Guess, now: number): Promise<Counted> {
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
    const counted = { ...row, attempts: row.attempts + 1, nonces: [...latest.nonces, nonce] };
    this.#rows.set(row.id, counted);
    return {
      outcome: "counted",
      entry: counted,
      attemptsLeft: Math.max(0, counted.maxAttempts - counted.attempts),
      lockedUntil: locks ? after.lockedUntil : 0,
    };
  }

  async consume(which: Which, { nonce, account }: Consumption, now: number): Promise<Consumed> {
    const row = this.find(which, now);
    if (!row?.nonces.includes(nonce)) return { outcome: "missing" };
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
    const entry = { ...row, delivery: change.delivery, revision: row.revision + 1 };
    this.#rows.set(row.id, entry);
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

  async once(key: string, nonce: string): Promise<boolean> {
    const first = this.#firsts.get(key);
    if (this.#flaws.once) await pause(MS);
    if (first !== undefined) return first === nonce;
    this.#firsts.set(key, nonce);
    return true;
  }

  #lockedUntil(key: string, nonce: string, now: number): number {
    const account = this.#accounts.get(key);
    return account && now < account.lockedUntil && account.lockedBy !== nonce ? account.lockedUntil : 0;
  }
}
