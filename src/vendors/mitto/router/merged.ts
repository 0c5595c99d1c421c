import type { Verification } from "../../../verification/request.js";
import type { Verifications, VerificationSearch } from "../../../verification/verifications.js";
import type { PageAsked } from "../wire/paging.js";

type Searched = Pick<Verifications, "search">;
type Filter = Omit<VerificationSearch, "status" | "offset" | "limit">;
type Found = { readonly total: number; readonly found: readonly Verification[] };

/**
 * One page of the records of any of these statuses, newest first. The engine searches for one at a time, and what is
 * `failed` on the wire is two of ours.
 */
export async function pageOf(
  verifications: Searched,
  filter: Filter,
  [status, other]: readonly Verification["status"][],
  { page, pageSize }: PageAsked,
): Promise<Found> {
  const offset = page * pageSize;
  const list = (which: Verification["status"] | undefined) => (from: number, limit: number) =>
    verifications.search({ ...filter, ...(which === undefined ? {} : { status: which }), offset: from, limit });
  if (other === undefined) return list(status)(offset, pageSize);
  const [one, two] = [list(status), list(other)];
  const [{ total: ones }, { total: twos }] = await Promise.all([one(0, 1), two(0, 1)]);
  if (offset >= ones + twos) return { total: ones + twos, found: [] };
  const before = await countBefore(one, two, { ones, twos, offset });
  const [left, right] = await Promise.all([one(before, pageSize), two(offset - before, pageSize)]);
  const found = [...left.found, ...right.found].sort(newestFirst).slice(0, pageSize);
  return { total: ones + twos, found };
}

type List = (from: number, limit: number) => Promise<Found>;

/** How many of the first list are among the first `offset` of both: halved down, one row of each list at a time. */
async function countBefore(
  one: List,
  two: List,
  size: { ones: number; twos: number; offset: number },
): Promise<number> {
  let low = Math.max(0, size.offset - size.twos);
  let high = Math.min(size.ones, size.offset);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [left, right] = await Promise.all([one(middle, 1), two(size.offset - middle - 1, 1)]);
    const [mine, theirs] = [left.found[0], right.found[0]];
    // a row that went away while we looked leaves an order that is as good as any
    if (mine && theirs && newestFirst(mine, theirs) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of the engine. */
function newestFirst(a: Verification, b: Verification): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1);
}
