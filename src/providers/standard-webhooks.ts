import { createHmac } from "node:crypto";
import { sameText } from "../core/crypto.js";
import { misconfigured } from "../core/errors.js";
import { listOf } from "../core/options.js";
import type { ReceiptPost } from "./provider.js";

/** The keys of a webhook (standardwebhooks.com): the first signs, each of them checks. */
export type WebhookKeys = readonly [Buffer, ...Buffer[]];

const MIN_SECRET_BYTES = 24;
/** How far the time of a signature may lie from ours, in milliseconds. */
export const TOLERANCE = 5 * 60_000;
const MAX_SIGNATURES = 20;

/**
 * @throws TwoFactorError `misconfigured` for none at all, or one below 24 bytes.
 */
export function webhookKeys(secret: string | readonly string[] | undefined, where: string): WebhookKeys {
  const secrets = typeof secret === "string" || secret === undefined ? [secret] : listOf(secret, where);
  const [first, ...more] = secrets.map((each) => keyOf(each, where));
  return first ? [first, ...more] : [keyOf(undefined, where)];
}

function keyOf(secret: unknown, where: string): Buffer {
  const key = typeof secret === "string" ? bytesOf(secret) : undefined;
  if (!key || key.length < MIN_SECRET_BYTES) {
    throw misconfigured(
      `${where} needs at least ${MIN_SECRET_BYTES} bytes, as they are or as "whsec_" and base64. ` +
        "Make one with: node -p \"'whsec_' + require('crypto').randomBytes(32).toString('base64')\"",
    );
  }
  return key;
}

function bytesOf(secret: string): Buffer | undefined {
  if (!secret.startsWith("whsec_")) return Buffer.from(secret);
  const encoded = secret.slice("whsec_".length);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
}

/** The headers that sign a body; `now` in milliseconds. */
export function signedHeaders([key]: WebhookKeys, id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature(key, `${id}.${timestamp}.`, body),
  };
}

function signature(key: Buffer, head: string, body: string | Uint8Array): string {
  return `v1,${createHmac("sha256", key).update(head).update(body).digest("base64")}`;
}

/**
 * The id of a webhook that one of the keys has signed, at most five minutes away from `now`; nothing for any other.
 * A header that was sent twice arrives joined by a comma and a space, which none of these can hold.
 */
export function verifiedId(keys: WebhookKeys, { headers, body, now }: ReceiptPost): string | undefined {
  const id = header(headers["webhook-id"], /^[\x21-\x7e]{1,256}$/);
  const timestamp = header(headers["webhook-timestamp"], /^\d{1,12}$/);
  const given = header(headers["webhook-signature"], /^v[a-z0-9]+,[A-Za-z0-9+/=]+(?: v[a-z0-9]+,[A-Za-z0-9+/=]+)*$/);
  if (id === undefined || timestamp === undefined || given === undefined) return undefined;
  if (!(Math.abs(now - Number(timestamp) * 1000) <= TOLERANCE)) return undefined;
  const signatures = given.split(" ", MAX_SIGNATURES);
  const right = keys.map((key) => signature(key, `${id}.${timestamp}.`, body));
  const matches = right.flatMap((each) => signatures.filter((other) => sameText(each, other)));
  return matches.length > 0 ? id : undefined;
}

function header(value: string | readonly string[] | undefined, shape: RegExp): string | undefined {
  return typeof value === "string" && shape.test(value) ? value : undefined;
}
