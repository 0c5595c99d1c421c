import { isLive } from "../ended.js";
import type { NewPending, Pending, Which } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

/** A verification, with the requests that have counted on it. */
export interface Row extends Pending {
  readonly nonces: readonly string[];
  readonly usedBy?: string;
}

/** How long an ended verification is remembered, so that "expired" and "used" can be told from "never existed". */
const REMEMBERED = 10 * 60_000;
/** More than this many at once and an owner's oldest makes room: nobody answers eleven challenges. */
const PER_OWNER = 10;

export class PendingTable {
  readonly #rows: ExpiringMap<Row>;
  readonly #byOwner = new Map<string, readonly string[]>();

  constructor(max: number) {
    this.#rows = new ExpiringMap(max, {
      deadAt: (row) => row.expiresAt + REMEMBERED,
      endsAt: (row) => (row.state === "pending" ? row.expiresAt : 0),
      onDeath: (row) => this.#unlink(row),
    });
  }

  /** The one meant, whatever became of it; nothing for somebody else's. */
  find({ id, owner }: Which, now: number): Row | undefined {
    if (id !== undefined) {
      const row = this.#rows.get(id, now);
      return owner === undefined || row?.owner === owner ? row : undefined;
    }
    const ids = owner === undefined ? [] : (this.#byOwner.get(owner) ?? []);
    const rows = ids.map((each) => this.#rows.get(each, now)).filter((row) => row !== undefined);
    return rows.findLast((row) => isLive(row, now)) ?? rows.at(-1);
  }

  findLive(owner: string, purpose: string, now: number): Row | undefined {
    for (const id of this.#byOwner.get(owner) ?? []) {
      const row = this.#rows.get(id, now);
      if (row && row.purpose === purpose && isLive(row, now)) return row;
    }
    return undefined;
  }

  /** The new row, or nothing when the table is full of live ones. */
  add({ ttl, ...entry }: NewPending, now: number): Row | undefined {
    const row: Row = {
      ...entry,
      createdAt: now,
      expiresAt: now + ttl,
      state: "pending",
      attempts: 0,
      revision: 0,
      nonces: [],
    };
    if (!this.#rows.set(row.id, row, now)) return undefined;
    const ids = [...(this.#byOwner.get(row.owner) ?? []), row.id];
    for (const old of ids.splice(0, ids.length - PER_OWNER)) this.#rows.delete(old);
    this.#byOwner.set(row.owner, ids);
    return row;
  }

  replace(row: Row, now: number): Row {
    this.#rows.set(row.id, row, now);
    return row;
  }

  /** The earliest time at which a full table has room again. */
  get roomAt(): number {
    return this.#rows.roomAt;
  }

  #unlink(row: Row): void {
    const left = (this.#byOwner.get(row.owner) ?? []).filter((id) => id !== row.id);
    if (left.length > 0) this.#byOwner.set(row.owner, left);
    else this.#byOwner.delete(row.owner);
  }
}
