import { TwoFactorError } from "../core/errors.js";
import { checkKeys, type Keys, oneOf, wholeNumber } from "../core/options.js";
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
  args: true,
  subject: true,
  locale: true,
  country: true,
  recipient: true,
  from: true,
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
    oneOf(request.supersede ?? "cancel", ["cancel", "keep"], `${where} supersede`);
    wholeNumber(request.maxAttempts ?? 5, 1, 100, `${where} maxAttempts`);
  } catch (error) {
    throw error instanceof TwoFactorError ? invalid(error.message) : error;
  }
  if (request.account?.startsWith(RESERVED)) throw invalid(`An account must not begin with "${RESERVED}".`);
}
