import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as texts from "../../src/client-texts.js";
import { type ClientTexts, ENGLISH } from "../../src/client/texts.js";
import { type Locale, LOCALES } from "../../src/core/locale.js";
import { TEXTS } from "../../src/express/page/texts.js";
import { bundle, sourceOf } from "../helpers/bundle.js";

const MAX_BYTES = 4096;

const from = (file: string): string => JSON.stringify(sourceOf(file));

describe("what a bundler takes", () => {
  it("is below 4 KB, all in all", async () => {
    const code = await bundle({ app: `export * from ${from("client/index.ts")};` });
    const bytes = gzipSync(code, { level: 9 }).length;
    console.log(`client: ${code.length} bytes minified, ${bytes} compressed`);
    for (const part of ["showModal", "parseRequestOptionsFromJSON", "OTPCredential"]) expect(code).toContain(part);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  it("needs nothing of Node, and nothing of the server", async () => {
    const code = await bundle({ app: `export * from ${from("client/index.ts")};` });
    expect(code).not.toMatch(/\bimport\b|\brequire\b|process\.|Buffer\.|innerHTML|\beval\b/);
  });

  it("has the languages that were named and no others", async () => {
    const code = await bundle({ app: `import { de } from ${from("client-texts.ts")}; console.log(de);` });
    expect(code).toContain(TEXTS.de.anotherWay);
    for (const locale of LOCALES.filter((each) => each !== "de")) expect(code).not.toContain(TEXTS[locale].sentAgain);
  });
});

type Leaves = Record<string, string>;

function leaves(value: unknown, at = ""): Leaves {
  if (typeof value === "string") return { [at]: value };
  return Object.assign({}, ...Object.entries(value as object).map(([key, inner]) => leaves(inner, `${at}.${key}`)));
}

describe("the dialog's words", () => {
  it("are there in every language that the package speaks", () => {
    const all: Readonly<Record<Locale, ClientTexts>> = texts;
    expect(Object.keys(all).sort()).toEqual([...LOCALES].sort());
    for (const locale of LOCALES) expect(all[locale], locale).toBe(TEXTS[locale]);
  });

  it("are the page's own in English, or a part of them", () => {
    const page = leaves(TEXTS.en);
    const { ".problem.invalid_request.0": invalid, ...built } = leaves(ENGLISH);
    expect(Object.entries(built).filter(([at, text]) => !page[at]?.includes(text))).toEqual([]);
    expect(invalid).toBe(page[".problem.invalid_request.1"]);
  });
});
