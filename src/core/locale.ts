/** The languages that the package speaks; the first is the one for everybody else. */
export const LOCALES = ["en", "de", "fr", "es", "sv", "it", "pt", "nl", "pl", "el", "ar", "ja"] as const;

export type Locale = (typeof LOCALES)[number];

/** Longer preferences are cut: nobody speaks that many languages, and the header is the client's to fill. */
const MAX_LENGTH = 256;

/** RFC 5646 section 4.4.1: no language needs a longer tag. */
const MAX_TAG = 35;

/**
 * The first of the preferences that names a language out of `known`. Each is a BCP 47 tag (`"sv-SE"`) or a whole
 * Accept-Language header; what cannot be read is passed over. Default `"en"`.
 */
export function pickLocale(known: readonly string[], ...preferences: readonly (string | undefined)[]): string {
  for (const preference of preferences) {
    const locale = typeof preference === "string" ? preferred(known, preference.slice(0, MAX_LENGTH)) : undefined;
    if (locale !== undefined) return locale;
  }
  return LOCALES[0];
}

function preferred(known: readonly string[], header: string): string | undefined {
  let best: string | undefined;
  let weight = 0;
  for (const range of header.split(",")) {
    const [tag = "", ...parameters] = range.split(";");
    const quality = qualityOf(parameters);
    const locale = quality > weight ? lookUp(known, tag) : undefined;
    if (locale !== undefined) [best, weight] = [locale, quality];
  }
  return best;
}

/** RFC 4647 section 3.4: the tag itself, then without its last part, and so on. */
function lookUp(known: readonly string[], tag: string): string | undefined {
  let wanted = tag.trim().slice(0, MAX_TAG).toLowerCase().replaceAll("_", "-");
  while (wanted !== "") {
    const found = known.find((name) => name.toLowerCase() === wanted);
    if (found !== undefined) return found;
    wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("-")));
  }
  return undefined;
}

/** RFC 9110 section 12.4.2; a weight that is not one counts as none. */
function qualityOf(parameters: readonly string[]): number {
  const given = parameters.map((parameter) => parameter.trim()).find((parameter) => /^q=/i.test(parameter));
  if (given === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given.slice(2)) ? Number(given.slice(2)) : 0;
}

/** Scripts of living languages that run from right to left. */
const FROM_THE_RIGHT = new Set(["Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"]);

const directions = new Map<string, "ltr" | "rtl">();

/** Which way a language is written, as `dir` of a document says it. One of the app's: they are few, and are remembered. */
export function directionOf(locale: string): "ltr" | "rtl" {
  const known = directions.get(locale);
  if (known !== undefined) return known;
  const direction = FROM_THE_RIGHT.has(new Intl.Locale(locale).maximize().script ?? "") ? "rtl" : "ltr";
  directions.set(locale, direction);
  return direction;
}
