import { randomBytes, scrypt } from "node:crypto";
import { fingerprint, sameText } from "../core/crypto.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys } from "../core/options.js";
import { factorsOf } from "./factor.js";
import type { Factor } from "./method.js";
import type { MethodFactory } from "./method.js";

/** `recoveryCodes()` takes no options yet. */
export type RecoveryCodesOptions = Readonly<Record<string, never>>;

/** Crockford's base32: nothing in it looks like another sign of it. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOOKUP = 4;
/** 80 bits (NIST SP 800-63B-4 section 4.2.1.1 asks for 64). */
const SECRET = 16;
const LENGTH = LOOKUP + SECRET;
const HOW_MANY = 10;
const TTL = 5 * 60_000;
/** 50 ms or so in another thread: below 112 bits a password hash is wanted (ASVS 6.5.2). */
const COST = { N: 2 ** 14, r: 8, p: 1 };

/**
 * Codes on paper, each good for once: for people who have lost everything else. Made with `tfa.factors` where
 * `twoFactor({ factors })` is on.
 *
 * @throws TwoFactorError `misconfigured` for any option, or where nobody can enrol anything.
 */
export function recoveryCodes(options: RecoveryCodesOptions = {}): MethodFactory {
  checkKeys<RecoveryCodesOptions>(options, {}, "recoveryCodes()");
  return {
    method: "recovery-code",
    create({ enrols }) {
      if (!enrols)
        throw misconfigured("recoveryCodes() needs twoFactor({ factors: true }): that is where they are kept.");
      return {
        name: "recovery-code",
        digits: LENGTH,
        phishingResistant: false,
        ttl: TTL,
        accepts: (typed) => normalize(typed) !== undefined,
        enrolled: ({ factors }) => (factorsOf(factors, "recovery-code").length > 0 ? [{}] : []),
        stillReaches: () => true,
        async compare(_entry, { user, factors }, typed) {
          const code = normalize(typed);
          if (code === undefined) return undefined;
          const id = factorId(code);
          const factor = factorsOf(factors, "recovery-code").find((each) => each.id === id);
          // One hash for a code that nobody has, too.
          const [salt = "", hash = ""] = (factor?.secret ?? "none:none").split(":");
          const right = sameText(await hashed(code, salt), hash);
          if (!right || !factor) return undefined;
          return { factor, usesUp: true, step: { key: fingerprint(["recovery", user, id]), value: 1 } };
        },
      };
    },
  };
}

/** What the person is shown once, and what is kept of it. */
export interface RecoveryCode {
  /** In groups of four. */
  readonly code: string;
  readonly factor: Factor;
}

/** Ten new ones, with ten different lookup names. */
export async function newRecoveryCodes(now: number): Promise<readonly RecoveryCode[]> {
  const codes = new Map<string, string>();
  while (codes.size < HOW_MANY) {
    const code = drawn();
    codes.set(factorId(code), code);
  }
  return Promise.all(
    [...codes].map(async ([id, code]) => {
      const salt = randomBytes(16).toString("base64url");
      const secret = `${salt}:${await hashed(code, salt)}`;
      const factor: Factor = { id, method: "recovery-code", name: "", createdAt: now, secret };
      return { code: (code.match(/.{4}/g) ?? []).join("-"), factor };
    }),
  );
}

/** 32 signs and 256 values of a byte: every sign is as likely as another. */
function drawn(): string {
  return [...randomBytes(LENGTH)].map((byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
}

function factorId(code: string): string {
  return `recovery-${code.slice(0, LOOKUP)}`;
}

/** As people copy them: in any case, in groups or not, with the letters that Crockford's alphabet leaves out. */
function normalize(typed: unknown): string | undefined {
  if (typeof typed !== "string" || typed.length > 64) return undefined;
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return code.length === LENGTH && [...code].every((sign) => ALPHABET.includes(sign)) ? code : undefined;
}

function hashed(code: string, salt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(code, salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key.toString("base64url"))));
  });
}
