import { Fields } from "../../../express/service/fields.js";
import type { Bucket } from "../../../verification/bucket.js";
import type { LimitValue } from "../../../verification/named-limits.js";
import { invalid } from "../../../verification/prepare.js";

/** Buckets as they were submitted, and what the engine counts by. */
export interface BucketsRead {
  readonly text: string;
  readonly buckets: readonly Bucket[];
}

const MAX_TEXT = 2_000;
const MAX_COUNT = 100_000;
/** 31 days, in seconds. */
const MAX_INTERVAL = 2_678_400;

/**
 * One or two buckets: a list, or the JSON of one in a string. A string is answered exactly as it came.
 *
 * @throws TwoFactorError `invalid_request` for anything else.
 */
export function readBuckets(fields: Fields): BucketsRead | undefined {
  const given = fields.get("buckets");
  if (given === undefined) return undefined;
  const list = fields.list("buckets");
  if (!list || list.length < 1 || list.length > 2) throw invalid('"buckets" is a list of one or two buckets.');
  const read = list.map(readBucket);
  if (new Set(read.map(({ name }) => name)).size < read.length) throw invalid("Each bucket has a name of its own.");
  const text = typeof given === "string" ? given : JSON.stringify(read);
  if (text.length > MAX_TEXT) throw invalid(`"buckets" has at most ${MAX_TEXT} characters.`);
  return { text, buckets: countedBy(read) };
}

interface BucketText {
  readonly name: string;
  readonly max: string;
  readonly interval: string;
}

function readBucket(each: unknown, index: number): BucketText {
  const fields = new Fields(each);
  const name = fields.text("name") ?? `bucket${index + 1}`;
  const max = fields.whole("max");
  const interval = fields.whole("interval");
  if (max === undefined || !(max >= 1 && max <= MAX_COUNT)) throw invalid(`"max" is a number from 1 to ${MAX_COUNT}.`);
  if (interval === undefined || !(interval >= 1 && interval <= MAX_INTERVAL)) {
    throw invalid(`"interval" is a number of seconds from 1 to ${MAX_INTERVAL}.`);
  }
  return { name, max: String(max), interval: String(interval) };
}

/** Of two buckets over one interval the smaller is the one that holds; counted side by side they would count double. */
function countedBy(read: readonly BucketText[]): Bucket[] {
  const [first, second] = read.map(({ max, interval }) => ({ max: Number(max), interval: Number(interval) }));
  const same = first && second && first.interval === second.interval;
  const kept = same ? [{ ...first, max: Math.min(first.max, second.max) }] : [first, second];
  return kept.flatMap((bucket) => (bucket ? [{ max: bucket.max, interval: `${bucket.interval}s` as const }] : []));
}

/** The text for buckets that were not made through this API. */
export function bucketsText({ buckets }: LimitValue): string {
  const list = buckets.map(({ max, interval }, index) => {
    return { name: `bucket${index + 1}`, max: String(max), interval: String(interval / 1000) };
  });
  return JSON.stringify(list);
}
