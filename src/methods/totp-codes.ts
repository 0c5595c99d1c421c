import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type * as Hotp from "@otplib/hotp";
import { sameText } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";

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

/** What RFC 4226 is made of. Of otplib only this layer: the others bring six packages along and are several times slower. */
let hotp: typeof Hotp | undefined;

/** HMAC by Node's OpenSSL. */
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
 * The newest time step that this is the code of, if it is of one that counts. Every wrong answer is held against each of
 * them, so that the time taken says nothing about a code that somebody has yet to find. otplib is loaded when the first
 * code is checked, not when the app starts.
 *
 * @throws Error for a secret that is not base32, or too short.
 */
export function matchingStep(
  secret: string | Uint8Array,
  answer: string,
  shape: TotpShape,
  now: number,
): Awaitable<number | undefined> {
  if (hotp) return stepOf(hotp, secret, answer, shape, now);
  return import("@otplib/hotp").then((loaded) => stepOf((hotp = loaded), secret, answer, shape, now));
}

function stepOf(
  { generateSync }: typeof Hotp,
  secret: string | Uint8Array,
  answer: string,
  { digits, algorithm, window }: TotpShape,
  now: number,
): number | undefined {
  const key = typeof secret === "string" ? bytesOf(tidy(secret)) : secret;
  const current = Math.floor(now / 1000 / PERIOD);
  for (let counter = current; counter >= current - window; counter -= 1) {
    const code = generateSync({ secret: key, counter, digits, algorithm, crypto: nodeCrypto });
    if (sameText(answer, code)) return counter;
  }
  return undefined;
}

/** A new secret: 160 random bits, base32 without padding (RFC 4648 section 6). */
export function newSecret(): string {
  let bits = "";
  for (const byte of randomBytes(SECRET_BYTES)) bits += byte.toString(2).padStart(8, "0");
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join("");
}

/** The bytes of a secret in base32; what a whole number of bytes has over must be nothing (RFC 4648 section 3.5). */
function bytesOf(base32: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((base32.length * 5) / 8));
  let bits = 0;
  let left = 0;
  let at = 0;
  for (const sign of base32) {
    const value = BASE32.indexOf(sign);
    if (value < 0) throw new Error("The secret is not base32.");
    bits = (bits << 5) | value;
    left += 5;
    if (left < 8) continue;
    left -= 8;
    bytes[at] = bits >> left;
    at += 1;
    bits &= (1 << left) - 1;
  }
  if (left >= 5 || bits !== 0) throw new Error("The secret is not base32 in its one right spelling.");
  return bytes;
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
