import type { ErrorCode } from "../../core/errors.js";
import type { MethodName, SentMethod } from "../../methods/method.js";
import type { PasskeyCreation, PasskeyRequest } from "../../methods/passkey/json.js";

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
  | "unavailable"
  /** The factors of a person: `factors` says what about them. */
  | "factors"
  /** The devices that a person trusts: `devices`. */
  | "devices"
  /** "This was not me", reached by a link and without a login: `report`. */
  | "report";

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
  /** How many digits the code has; 0 where nobody types one. */
  readonly digits: number;
  /** What a passkey is to be asked. */
  readonly publicKey?: PasskeyRequest;
  readonly delivery: "none" | "sending" | "sent" | "failed";
}

export interface PageProblem {
  readonly code: ErrorCode;
  /** The method it is about, where that is not the one of the challenge. */
  readonly method?: MethodName;
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
  /** Where people log in, if the app has said. */
  readonly login?: string;
  /** Where people see and change their factors; what changes them is posted below it. */
  readonly factors?: string;
  /** Where people see the devices they trust; what removes them is posted to `/remove` below it. */
  readonly devices?: string;
  /** Where "this was not me" is posted to. */
  readonly notMe?: string;
}

/** The form POST that was interrupted, to be sent again. */
export interface PageReplay {
  readonly action: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** A factor of the person. */
export interface PageFactor {
  readonly id: string;
  readonly method: MethodName;
  /** What they call it; empty for one without a name. */
  readonly name: string;
  /** Masked. */
  readonly to?: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly lastUsedAt?: string;
  /** Of a passkey: whether it may be on several devices. */
  readonly synced?: boolean;
}

/** A square of so many dots, the dark ones as the path of an SVG. */
export interface PageQr {
  readonly size: number;
  readonly path: string;
}

/** A factor that waits for its first code. What is secret is shown once: not again after a wrong code. */
export interface PageSetup {
  readonly id: string;
  readonly method: MethodName;
  readonly digits: number;
  /** Where the code went, masked. */
  readonly to?: string;
  readonly expiresAt?: string;
  readonly secret?: string;
  readonly uri?: string;
  readonly qr?: PageQr;
  /** What kind of passkey is to be made. */
  readonly publicKey?: PasskeyCreation;
}

/** What the page of factors is about. */
export type PageFactors =
  | {
      readonly step: "list";
      readonly factors: readonly PageFactor[];
      readonly addable: readonly MethodName[];
      /** Absent where the app has no recovery codes. */
      readonly recoveryCodesLeft?: number;
      /** Something the person was about to do waits for a method. */
      readonly required?: true;
      readonly done?: "added" | "removed" | "renamed";
    }
  /** Asks for the number or address to be set up. */
  | { readonly step: "address"; readonly method: SentMethod }
  | { readonly step: "confirm"; readonly setup: PageSetup }
  | { readonly step: "factor"; readonly factor: PageFactor; /** The only one there is. */ readonly last: boolean }
  | { readonly step: "codes"; readonly codes: readonly string[] };

/** A browser that stands in for a proof. Instants in ISO 8601. */
export interface PageDevice {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

/** How far a report has come; `token` goes into the form as `t`. */
export type PageReport =
  | { readonly step: "confirm"; readonly token: string }
  | { readonly step: "done" }
  /** The link is not ours, or too old. */
  | { readonly step: "invalid" };

/** A way to confirm. */
export interface PageChoice {
  readonly method: MethodName;
  /** Which of several of the method. */
  readonly factor?: string | undefined;
  /** What its owner calls it. */
  readonly name?: string;
  /** Masked. */
  readonly to?: string;
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
  /** Other ways that may be used instead; `factor` is posted with the method. */
  readonly alternatives: readonly PageChoice[];
  /** What is being approved, as in `[["amount", "10.00"], ["payee", "Bob"]]`. */
  readonly show: readonly (readonly [label: string, value: string])[];
  readonly action?: string;
  readonly error?: PageProblem;
  readonly notice?: "sent";
  readonly links: PageLinks;
  readonly replay?: PageReplay;
  readonly factors?: PageFactors;
  readonly devices?: readonly PageDevice[];
  readonly report?: PageReport;
  /** The form of the code may have a box `trustDevice`. */
  readonly trustable?: boolean;
}
