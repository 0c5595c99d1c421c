import type { ClientTexts } from "./client/texts.js";
import { ar as arabic } from "./express/page/texts/ar.js";
import { de as german } from "./express/page/texts/de.js";
import { el as greek } from "./express/page/texts/el.js";
import { en as english } from "./express/page/texts/en.js";
import { es as spanish } from "./express/page/texts/es.js";
import { fr as french } from "./express/page/texts/fr.js";
import { it as italian } from "./express/page/texts/it.js";
import { ja as japanese } from "./express/page/texts/ja.js";
import { nl as dutch } from "./express/page/texts/nl.js";
import { pl as polish } from "./express/page/texts/pl.js";
import { pt as portuguese } from "./express/page/texts/pt.js";
import { sv as swedish } from "./express/page/texts/sv.js";

// The dialog speaks as the page does. One constant each, so that a bundler takes no more than the app names.
export const en: ClientTexts = english;
export const de: ClientTexts = german;
export const fr: ClientTexts = french;
export const es: ClientTexts = spanish;
export const sv: ClientTexts = swedish;
export const it: ClientTexts = italian;
export const pt: ClientTexts = portuguese;
export const nl: ClientTexts = dutch;
export const pl: ClientTexts = polish;
export const el: ClientTexts = greek;
export const ar: ClientTexts = arabic;
export const ja: ClientTexts = japanese;
