import type { ErrorCode } from "../core/errors.js";
import type { PasskeyRequest } from "../methods/passkey/json.js";

// What goes over the wire, for server and browser alike: nothing here may need Express or Node.

/** A way to answer a challenge. */
export interface PublicChoice {
  readonly method: string;
  /** To be named where there are several of the method. */
  readonly factor?: string;
  /** What its owner calls it. */
  readonly name?: string;
  /** Masked. */
  readonly to?: string;
  /** How many characters there are to type; 0 where nothing is typed. */
  readonly digits: number;
}

/** A challenge as clients see it. */
export interface PublicChallenge {
  readonly id: string;
  readonly method: string;
  /** Masked. */
  readonly to?: string;
  readonly expiresAt: string;
  readonly attemptsLeft: number;
  /** When another message may be asked for. */
  readonly resendAt?: string;
  /** The factor it asks for now, where there are several of the method. */
  readonly factor?: string;
  /** Every way to answer, strongest first: what `POST /2fa/challenge` goes on with. Absent where there is only one. */
  readonly choices?: readonly PublicChoice[];
  /**
   * For `navigator.credentials.get()`, where the method is a passkey. `code` is then the JSON of the credential. Good for
   * two minutes; whoever asks for the challenge again gets a new one.
   */
  readonly publicKey?: PasskeyRequest;
  /** The transaction that a right answer approves, field by field. */
  readonly show?: readonly (readonly [label: string, value: string])[];
}

/** The answer to `POST /2fa/challenge`. */
export interface OfferedChallenge extends PublicChallenge {
  /** What this person may answer by. */
  readonly methods: readonly string[];
}

export interface Links {
  readonly page: string;
  readonly verify: string;
  readonly resend: string;
  readonly cancel: string;
  /** Where people set up what they lack, where that would help. */
  readonly enroll?: string;
}

/** A refusal (RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly reason?: string;
  /** Seconds until the same call can succeed. */
  readonly retryAfter?: number;
  readonly attemptsLeft?: number;
  /** How old a proof may be, in seconds. */
  readonly maxAge?: number;
  /** What this person may answer by. */
  readonly methods?: readonly string[];
  readonly links?: Links;
  readonly challenge?: PublicChallenge;
}

/** The answer to a right code. */
export interface Verified {
  readonly verified: true;
  readonly methods: readonly string[];
  readonly verifiedAt: string;
  readonly expiresAt: string;
  readonly token?: string;
  /** This browser is trusted from now on. */
  readonly trusted?: true;
}
