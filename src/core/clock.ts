/** Milliseconds since the epoch. Injected everywhere, so that tests own the time. */
export type Clock = () => number;

/**
 * How far a clock may jump back before what it has stamped counts as not yet born, in milliseconds.
 * Anything stamped further in the future than this is refused rather than trusted for longer.
 */
export const CLOCK_SKEW = 30_000;

/** Whole seconds to wait, at least one: what `Retry-After` may say (RFC 9110 section 10.2.3). */
export function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1000));
}
