import { statusOf } from "./ended.js";
import type { Pending } from "./pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "./records.js";

/** One page of what fits the filter, newest first. */
export function search(rows: Iterable<Pending>, filter: RecordFilter, page: RecordPage, now: number): FoundRecords {
  const found = [...rows].filter((row) => fits(row, filter, now)).sort(newestFirst);
  return { total: found.length, entries: found.slice(page.offset, page.offset + page.limit) };
}

/** Verifications and messages, counted by day and what they came to. */
export function usage(rows: Iterable<Pending>, filter: RecordFilter, now: number): UsageRow[] {
  const counts = new Map<string, UsageRow>();
  const count = (row: Omit<UsageRow, "count">): void => {
    const key = JSON.stringify([row.day, row.channel, row.country, row.status]);
    counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + 1 });
  };
  for (const row of rows) {
    if (!fits(row, filter, now)) continue;
    const [first] = row.events;
    const country = first?.country;
    count({ day: dayOf(row.createdAt), status: statusOf(row, now), ...(country === undefined ? {} : { country }) });
    for (const { at, channel, status, country: where } of row.events) {
      count({ day: dayOf(at), channel, status, ...(where === undefined ? {} : { country: where }) });
    }
  }
  return [...counts.values()].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

function fits(row: Pending, filter: RecordFilter, now: number): boolean {
  return (
    (filter.tenant === undefined || row.tenant === filter.tenant) &&
    (filter.service === undefined || row.service === filter.service) &&
    (filter.to === undefined || row.delivery.to === filter.to) &&
    (filter.subject === undefined || row.subject === filter.subject) &&
    (filter.since === undefined || row.createdAt >= filter.since) &&
    (filter.until === undefined || row.createdAt < filter.until) &&
    (filter.status === undefined || statusOf(row, now) === filter.status)
  );
}

/** Ids decide between those of one millisecond, so that pages never overlap. */
function newestFirst(a: Pending, b: Pending): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
