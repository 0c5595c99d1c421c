/** The languages that the package speaks; the first is the one for everybody else. */
export const LOCALES = ["en", "de", "fr", "es", "sv"] as const;

export type Locale = (typeof LOCALES)[number];

/** Longer preferences are cut: nobody speaks that many languages, and the header is the client's to fill. */
const MAX_LENGTH = 256;

/**
 * The first of the preferences that names a language we speak. Each is a BCP 47 tag (`"sv-SE"`) or a whole
 * Accept-Language header; what cannot be read is passed over. Default `"en"`.
 */
export function pickLocale(...preferences: (string | undefined)[]): Locale {
  for (const preference of preferences) {
    const locale = typeof preference === "string" ? preferred(preference.slice(0, MAX_LENGTH)) : undefined;
    if (locale) return locale;
  }
  return LOCALES[0];
}

function preferred(header: string): Locale | undefined {
  let best: Locale | undefined;
  let weight = 0;
  for (const range of header.split(",")) {
    const [tag = "", ...parameters] = range.split(";");
    const language = (tag.trim().split(/[-_]/, 1)[0] ?? "").toLowerCase();
    const locale = LOCALES.find((known) => known === language);
    const quality = qualityOf(parameters);
    if (locale && quality > weight) [best, weight] = [locale, quality];
  }
  return best;
}

/** RFC 9110 section 12.4.2; a weight that is not one counts as none. */
function qualityOf(parameters: readonly string[]): number {
  const given = parameters.map((parameter) => parameter.trim()).find((parameter) => /^q=/i.test(parameter));
  if (given === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given.slice(2)) ? Number(given.slice(2)) : 0;
}
