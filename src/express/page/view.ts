import type { ErrorCode } from "../../core/errors.js";
import type { MethodName } from "../../methods/method.js";

export type PageState =
  /** Type the code. */
  | "challenge"
  /** Verified; `replay` or `back` says how it goes on. */
  | "done"
  /** Expired, used, spent or canceled: `error` says which, and no error means canceled. */
  | "ended"
  /** No challenge is open. */
  | "nothing"
  /** The user has no usable method. */
  | "not_enrolled"
  /** Nobody is logged in. */
  | "login"
  /** A fault: try again. */
  | "unavailable";

export interface PageChallenge {
  readonly id: string;
  readonly method: MethodName;
  /** Where the code went, masked. */
  readonly to?: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly attemptsLeft: number;
  /** Seconds until the code may be sent again; absent where nothing is sent. */
  readonly resendIn?: number;
  /** How many digits the code has. */
  readonly digits: number;
  readonly delivery: "none" | "sending" | "sent" | "failed";
}

export interface PageProblem {
  readonly code: ErrorCode;
  readonly attemptsLeft?: number;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** Paths of this origin. */
export interface PageLinks {
  readonly page: string;
  readonly verify: string;
  readonly resend: string;
  readonly challenge: string;
  readonly cancel: string;
  readonly back?: string;
}

/** The form POST that was interrupted, to be sent again. */
export interface PageReplay {
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Everything the challenge page shows. Pure data: whoever replaces the page gets the same. */
export interface PageView {
  /** The language to speak: one of ours, or one that the app added. */
  readonly locale: string;
  /** The nonce of the Content-Security-Policy, for style and script. */
  readonly nonce: string;
  /** The name people know the app by. */
  readonly service?: string;
  readonly state: PageState;
  readonly challenge?: PageChallenge;
  /** Other methods that may be used instead. */
  readonly alternatives: readonly { readonly method: MethodName; readonly to?: string }[];
  /** What is being approved, as in `[["amount", "10.00"], ["payee", "Bob"]]`. */
  readonly show: readonly (readonly [label: string, value: string])[];
  readonly action?: string;
  readonly error?: PageProblem;
  readonly notice?: "sent";
  readonly links: PageLinks;
  readonly replay?: PageReplay;
}
