import { createHmac } from "node:crypto";
import { misconfigured } from "../core/errors.js";
import { checkKeys, isProduction } from "../core/options.js";
import { postBounded, refusal } from "./http.js";
import type { DeliveryProvider, Message, Receipt } from "./provider.js";

export interface WebhookOptions {
  /** Where messages are posted. https, except on this machine or outside production. */
  readonly url: string;
  /** What signs them: at least 24 bytes, as they are or as `whsec_` and base64. */
  readonly secret: string | undefined;
  /** For events and records. Default `"webhook"`. */
  readonly name?: string;
  /** Sent along with every request, such as a gateway's key. */
  readonly headers?: Readonly<Record<string, string>>;
}

const MIN_SECRET_BYTES = 24;

/**
 * Hands every message to a service of your own as signed JSON (the Standard Webhooks scheme):
 * `{ id, channel, to, text, subject?, html?, locale, expiresAt }`. Any 2xx means it was taken; `{ id }` or
 * `{ reference }` in the answer becomes the receipt. The receiver drops a `webhook-id` that it has seen before,
 * which is what makes it safe to repeat a request after a timeout.
 *
 * @throws TwoFactorError `misconfigured` for a URL that is not https in production, or a secret below 24 bytes.
 */
export function webhook(options: WebhookOptions): DeliveryProvider {
  checkKeys(options, { url: true, secret: true, name: true, headers: true }, "webhook()");
  const url = checkedUrl(options.url);
  const key = checkedSecret(options.secret);
  const headers = checkedHeaders(options.headers);
  const who = options.name ?? "webhook";
  return {
    name: who,
    idempotent: true,
    async send(message, { signal }) {
      const body = JSON.stringify(payload(message));
      const timestamp = String(Math.floor(Date.now() / 1000));
      const answer = await postBounded({
        who,
        url,
        body,
        signal,
        headers: {
          ...headers,
          "content-type": "application/json",
          accept: "application/json",
          "webhook-id": message.idempotencyKey,
          "webhook-timestamp": timestamp,
          "webhook-signature": sign(key, message.idempotencyKey, timestamp, body),
        },
      });
      if (answer.status < 200 || answer.status > 299) throw refusal(who, answer);
      return receiptOf(answer.text);
    },
  };
}

function payload(message: Message): Record<string, unknown> {
  const { idempotencyKey, channel, to, text, subject, html, locale, expiresAt } = message;
  return { id: idempotencyKey, channel, to, text, subject, html, locale, expiresAt: expiresAt.toISOString() };
}

function sign(key: Buffer, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
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

function checkedSecret(secret: unknown): Buffer {
  const key = typeof secret === "string" ? keyOf(secret) : undefined;
  if (!key || key.length < MIN_SECRET_BYTES) {
    throw misconfigured(
      `webhook({ secret }) needs at least ${MIN_SECRET_BYTES} bytes, as they are or as "whsec_" and base64. ` +
        "Make one with: node -p \"'whsec_' + require('crypto').randomBytes(32).toString('base64')\"",
    );
  }
  return key;
}

function keyOf(secret: string): Buffer | undefined {
  if (!secret.startsWith("whsec_")) return Buffer.from(secret);
  const encoded = secret.slice("whsec_".length);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
}

function checkedHeaders(headers: unknown = {}): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(headers as Record<string, string>));
  } catch {
    throw misconfigured("webhook({ headers }) takes an object of header names and values that HTTP allows.");
  }
}
