import type { Fields } from "../../express/service/fields.js";
import { countryAlpha2 } from "../../verification/country.js";
import { checkTemplate, renderTemplate } from "../../verification/template.js";
import { canonicalPhone } from "../../verification/recipient.js";
import type { Application } from "./options.js";
import { isOriginator, LONGEST, type RouteeCode, type RouteeRestrictions } from "./wire.js";

/** A `POST /2step` with the application's defaults filled in. */
export interface WantedCode {
  readonly method: "sms" | "voice";
  readonly recipient: string;
  /** The package's own text where there is none. */
  readonly template: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly originator: string | undefined;
  readonly lifetime: number;
  readonly maxRetries: number;
  readonly digits: number;
  readonly restrictions: RouteeRestrictions | undefined;
}

export type ReadStart =
  | { readonly ok: true; readonly wanted: WantedCode }
  | { readonly ok: false; readonly code: RouteeCode; readonly properties?: Readonly<Record<string, string>> };

type Problems = Map<string, string>;

/** What carriers take: more is several messages too many, and multiplies what an argument can hold. */
const MAX_TEXT = 1_600;
const MAX_TEMPLATE = 2_000;
const MAX_ARGUMENTS = 20;
const MAX_ARGUMENT = 255;

/** Judges all fields before it answers, so that a client learns of all its mistakes at once. */
export async function readStart(fields: Fields, application: Application): Promise<ReadStart> {
  const problems: Problems = new Map();
  const method = methodOf(fields, problems);
  const recipient = await recipientOf(fields, problems);
  const lifetime = whole(fields, "lifetimeInSeconds", [1, LONGEST], problems) ?? application.lifetime;
  const maxRetries = whole(fields, "maxRetries", [0, 9], problems) ?? application.maxRetries;
  const digits = whole(fields, "digits", [4, 20], problems) ?? application.digits;
  const country = countryOf(fields, problems);
  const args = argumentsOf(fields, problems);
  const restrictions = restrictionsOf(fields, problems);
  if (problems.size > 0 || method === undefined || recipient === undefined) {
    return { ok: false, code: "400000000", properties: Object.fromEntries(problems) };
  }
  const template = templateOf(fields, application, country);
  if (template === false) return { ok: false, code: "400011001" };
  const originator = fields.has("originator") ? originatorOf(fields) : application.originator;
  const text =
    template === undefined ? "" : renderTemplate(template, { code: "0".repeat(digits), minutes: 1, args }, "@@pin");
  if (originator === false || text.length > MAX_TEXT) return { ok: false, code: "400005000" };
  return {
    ok: true,
    wanted: { method, recipient, template, args, originator, lifetime, maxRetries, digits, restrictions },
  };
}

function methodOf(fields: Fields, problems: Problems): "sms" | "voice" | undefined {
  const type = fields.get("type") ?? "code";
  if (type !== "code") problems.set("type", "must be code");
  const method = fields.get("method");
  if (method === "sms" || method === "voice") return method;
  problems.set("method", method === undefined ? "may not be empty" : "must be sms or voice");
  return undefined;
}

async function recipientOf(fields: Fields, problems: Problems): Promise<string | undefined> {
  const given = fields.get("recipient");
  // form pairs turn a plus sign into a blank
  const text = typeof given === "string" ? given.replace(/^ (?=\d)/, "+") : "";
  const number = text.startsWith("+") ? await canonicalPhone(text) : undefined;
  if (number === undefined)
    problems.set("recipient", given === undefined ? "may not be empty" : "Invalid mobile number");
  return number;
}

function whole(
  fields: Fields,
  name: string,
  [min, max]: readonly [number, number],
  problems: Problems,
): number | undefined {
  const value = fields.whole(name);
  if (value === undefined || (value >= min && value <= max)) return value;
  problems.set(name, `must be a whole number from ${min} to ${max}`);
  return undefined;
}

function countryOf(fields: Fields, problems: Problems): string | undefined {
  const given = fields.get("templateCountry");
  if (given === undefined || given === "") return undefined;
  const country = typeof given === "string" && given.length === 2 ? countryAlpha2(given) : undefined;
  if (country === undefined) problems.set("templateCountry", "must be an ISO 3166-1 alpha-2 code");
  return country;
}

function argumentsOf(fields: Fields, problems: Problems): Readonly<Record<string, string>> {
  if (fields.get("arguments") === undefined || fields.get("arguments") === "") return {};
  const entries = Object.entries(fields.record("arguments") ?? { "": null });
  const isText = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";
  const sound = entries.every(([, value]) => isText(value) && String(value).length <= MAX_ARGUMENT);
  if (!sound || entries.length > MAX_ARGUMENTS) {
    problems.set("arguments", `must be an object of at most ${MAX_ARGUMENTS} strings`);
    return {};
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

/** The property names inside are not published: several spellings are read. */
function restrictionsOf(fields: Fields, problems: Problems): RouteeRestrictions | undefined {
  if (fields.get("restrictions") === undefined || fields.get("restrictions") === "") return undefined;
  const given = fields.record("restrictions");
  const find = (...names: readonly string[]): unknown => {
    const found = Object.entries(given ?? {}).find(([name]) => names.includes(name.toLowerCase()));
    return found?.[1];
  };
  const contentTemplateId = find("contenttemplateid", "templateid");
  const principalEntityId = find("principalentityid", "entityid");
  const isId = (value: unknown): value is string | undefined =>
    value === undefined || (typeof value === "string" && /^[\w-]{1,64}$/.test(value));
  if (!given || !isId(contentTemplateId) || !isId(principalEntityId)) {
    problems.set("restrictions", "must be an object of contentTemplateId and principalEntityId");
    return undefined;
  }
  return {
    ...(contentTemplateId === undefined ? {} : { contentTemplateId }),
    ...(principalEntityId === undefined ? {} : { principalEntityId }),
  };
}

/** A translation for the country goes before the request's own text, which the manual demands in every request. */
function templateOf(
  fields: Fields,
  { templates }: Application,
  country: string | undefined,
): string | undefined | false {
  const translated = country !== undefined && Object.hasOwn(templates, country) ? templates[country] : undefined;
  if (translated !== undefined) return translated;
  const given = fields.get("template");
  if (given === undefined) return Object.hasOwn(templates, "default") ? templates["default"] : undefined;
  if (typeof given !== "string" || given.length > MAX_TEMPLATE) return false;
  try {
    checkTemplate(given, "@@pin");
    return given;
  } catch {
    return false;
  }
}

function originatorOf(fields: Fields): string | undefined | false {
  const given = fields.text("originator");
  return given === undefined || given === "" ? undefined : isOriginator(given) && given;
}
