import type { Locale } from "../core/locale.js";
import { de } from "./texts/de.js";
import { en } from "./texts/en.js";
import { es } from "./texts/es.js";
import { fr } from "./texts/fr.js";
import type { MessageTexts } from "./texts/shape.js";
import { sv } from "./texts/sv.js";

export const TEXTS: Readonly<Record<Locale, MessageTexts>> = { en, de, fr, es, sv };
