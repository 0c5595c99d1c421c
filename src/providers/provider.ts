import type { IncomingHttpHeaders } from "node:http";
import type { Awaitable } from "../core/deadline.js";

/** How a message travels. */
export type Channel = "sms" | "voice" | "email";

/** One message, ready to be carried. Whoever carries it may keep the receipt, never the text. */
export interface Message {
  readonly channel: Channel;
  /** E.164 with its plus sign, or one e-mail address. */
  readonly to: string;
  /** The whole text, the code in it. */
  readonly text: string;
  /** The same text with `{code}` where the code is: for a provider that makes its own. */
  readonly template: string;
  /** How many characters the code has. */
  readonly digits: number;
  /** Sender id or address, where the app asks for one. */
  readonly from?: string;
  /** E-mail only; never holds the code. */
  readonly subject?: string;
  /** E-mail only: the text once more, as a complete HTML document. */
  readonly html?: string;
  /** BCP 47 tag of the text: a voice provider picks its voice by it. */
  readonly locale: string;
  /** The same for a repeated attempt at the same message: lets the carrier drop a duplicate. */
  readonly idempotencyKey: string;
  /** When the code dies; no use in delivering it later. */
  readonly expiresAt: Date;
  /** What the app, or the API it serves, has to say to whoever carries it: a voice, ids that a regulator wants. */
  readonly hints?: MessageHints;
}

/** By name, as they were given: nobody between the caller and the provider reads them. */
export type MessageHints = Readonly<Record<string, string | number>>;

export interface Receipt {
  /** The carrier's own name for the message. */
  readonly reference?: string;
}

export interface SendContext {
  /** Aborted when the deadline has passed: stop, and do not send later. */
  readonly signal: AbortSignal;
}

/** What a provider can say of a message after it has taken it. */
export const REPORTS = ["sent", "delivered", "undelivered", "failed"] as const;

/** What became of a message, by the word of its provider. */
export interface DeliveryReport {
  /** The `idempotencyKey` of the message. */
  readonly message: string;
  readonly status: (typeof REPORTS)[number];
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/** A provider's webhook, as it came. */
export interface ReceiptPost {
  /** The bytes that were sent, at most 64 KB. */
  readonly body: Uint8Array;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Path and query, for a provider that signs its address: put your public origin before it, not the request's host. */
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a webhook says, once its signature is found to be right. */
export interface Receipts {
  /** Names the webhook: the same for a repeated one, which changes nothing. */
  readonly id: string;
  readonly receipts: readonly DeliveryReport[];
}

/**
 * Reads a provider's webhook. Nothing unless its signature over these very bytes is right, in constant time, and it is
 * fresh. Rejects with `invalid_request` for one that is signed and cannot be read.
 */
export type ReceiptReader = (post: ReceiptPost) => Awaitable<Receipts | undefined>;

/** Carries a message. Resolves when the carrier has accepted it; rejects otherwise. */
export interface DeliveryProvider {
  readonly name: string;
  /** The carrier drops a message whose idempotency key it has seen, so that a timeout may be retried. */
  readonly idempotent?: boolean;
  /** What it can carry: a chain passes it over for anything else. @default all */
  readonly channels?: readonly Channel[];
  /** Reads its delivery receipts, which it posts to `/2fa/receipts/<name>`. Without it, there is no such route. */
  readonly receipts?: ReceiptReader | undefined;
  send(message: Message, context: SendContext): Awaitable<Receipt | void>;
}

/** A plain function does as well. */
export type SendFunction = (message: Message, context: SendContext) => Awaitable<Receipt | void>;

/** What a provider that makes the code calls the verification, and the code if it tells. */
export interface RemoteStart {
  readonly reference: string;
  readonly code?: string;
}

/**
 * Makes the code itself and checks it, as the vendors of verification services do. Our budget of attempts and our
 * expiry hold all the same: it is asked only after an attempt was counted, and only `true` is a yes.
 */
export interface VerificationProvider {
  readonly kind: "verification";
  readonly name: string;
  /** What it can carry: a chain passes it over for anything else. @default all */
  readonly channels?: readonly Channel[];
  /** Reads its delivery receipts, which it posts to `/2fa/receipts/<name>`. Without it, there is no such route. */
  readonly receipts?: ReceiptReader | undefined;
  /** Has a code made and sent. `message.text` is not for it: it does not know our code. */
  start(message: Omit<Message, "text" | "html">, context: SendContext): Awaitable<RemoteStart>;
  /** True only for the vendor's exact positive answer for this reference. Rejects when it did not answer. */
  check(reference: string, code: string, context: SendContext & { readonly to: string }): Awaitable<boolean>;
  cancel?(reference: string, context: SendContext): Awaitable<void>;
}

export type Provider = DeliveryProvider | VerificationProvider | SendFunction;

/** What a failure says about trying again. */
export interface DeliveryFacts {
  /** The message certainly did not leave, so trying again cannot send it twice. */
  readonly unsent: boolean;
  /** This very message would be refused again (unknown recipient, bad credentials): not an outage. Default false. */
  readonly permanent?: boolean;
  /** The carrier asked for this pause, in milliseconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * Thrown by a provider that knows more than "it failed". The message says where and why, never what was sent.
 * An error of any other class does as well, if it has the same fields.
 */
export class DeliveryError extends Error implements DeliveryFacts {
  override readonly name: string = "DeliveryError";
  readonly unsent: boolean;
  readonly permanent: boolean;
  /** The carrier asked for this pause, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(message: string, facts: DeliveryFacts, options?: ErrorOptions) {
    super(message, options);
    this.unsent = facts.unsent;
    this.permanent = facts.permanent ?? false;
    this.retryAfter = facts.retryAfter;
  }
}
