import type { FoundRecords } from "../stores/records.js";

/** A part of a list of records that is kept newest first. */
export type RecordList = (offset: number, limit: number) => Promise<FoundRecords>;

/**
 * Two lists that have no record in common, as one, newest first. Of the same instant, those of the first list come first,
 * in whatever order their store has for them.
 */
export function merged(one: RecordList, two: RecordList): RecordList {
  return async (offset, limit) => {
    const [{ total: ones }, { total: twos }] = await Promise.all([one(0, 1), two(0, 1)]);
    const total = ones + twos;
    if (offset >= total) return { total, entries: [] };
    const before = await countBefore(one, two, { ones, twos, offset });
    const [left, right] = await Promise.all([one(before, limit), two(offset - before, limit)]);
    const entries = [...left.entries, ...right.entries].sort((a, b) => b.createdAt - a.createdAt);
    return { total, entries: entries.slice(0, limit) };
  };
}

/** How many of the first list are among the first `offset` of both: halved down, one row of each list at a time. */
async function countBefore(
  one: RecordList,
  two: RecordList,
  size: { ones: number; twos: number; offset: number },
): Promise<number> {
  let low = Math.max(0, size.offset - size.twos);
  let high = Math.min(size.ones, size.offset);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [left, right] = await Promise.all([one(middle, 1), two(size.offset - middle - 1, 1)]);
    const [mine, theirs] = [left.entries[0], right.entries[0]];
    // a row that went away while we looked leaves an order that is as good as any
    if (mine && theirs && mine.createdAt >= theirs.createdAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
