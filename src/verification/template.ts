import { TwoFactorError } from "../core/errors.js";

/**
 * How a template marks its places: `{code}`, `{token}`, `{{code}}` with `{{validMinutes}}`, or `@@pin` with `@@name` for
 * arguments. `"any"` reads all of them.
 */
export type TemplateSyntax = "any" | "{code}" | "{token}" | "{{code}}" | "@@pin";

/** One text, or translations by locale (`"sv"`, `"pt-BR"`) or country (`"GR"`) with `default` for everybody else. */
export type Template = string | Readonly<Record<string, string>>;

export interface TemplateValues {
  readonly code: string;
  /** Minutes of life left; a template gets them rounded up to whole ones. */
  readonly minutes: number;
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

const PLACES = /\{\{\s*(\w{1,64})\s*\}\}|\{(\w{1,64})\}|@@(\w{1,64})/g;

/** For each syntax: what stands for the code, in the order of the three groups of `PLACES`. */
const CODE_NAMES: Record<TemplateSyntax, readonly [double: string[], single: string[], at: string[]]> = {
  any: [["code"], ["code", "token"], ["pin"]],
  "{code}": [[], ["code"], []],
  "{token}": [[], ["token"], []],
  "{{code}}": [["code"], [], []],
  "@@pin": [[], [], ["pin"]],
};

/**
 * Fills a template in one pass: what a value holds is never read as a place again, and a place that nobody knows stays
 * as it is, or as `unknown` says.
 *
 * @throws TwoFactorError `invalid_request` when the place for the code is missing.
 */
export function renderTemplate(
  template: string,
  values: TemplateValues,
  syntax: TemplateSyntax = "any",
  unknown: (place: string) => string = (place) => place,
): string {
  let hasCode = false;
  const text = template.replace(PLACES, (place, double?: string, single?: string, at?: string) => {
    const [doubles, singles, ats] = CODE_NAMES[syntax];
    const isCode =
      (double !== undefined && doubles.includes(double)) ||
      (single !== undefined && singles.includes(single)) ||
      (at !== undefined && ats.includes(at));
    if (isCode) {
      hasCode = true;
      return values.code;
    }
    if (double === "validMinutes" && doubles.length > 0) return String(Math.max(1, Math.ceil(values.minutes)));
    return argument(values, syntax, double ?? single ?? at ?? "", at !== undefined) ?? unknown(place);
  });
  if (!hasCode) throw missingPlace(syntax);
  return text;
}

/** Whether a template has its place for the code, without a code at hand. */
export function checkTemplate(template: string, syntax: TemplateSyntax = "any"): void {
  renderTemplate(template, { code: "", minutes: 1 }, syntax);
}

/**
 * Whether every place of a template is known as well.
 *
 * @throws TwoFactorError `invalid_request`, naming the first that is not.
 */
export function checkPlaces(template: string, args: TemplateValues["args"], syntax: TemplateSyntax = "any"): void {
  renderTemplate(template, { code: "", minutes: 1, args }, syntax, (place) => {
    throw new TwoFactorError("invalid_request", { detail: `The template has a place that nobody knows: ${place}` });
  });
}

/** The translation for this person: exact locale, its language, the country, then `default`, then the first. */
export function pickTemplate(template: Template, locale?: string, country?: string): string {
  if (typeof template === "string") return template;
  const has = (name: string | undefined): name is string => name !== undefined && Object.hasOwn(template, name);
  const language = locale?.split("-")[0];
  const name = [locale, language, country?.toUpperCase(), "default"].find(has) ?? Object.keys(template)[0];
  const text = name === undefined ? undefined : template[name];
  if (text === undefined) throw new TwoFactorError("invalid_request", { detail: "The template has no text." });
  return text;
}

function argument({ args }: TemplateValues, syntax: TemplateSyntax, name: string, at: boolean): string | undefined {
  if (!args || !Object.hasOwn(args, name) || (syntax !== "any" && (syntax !== "@@pin" || !at))) return undefined;
  const value = args[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function missingPlace(syntax: TemplateSyntax): TwoFactorError {
  const wanted = syntax === "any" ? "{code}" : syntax;
  return new TwoFactorError("invalid_request", {
    detail: `The template has no place for the code: write ${wanted} into it.`,
  });
}
