import { describe, expect, it } from "vitest";
import { ERRORS } from "../../../src/core/errors.js";
import { LOCALES } from "../../../src/core/locale.js";
import { renderPage } from "../../../src/express/page/page.js";
import { fill, languageFor, TEXTS } from "../../../src/express/page/texts.js";
import type { PageView } from "../../../src/express/page/view.js";
import { SAMPLES } from "./samples.js";

type Leaves = Map<string, string>;

function leaves(value: unknown, path = "", found: Leaves = new Map()): Leaves {
  if (typeof value === "string") found.set(path, value);
  else for (const [key, inner] of Object.entries(value as object)) leaves(inner, `${path}.${key}`, found);
  return found;
}

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
const english = leaves(TEXTS.en);

/** The numbers of one language may have more forms than those of another. */
const FORM = /\.(?:zero|one|two|few|many)$/;
const asEnglish = (path: string): string | undefined => english.get(path.replace(FORM, ".other"));

/** Words that two languages share; whatever else is the same was not translated. */
const SHARED = new Set(["Code", "SMS", "Email", "Passkey", "later"]);

/** Everything a person gets to read of a page: no styles, no scripts, and none of what the app or the user put there. */
function readable(page: string): string {
  return (page.split("</style>")[1]?.split("<script")[0] ?? "")
    .replaceAll(/<bdi[^>]*>.*?<\/bdi>|<span class="service"[^>]*>.*?<\/span>/gs, "")
    .replaceAll(/data-(?:waiting|text)="([^"]*)"/g, ">$1<")
    .replaceAll(/<[^>]*>/g, " ");
}

