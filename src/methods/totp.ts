import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { fingerprint, sameText } from "../core/crypto.js";
import { type Awaitable, within } from "../core/deadline.js";
import { misconfigured, unavailable } from "../core/errors.js";
import { checkKeys, oneOf } from "../core/options.js";
import { DIGITS, normalizeCode } from "../verification/code.js";
import type { MethodFactory } from "./method.js";

export interface TotpOptions {
  /** The user's secret, base32 or bytes (at least 128 bits, RFC 4226 R6), or nothing when there is none. */
  secret: (userId: string) => Awaitable<string | Uint8Array | null | undefined>;
  /** @default 6 */
  digits?: 6 | 7 | 8;
  /** What authenticator apps assume. @default "sha1" */
  algorithm?: "sha1" | "sha256" | "sha512";
  /**
   * How many earlier time steps are still accepted, for a phone that is slow or a person who is
   * (RFC 6238 section 5.2 allows one).
   * @default 1
   */
  window?: 0 | 1;
}

/** RFC 6238 section 5.2 recommends it, and authenticator apps know no other. */
const PERIOD = 30;
const TTL = 5 * 60_000;
/** How long the app may take to find a secret, in milliseconds. */
const DEADLINE = 3_500;

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
 * Codes of an authenticator app (RFC 6238): the current time step and the one before, each step at most once.
 *
 * @throws TwoFactorError `misconfigured` for unknown options or a window above one step.
 */
export function totp(options: TotpOptions): MethodFactory {
  checkKeys(options, { secret: true, digits: true, algorithm: true, window: true }, "totp()");
  if (typeof options.secret !== "function") {
    throw misconfigured("totp({ secret }) must be a function: (userId) => the user's base32 secret, or null.");
  }
  const digits = oneOf(options.digits ?? 6, [6, 7, 8], "totp({ digits })");
  const algorithm = oneOf(options.algorithm ?? "sha1", ["sha1", "sha256", "sha512"], "totp({ algorithm })");
  const window = oneOf(options.window ?? 1, [0, 1], "totp({ window })");
  const shape = { length: digits, alphabet: DIGITS };
  const secretOf = options.secret;

  return {
    method: "totp",
    create: () => ({
      name: "totp",
      digits,
      phishingResistant: false,
      ttl: TTL,
      accepts: (typed) => normalizeCode(typed, shape) !== undefined,
      enrolled: async ({ user }) => ((await secretOf(user)) ? {} : undefined),
      stillReaches: () => true,
      compare: async (_entry, { user }, typed, now) => {
        const answer = normalizeCode(typed, shape);
        const secret = await within(secretOf(user), DEADLINE, () =>
          unavailable("The TOTP secret callback did not answer."),
        );
        if (answer === undefined || !secret) return undefined;
        const codeAt = await codes(secret, digits, algorithm);
        const current = Math.floor(now / 1000 / PERIOD);
        let matched: number | undefined;
        // Every step is computed, whichever matches: the time taken says nothing about the answer.
        for (let step = current; step >= current - window; step -= 1) {
          if (sameText(answer, codeAt(step))) matched ??= step;
        }
        return matched === undefined ? undefined : { step: { key: fingerprint(["totp", user]), value: matched } };
      },
    }),
  };
}

/** The code of each time step. otplib is loaded when the first code is checked, not when the app starts. */
async function codes(
  secret: string | Uint8Array,
  digits: 6 | 7 | 8,
  algorithm: "sha1" | "sha256" | "sha512",
): Promise<(step: number) => string> {
  const { generateSync, ScureBase32Plugin } = await import("otplib");
  const key = typeof secret === "string" ? new ScureBase32Plugin().decode(tidy(secret)) : secret;
  return (counter) => generateSync({ strategy: "hotp", secret: key, counter, digits, algorithm, crypto: nodeCrypto });
}

/** Secrets are copied by people: lower case, spaces and padding are all the same secret. */
function tidy(base32: string): string {
  return base32.toUpperCase().replace(/[\s=-]/g, "");
}
