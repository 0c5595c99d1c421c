import { amendTexts, type TextChanges } from "./core/amend-texts.js";
import { misconfigured } from "./core/errors.js";
import { type Locale, LOCALES } from "./core/locale.js";
import { checkKeys } from "./core/options.js";
import { type PageBook, TEXTS as PAGE_TEXTS } from "./express/page/texts.js";
import type { PageTexts } from "./express/page/texts/shape.js";
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
  readonly page: PageBook;
  readonly messages: MessageBook;
  readonly locales: readonly string[];
}

const OURS: Books = { page: PAGE_TEXTS, messages: MESSAGE_TEXTS, locales: LOCALES };

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
  const model = oursIn("en");
  const spoken = new Map<string, LanguageTexts>();
  if (texts !== undefined) checkKeys(texts, namesOf(LOCALES), CHANGES);
  for (const locale of LOCALES) {
    const where = `twoFactor({ texts }): ${locale}`;
    spoken.set(locale, amendTexts(texts?.[locale], { model, base: oursIn(locale), vital: VITAL, where }));
  }
  if (languages !== undefined) checkKeys(languages, namesOf(Object.keys(languages)), "twoFactor({ languages })");
  for (const [tag, whole] of Object.entries(languages ?? {})) {
    checkTag(tag);
    spoken.set(tag, amendTexts(whole, { model, vital: VITAL, where: `twoFactor({ languages }): ${tag}` }));
  }
  const all = [...spoken];
  const { page, messages } = spoken.get("en") ?? model;
  return {
    page: { ...Object.fromEntries(all.map(([locale, said]) => [locale, said.page])), en: page },
    messages: { ...Object.fromEntries(all.map(([locale, said]) => [locale, said.messages])), en: messages },
    locales: [...spoken.keys()],
  };
}

function oursIn(locale: Locale): LanguageTexts {
  return { page: PAGE_TEXTS[locale], messages: MESSAGE_TEXTS[locale] };
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
