import { maker } from "../core/called.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, isProduction } from "../core/options.js";
import { postBounded, refusal } from "./http.js";
import type { DeliveryProvider, Message, Receipt } from "./provider.js";
import { signedHeaders, webhookKeys } from "./standard-webhooks.js";
import { webhookReceipts } from "./webhook-receipts.js";

export interface WebhookOptions {
  /** Where messages are posted. https, except on this machine or outside production. */
  readonly url: string;
  /**
   * What signs them: at least 24 bytes, as they are or as `whsec_` and base64. Several for rotation: the first signs
   * messages, all of them check receipts.
   */
  readonly secret: string | readonly string[] | undefined;
  /** Takes delivery receipts, signed with the same secret, at `/2fa/receipts/<name>`. Default false. */
  readonly receipts?: boolean;
  /** For events and records. Default `"webhook"`. */
  readonly name?: string;
  /** Sent along with every request, such as a gateway's key. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Hands every message to a service of your own as signed JSON (the Standard Webhooks scheme):
 * `{ id, channel, to, from?, text, subject?, html?, locale, hints?, expiresAt }`. Any 2xx means it was taken; `{ id }` or
 * `{ reference }` in the answer becomes the receipt. The receiver drops a `webhook-id` that it has seen before,
 * which is what makes it safe to repeat a request after a timeout.
 *
 * @throws TwoFactorError `misconfigured` for a URL that is not https in production, or a secret below 24 bytes.
 */
export function webhook(options: WebhookOptions): DeliveryProvider {
  checkKeys(options, { url: true, secret: true, receipts: true, name: true, headers: true }, "webhook()");
  const url = checkedUrl(options.url);
  const keys = webhookKeys(options.secret, "webhook({ secret })");
  const receipts: unknown = options.receipts ?? false;
  if (typeof receipts !== "boolean") throw misconfigured("webhook({ receipts }) must be true or false.");
  const headers = checkedHeaders(options.headers);
  const who = options.name ?? "webhook";
  return {
    name: who,
    idempotent: true,
    ...(receipts ? { receipts: webhookReceipts(keys) } : {}),
    async send(message, { signal }) {
      const body = JSON.stringify(payload(message));
      const answer = await postBounded({
        who,
        url,
        body,
        signal,
        headers: {
          ...headers,
          "content-type": "application/json",
          accept: "application/json",
          ...signedHeaders(keys, message.idempotencyKey, body, Date.now()),
        },
      });
      if (answer.status < 200 || answer.status > 299) throw refusal(who, answer);
      return receiptOf(answer.text);
    },
  };
}
maker(webhook, "webhook");

function payload(message: Message): Record<string, unknown> {
  const { idempotencyKey: id, channel, to, from, text, subject, html, locale, hints, expiresAt } = message;
  return { id, channel, to, from, text, subject, html, locale, hints, expiresAt: expiresAt.toISOString() };
}

function receiptOf(text: string): Receipt {
  try {
    const { id, reference } = JSON.parse(text) as { id?: unknown; reference?: unknown };
    const given = id ?? reference;
    const isName = (typeof given === "string" && given !== "" && given.length <= 200) || Number.isSafeInteger(given);
    return isName ? { reference: String(given) } : {};
  } catch {
    // the status has said yes; a body that is not ours to read changes nothing
    return {};
  }
}

function checkedUrl(value: unknown): URL {
  const url = typeof value === "string" ? parsed(value) : undefined;
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw misconfigured('webhook({ url }) takes a complete address, as in "https://messages.example.com/2fa".');
  }
  if (url.username !== "" || url.password !== "") {
    throw misconfigured("webhook({ url }) must not hold a user or password: every request is signed; see { headers }.");
  }
  if (url.protocol === "http:" && isProduction() && !isLoopback(url.hostname)) {
    throw misconfigured("webhook({ url }) must be https in production: the messages carry codes.");
  }
  return url;
}

function parsed(value: string): URL | undefined {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function checkedHeaders(headers: unknown = {}): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(headers as Record<string, string>));
  } catch {
    throw misconfigured("webhook({ headers }) takes an object of header names and values that HTTP allows.");
  }
}
