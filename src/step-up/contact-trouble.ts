import type { MethodName } from "../methods/method.js";

const FIELD: Readonly<Partial<Record<MethodName, "phone" | "email">>> = {
  sms: "phone",
  voice: "phone",
  email: "email",
};

const EXPECTED = {
  phone: 'E.164 of one person, as in "+46701234567"',
  email: 'one address, as in "ada@example.com"',
} as const;

const MAX_KEYS = 8;

/**
 * What is wrong with a contact that none of these methods can use, for whoever writes the callback; nothing where that is
 * not to blame. Names fields, and never says what is in them.
 */
export function contactTrouble(
  contact: unknown,
  configured: readonly MethodName[],
  allowed: readonly MethodName[] | undefined,
): string | undefined {
  const wanted = configured
    .filter((name) => allowed === undefined || allowed.includes(name))
    .map((name) => FIELD[name]);
  const fields = [...new Set(wanted)].filter((field) => field !== undefined);
  if (fields.length === 0) return undefined;
  if (typeof contact !== "object" || contact === null || Array.isArray(contact)) {
    const what = Array.isArray(contact) ? "an array" : `a ${typeof contact}`;
    return `contact() must return { phone, email, locale }, and returned ${what}.`;
  }
  return fields.map((field) => troubleWith(contact, field)).join(" ");
}

function troubleWith(contact: object, field: "phone" | "email"): string {
  const value = (contact as Readonly<Record<string, unknown>>)[field];
  if (value !== undefined && value !== null && value !== "")
    return `contact() has no usable ${field}: not ${EXPECTED[field]}.`;
  const keys = Object.keys(contact).filter((key) => key !== field);
  const others = keys.length > 0 && value === undefined ? `, but ${keys.slice(0, MAX_KEYS).join(", ")}` : "";
  return `contact() has no ${field}${others}.`;
}
