import type { Duration } from "../core/durations.js";
import type { MessageHints } from "../providers/provider.js";
import type { Status } from "../stores/pending.js";
import type { Template, TemplateSyntax } from "./template.js";

/** Alphabets by name. Letters that are taken for one another are left out of the mixed one. */
export const ALPHABETS = {
  numeric: "0123456789",
  alphanumeric: "23456789abcdefghjkmnpqrstuvwxyz",
  alpha: "abcdefghjkmnpqrstuvwxyz",
  hex: "0123456789abcdef",
} as const;

export type RecipientRule = "strict" | "digits" | "client";

export interface CodeRequest {
  /** @default 6, 8 for e-mail */
  length?: number;
  /** A name, or the characters themselves. @default "numeric" */
  alphabet?: keyof typeof ALPHABETS | (string & {});
  /** Your own code instead of one of ours. */
  value?: string;
  /**
   * How few bits will do, for services that are bound to short codes. Fewer bits want fewer attempts.
   * @default 19.9
   */
  minBits?: number;
  /** Says the code in the result, to a server-side caller that delivers it some other way. @default false */
  reveal?: boolean;
}

/** A code for any recipient, with or without a user behind it. */
export interface VerificationStart {
  /** Telephone number or e-mail address. */
  to: string;
  /** @default "sms" */
  channel?: "sms" | "voice" | "email";
  /** What the recipient knows the sender as; codes of one service do not disturb another's. */
  service?: string;
  /** Whose verification it is, where several share an engine. It does not begin with `#`. */
  account?: string;
  /** The user it is about, so that `tfa.eraseUser()` finds it. */
  user?: string;
  code?: CodeRequest;
  /** How long the code lives, at most `"1d"`. @default "5m" */
  ttl?: Duration;
  /** The same as an instant. */
  validUntil?: Date;
  /** The text, with a place for the code; the package's own by default. */
  template?: Template;
  /** Which places of the template are read. @default "any" */
  syntax?: TemplateSyntax;
  /** A place that nobody knows stays as it is, or makes the request invalid. @default "keep" */
  unknownPlaces?: "keep" | "refuse";
  args?: Readonly<Record<string, unknown>>;
  /** Of an e-mail. */
  subject?: string;
  locale?: string;
  /** For a number written without its country code; also picks a translation. ISO 3166-1 alpha-2 or alpha-3. */
  country?: string;
  /**
   * `"digits"` takes any number of up to 15 digits without asking a numbering plan; `"client"` also a `client:<nickname>`,
   * as some carriers call a telephone without a number.
   * @default "strict"
   */
  recipient?: RecipientRule;
  /** Sender id or number. */
  from?: string;
  /** For the provider as it is, where that reads it: `{ contentTemplateId }` of a regulator, the `voice` of a call. */
  hints?: MessageHints;
  /** @default 5 */
  maxAttempts?: number;
  /** For this long a newer verification does not cancel this one. */
  guardTime?: Duration;
  /**
   * What becomes of earlier ones for the same recipient and service: canceled, but for those under guard; replaced, guard
   * or not; or kept.
   * @default "cancel"
   */
  supersede?: "cancel" | "replace" | "keep";
  /** Named limits and the value each counts: `{ per_ip: "203.0.113.9" }`. */
  limits?: Readonly<Record<string, string>>;
  /** Name or id of a workflow. Its first step takes the place of `channel`. */
  workflow?: string;
  /** No two live codes of this account and service alike, so that one can be found by itself. @default false */
  unique?: boolean;
  /** Yours; kept with the record. */
  metadata?: Readonly<Record<string, unknown>>;
  /** Made by the caller where it must look a certain way; 256 random bits by default. */
  id?: string;
}

/** A verification as its account sees it. */
export interface Verification {
  readonly id: string;
  readonly status: Status;
  readonly channel: string;
  readonly to: string;
  readonly service?: string;
  readonly account?: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly checks: readonly {
    readonly id: string;
    readonly at: Date;
    readonly valid: boolean;
    readonly code?: string;
  }[];
  readonly events: readonly VerificationEvent[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Only where `code.reveal` was asked for, and only in the answer to `start()`. */
  readonly code?: string;
  /** What the number lookup said when it started, where there is one. */
  readonly numberStatus?: NumberStatus;
}

export interface VerificationEvent {
  readonly id: string;
  readonly at: Date;
  readonly channel: string;
  readonly to: string;
  readonly from?: string;
  readonly country?: string;
  readonly provider?: string;
  readonly reference?: string;
  readonly status: "queued" | "sent" | "delivered" | "undelivered" | "failed";
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/** What a number lookup says: reachable, switched off, out of use, or not a mobile number at all. */
export type NumberStatus = "on" | "off" | "dead" | "landline";

/** One verification: by id, by recipient within a service, or by its code alone where codes are unique. */
export interface VerificationWhich {
  id?: string;
  to?: string;
  service?: string;
  account?: string;
  country?: string;
  recipient?: RecipientRule;
}
