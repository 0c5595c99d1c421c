import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { sameText } from "../core/crypto.js";

export interface TotpShape {
  readonly digits: 6 | 7 | 8;
  readonly algorithm: "sha1" | "sha256" | "sha512";
  /** How many earlier time steps are accepted as well. */
  readonly window: 0 | 1;
}

/** RFC 6238 section 5.2 recommends it, and authenticator apps know no other. */
const PERIOD = 30;
/** RFC 4226 R6 recommends 160 bits. */
const SECRET_BYTES = 20;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** HMAC by Node's OpenSSL: several times faster than the pure JavaScript one that otplib brings along. */
const nodeCrypto = {
  name: "node",
  hmac: (algorithm: string, key: Uint8Array, data: Uint8Array): Uint8Array =>
    createHmac(algorithm, key).update(data).digest(),
  randomBytes: (length: number): Uint8Array => randomBytes(length),
  constantTimeEqual: (a: string | Uint8Array, b: string | Uint8Array): boolean => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
};

/**
 * The newest time step that this is the code of, if it is of one that counts. Every step is computed, whichever matches:
 * the time taken says nothing about the answer. otplib is loaded when the first code is checked, not when the app starts.
 */
export async function matchingStep(
  secret: string | Uint8Array,
  answer: string,
  { digits, algorithm, window }: TotpShape,
  now: number,
): Promise<number | undefined> {
  const { generateSync, ScureBase32Plugin } = await import("otplib");
  const key = typeof secret === "string" ? new ScureBase32Plugin().decode(tidy(secret)) : secret;
  const current = Math.floor(now / 1000 / PERIOD);
  let matched: number | undefined;
  for (let counter = current; counter >= current - window; counter -= 1) {
    const code = generateSync({ strategy: "hotp", secret: key, counter, digits, algorithm, crypto: nodeCrypto });
    if (sameText(answer, code)) matched ??= counter;
  }
  return matched;
}

/** A new secret: 160 random bits, base32 without padding (RFC 4648 section 6). */
export function newSecret(): string {
  let bits = "";
  for (const byte of randomBytes(SECRET_BYTES)) bits += byte.toString(2).padStart(8, "0");
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join("");
}

/** What authenticator apps read out of a QR code. */
export function keyUri(
  secret: string,
  account: string,
  issuer: string | undefined,
  { digits, algorithm }: TotpShape,
): string {
  const label = [issuer, account]
    .filter((part) => part !== undefined)
    .map(encodeURIComponent)
    .join(":");
  const query = new URLSearchParams({
    secret,
    ...(issuer === undefined ? {} : { issuer }),
    algorithm: algorithm.toUpperCase(),
    digits: String(digits),
    period: String(PERIOD),
  });
  // Some apps show a plus sign for a space.
  return `otpauth://totp/${label}?${query.toString().replaceAll("+", "%20")}`;
}

/** Secrets are copied by people: lower case, spaces and padding are all the same secret. */
function tidy(base32: string): string {
  return base32.toUpperCase().replace(/[\s=-]/g, "");
}
