import { amendTexts, type TextChanges } from "./core/amend-texts.js";
import { misconfigured } from "./core/errors.js";
import { type Locale, LOCALES } from "./core/locale.js";
import { checkKeys } from "./core/options.js";
import { en as ENGLISH_PAGE } from "./express/page/texts/en.js";
import type { PageTexts } from "./express/page/texts/shape.js";
import { OUR_WORDS, type PageWords } from "./express/page/words.js";
import { type MessageBook, TEXTS as MESSAGE_TEXTS } from "./verification/texts.js";
import type { MessageTexts } from "./verification/texts/shape.js";

/** Everything that is said in one language. */
export interface LanguageTexts {
  readonly page: PageTexts;
  readonly messages: MessageTexts;
}

/** What is said in other words than ours, by language: as little or as much as you like. */
export type TextOptions = { readonly [locale in Locale]?: TextChanges<LanguageTexts> };

/** Languages that we do not speak, each of them whole, by BCP 47 tag. */
export type LanguageOptions = Readonly<Record<string, LanguageTexts>>;

/** What is said where, by language, after everything that an app changed and added. */
export interface Books {
  readonly page: PageWords;
  readonly messages: MessageBook;
  readonly locales: readonly string[];
}

const OURS: Books = { page: OUR_WORDS, messages: MESSAGE_TEXTS, locales: LOCALES };

/** Placeholders without which a message would say nothing, or hide what is approved. */
const VITAL = ["code", "what"];

const CHANGES = "twoFactor({ texts }) changes languages of ours, twoFactor({ languages }) adds others";

/**
 * The words of this instance.
 *
 * @throws TwoFactorError `misconfigured` for an unknown language or text, a placeholder that is unknown or lost, and a
 *   language of which something is missing.
 */
export function buildBooks({ texts, languages }: { texts?: TextOptions; languages?: LanguageOptions }): Books {
  if (texts === undefined && languages === undefined) return OURS;
  const model = toAmend("en");
  const messages = new Map<string, MessageTexts>();
  const changed = new Map<string, TextChanges<PageTexts>>();
  const added = new Map<string, PageTexts>();
  if (texts !== undefined) checkKeys(texts, namesOf(LOCALES), CHANGES);
  for (const locale of LOCALES) {
    const change = texts?.[locale];
    const where = `twoFactor({ texts }): ${locale}`;
    messages.set(locale, amendTexts(change, { model, base: toAmend(locale), vital: VITAL, where }).messages);
    // as it was checked, whatever the app does with its own
    if (change?.page !== undefined) changed.set(locale, structuredClone(change.page));
  }
  if (languages !== undefined) checkKeys(languages, namesOf(Object.keys(languages)), "twoFactor({ languages })");
  for (const [tag, given] of Object.entries(languages ?? {})) {
    checkTag(tag);
    const whole = amendTexts(given, { model, vital: VITAL, where: `twoFactor({ languages }): ${tag}` });
    messages.set(tag, whole.messages);
    added.set(tag, whole.page);
  }
  const locales = [...messages.keys()];
  const english = messages.get("en") ?? model.messages;
  return {
    page: { locales, changed, added },
    messages: { ...Object.fromEntries(messages), en: english },
    locales,
  };
}

/** English stands in for every page, as it has the same shape: the words of the others come when a page is shown. */
function toAmend(locale: Locale): LanguageTexts {
  return { page: ENGLISH_PAGE, messages: MESSAGE_TEXTS[locale] };
}

function namesOf<Name extends string>(names: readonly Name[]): Record<Name, true> {
  return Object.fromEntries(names.map((name) => [name, true])) as Record<Name, true>;
}

/** A language, maybe its script, maybe its region. */
const TAG = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/;

function checkTag(tag: string): void {
  if (LOCALES.some((locale) => locale === tag)) {
    throw misconfigured(
      `twoFactor({ languages }): "${tag}" is there already. Say things in other words with { texts: { ${tag}: { ... } } }.`,
    );
  }
  const canonical = canonicalOf(tag);
  if (canonical === tag && TAG.test(tag)) return;
  const hint = canonical !== undefined && TAG.test(canonical) ? ` Write "${canonical}".` : "";
  throw misconfigured(
    `twoFactor({ languages }): "${tag}" is no language tag such as "nb", "pt-BR" or "zh-Hant".${hint}`,
  );
}

function canonicalOf(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}
