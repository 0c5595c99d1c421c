import { unavailable } from "../../core/errors.js";
import { isLive } from "../ended.js";
import type { NewPending, Pending, Which } from "../pending.js";
import { PER_OWNER } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

const NONE: readonly never[] = [];

export class PendingTable {
  readonly #rows: ExpiringMap<Pending>;
  /** Ids of an owner's, oldest first; few have more than one, and need no list. */
  readonly #byOwner = new Map<string, string | readonly string[]>();

  /** `retention`: how long an ended one is remembered, in milliseconds; less when room is needed. */
  constructor(max: number, retention: number) {
    this.#rows = new ExpiringMap(max, {
      deadAt: (row) => row.expiresAt + retention,
      endsAt: (row) => (row.state === "pending" ? row.expiresAt : 0),
      onDeath: (row) => this.#unlink(row),
    });
  }

  /** The one meant, whatever became of it; nothing for somebody else's. */
  find({ id, owner, tenant }: Which, now: number): Pending | undefined {
    const row = id === undefined ? this.#newest(owner, tenant, now) : this.#rows.get(id, now);
    const theirs = (owner === undefined || row?.owner === owner) && (tenant === undefined || row?.tenant === tenant);
    return theirs ? row : undefined;
  }

  /** The one that has this id already. Another tenant's is neither told of nor written over: that throws `unavailable`. */
  opened({ id, tenant }: NewPending, now: number): Pending | undefined {
    const row = this.#rows.get(id, now);
    if (row && row.tenant !== tenant) throw unavailable("Another tenant has this id.");
    return row;
  }

  /** An owner's live ones, oldest first. */
  live({ owner, tenant }: { readonly owner: string; readonly tenant: string }, now: number): Pending[] {
    return this.#of(owner, now).filter((row) => row.tenant === tenant && isLive(row, now));
  }

  /** The new row, or nothing when the table is full of live ones. */
  add(entry: NewPending, now: number): Pending | undefined {
    const row = rowOf(entry, now);
    if (!this.#rows.set(row.id, row, now)) return undefined;
    const rows = this.#of(row.owner, now);
    const excess = rows.length + 1 - PER_OWNER;
    const dropped: readonly Pending[] = excess > 0 ? rows.filter((each) => !isLive(each, now)).slice(0, excess) : NONE;
    const kept = rows.filter((each) => !dropped.includes(each)).map(({ id }) => id);
    this.#keepIds(row.owner, kept.concat(row.id));
    return row;
  }

  /** Whoever is met again is the one meant from now on. */
  refresh(row: Pending): Pending {
    this.#keepIds(row.owner, this.#others(row).concat(row.id));
    return row;
  }

  replace(row: Pending, change: Partial<Pending>, now: number): Pending {
    const changed = { ...row, ...change, updatedAt: now };
    this.#rows.set(row.id, changed, now);
    return changed;
  }

  remove(row: Pending): void {
    this.#rows.delete(row.id);
    this.#unlink(row);
  }

  /** All that is remembered, oldest first. */
  all(now: number): Iterable<Pending> {
    return this.#rows.values(now);
  }

  /** The earliest time at which a full table has room again. */
  roomAt(now: number): number {
    return this.#rows.roomAt(now);
  }

  #newest(owner: string | undefined, tenant: string | undefined, now: number): Pending | undefined {
    const all = owner === undefined ? NONE : this.#of(owner, now);
    const rows = tenant === undefined ? all : all.filter((row) => row.tenant === tenant);
    return rows.findLast((row) => isLive(row, now)) ?? rows.at(-1);
  }

  #of(owner: string, now: number): Pending[] {
    return this.#idsOf(owner)
      .map((id) => this.#rows.get(id, now))
      .filter((row) => row !== undefined);
  }

  #idsOf(owner: string): readonly string[] {
    const ids = this.#byOwner.get(owner) ?? NONE;
    return typeof ids === "string" ? [ids] : ids;
  }

  #others({ id, owner }: Pending): readonly string[] {
    return this.#idsOf(owner).filter((each) => each !== id);
  }

  #keepIds(owner: string, ids: readonly string[]): void {
    const [first] = ids;
    if (first === undefined) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, ids.length > 1 ? ids : first);
  }

  #unlink(row: Pending): void {
    this.#keepIds(row.owner, this.#others(row));
  }
}

/** Every field by name, the optional ones too: a new one that is written nowhere does not compile. */
type Written = { [K in keyof Required<Pending>]: Pending[K] | undefined };

/** Written out: an object that is spread together has a shape of its own, which takes more room than what is in it. */
function rowOf(entry: NewPending, now: number): Pending {
  const { guardTime } = entry;
  const row: Written = {
    id: entry.id,
    tenant: entry.tenant,
    owner: entry.owner,
    purpose: entry.purpose,
    keyId: entry.keyId,
    createdAt: now,
    updatedAt: now,
    expiresAt: now + entry.ttl,
    maxAttempts: entry.maxAttempts,
    state: "pending",
    attempts: 0,
    revision: 0,
    delivery: entry.delivery,
    checks: NONE,
    events: entry.events,
    detail: entry.detail,
    subject: entry.subject,
    service: entry.service,
    guardUntil: guardTime === undefined ? undefined : now + guardTime,
    usedBy: undefined,
    usedAt: undefined,
  };
  return row as Pending;
}
