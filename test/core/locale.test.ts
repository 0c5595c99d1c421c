import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LOCALES, pickLocale } from "../../src/core/locale.js";

describe("pickLocale", () => {
  it.each([
    ["sv", "sv"],
    ["sv-SE", "sv"],
    ["SV-fi", "sv"],
    ["de_CH", "de"],
    [" fr ", "fr"],
    ["zh-Hant-TW", "en"],
    ["svenska", "en"],
    ["", "en"],
    ["*", "en"],
  ])("reads the tag %j as %s", (tag, locale) => {
    expect(pickLocale(tag)).toBe(locale);
  });

  it.each([
    ["da, en-gb;q=0.8, en;q=0.7", "en"],
    ["nb,sv;q=0.9,en;q=0.8", "sv"],
    ["en;q=0.5, de ; q=0.9", "de"],
    ["en;q=0.5,fr;Q=0.50", "en"],
    ["de;q=0, es;q=0.1", "es"],
    ["de;q=2, es;q=0.1", "es"],
    ["de;q=high, es;q=0.1", "es"],
    ["de;q=0", "en"],
    [";;;,,,=q", "en"],
  ])("reads the header %j as %s", (header, locale) => {
    expect(pickLocale(header)).toBe(locale);
  });

  it("goes by the first preference that names a language it knows", () => {
    expect(pickLocale(undefined, "tlh", "fr;q=0.1", "de")).toBe("fr");
    expect(pickLocale()).toBe("en");
  });

  it("passes over what is not text", () => {
    expect(pickLocale(7 as unknown as string, ["de"] as unknown as string, "es")).toBe("es");
  });

  it("answers at once, whatever it is given", () => {
    for (const part of [",", ";", "q=", "de;q=0,", "-", " ", "sv-", "\u0000"]) {
      const started = performance.now();
      expect(LOCALES).toContain(pickLocale(part.repeat(200_000)));
      expect(performance.now() - started).toBeLessThan(20);
    }
  });

  it("answers with one of its languages for any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => LOCALES.includes(pickLocale(text))));
  });
});
