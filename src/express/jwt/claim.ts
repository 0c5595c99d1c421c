import type { Mark } from "../../step-up/mark.js";
import { freshOf, isMark, isRecord, isText, type Unknowns } from "../stored-marks.js";

/** So many older marks a token carries beside its newest: it travels with every request. */
const MAX_PRIOR = 4;

/** A mark without its user, who is the token's `sub`. */
interface MarkClaim {
  readonly id: string;
  /** Seconds since the epoch with their fraction, as RFC 7519 section 2 allows: a mark must not look older than a revocation in the same second. */
  readonly at: number;
  readonly methods: readonly string[];
  readonly amr?: readonly string[];
  readonly action?: string;
  readonly bind?: string;
  /** Seconds, as `at`: see `Mark`. */
  readonly kept?: number;
}

/** The claim `2fa`: what the guard reads from a token. */
interface SecondFactorClaim extends MarkClaim {
  /** The binding of the login this came from: it stays the same through every upgrade. */
  readonly of: string;
  /** When the very first token expires, in seconds: no upgrade outlives it. */
  readonly until: number;
  readonly prior?: readonly MarkClaim[];
}

interface SecondFactor {
  /** Newest last. */
  readonly marks: readonly Mark[];
  readonly of: string;
  readonly until: number;
}

/** The claim for a new mark, on top of what the login already carried. */
export function toClaim(
  mark: Mark,
  earlier: readonly Mark[],
  of: string,
  until: number,
  now: number,
): SecondFactorClaim {
  const prior = freshOf(earlier, now, mark).slice(-MAX_PRIOR).map(claimOf);
  return { ...claimOf(mark), of, until, ...(prior.length > 0 && { prior }) };
}

function claimOf({ id, at, methods, amr, action, bind, kept }: Mark): MarkClaim {
  return {
    id,
    at: at / 1_000,
    methods,
    ...(amr !== undefined && { amr }),
    ...(action !== undefined && { action }),
    ...(bind !== undefined && { bind }),
    ...(kept !== undefined && { kept: kept / 1_000 }),
  };
}

/** Reads the claim; a claim that is not of this shape is as good as absent. */
export function fromClaim(value: unknown, user: string): SecondFactor | undefined {
  if (!isRecord(value)) return undefined;
  const { of, until, prior } = value;
  if (!isText(of) || typeof until !== "number" || !Number.isFinite(until)) return undefined;
  const older: readonly unknown[] = Array.isArray(prior) ? prior.slice(-MAX_PRIOR) : [];
  const marks = [...older, value].filter(isRecord).map((each) => markOf(each, user));
  return { of, until, marks: marks.filter(isMark) };
}

function markOf({ id, at, methods, amr, action, bind, kept }: Unknowns, user: string): unknown {
  return {
    id,
    user,
    at: typeof at === "number" ? Math.round(at * 1_000) : undefined,
    methods,
    ...(amr !== undefined && { amr }),
    ...(action !== undefined && { action }),
    ...(bind !== undefined && { bind }),
    ...(kept !== undefined && { kept: typeof kept === "number" ? Math.round(kept * 1_000) : kept }),
  };
}
