import { amendTexts } from "../../core/amend-texts.js";
import { type Counted, countedForm } from "../../core/counted.js";
import { type Locale, LOCALES } from "../../core/locale.js";
import { html, type Html, type Part } from "./html.js";
import { ar } from "./texts/ar.js";
import { de } from "./texts/de.js";
import { el } from "./texts/el.js";
import { en } from "./texts/en.js";
import { es } from "./texts/es.js";
import { fr } from "./texts/fr.js";
import { it } from "./texts/it.js";
import { ja } from "./texts/ja.js";
import { nl } from "./texts/nl.js";
import { pl } from "./texts/pl.js";
import { pt } from "./texts/pt.js";
import type { PageTexts } from "./texts/shape.js";
import { sv } from "./texts/sv.js";
import { OUR_WORDS, type PageWords } from "./words.js";

export const TEXTS: Readonly<Record<Locale, PageTexts>> = { en, de, fr, es, sv, it, pt, nl, pl, el, ar, ja };

/** The words of one language and how that language counts and tells time. */
export interface Language {
  readonly locale: string;
  readonly texts: PageTexts;
  /** `"4 attempts left"` */
  count(forms: Counted, count: number): string;
  /** `"in 15 minutes"`, rounded up: a wait that is told too short is a second refusal. */
  ahead(seconds: number | undefined): string;
  /** `"1 January 2026"`, of an instant in ISO 8601. */
  day(instant: string): string;
}

const spoken = new WeakMap<PageWords, Map<string, Language>>();

/** A locale that is not spoken reads English. */
export function languageFor(wanted: string, words: PageWords = OUR_WORDS): Language {
  const languages = spoken.get(words) ?? new Map<string, Language>();
  spoken.set(words, languages);
  const locale = words.locales.includes(wanted) ? wanted : LOCALES[0];
  const language = languages.get(locale) ?? createLanguage(locale, textsIn(locale, words));
  languages.set(locale, language);
  return language;
}

function textsIn(locale: string, { changed, added }: PageWords): PageTexts {
  const base = added.get(locale) ?? TEXTS[LOCALES.find((ours) => ours === locale) ?? "en"];
  return amendTexts(changed.get(locale), { model: en, base, where: `twoFactor({ texts }): ${locale}.page` });
}

/** Numbers stand in the digits that codes have; what `Intl` has never heard of, it tells as in English. */
const DIGITS = { numberingSystem: "latn" } as const;

function createLanguage(locale: string, texts: PageTexts): Language {
  const number = new Intl.NumberFormat([locale, "en"], DIGITS);
  const relative = new Intl.RelativeTimeFormat([locale, "en"], { numeric: "always", ...DIGITS });
  const date = new Intl.DateTimeFormat([locale, "en"], { dateStyle: "medium", timeZone: "UTC", ...DIGITS });
  return {
    locale,
    texts,
    day: (instant) => date.format(new Date(instant)),
    count: (forms, count) => countedForm(locale, forms, count).replaceAll("{count}", number.format(count)),
    ahead: (seconds) => {
      if (seconds === undefined || !(seconds >= 0)) return texts.later;
      if (seconds < 90) return relative.format(Math.max(1, Math.ceil(seconds)), "second");
      if (seconds < 90 * 60) return relative.format(Math.ceil(seconds / 60), "minute");
      return relative.format(Math.ceil(seconds / 3600), "hour");
    },
  };
}

/** A text with its placeholders replaced; a name without a value stays as it is. */
export function fill(text: string, values: Readonly<Record<string, Part>>): Html {
  const parts = text.split(/\{(\w+)\}/).map((piece, index): Part => {
    if (index % 2 === 0) return piece;
    return Object.hasOwn(values, piece) ? values[piece] : `{${piece}}`;
  });
  return html`${parts}`;
}
