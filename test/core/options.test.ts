import { afterEach, describe, expect, it, vi } from "vitest";
import { checkKeys, isProduction, nearest, oneOf, wholeNumber } from "../../src/core/options.js";

const misconfigured = (words: string | RegExp) =>
  expect.objectContaining({ code: "misconfigured", status: 500, message: expect.stringMatching(words) });

describe("nearest()", () => {
  const known = [
    "maxAge",
    "idle",
    "methods",
    "action",
    "bind",
    "when",
    "onNotEnrolled",
    "machine",
    "resume",
    "limits",
    "status",
  ];

  it.each([
    ["maxage", "maxAge"],
    ["max_age", "maxAge"],
    ["maxAgee", "maxAge"],
    ["method", "methods"],
    ["mehtods", "methods"],
    ["actions", "action"],
    ["onNotEnroled", "onNotEnrolled"],
    ["STATUS", "status"],
    ["statsu", "status"],
    ["limit", "limits"],
  ])("takes %s for %s", (written, meant) => {
    expect(nearest(written, known)).toBe(meant);
  });

  it.each(["colour", "x".repeat(40), "somethingEntirelyElse"])("takes %s for none of them", (written) => {
    expect(nearest(written, known)).toBeUndefined();
  });

  it("prefers the exact word, whatever stands before it", () => {
    expect(nearest("bind", ["binds", "bind", "find"])).toBe("bind");
  });

  it("has no word for it where none is known", () => {
    expect(nearest("anything", [])).toBeUndefined();
  });
});

describe("checkKeys()", () => {
  const known = { maxAge: true, methods: true } as const;
  const check = (given: unknown): void => checkKeys(given as { maxAge?: 1; methods?: 1 }, known, "require2fa()");

  it("takes known keys, in any number", () => {
    for (const given of [{}, { maxAge: 1 }, { maxAge: undefined, methods: 1 }, Object.create(null)])
      expect(check(given)).toBeUndefined();
  });

  it("names the key that is meant", () => {
    expect(() => check({ maxage: 1 })).toThrow(
      misconfigured(/^require2fa\(\): unknown option "maxage"\. Did you mean "maxAge"\? Known: maxAge, methods\.$/),
    );
    expect(() => check({ colour: 1 })).toThrow(
      misconfigured(/^require2fa\(\): unknown option "colour"\. Known: maxAge, methods\.$/),
    );
  });

  it.each([
    ["__proto__", JSON.parse('{"__proto__": 1}')],
    ["constructor", { constructor: 1 }],
    ["toString", { toString: 1 }],
    ["hasOwnProperty", { hasOwnProperty: 1 }],
  ])("knows no key %s, which every object inherits", (_key, given) => {
    expect(() => check(given)).toThrow(misconfigured("unknown option"));
  });

  it.each([[[]], [null], ["maxAge"], [5], [true]])("takes nothing but an object: not %j", (given) => {
    expect(() => check(given)).toThrow(misconfigured("takes an object of options"));
  });
});

describe("oneOf()", () => {
  it("takes one of the words", () => {
    expect(oneOf("deny", ["deny", "allow"], "machine")).toBe("deny");
  });

  it.each(["Deny", "dney", 5, null, undefined, {}, ["deny"], true])("refuses %j", (value) => {
    expect(() => oneOf(value, ["deny", "allow"], "require2fa({ machine })")).toThrow(
      misconfigured(/^require2fa\(\{ machine \}\): .*Known: deny, allow\.$/),
    );
  });
});

describe("wholeNumber()", () => {
  it.each([1, 5, 10])("takes %d", (value) => {
    expect(wholeNumber(value, 1, 10, "attempts")).toBe(value);
  });

  it.each([0, 11, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null, undefined, [5], 5n, true, {}])(
    "refuses %s",
    (value) => {
      expect(() => wholeNumber(value, 1, 10, "attempts")).toThrow(
        misconfigured(/^attempts: .* is not a whole number from 1 to 10\.$/),
      );
    },
  );
});

describe("isProduction()", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ["production", true],
    ["Production", false],
    ["test", false],
    ["", false],
  ])("says of NODE_ENV=%j: %s, as of now and not of when it was loaded", (value, expected) => {
    vi.stubEnv("NODE_ENV", value);
    expect(isProduction()).toBe(expected);
  });
});
