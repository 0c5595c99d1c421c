import { fingerprint } from "../core/crypto.js";
import type { Charge } from "../stores/store.js";
import type { ParsedBucket } from "./bucket.js";

/** A count outlives whoever is erased, so its key names nobody: no number, no address, no user. */
export function hidden(kind: "user" | "to" | "prefix" | "ip", value: string): string {
  return fingerprint([kind, value]);
}

/**
 * Charges by one hidden value. All spans share one log, named after the longest: that one counts there, and the others
 * look into it. No two `kind`s of one value may be the same; one hash does for all of them.
 */
export function countedBy(name: string, kind: string, buckets: readonly ParsedBucket[]): (value: string) => Charge[] {
  const longest = Math.max(...buckets.map(({ interval }) => interval));
  const counts = buckets.find(({ interval }) => interval === longest);
  const ready = buckets.map((bucket) => ({ max: bucket.max, interval: bucket.interval, peek: bucket !== counts }));
  const end = ` ${kind} ${longest}`;
  return (value) => {
    const key = value + end;
    return ready.map(({ max, interval, peek }) => ({ name, key, max, interval, peek }));
  };
}
