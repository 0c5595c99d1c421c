import { describe, expect, it } from "vitest";
import { ERRORS } from "../../../src/core/errors.js";
import { LOCALES, type Locale } from "../../../src/core/locale.js";
import { renderPage } from "../../../src/express/page/page.js";
import { fill, languageFor, TEXTS } from "../../../src/express/page/texts.js";
import { SAMPLES } from "./samples.js";

type Leaves = Map<string, string>;

function leaves(value: unknown, path = "", found: Leaves = new Map()): Leaves {
  if (typeof value === "string") found.set(path, value);
  else for (const [key, inner] of Object.entries(value as object)) leaves(inner, `${path}.${key}`, found);
  return found;
}

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
const english = leaves(TEXTS.en);

describe.each([...LOCALES])("the words in %s", (locale) => {
  const words = leaves(TEXTS[locale]);

  it("say everything English says, with the same placeholders", () => {
    expect([...words.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [path, text] of words) {
      expect(placeholders(text), `${locale}${path}`).toEqual(placeholders(english.get(path) ?? ""));
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
      expect(title).not.toMatch(/[.!]$/);
      expect(advice).toMatch(/\.$/);
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

describe("a language", () => {
  it("has a problem text for every error code", () => {
    expect(Object.keys(TEXTS.en.problem).sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it("counts as its speakers do", () => {
    const said = LOCALES.map((locale) => {
      const language = languageFor(locale);
      return [0, 1, 2].map((count) => language.count(language.texts.attempts, count));
    });
    expect(said).toEqual([
      ["0 attempts left", "1 attempt left", "2 attempts left"],
      ["Noch 0 Versuche", "Noch 1 Versuch", "Noch 2 Versuche"],
      ["0 tentative restante", "1 tentative restante", "2 tentatives restantes"],
      ["Quedan 0 intentos", "Queda 1 intento", "Quedan 2 intentos"],
      ["0 försök kvar", "1 försök kvar", "2 försök kvar"],
    ]);
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
      expect(languageFor(locale as Locale).locale).toBe("en");
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
