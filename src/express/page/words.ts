import type { TextChanges } from "../../core/amend-texts.js";
import { LOCALES } from "../../core/locale.js";
import type { PageTexts } from "./texts/shape.js";

/** What an app has to say in the words of the page: checked when it starts, and put together when a page is shown. */
export interface PageWords {
  /** The languages that are spoken. */
  readonly locales: readonly string[];
  /** Ours in which some things are said otherwise. */
  readonly changed: ReadonlyMap<string, TextChanges<PageTexts>>;
  /** The app's own, each whole. */
  readonly added: ReadonlyMap<string, PageTexts>;
}

export const OUR_WORDS: PageWords = { locales: LOCALES, changed: new Map(), added: new Map() };
