import { usage } from "../archive.js";
import type { Pending } from "../pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "../records.js";
import type { Key, Reply, Run } from "./caller.js";
import { nameOf, nameOrNone, numberArg } from "./names.js";
import { readRow } from "./row.js";
import { PAGE, SCAN, SWEEP } from "./scripts/records.js";

/** Rows looked at in one call: Redis does nothing else meanwhile. */
const BATCH = 250;

interface Batch {
  readonly rows: readonly Pending[];
  readonly fitting: number;
}

/** Searches by the narrowest index there is, newest first, in batches. */
export class Records {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async search(filter: RecordFilter, page: RecordPage): Promise<FoundRecords> {
    const { offset, limit } = page;
    if (filteredBeyondIndex(filter)) return this.#filtered(filter, offset, limit);
    const found = await this.#page(filter, offset, limit);
    if (found) return found;
    await this.#sweep();
    return this.search(filter, page);
  }

  /** Reads every row that fits, a batch at a time, and keeps none of them. */
  async usage(filter: RecordFilter, now: number): Promise<readonly UsageRow[]> {
    const counts = new Map<string, UsageRow>();
    for await (const { rows } of this.#scan(filter, 0, Number.POSITIVE_INFINITY)) {
      for (const { count, ...row } of usage(rows, filter, now)) {
        const key = JSON.stringify([row.day, row.channel, row.country, row.status]);
        counts.set(key, { ...row, count: count + (counts.get(key)?.count ?? 0) });
      }
    }
    return [...counts.values()].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
  }

  /** By what an index answers alone. Nothing where it holds some that are to be remembered no longer. */
  async #page(filter: RecordFilter, offset: number, limit: number): Promise<FoundRecords | undefined> {
    const index = indexOf(filter);
    const entries: Pending[] = [];
    for (;;) {
      const size = Math.min(BATCH, limit - entries.length);
      const args = [...index, ...spanOf(filter), numberArg(offset + entries.length), numberArg(size)];
      const [due, total, found] = await this.#run(PAGE, [index], args);
      if (due !== "0") return undefined;
      const rows = readRows(found);
      entries.push(...rows);
      if (rows.length < size || entries.length >= limit) return { total: Number(total), entries };
    }
  }

  async #filtered(filter: RecordFilter, offset: number, limit: number): Promise<FoundRecords> {
    const entries: Pending[] = [];
    let total = 0;
    for await (const { rows, fitting } of this.#scan(filter, offset, limit)) {
      total += fitting;
      entries.push(...rows);
    }
    return { total, entries };
  }

  /** All of an index, newest first: how many of each batch fit, and those of them that are asked for. */
  async *#scan(filter: RecordFilter, offset: number, limit: number): AsyncGenerator<Batch> {
    const index = indexOf(filter);
    const [earliest, end] = spanOf(filter);
    let [latest, skip, from, left] = [end, 0, offset, limit];
    for (;;) {
      const where = [...index, earliest, latest, String(skip), String(BATCH)];
      const args = [...where, ...filterArgs(filter), numberArg(from), numberArg(left)];
      const [looked, last, same, fits, found] = await this.#run(SCAN, [index], args);
      const [rows, fitting] = [readRows(found), Number(fits)];
      yield { rows, fitting };
      if (Number(looked) < BATCH) return;
      from = Math.max(0, from - fitting);
      left -= rows.length;
      // Of one instant there may be more than a batch.
      skip = last === latest ? skip + Number(same) : Number(same);
      latest = String(last);
    }
  }

  async #sweep(): Promise<void> {
    for (;;) {
      const [buried] = await this.#run(SWEEP, [["i", "dead"]], [String(BATCH)]);
      if (Number(buried) < BATCH) return;
    }
  }
}

function readRows(rows: Reply[number] | undefined): Pending[] {
  return ((rows ?? []) as readonly (readonly [string, string])[]).map((row) => readRow(...row));
}

/** The narrowest: of a subject, of a recipient, of a tenant, or all. */
function indexOf({ subject, to, tenant }: RecordFilter): Key {
  if (subject !== undefined) return ["j", nameOf(subject)];
  if (to !== undefined) return ["n", nameOf(to)];
  return tenant === undefined ? ["i", "all"] : ["t", nameOf(tenant)];
}

function filteredBeyondIndex({ subject, to, tenant, service, status }: RecordFilter): boolean {
  const named = [subject, to, tenant].filter((each) => each !== undefined).length;
  return named > 1 || service !== undefined || status !== undefined;
}

function filterArgs({ tenant, service, to, subject, status }: RecordFilter): string[] {
  return [nameOrNone(tenant), nameOrNone(service), nameOrNone(to), nameOrNone(subject), status ?? ""];
}

function spanOf({ since, until }: RecordFilter): [string, string] {
  return [since === undefined ? "-inf" : numberArg(since), until === undefined ? "+inf" : `(${numberArg(until)}`];
}
