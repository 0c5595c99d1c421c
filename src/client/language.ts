import type { ClientOptions } from "./options.js";
import { type ClientTexts, ENGLISH } from "./texts.js";

/** The words of one language, and which it is. */
export interface Language {
  readonly locale: string;
  readonly texts: ClientTexts;
}

/** That of the document, be it `de` or `de-AT`, if there are texts for it. */
export function languageOf({ locale: wanted = document.documentElement.lang, texts: given }: ClientOptions): Language {
  const book: Readonly<Record<string, ClientTexts>> = { en: ENGLISH, ...given };
  const locale = Object.keys(book).find((tag) => `${wanted}-`.startsWith(`${tag}-`)) ?? "en";
  return { locale, texts: book[locale] as ClientTexts };
}
