import type { Locale } from "../../core/locale.js";
import { html, type Html, type Part } from "./html.js";
import { de } from "./texts/de.js";
import { en } from "./texts/en.js";
import { es } from "./texts/es.js";
import { fr } from "./texts/fr.js";
import type { Counted, PageTexts } from "./texts/shape.js";
import { sv } from "./texts/sv.js";

export const TEXTS: Readonly<Record<Locale, PageTexts>> = { en, de, fr, es, sv };

/** The words of one language and how that language counts and tells time. */
export interface Language {
  readonly locale: Locale;
  readonly texts: PageTexts;
  /** `"4 attempts left"` */
  count(forms: Counted, count: number): string;
  /** `"in 15 minutes"`, rounded up: a wait that is told too short is a second refusal. */
  ahead(seconds: number | undefined): string;
}

const spoken = new Map<Locale, Language>();

/** A locale that came from nowhere near our list reads English. */
export function languageFor(wanted: Locale): Language {
  const locale = Object.hasOwn(TEXTS, wanted) ? wanted : "en";
  const known = spoken.get(locale);
  if (known) return known;
  const language = createLanguage(locale);
  spoken.set(locale, language);
  return language;
}

function createLanguage(locale: Locale): Language {
  const texts = TEXTS[locale];
  const plural = new Intl.PluralRules(locale);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  return {
    locale,
    texts,
    count: (forms, count) => {
      const form = plural.select(count) === "one" ? forms.one : forms.other;
      return form.replace("{count}", String(count));
    },
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
