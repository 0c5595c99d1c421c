import type { CountryCode, PhoneNumber } from "libphonenumber-js/max";
import { isCostly } from "./toll-fraud.js";

type Library = typeof import("libphonenumber-js/max");

let library: Promise<Library> | undefined;

/** The numbering plans of the world weigh a few hundred kilobytes: loaded when the first number comes. */
function numberingPlans(): Promise<Library> {
  return (library ??= import("libphonenumber-js/max"));
}

const MAX_PHONE_LENGTH = 40;

/** Digits and the marks people write between them; whatever could join a second number or an extension is out. */
const PHONE_SHAPE = /^ *\+?[\d ().-]+$/;

/**
 * Kinds of numbers that belong to one person and cost what a call costs. Left out are premium and shared-cost
 * ranges, company-wide numbers, toll-free, personal (070 in Britain), pagers and voicemail.
 */
const REACHABLE = new Set(["MOBILE", "FIXED_LINE", "FIXED_LINE_OR_MOBILE", "VOIP"]);

/**
 * One telephone number as E.164 (`+46701234567`), or `undefined` for anything that is not exactly one valid number
 * of a person in a country: satellite and international networks (+881, +882, +883, +979 ...) belong to none.
 * `country` (ISO 3166 alpha-2) reads numbers written without a country code.
 */
export async function canonicalPhone(input: unknown, country?: string): Promise<string | undefined> {
  if (typeof input !== "string" || input.length > MAX_PHONE_LENGTH || !PHONE_SHAPE.test(input)) return undefined;
  const plans = await numberingPlans();
  const home = country?.toUpperCase();
  if (home !== undefined && !plans.isSupportedCountry(home)) return undefined;
  const e164 = personal(plans, input.trim(), home)?.number;
  // what is stored is read again later, without the hint: it must then mean the same
  return e164 !== undefined && personal(plans, e164)?.number === e164 ? e164 : undefined;
}

function personal(plans: Library, text: string, home?: CountryCode): PhoneNumber | undefined {
  const options = home === undefined ? {} : { defaultCountry: home };
  const number = plans.parsePhoneNumberFromString(text, { ...options, extract: false });
  if (!number?.country || number.ext !== undefined || !number.isValid()) return undefined;
  return REACHABLE.has(number.getType() ?? "") ? number : undefined;
}

/**
 * The E.164 form of a number that nothing may be sent to, as its holder is paid for what arrives; `undefined` for any
 * other, and for what is no number.
 */
export async function costlyPhone(input: unknown): Promise<string | undefined> {
  if (typeof input !== "string" || input.length > MAX_PHONE_LENGTH || !PHONE_SHAPE.test(input)) return undefined;
  const { parsePhoneNumberFromString } = await numberingPlans();
  const number = parsePhoneNumberFromString(input.trim(), { extract: false });
  return number && isCostly(number.number, number.getType()) ? number.number : undefined;
}

/** The country a canonical number belongs to, ISO 3166 alpha-2; `undefined` for what is not one. */
export async function countryOf(e164: string): Promise<string | undefined> {
  if (!/^\+\d{4,15}$/.test(e164)) return undefined;
  return personal(await numberingPlans(), e164)?.country;
}

const MAX_EMAIL_LENGTH = 254;

/** The unquoted characters of RFC 5321, but for those that once meant routes (`!`, `%`) and pipes (`|`, a backtick). */
const LOCAL_PART = /^[A-Za-z0-9#$&'*+/=?^_{}~][A-Za-z0-9#$&'*+/=?^_{}~-]*(?:\.[A-Za-z0-9#$&'*+/=?^_{}~-]+)*$/;
const DOMAIN_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * One e-mail address with its domain in lower case, or `undefined` for anything else. Only ASCII: an address is
 * judged as it was written, never after a normalisation that could turn it into another one. International domains
 * come in their `xn--` form. The local part is kept, as only its own server may say what is the same.
 */
export function canonicalEmail(input: unknown): string | undefined {
  if (typeof input !== "string" || input.length > MAX_EMAIL_LENGTH) return undefined;
  const at = input.indexOf("@");
  const local = input.slice(0, Math.max(at, 0));
  const labels = input.slice(at + 1).split(".");
  if (local.length > 64 || !LOCAL_PART.test(local)) return undefined;
  if (labels.length < 2 || !labels.every((label) => DOMAIN_LABEL.test(label))) return undefined;
  if (/^\d+$/.test(labels.at(-1) ?? "")) return undefined;
  return `${local}@${labels.join(".").toLowerCase()}`;
}
