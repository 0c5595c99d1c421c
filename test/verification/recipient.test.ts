import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalEmail, canonicalPhone, countryOf } from "../../src/verification/recipient.js";

describe("G09 canonicalPhone", () => {
  it.each([
    ["+46701740605", undefined, "+46701740605"],
    ["+46 70-174 06 05", undefined, "+46701740605"],
    [" +46 (0)70 174 06 05 ", undefined, "+46701740605"],
    ["070-174 06 05", "SE", "+46701740605"],
    ["070-174 06 05", "se", "+46701740605"],
    ["0046 70 174 06 05", "SE", "+46701740605"],
    ["+1 (201) 555-0123", undefined, "+12015550123"],
    ["201.555.0123", "US", "+12015550123"],
    ["+44 20 7946 0018", "SE", "+442079460018"],
    ["+919812345678", undefined, "+919812345678"],
  ])("reads %j (%s) as %s", async (input, country, e164) => {
    expect(await canonicalPhone(input, country)).toBe(e164);
  });

  it.each([
    ["no country", "070-174 06 05"],
    ["two numbers", "+15551234567;+16661234567"],
    ["two numbers", "+12015550123,+12015550124"],
    ["two numbers", "+12015550123 +12015550124"],
    ["two numbers", "+12015550123/+12015550124"],
    ["two numbers", "+12015550123\n+12015550124"],
    ["an extension", "+12015550123;ext=5"],
    ["an extension", "+12015550123 ext. 5"],
    ["an extension", "+12015550123x5"],
    ["an extension", "+12015550123#5"],
    ["a pause", "+12015550123,5"],
    ["a URI", "tel:+12015550123"],
    ["a URI", "tel:2015550123;phone-context=+1"],
    ["a NUL", "+12015550123\u0000"],
    ["full-width digits", "+１２０１５５５０１２３"],
    ["a full-width plus", "＋12015550123"],
    ["Arabic digits", "+٤٦٧٠١٧٤٠٦٠٥"],
    ["letters", "+1-201-CALL-NOW"],
    ["a bidi mark", "\u202a+12015550123"],
    ["too few digits", "+4670"],
    ["too many digits", "+467017406050000"],
    ["more than 40 characters", `+46701740605${" ".repeat(40)}`],
    ["nothing", ""],
    ["only marks", "+ ()"],
  ])("refuses %s: %j", async (_what, input) => {
    expect(await canonicalPhone(input)).toBeUndefined();
  });

  it.each([
    ["premium rate", "+19005551234"],
    ["toll-free", "+18005551234"],
    ["shared cost", "+448431234567"],
    ["personal numbers", "+447012345678"],
    ["company-wide numbers", "+443012345678"],
    ["British premium rate", "+449012345678"],
    ["Swedish premium rate", "+469001234567"],
    ["satellites", "+881612345678"],
    ["international networks", "+882131234567"],
    ["international networks", "+883510012345678"],
    ["international premium rate", "+979123456789"],
    ["international shared cost", "+80812345678"],
    ["international toll-free", "+80012345678"],
    ["ships", "+870773111632"],
  ])("refuses %s: %s", async (_what, input) => {
    expect(await canonicalPhone(input)).toBeUndefined();
  });

  it.each([[["+46701740605"]], [{ toString: () => "+46701740605" }], [46701740605], [null], [undefined], [true]])(
    "refuses what is not text: %j",
    async (input) => {
      expect(await canonicalPhone(input)).toBeUndefined();
    },
  );

  it.each(["XX", "SWE", "", "constructor"])("refuses a country that is none: %j", async (country) => {
    expect(await canonicalPhone("070-174 06 05", country)).toBeUndefined();
  });

  it("accepts only what it reads the same way again, as one number", async () => {
    const pieces = fc.constantFrom(
      "+",
      "46",
      "701740605",
      "070",
      "1",
      "201",
      "5550123",
      "44",
      "7",
      "00",
      " ",
      "-",
      "(",
      ")",
      ";ext=",
      ",",
      "\u0000",
    );
    const inputs = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(inputs, fc.constantFrom(undefined, "SE", "US", "GB"), async (input, country) => {
        const e164 = await canonicalPhone(input, country);
        if (e164 === undefined) return;
        expect(e164).toMatch(/^\+[1-9]\d{6,14}$/);
        expect(await canonicalPhone(e164)).toBe(e164);
        expect(await countryOf(e164)).toMatch(/^[A-Z]{2}$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("countryOf", () => {
  it.each([
    ["+46701740605", "SE"],
    ["+12015550123", "US"],
    ["+14165550123", "CA"],
    ["+442079460018", "GB"],
    ["+979123456789", undefined],
    ["46701740605", undefined],
    ["+46", undefined],
    ["", undefined],
  ])("of %j is %s", async (number, country) => {
    expect(await countryOf(number)).toBe(country);
  });
});

describe("G09 canonicalEmail", () => {
  it.each([
    ["ada@example.com", "ada@example.com"],
    ["Ada.Lovelace+2fa@Mail.EXAMPLE.com", "Ada.Lovelace+2fa@mail.example.com"],
    ["o'brien_7@xn--bcher-kva.example", "o'brien_7@xn--bcher-kva.example"],
    [`${"a".repeat(64)}@example.com`, `${"a".repeat(64)}@example.com`],
  ])("reads %j as %s", (input, address) => {
    expect(canonicalEmail(input)).toBe(address);
  });

  it.each([
    ["two addresses", "a@x.test,b@y.test"],
    ["two addresses", "a@x.test;b@y.test"],
    ["two addresses", "a@x.test b@y.test"],
    ["two addresses", "a@x.test\nb@y.test"],
    ["two at signs", "a@b@x.test"],
    ["a full-width at sign", "ada＠example.com"],
    ["a small at sign", "ada﹫example.com"],
    ["a name", "Ada <ada@example.com>"],
    ["quotes", '"ada"@example.com'],
    ["a comment", "ada(eve@evil.test)@example.com"],
    ["a route", "eve%evil.test@example.com"],
    ["a bang path", "evil!eve@example.com"],
    ["a backslash", "ada\\@example.com"],
    ["an option", "-oQ/tmp@example.com"],
    ["a NUL", "ada\u0000@example.com"],
    ["a line break", "ada@example.com\r\nBcc: eve@evil.test"],
    ["a line break at the end", "ada@example.com\n"],
    ["spaces", " ada@example.com"],
    ["a dot at the start", ".ada@example.com"],
    ["two dots", "a..da@example.com"],
    ["no local part", "@example.com"],
    ["no domain", "ada@"],
    ["no at sign", "ada.example.com"],
    ["one label", "ada@localhost"],
    ["an address literal", "ada@[127.0.0.1]"],
    ["an IP address", "ada@127.0.0.1"],
    ["an empty label", "ada@example..com"],
    ["a dot at the end", "ada@example.com."],
    ["a hyphen at an edge", "ada@-example.com"],
    ["a Kelvin sign", "ada@\u212aelvin.example"],
    ["a dotless i", "m\u0131ke@example.com"],
    ["letters beyond ASCII", "ada@bücher.example"],
    ["a zero-width space", "ada\u200b@example.com"],
    ["a long local part", `${"a".repeat(65)}@example.com`],
    ["more than 254 characters", `ada@${"a.".repeat(130)}com`],
    ["nothing", ""],
  ])("refuses %s: %j", (_what, input) => {
    expect(canonicalEmail(input)).toBeUndefined();
  });

  it.each([
    [["ada@example.com"]],
    [["a@x.test", "b@y.test"]],
    [{ toString: () => "ada@example.com" }],
    [7],
    [null],
    [undefined],
  ])("refuses what is not text: %j", (input) => {
    expect(canonicalEmail(input)).toBeUndefined();
  });

  it("answers at once, whatever it is given", () => {
    for (const part of ["a", "a.", "@", "a@", ".", "-", "a-", "=", "a@a."]) {
      for (const text of [part.repeat(100_000), `a@${part.repeat(100_000)}`, part.repeat(254).slice(0, 254)]) {
        const started = performance.now();
        canonicalEmail(text);
        expect(performance.now() - started).toBeLessThan(20);
      }
    }
  });

  it("accepts only what it reads the same way again, as one address", () => {
    const pieces = fc.constantFrom(
      "ada",
      "@",
      ".",
      "example",
      "com",
      "A",
      "+",
      "'",
      '"',
      ",",
      ";",
      " ",
      "\r\n",
      "＠",
      "-",
      "(",
      "\u0000",
    );
    const inputs = fc.oneof(
      fc.array(pieces, { maxLength: 10 }).map((parts) => parts.join("")),
      fc.emailAddress(),
      fc.string(),
    );
    fc.assert(
      fc.property(inputs, (input) => {
        const address = canonicalEmail(input);
        if (address === undefined) return;
        expect(address).toMatch(/^[!-~]+$/);
        expect(address.split("@")).toHaveLength(2);
        expect(canonicalEmail(address)).toBe(address);
      }),
      { numRuns: 5_000 },
    );
  });
});
