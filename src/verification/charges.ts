import { fingerprint } from "../core/crypto.js";
import type { Charge } from "../stores/store.js";
import type { ParsedBucket } from "./bucket.js";

/** A count outlives whoever is erased, so its key names nobody: no number, no address, no user. */
export function hidden(kind: "user" | "to" | "prefix" | "ip", value: string): string {
  return fingerprint([kind, value]);
}

/** Charges by one hidden value. No two `kind`s of one may be the same; one hash does for all of them. */
export function countedBy(name: string, kind: string, buckets: readonly ParsedBucket[]): (value: string) => Charge[] {
  const ready = buckets.map(({ max, interval }) => ({ max, interval, end: ` ${kind} ${interval}` }));
  return (value) => ready.map(({ max, interval, end }) => ({ name, key: value + end, max, interval }));
}