describe.each([...LOCALES])("the words in %s", (locale) => {
  const words = leaves(TEXTS[locale]);

  it("say everything English says, with the same placeholders", () => {
    const plain = [...words.keys()].filter((path) => !FORM.test(path)).sort();
    expect(plain).toEqual([...english.keys()].filter((path) => !FORM.test(path)).sort());
    for (const [path, text] of words) {
      const known = placeholders(asEnglish(path) ?? "");
      // "one attempt", "two attempts": a form for one number need not tell it
      if (FORM.test(path)) expect(known, `${locale}${path}`).toEqual(expect.arrayContaining(placeholders(text)));
      else expect(placeholders(text), `${locale}${path}`).toEqual(known);
    }
  });

  it("have a form for every way in which the language counts", () => {
    const rules = new Intl.PluralRules(locale);
    const forms = new Set(Array.from({ length: 101 }, (_, count) => rules.select(count)));
    expect(TEXTS[locale].attempts).toEqual(
      Object.fromEntries([...forms, "other"].map((form) => [form, expect.any(String)])),
    );
    for (let digits = 4; digits <= 20; digits += 1) {
      const label = languageFor(locale).count(TEXTS[locale].codeWithDigits, digits);
      expect(label).toContain(String(digits));
    }
  });

  it("are on a document of their language, written its way", () => {
    for (const [name, view] of Object.entries(SAMPLES)) {
      const page = renderPage({ ...view, locale });
      expect(page, name).toContain(`<html lang="${locale}" dir="${locale === "ar" ? "rtl" : "ltr"}">`);
      if (page.includes('id="code"')) expect(page, name).toMatch(/<input\s+id="code"[^>]* dir="ltr"/);
      if (page.includes("•••"))
        expect(page.match(/•{4,}/g)).toHaveLength(page.match(/<bdi dir="ltr">[^<]*•{4,}/g)?.length ?? 0);
    }
  });

  it("are never empty, doubly spaced or typed with a straight apostrophe", () => {
    for (const [path, text] of words) {
      expect(text.trim(), `${locale}${path}`).toBe(text);
      expect(text, `${locale}${path}`).not.toMatch(/^$|\s\s|'|"/);
    }
  });

  it("end every advice as a sentence and no title as one", () => {
    for (const [title, advice] of Object.values(TEXTS[locale].problem)) {
      expect(title).not.toMatch(/[.!。]$/);
      expect(advice).toMatch(/[.。]$/);
    }
  });

  it("leave no placeholder unfilled on any page", () => {
    for (const [name, view] of Object.entries(SAMPLES)) {
      const body =
        renderPage({ ...view, locale })
          .split("</style>")[1]
          ?.split("<script")[0] ?? "";
      expect(body.replaceAll(/data-(waiting|text)="[^"]*"/g, ""), name).not.toMatch(
        /\{(to|wait|count|time)\}|undefined/,
      );
    }
  });
});

describe("the words of other languages", () => {
  it.each(LOCALES.slice(1))("leave no English on any page in %s", (locale) => {
    for (const [path, text] of leaves(TEXTS[locale])) {
      if (!SHARED.has(text)) expect(text, path).not.toBe(asEnglish(path));
    }
    const sentences = [...english.values()].filter((text) => text.includes(" ") && !text.includes("{"));
    for (const [name, view] of Object.entries<PageView>(SAMPLES)) {
      const read = readable(renderPage({ ...view, locale }));
      for (const sentence of sentences) expect(read, name).not.toContain(sentence);
    }
  });

  it.each(["el", "ar", "ja"] as const)("are in their own letters but for names of things in %s", (locale) => {
    const foreign = new Set(
      [...leaves(TEXTS[locale]).values()].flatMap((text) => text.replaceAll(/\{\w+\}/g, "").match(/[a-z]+/gi) ?? []),
    );
    expect([...foreign].filter((word) => !["SMS", "email", "Email", "QR", "PIN", "JavaScript"].includes(word))).toEqual(
      [],
    );
  });
});

describe("a language", () => {
  it("has a problem text for every error code", () => {
    expect(Object.keys(TEXTS.en.problem).sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it("counts as its speakers do", () => {
    const said = LOCALES.map((locale) => {
      const language = languageFor(locale);
      return [locale, ...[0, 1, 2, 5].map((count) => language.count(language.texts.attempts, count))];
    });
    expect(said).toEqual([
      ["en", "0 attempts left", "1 attempt left", "2 attempts left", "5 attempts left"],
      ["de", "Noch 0 Versuche", "Noch 1 Versuch", "Noch 2 Versuche", "Noch 5 Versuche"],
      ["fr", "0 tentative restante", "1 tentative restante", "2 tentatives restantes", "5 tentatives restantes"],
      ["es", "Quedan 0 intentos", "Queda 1 intento", "Quedan 2 intentos", "Quedan 5 intentos"],
      ["sv", "0 försök kvar", "1 försök kvar", "2 försök kvar", "5 försök kvar"],
      ["it", "0 tentativi rimasti", "1 tentativo rimasto", "2 tentativi rimasti", "5 tentativi rimasti"],
      ["pt", "Resta 0 tentativa", "Resta 1 tentativa", "Restam 2 tentativas", "Restam 5 tentativas"],
      ["nl", "Nog 0 pogingen", "Nog 1 poging", "Nog 2 pogingen", "Nog 5 pogingen"],
      ["pl", "Pozostało 0 prób", "Pozostała 1 próba", "Pozostały 2 próby", "Pozostało 5 prób"],
      ["el", "Απομένουν 0 προσπάθειες", "Απομένει 1 προσπάθεια", "Απομένουν 2 προσπάθειες", "Απομένουν 5 προσπάθειες"],
      ["ar", "لم تبقَ أي محاولة", "بقيت محاولة واحدة", "بقيت محاولتان", "بقيت 5 محاولات"],
      ["ja", "あと0回入力できます", "あと1回入力できます", "あと2回入力できます", "あと5回入力できます"],
    ]);
  });

  it("tells a wait as its speakers do, in the digits that codes have", () => {
    expect(LOCALES.map((locale) => languageFor(locale).ahead(300))).toEqual([
      "in 5 minutes",
      "in 5 Minuten",
      "dans 5 minutes",
      "dentro de 5 minutos",
      "om 5 minuter",
      "tra 5 minuti",
      "em 5 minutos",
      "over 5 minuten",
      "za 5 minut",
      "σε 5 λεπτά",
      "خلال 5 دقائق",
      "5 分後",
    ]);
    expect(
      languageFor("fa", { locales: ["fa"], changed: new Map(), added: new Map([["fa", TEXTS.ar]]) }).ahead(300),
    ).toContain("5");
  });

  it("ends a sentence and begins the next as it is written", () => {
    const wrong = (locale: string): string => renderPage({ ...SAMPLES.wrong, locale });
    expect(wrong("en")).toContain("Check the code and enter it again. 1 attempt left.");
    expect(wrong("ja")).toContain("コードを確認して、もう一度入力してください。あと1回入力できます。");
    expect(wrong("ar")).toContain("يرجى التحقق من الرمز وإدخاله مرة أخرى. بقيت محاولة واحدة.");
  });

  it.each([
    [1, "in 1 second"],
    [29.2, "in 30 seconds"],
    [89, "in 89 seconds"],
    [90, "in 2 minutes"],
    [841, "in 15 minutes"],
    [5399, "in 90 minutes"],
    [5400, "in 2 hours"],
    [0, "in 1 second"],
    [undefined, "later"],
    [Number.NaN, "later"],
    [-1, "later"],
  ])("tells a wait of %s seconds as %j, never shorter than it is", (seconds, told) => {
    expect(languageFor("en").ahead(seconds)).toBe(told);
  });

  it("is English for a locale that is not ours", () => {
    for (const locale of ["xx", "constructor", "__proto__", ""]) {
      expect(languageFor(locale).locale).toBe("en");
    }
  });
});

describe("fill", () => {
  it("escapes text and value alike, and keeps what it has no value for", () => {
    expect(fill("<{a}> {b} {a}", { a: "&" }).toString()).toBe("&lt;&amp;&gt; {b} &amp;");
  });

  it("does not read a placeholder inside a value", () => {
    expect(fill("{a}", { a: "{b}", b: "no" }).toString()).toBe("{b}");
  });
});
