import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, listOf, wholeNumber } from "../core/options.js";

/** At most `max` within any span of `interval`. */
export interface Bucket {
  max: number;
  interval: Duration;
}

/** The same, ready to use; milliseconds. */
export interface ParsedBucket {
  readonly max: number;
  readonly interval: number;
}

/** @throws TwoFactorError `misconfigured` for unknown keys and values out of bounds. */
export function parseBucket(bucket: Bucket, where: string): ParsedBucket {
  checkKeys(bucket, { max: true, interval: true }, where);
  const interval = milliseconds(bucket.interval, `${where}.interval`);
  if (interval <= 0) throw misconfigured(`${where}.interval must be longer than 0.`);
  return { max: wholeNumber(bucket.max, 1, 1_000_000, `${where}.max`), interval };
}

/** @throws TwoFactorError `misconfigured`, also for no bucket at all. */
export function parseBuckets(list: readonly Bucket[], where: string): readonly ParsedBucket[] {
  if (!Array.isArray(list)) throw misconfigured(`${where} must be a list, as in [{ max: 5, interval: "10m" }].`);
  const parsed = listOf(list, where).map((bucket) => parseBucket(bucket, where));
  if (parsed.length === 0)
    throw misconfigured(`${where} needs at least one bucket, as in [{ max: 5, interval: "10m" }].`);
  return parsed;
}
