import { CLOCK_SKEW } from "../core/clock.js";

/**
 * One second factor, proved: what a session or a token carries afterwards.
 * Plain JSON, so that any session store and any token can hold it.
 */
export interface Mark {
  /** 256 random bits: a one-shot mark is used up in the store under this name. */
  readonly id: string;
  readonly user: string;
  /** When we verified it ourselves, in milliseconds; ages count from here and from nothing else. */
  readonly at: number;
  /** The methods proved, strongest name first: `["totp"]`. */
  readonly methods: readonly string[];
  /** The same as `amr` has it (RFC 8176), where a method alone does not say: a passkey may be hardware or software. */
  readonly amr?: readonly string[];
  /** Given for this action only. */
  readonly action?: string;
  /** Given for exactly this transaction; a digest of what the route's `bind` returned. */
  readonly bind?: string;
  /**
   * Until when it has outlived revocations: somebody who changes their factors voids all proofs but this one. Its age counts
   * from `at` all the same.
   */
  readonly kept?: number;
}

/** Whether it is stamped in the future, beyond what clocks differ: then it proves nothing. */
export function isAhead({ at, kept = at }: Mark, now: number): boolean {
  return !(at <= now + CLOCK_SKEW && kept <= now + CLOCK_SKEW);
}
