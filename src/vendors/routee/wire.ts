/** Routee 2Step on the wire, both directions: docs.routee.net, and what the vendor's SDKs send and read. */

export const STATUSES = ["Pending", "Verified", "Cancelled", "Expired", "Failed"] as const;
export type RouteeStatus = (typeof STATUSES)[number];

/** The nine digits of every error: HTTP status, module, number. */
export const ERRORS = {
  "400000000": "Validation Error!",
  "400001009": "Insufficient Balance.",
  "400005000": "Sms contains invalid data.",
  "400011001": "Invalid message template.",
  "400011002": "Verification is not in pending state.",
  "400011003": "Verification has expired.",
  "400011004": "Verification max retries reached.",
  "400011005": "Wrong answer provided.",
  "401000000": "Unauthorized.",
  "403000000": "Access is denied.",
  "404001001": "Account not found.",
  "404010002": "Application not found.",
  "404011006": "The verification with the specified tracking id doesn't exist.",
  "405000000": "Method not allowed.",
  "429000000": "Too many requests.",
  "500000000": "Internal error.",
  "503000000": "The service is not available.",
} as const;
export type RouteeCode = keyof typeof ERRORS;

/** What the live service said in these cases, where that differs from the table of its manual. */
export const CAPTURED: Partial<Record<RouteeCode, string>> = {
  "400011002": "Invalid Status",
  "400011005": "Wrong Answer!",
};

/** Identifiers that Indian law wants with a message (TRAI). */
export interface RouteeRestrictions {
  readonly contentTemplateId?: string;
  readonly principalEntityId?: string;
}

/** `POST /2step`. */
export interface RouteeStart {
  readonly method: "sms" | "voice";
  readonly type: "code";
  readonly recipient: string;
  readonly template?: string;
  readonly arguments?: Readonly<Record<string, string>>;
  readonly templateCountry?: string;
  readonly originator?: string;
  readonly lifetimeInSeconds?: number;
  readonly maxRetries?: number;
  readonly digits?: number;
  readonly restrictions?: RouteeRestrictions;
}

/** A verification; SDKs of 2016 know the first three fields, later ones take all six for granted. */
export interface RouteeVerification {
  readonly trackingId: string;
  readonly status: RouteeStatus;
  readonly updatedAt: string;
  readonly maxRetries: number;
  readonly expiresAt: string;
  readonly timesTried: number;
}

export type RouteeTotals = Readonly<Record<RouteeStatus, number>>;

export interface RouteeReport {
  readonly total: number;
  readonly totals: RouteeTotals;
  readonly perCountry: Readonly<Record<string, RouteeTotals>>;
  readonly applicationId?: string;
}

/** What is posted to an application's callback on every change of status. */
export interface RouteeCallback {
  readonly applicationId: string;
  readonly trackingId: string;
  readonly recipient: string;
  readonly status: RouteeStatus;
  readonly updatedAt: string;
}

export interface RouteeToken {
  readonly token: string;
  /** Seconds that are left of it. */
  readonly expiresIn: number;
}

const TRACKING_ID = /^[\w-]{1,64}$/;

// What a client sends and reads.

export const TOKEN_REQUEST = "grant_type=client_credentials";

/**
 * A text with `{code}` in it as Routee's template; what looks like one of its other places is no place. Nothing where the
 * code runs into a word: `@@pins` is the name of something else.
 */
export function templateOf(text: string): string | undefined {
  if (!text.includes("{code}") || /\{code\}\w/.test(text)) return undefined;
  return text.replaceAll("@@", "@ @").replaceAll("{code}", "@@pin");
}

/** Form pairs, as all of the vendor's SDKs send it: a JSON number would lose leading zeros. */
export function answerBody(answer: string): string {
  return new URLSearchParams({ answer }).toString();
}

export function readToken(text: string): RouteeToken | undefined {
  const { access_token: token, expires_in: expiresIn } = objectIn(text);
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,4096}$/.test(token)) return undefined;
  return { token, expiresIn: typeof expiresIn === "number" && expiresIn > 0 ? expiresIn : 0 };
}

/** The two fields that every age of the service answers with, or nothing for any other answer. */
export function readVerification(text: string): Pick<RouteeVerification, "trackingId" | "status"> | undefined {
  const { trackingId, status } = objectIn(text);
  const known = STATUSES.find((each) => each === status);
  if (typeof trackingId !== "string" || !TRACKING_ID.test(trackingId) || !known) return undefined;
  return { trackingId, status: known };
}

/** The vendor's code for an error, if the answer has one. */
export function readErrorCode(text: string): string | undefined {
  const { code } = objectIn(text);
  return typeof code === "string" && /^\d{9}$/.test(code) ? code : undefined;
}

export function documented(code: string): string | undefined {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as RouteeCode] : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

// What a server takes and answers.

/** The longest that a code lives, in seconds. */
export const LONGEST = 86_400;

/** A name of up to 11 characters, or a number. */
export function isOriginator(value: string): boolean {
  return /^\+?\d{1,15}$/.test(value) || /^[\x20-\x7e]{1,11}$/.test(value);
}

export interface ErrorExtras {
  readonly entity?: string;
  readonly property?: string;
  readonly properties?: Readonly<Record<string, string | readonly string[]>>;
}

export function statusOfCode(code: RouteeCode): number {
  return Number(code.slice(0, 3));
}

export function errorBody(code: RouteeCode, texts: "captured" | "documented", extras: ErrorExtras = {}): object {
  const developerMessage = (texts === "captured" ? CAPTURED[code] : undefined) ?? ERRORS[code];
  return { code, developerMessage, ...extras };
}

/** Every field that one SDK or another reads of a 401; `message` is what the token endpoint of Spring says. */
export function unauthorizedBody(path: string, message: string, code: string, at: number): object {
  return { timestamp: at, status: 401, error: "Unauthorized", message, path, code, developerMessage: message };
}

/** Errors of the token endpoint beside 401 (RFC 6749 section 5.2). */
export function grantError(error: "invalid_request" | "invalid_scope" | "unsupported_grant_type"): object {
  const words = {
    invalid_request: "Missing grant type",
    invalid_scope: "Invalid scope",
    unsupported_grant_type: "Unsupported grant type",
  };
  return { error, error_description: words[error] };
}

/** All five keys: the Java SDK throws where one is missing. */
export function tokenBody(token: RouteeToken, scopes: readonly string[], permissions: readonly string[]): object {
  return {
    access_token: token.token,
    token_type: "bearer",
    expires_in: token.expiresIn,
    scope: scopes.join(" "),
    permissions,
  };
}

/** Scopes as they are asked for: with commas, blanks or plus signs between them. None at all means every one. */
export function readScopes(scope: string | undefined): string[] {
  return (scope ?? "").split(/[\s,+]+/).filter((each) => each !== "");
}

export function totalsOf(counts: Readonly<Partial<Record<RouteeStatus, number>>> = {}): RouteeTotals {
  const { Pending = 0, Verified = 0, Cancelled = 0, Expired = 0, Failed = 0 } = counts;
  return { Pending, Verified, Cancelled, Expired, Failed };
}
