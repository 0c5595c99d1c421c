import { CLOCK_SKEW } from "../../core/clock.js";
import { checkNames, parseCompact } from "./compact.js";
import { verifyToken } from "./jsonwebtoken.js";
import type { JwtKeys } from "./keys.js";
import type { JwtAlgorithm, JwtClaims, JwtSettings } from "./options.js";

/** A first token that has been verified. */
export interface Verified {
  /** As its header said, so that what replaces it says the same. */
  readonly typ: string | undefined;
  readonly claims: JwtClaims;
  readonly times: Times;
}

/** When a token is good for, in seconds since the epoch (RFC 7519 section 4.1). */
export interface Times {
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
}

/** How far clocks may differ, in seconds. */
const TOLERANCE = CLOCK_SKEW / 1_000;

/** A bearer token is an access token: not an id token of another kind, and none of our own second ones (RFC 8725 3.11). */
const TYPES = ["jwt", "at+jwt", "application/at+jwt"];

/** @throws Error for a token that is not one of ours, not meant for us, or not meant for now. */
export function verifyBearer(token: string, keys: JwtKeys, settings: JwtSettings, now: number): Verified {
  const { header, claims: text } = parseCompact(token);
  const { alg, typ } = header;
  if (typ !== undefined && (typeof typ !== "string" || !TYPES.includes(typ.toLowerCase()))) {
    throw new Error("The token is of another type.");
  }
  const claims = verifyWithAny(token, alg, keys, settings, now);
  checkNames(text, claims);
  const times = timesOf(claims);
  checkTimes(times, now);
  return { typ, claims, times };
}

function verifyWithAny(token: string, alg: unknown, keys: JwtKeys, settings: JwtSettings, now: number): JwtClaims {
  let failure: unknown;
  for (const { key, algorithms } of keys.verifiers) {
    if (!algorithms.includes(alg as JwtAlgorithm)) continue;
    try {
      return verifyToken(token, key, {
        algorithms: [alg as JwtAlgorithm],
        clockTimestamp: seconds(now),
        clockTolerance: TOLERANCE,
        ...(settings.issuer && { issuer: [...settings.issuer] as [string] }),
        ...(settings.audience && { audience: [...settings.audience] as [string] }),
      }) as JwtClaims;
    } catch (error) {
      failure = error;
    }
  }
  // Made here and not beforehand: an error looks at the stack, and costs more than the signature.
  throw failure ?? new Error("The token's algorithm is not accepted.");
}

/** `exp` must be there, and whatever is there must be a number. */
export function timesOf({ exp, nbf = 0, iat = 0 }: JwtClaims): Times {
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat))
    throw new Error("The token does not say from when to when it holds.");
  return { exp, nbf, iat };
}

/** Asked again whenever a token is taken from the cache. */
export function checkTimes({ exp, nbf, iat }: Times, now: number): void {
  const at = seconds(now);
  if (at >= exp + TOLERANCE) throw new Error("The token has expired.");
  if (at < nbf - TOLERANCE || at < iat - TOLERANCE) throw new Error("The token does not hold yet.");
}

export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
