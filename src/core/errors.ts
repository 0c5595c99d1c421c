/**
 * Every way a request or a call can be refused, with the HTTP status it is answered with.
 * Clients compare the code; the sentence is for people and may change.
 */
export const ERRORS = {
  second_factor_required: { status: 401, title: "A second factor is required" },
  first_factor_required: { status: 401, title: "Log in first" },
  not_enrolled: { status: 403, title: "No usable second factor is set up" },
  method_not_allowed: { status: 403, title: "This method is not accepted here" },
  origin_refused: { status: 403, title: "The request came from another site" },
  invalid_request: { status: 400, title: "The request is not valid" },
  wrong_code: { status: 422, title: "The code is wrong" },
  challenge_not_found: { status: 404, title: "There is no such challenge" },
  challenge_expired: { status: 410, title: "The challenge has expired" },
  challenge_used: { status: 409, title: "The challenge has already been used" },
  challenge_spent: { status: 429, title: "All attempts of this challenge are used up" },
  account_locked: { status: 429, title: "Too many wrong codes: the account is locked for a while" },
  limit_exceeded: { status: 429, title: "Too many messages: wait before asking for another" },
  delivery_failed: { status: 502, title: "The code could not be sent" },
  unavailable: { status: 503, title: "Verification is not available right now" },
  misconfigured: { status: 500, title: "require2fa is set up wrongly" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** What a refusal carries beside its code. Every field ends up in the problem document. */
export interface ErrorDetails {
  /** One sentence that says what to do about it. */
  detail?: string;
  /** Seconds until the same call can succeed, a whole number of at least one. */
  retryAfter?: number;
  /** Compares left on the challenge. */
  attemptsLeft?: number;
  /** The limit that refused, for the `RateLimit` header. */
  limit?: { name: string; max: number; seconds: number };
}

/**
 * The one error class of the package. Compare `error.code`, not the class: bundlers may load a package twice.
 *
 * `cause` holds what happened underneath and never reaches a client.
 */
export class TwoFactorError extends Error {
  override readonly name = "TwoFactorError";
  readonly code: ErrorCode;
  /** The HTTP status; Express' own error handler reads it as well. */
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(details.detail ?? ERRORS[code].title, options);
    this.code = code;
    this.status = ERRORS[code].status;
    this.details = details;
  }
}

export function isTwoFactorError(error: unknown): error is TwoFactorError {
  return error instanceof TwoFactorError;
}

/** Something a developer wrote is wrong; the sentence is the lesson. */
export function misconfigured(detail: string): TwoFactorError {
  return new TwoFactorError("misconfigured", { detail });
}

/** A store, a callback or a signer failed or was too late: the door stays closed. */
export function unavailable(detail: string, cause?: unknown, retryAfter = 1): TwoFactorError {
  return new TwoFactorError("unavailable", { detail, retryAfter }, { cause });
}
