import { TwoFactorError } from "../core/errors.js";
import { checkKeys, type Keys, oneOf, wholeNumber } from "../core/options.js";
import { pattern } from "../core/pattern.js";
import { invalid } from "./prepare.js";
import type { CodeRequest, VerificationStart } from "./request.js";

const START_KEYS: Keys<Required<VerificationStart>> = {
  to: true,
  channel: true,
  service: true,
  account: true,
  user: true,
  code: true,
  ttl: true,
  validUntil: true,
  template: true,
  syntax: true,
  unknownPlaces: true,
  args: true,
  subject: true,
  locale: true,
  country: true,
  recipient: true,
  from: true,
  hints: true,
  maxAttempts: true,
  guardTime: true,
  supersede: true,
  limits: true,
  workflow: true,
  unique: true,
  metadata: true,
  id: true,
};

const CODE_KEYS: Keys<Required<CodeRequest>> = {
  length: true,
  alphabet: true,
  value: true,
  minBits: true,
  reveal: true,
};

const MAX_HINTS = 20;
const MAX_HINT = 200;
const CONTROL = pattern(String.raw`\p{Cc}`, "u");

const SENDER = pattern(String.raw`^\P{Cc}{1,254}$`, "u");

/** What goes to a provider is plain and short, as it is kept with the record. */
function isSound([name, value]: [name: string, value: unknown]): boolean {
  const plain = typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
  return plain && name.length <= MAX_HINT && String(value).length <= MAX_HINT && !CONTROL().test(name + String(value));
}

/** Accounts that begin like this are ours. */
const RESERVED = "#";

/**
 * What can be said against a request before anything is looked up.
 *
 * @throws TwoFactorError `invalid_request`, with the nearest right name.
 */
export function checkStart(request: VerificationStart): void {
  const where = "verifications.start()";
  try {
    checkKeys(request, START_KEYS, where);
    checkKeys(request.code ?? {}, CODE_KEYS, `${where} code`);
    oneOf(request.channel ?? "sms", ["sms", "voice", "email"], `${where} channel`);
    oneOf(request.recipient ?? "strict", ["strict", "digits", "client"], `${where} recipient`);
    oneOf(request.unknownPlaces ?? "keep", ["keep", "refuse"], `${where} unknownPlaces`);
    oneOf(request.supersede ?? "cancel", ["cancel", "replace", "keep"], `${where} supersede`);
    wholeNumber(request.maxAttempts ?? 5, 1, 100, `${where} maxAttempts`);
  } catch (error) {
    throw error instanceof TwoFactorError ? invalid(error.message) : error;
  }
  const { from } = request;
  if (from !== undefined && (typeof from !== "string" || !SENDER().test(from)))
    throw invalid('"from" is a text on one line, of at most 254 characters.');
  const hints = Object.entries(Object(request.hints ?? {}) as object);
  if (hints.length > MAX_HINTS || !hints.every(isSound))
    throw invalid(`"hints" has at most ${MAX_HINTS} names, each with a number or a short text.`);
  if (request.account?.startsWith(RESERVED)) throw invalid(`An account must not begin with "${RESERVED}".`);
}
