import type { Locale } from "../core/locale.js";
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
import type { MessageTexts } from "./texts/shape.js";
import { sv } from "./texts/sv.js";

export const TEXTS: Readonly<Record<Locale, MessageTexts>> = { en, de, fr, es, sv, it, pt, nl, pl, el, ar, ja };

/** The words of messages by language; English is always among them. */
export type MessageBook = Readonly<Record<string, MessageTexts>> & { readonly en: MessageTexts };
