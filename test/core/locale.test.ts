import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { directionOf, LOCALES, pickLocale } from "../../src/core/locale.js";

const KNOWN = new Set<string>(LOCALES);

describe("pickLocale", () => {
  it.each([
    ["sv", "sv"],
    ["sv-SE", "sv"],
    ["SV-fi", "sv"],
    ["de_CH", "de"],
    [" fr ", "fr"],
    ["pt-BR", "pt"],
    ["pt-PT", "pt"],
    ["ar-EG", "ar"],
    ["ja-JP", "ja"],
    ["pl", "pl"],
    ["nl-BE", "nl"],
    ["it-CH", "it"],
    ["el-GR", "el"],
    ["zh", "en"],
    ["zh-Hant-TW", "en"],
    ["svenska", "en"],
    ["", "en"],
    ["*", "en"],
  ])("reads the tag %j as %s", (tag, locale) => {
    expect(pickLocale(LOCALES, tag)).toBe(locale);
  });

  it.each([
    ["da, en-gb;q=0.8, en;q=0.7", "en"],
    ["pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", "pt"],
    ["ar-EG,ar;q=0.9,en;q=0.8", "ar"],
    ["zh-CN,zh;q=0.9,ja;q=0.5", "ja"],
    ["zh-TW,zh;q=0.9", "en"],
    ["nb,sv;q=0.9,en;q=0.8", "sv"],
    ["en;q=0.5, de ; q=0.9", "de"],
    ["en;q=0.5,fr;Q=0.50", "en"],
    ["de;q=0, es;q=0.1", "es"],
    ["de;q=2, es;q=0.1", "es"],
    ["de;q=high, es;q=0.1", "es"],
    ["de;q=0", "en"],
    [";;;,,,=q", "en"],
  ])("reads the header %j as %s", (header, locale) => {
    expect(pickLocale(LOCALES, header)).toBe(locale);
  });

  it("goes by the first preference that names a language it knows", () => {
    expect(pickLocale(LOCALES, undefined, "tlh", "fr;q=0.1", "de")).toBe("fr");
    expect(pickLocale(LOCALES)).toBe("en");
  });

  it("knows what an app has added, by language, script and region", () => {
    const known = [...LOCALES, "nb", "pt-BR", "zh-Hant"];
    const picks = ["nb-NO", "pt-br", "pt-PT", "pt", "zh-Hant-TW", "zh_hant", "zh-TW", "no, nb;q=0.5", "nb-"];
    expect(picks.map((tag) => pickLocale(known, tag))).toEqual([
      "nb",
      "pt-BR",
      "pt",
      "pt",
      "zh-Hant",
      "zh-Hant",
      "en",
      "nb",
      "nb",
    ]);
  });

  it("passes over what is not text", () => {
    expect(pickLocale(LOCALES, 7 as unknown as string, ["de"] as unknown as string, "es")).toBe("es");
  });

  it("answers at once, whatever it is given", () => {
    for (const part of [",", ";", "q=", "de;q=0,", "-", " ", "sv-", "\u0000"]) {
      const text = part.repeat(200_000);
      // the fastest of three: other work on the same machine must not fail this test
      const times = [1, 2, 3].map(() => {
        const started = performance.now();
        expect(LOCALES).toContain(pickLocale(LOCALES, text));
        return performance.now() - started;
      });
      expect(Math.min(...times)).toBeLessThan(20);
    }
  });

  it("answers with one of its languages for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => KNOWN.has(pickLocale(LOCALES, text))));
  });
});

describe("directionOf", () => {
  it.each(["ar", "ar-EG", "he", "fa", "ur", "yi", "ckb", "dv", "pa-PK", "az-Arab"])(
    "%s runs from the right",
    (locale) => {
      expect(directionOf(locale)).toBe("rtl");
    },
  );

  it.each([...LOCALES.filter((locale) => locale !== "ar"), "nb", "zh-Hant", "pa", "az", "tlh"])(
    "%s runs from the left",
    (locale) => {
      expect(directionOf(locale)).toBe("ltr");
    },
  );
});
