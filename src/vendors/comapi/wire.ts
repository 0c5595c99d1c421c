/** Comapi Verify (later dotdigital CPaaS) on the wire, both directions: docs.cpaas.dotdigital.com, rest-verify-*. */

export const PATH = "/webapi/verify";

/** A code was sent, or is not right yet; the examples of the manual write `CodeUnverified`. */
const NOT_VERIFIED = ["CodeNotVerified", "CodeUnverified"] as const;
export const STATUSES = [...NOT_VERIFIED, "CodeNotSent", "CodeVerified", "CodeLocked", "CodeExpired"] as const;
export type ComapiStatus = (typeof STATUSES)[number];

export type ComapiNumberStatus = "On" | "Off" | "Dead" | "NotProvisioned";

/** What can be wrong with a request, by the vendor's code for it. */
export const FAILURES = {
  CountryIsoCodeInvalid: "is not an ISO 3166-1 alpha-3 country code.",
  FromContainsDisallowedCharacters: "may hold letters, digits, hyphen, underscore, full stop and space only.",
  FromEmpty: "is empty.",
  FromExceedsMaxNumericLength: "has more than 15 digits.",
  FromExceedsMaxTextLength: "has more than 11 characters.",
  FromUnderMinTextLength: "has less than 2 characters.",
  FromReserved: "is reserved.",
  InsufficientCredit: "The account has not enough credit.",
  InvalidJson: "is not valid.",
  ToEmpty: "is not valid. No value was specified.",
  ToInvalid: "is not valid.",
  ValidUntilMinExceeded: "is not in the future.",
  ValidUntilMaxExceeded: "is too far in the future.",
  Throttled: "Too many requests for this number.",
} as const;
export type ComapiFailureCode = keyof typeof FAILURES;

export interface ComapiFailure {
  /** Empty where it is about the whole request. */
  readonly property: string;
  readonly failureCode: ComapiFailureCode;
  readonly details: string;
}

/** `POST /webapi/verify`. */
export interface ComapiCreate {
  /** International digits without a plus sign, or a local number of `countryIsoCode`. */
  readonly to: string;
  readonly from?: string;
  /** ISO 3166-1 alpha-3. */
  readonly countryIsoCode?: string;
  /** With `{{code}}`, and `{{validMinutes}}` at will. */
  readonly body?: string;
  /** ISO 8601 in UTC. */
  readonly validUntil?: string;
}

/** What both calls answer with. */
export interface ComapiVerifyCode {
  readonly requestId: string;
  readonly phoneNumber: string;
  readonly status: ComapiStatus;
  readonly numberStatus: ComapiNumberStatus;
  readonly created: string;
  /** When the right code came. */
  readonly verified?: string;
}

/** The body of every 401, to the letter. */
export const UNAUTHORIZED = "No authorization header supplied or invalid username or password";

export const DEFAULT_BODY = "Your verification code is {{code}}";

/** A sender: digits, or a name. What is wrong with it, or nothing. */
export function senderFailure(from: string): ComapiFailureCode | undefined {
  if (from.trim() === "") return "FromEmpty";
  if (/^\d+$/.test(from)) {
    if (from.length > 15) return "FromExceedsMaxNumericLength";
  } else {
    if (!/^[\w. -]+$/.test(from)) return "FromContainsDisallowedCharacters";
    if (from.length > 11) return "FromExceedsMaxTextLength";
  }
  return from.length < 2 ? "FromUnderMinTextLength" : undefined;
}

export function failure(property: string, failureCode: ComapiFailureCode): ComapiFailure {
  const words = FAILURES[failureCode];
  // those about the account are sentences of their own
  const details = property === "" || /^[A-Z]/.test(words) ? words : `${property} ${words}`;
  return {
    property,
    failureCode,
    details: property === "" && failureCode === "InvalidJson" ? "The body is not valid JSON." : details,
  };
}

// What a client sends and reads.

/** A text with `{code}` in it as Comapi's body; its other place is no place of ours. */
export function bodyOf(text: string): string | undefined {
  return text.includes("{code}")
    ? text.replace(/\{\{(?!code\}\})/g, "{ {").replace(/\{?\{code\}\}?/g, "{{code}}")
    : undefined;
}

/** The status and whose it is, or nothing for any other answer, and for one about another number than `to`. */
export function readVerifyCode(text: string, to: string): Pick<ComapiVerifyCode, "requestId" | "status"> | undefined {
  const value = parse(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { requestId, status, phoneNumber } = value as Readonly<Record<string, unknown>>;
  const known = STATUSES.find((each) => each === status);
  if (typeof requestId !== "string" || !/^[\w-]{1,64}$/.test(requestId) || !known) return undefined;
  const isOther = typeof phoneNumber === "string" && bareDigits(phoneNumber) !== bareDigits(to);
  return isOther ? undefined : { requestId, status: known };
}

function bareDigits(number: string): string {
  return number.replace(/\D/g, "").replace(/^00/, "");
}

export function isOpen(status: ComapiStatus): boolean {
  return NOT_VERIFIED.some((each) => each === status);
}

/** The vendor's codes out of a 400; words of its own are left behind, as they may quote the request. */
export function readFailureCodes(text: string): string[] {
  const value = parse(text);
  if (!Array.isArray(value)) return [];
  return value.slice(0, 20).flatMap((each: unknown) => {
    const { failureCode } = (each ?? {}) as Readonly<Record<string, unknown>>;
    return typeof failureCode === "string" && /^[A-Za-z]{1,60}$/.test(failureCode) ? [failureCode] : [];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
