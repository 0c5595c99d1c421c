import { type KeySet, mac } from "../core/crypto.js";
import { misconfigured } from "../core/errors.js";
import { display } from "../core/options.js";

export const DIGITS = "0123456789";

/** NIST SP 800-63B-4 section 3.1.3.2 asks for six digits, ASVS 6.5.4 for 20 bits; six digits are 19.93 and pass as both. */
const MIN_BITS = 19.9;
const MAX_LENGTH = 20;
/** Three bytes a character keep the bias of an alphabet of 36 below three in a million. */
const BYTES_PER_CHARACTER = 3;

export interface CodeShape {
  readonly length: number;
  readonly alphabet: string;
}

/** A shape, and which of several codes of one verification it is: each way has a code of its own, to tell what was proved. */
export interface CodeSpec extends CodeShape {
  readonly way?: string;
}

/** @throws TwoFactorError `misconfigured` for a code that could be guessed, or that nobody could type. */
export function checkCodeShape({ length, alphabet }: CodeShape, where: string): void {
  if (typeof length !== "number")
    throw misconfigured(`${where}: ${display(length)} is not a whole number up to ${MAX_LENGTH}.`);
  if (new Set(alphabet).size !== alphabet.length)
    throw misconfigured(`${where}: an alphabet names each character once.`);
  const bits = length * Math.log2(alphabet.length);
  if (!Number.isInteger(length) || length > MAX_LENGTH || !(bits >= MIN_BITS)) {
    throw misconfigured(
      `${where}: a code of ${length} characters out of ${new Set(alphabet).size} has ${bits.toFixed(1)} bits. It needs at least 20 (six digits), and at most ${MAX_LENGTH} characters.`,
    );
  }
}

/**
 * The code of a verification. It is derived and never kept: a resend derives the same one, a stolen table holds none.
 * `context` is what the code approves; a record altered to approve something else no longer fits its code.
 */
export function deriveCode(keys: KeySet, id: string, context: string, shape: CodeSpec): string {
  const bytes = mac(keys.code, [id, context, shape.way ?? ""], shape.length > 10 ? "sha512" : "sha256");
  let code = "";
  for (let index = 0; index < shape.length; index += 1) {
    const word = bytes.readUIntBE(index * BYTES_PER_CHARACTER, BYTES_PER_CHARACTER);
    code += shape.alphabet[Math.floor((word * shape.alphabet.length) / 2 ** 24)];
  }
  return code;
}

const MAX_TYPED = 64;
/** As nearly everybody types it. */
const BARE_DIGITS = /^[0-9]+$/;
const SEPARATOR = /[\s\u00a0\u2007\u202f\u2060\u2010-\u2015-]/;

/**
 * What a person typed, as the code would be written: without spaces and dashes that are none of its characters, in its
 * case where it has only one, full-width and Arabic-Indic digits made plain. `undefined` for anything that cannot be a code of this shape; that costs no attempt.
 */
export function normalizeCode(typed: unknown, { length, alphabet }: CodeShape): string | undefined {
  if (typeof typed !== "string" || typed.length > MAX_TYPED) return undefined;
  if (typed.length === length && alphabet === DIGITS && BARE_DIGITS.test(typed)) return typed;
  const plain = typed.normalize("NFKC").replace(/[\u0660-\u0669\u06f0-\u06f9]/g, toAsciiDigit);
  const isCode = (text: string): boolean => [...text].every((character) => alphabet.includes(character));
  const bare = [...plain].filter((character) => alphabet.includes(character) || !SEPARATOR.test(character)).join("");
  const code = [bare, bare.toUpperCase(), bare.toLowerCase()].find(isCode);
  return code?.length === length ? code : undefined;
}

function toAsciiDigit(digit: string): string {
  return String((digit.codePointAt(0) ?? 0) & 0xf);
}
