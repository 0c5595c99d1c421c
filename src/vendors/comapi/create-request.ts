import { Fields } from "../../express/service/fields.js";
import type { Body } from "../../express/service/fields.js";
import { countryFromAlpha3 } from "../../verification/country.js";
import { canonicalPhone } from "../../verification/recipient.js";
import { checkTemplate } from "../../verification/template.js";
import type { Account, Served } from "./options.js";
import { type ComapiFailure, DEFAULT_BODY, failure, senderFailure } from "./wire.js";

/** A `POST /webapi/verify` with the defaults filled in. */
export interface WantedCode {
  /** E.164. */
  readonly to: string;
  readonly from: string | undefined;
  readonly body: string;
  readonly validUntil: Date;
}

export type ReadCreate =
  | { readonly ok: true; readonly wanted: WantedCode }
  | { readonly ok: false; readonly failures: readonly ComapiFailure[] };

const MAX_BODY = 1_600;
/** A number as people write it, with or without a sign that it is international. */
const WRITTEN = /^(?:\+|00)?\d[\d ().-]*$/;
/** With a zone it is taken at its word; without one it is the UTC that the manual asks for. */
const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?$/;

/** The object of a body, also where it comes as a list of one, as in a sample of the manual. */
export function objectOf({ value, format }: Body): Fields | undefined {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const isObject = typeof only === "object" && only !== null && !Array.isArray(only);
  return format === "json" && isObject ? new Fields(only) : undefined;
}

/** Judges all fields before it answers, so that a client learns of all its mistakes at once. */
export async function readCreate(served: Served, account: Account, body: Body): Promise<ReadCreate> {
  const fields = objectOf(body);
  if (!fields) return { ok: false, failures: [failure("", "InvalidJson")] };
  const failures: ComapiFailure[] = [];
  const to = await recipientOf(served, fields, failures);
  const from = senderOf(served, account, fields, failures);
  const text = textOf(served, fields, failures);
  const validUntil = instantOf(served, fields, failures);
  if (failures.length > 0 || to === undefined) return { ok: false, failures };
  return { ok: true, wanted: { to, from, body: text, validUntil } };
}

async function recipientOf(
  { readings }: Served,
  fields: Fields,
  failures: ComapiFailure[],
): Promise<string | undefined> {
  const given = fields.get("to");
  const text = fields.text("to")?.trim();
  const iso = fields.get("countryIsoCode");
  const country = typeof iso === "string" ? countryFromAlpha3(iso) : undefined;
  if (iso !== undefined && country === undefined) failures.push(failure("countryIsoCode", "CountryIsoCodeInvalid"));
  const shape = readings.lenientTo ? WRITTEN : /^\d+$/;
  if (given === undefined || text === "") failures.push(failure(readings.toProperty, "ToEmpty"));
  else if (text === undefined || !shape.test(text)) failures.push(failure(readings.toProperty, "ToInvalid"));
  else if (iso === undefined || country !== undefined) {
    const number = await (country === undefined ? international(text) : canonicalPhone(text, country));
    if (number === undefined) failures.push(failure(readings.toProperty, "ToInvalid"));
    return number;
  }
  return undefined;
}

/** International digits, with or without a sign that they are. */
function international(text: string): Promise<string | undefined> {
  return canonicalPhone(`+${text.replace(/^(?:\+|00)/, "")}`);
}

function senderOf(
  { reserved, readings }: Served,
  account: Account,
  fields: Fields,
  failures: ComapiFailure[],
): string | undefined {
  if (fields.get("from") === undefined) return account.from;
  const from = fields.text("from");
  const wrong = from === undefined ? readings.invalidField : senderFailure(from);
  const isReserved = from !== undefined && reserved.has(from.toLowerCase());
  if (wrong) failures.push(failure("from", wrong));
  else if (isReserved) failures.push(failure("from", "FromReserved"));
  return from;
}

function textOf({ readings }: Served, fields: Fields, failures: ComapiFailure[]): string {
  const given = fields.get("body");
  if (given === undefined) return DEFAULT_BODY;
  if (typeof given === "string" && given.length <= MAX_BODY && hasPlace(given)) return given;
  failures.push(failure("body", readings.invalidField));
  return DEFAULT_BODY;
}

function hasPlace(text: string): boolean {
  try {
    checkTemplate(text, "{{code}}");
    return true;
  } catch {
    return false;
  }
}

function instantOf({ readings, clock }: Served, fields: Fields, failures: ComapiFailure[]): Date {
  const now = clock();
  const given = fields.get("validUntil");
  if (given === undefined) return new Date(now + readings.validity);
  const [, local = "", zone = "Z"] = (typeof given === "string" && INSTANT.exec(given.trim())) || [];
  const at = Date.parse(local + zone);
  if (Number.isNaN(at)) failures.push(failure("validUntil", readings.invalidField));
  else if (at <= now) failures.push(failure("validUntil", "ValidUntilMinExceeded"));
  else if (at > now + readings.longestValidity) failures.push(failure("validUntil", "ValidUntilMaxExceeded"));
  return new Date(at);
}
