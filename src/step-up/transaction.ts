import { fingerprint } from "../core/crypto.js";
import { isTwoFactorError, TwoFactorError } from "../core/errors.js";

/** A transaction as the proof covers it, and as the person sees it. */
export interface Bound {
  readonly digest: string;
  readonly show: readonly (readonly [label: string, value: string])[];
}

const MAX_FIELDS = 12;
const MAX_VALUE = 1_000;

/**
 * Names and values of a transaction, typed: `10` is not `"10"`, and two spellings of a name that look alike are two
 * names. The order of the fields does not matter.
 *
 * @throws TwoFactorError `invalid_request` for anything but one to twelve plain values.
 */
export function bindTransaction(transaction: unknown): Bound {
  if (typeof transaction !== "object" || transaction === null || Array.isArray(transaction)) throw unreadable();
  const fields = Object.entries(transaction)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (fields.length === 0 || fields.length > MAX_FIELDS || !fields.every(([, value]) => isPlain(value)))
    throw unreadable();
  return {
    digest: fingerprint(["transaction", fields]),
    show: Object.entries(transaction)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([label, value]) => [label, String(value)] as const),
  };
}

function isPlain(value: unknown): boolean {
  if (typeof value === "string") return value.length <= MAX_VALUE && value.isWellFormed();
  return value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

/** `why`, where more is known than that. What is an answer to the client already stays as it is. */
export function unreadable(cause?: unknown, why?: string): TwoFactorError {
  if (why === undefined && isTwoFactorError(cause) && cause.code === "invalid_request") return cause;
  const general =
    "The transaction could not be read from the request: bind() must return one to twelve plain values. A guard with bind goes after the body parser.";
  const detail = why === undefined ? general : `${general} ${why}`;
  return new TwoFactorError("invalid_request", { detail }, { cause });
}
