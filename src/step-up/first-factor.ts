import { misconfigured } from "../core/errors.js";
import { oneOf } from "../core/options.js";
import { METHOD_NAMES, type MethodName } from "../methods/method.js";

/** What somebody logged in with: `"password"` stands for whatever no method of ours is. */
export const FIRST_FACTORS = ["password", ...METHOD_NAMES] as const;
export type FirstFactor = (typeof FIRST_FACTORS)[number];

/** A text and a call reach the same telephone. */
const TELEPHONE: readonly MethodName[] = ["sms", "voice"];

/**
 * The methods that would only prove the first factor once more: the same mailbox, telephone or device twice is one factor.
 *
 * @throws TwoFactorError `misconfigured` for a word that is none: a misspelt one would bar nothing.
 */
export function barredBy(first: unknown): readonly MethodName[] | undefined {
  if (first === undefined || first === null) return undefined;
  const known = oneOf(first, FIRST_FACTORS, "twoFactor({ firstFactor })");
  if (known === "password") return undefined;
  return TELEPHONE.includes(known) ? TELEPHONE : [known];
}

/** @throws TwoFactorError `misconfigured` for anything but one of the words or a function. */
export function checkFirstFactor<F>(given: F): F {
  if (typeof given === "function") return given;
  if (given === null) {
    throw misconfigured('twoFactor({ firstFactor }) takes "email" or the like, or a function of the request.');
  }
  barredBy(given);
  return given;
}
