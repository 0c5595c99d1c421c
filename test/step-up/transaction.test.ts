import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindTransaction } from "../../src/step-up/transaction.js";

const digest = (transaction: unknown): string => bindTransaction(transaction).digest;
const refused = expect.objectContaining({ code: "invalid_request", status: 400 });

describe("A05: a transaction", () => {
  const approved = { amount: 10, currency: "EUR", payee: "Bob" };

  it.each<[string, object]>([
    ["a larger amount", { ...approved, amount: 10.01 }],
    ["an amount that is text", { ...approved, amount: "10" }],
    ["an amount written with decimals", { ...approved, amount: "10.00" }],
    ["an amount that is no number", { ...approved, amount: null }],
    ["an amount that is true", { ...approved, amount: true }],
    ["another payee", { ...approved, payee: "Eve" }],
    ["a payee in another case", { ...approved, payee: "bob" }],
    ["a payee with a space", { ...approved, payee: "Bob " }],
    ["a payee with a letter that looks alike", { ...approved, payee: "B\u043eb" }],
    ["a payee with something invisible", { ...approved, payee: "Bob\u200b" }],
    ["another currency", { ...approved, currency: "USD" }],
    ["swapped values", { ...approved, currency: "Bob", payee: "EUR" }],
    ["a field more", { ...approved, note: "" }],
    ["a field that is null", { ...approved, note: null }],
    ["a field less", { amount: 10, currency: "EUR" }],
    ["another name of a field", { amount: 10, currency: "EUR", Payee: "Bob" }],
  ])("with %s is another one", (_what, other) => {
    expect(digest(other)).not.toBe(digest(approved));
  });

  it("with a name in two spellings that look alike is two", () => {
    expect("Ren\u00e9").not.toBe("Rene\u0301");
    expect(digest({ payee: "Ren\u00e9" })).not.toBe(digest({ payee: "Rene\u0301" }));
    expect(digest({ René: 1 })).not.toBe(digest({ René: 1 }));
  });

  it("is the same in every order of its fields, and with fields that are not there", () => {
    expect(digest({ payee: "Bob", amount: 10, currency: "EUR" })).toBe(digest(approved));
    expect(digest({ ...approved, note: undefined })).toBe(digest(approved));
    expect(digest({ 10: "a", 9: "b", b: 1, a: 2 })).toBe(digest({ a: 2, b: 1, 9: "b", 10: "a" }));
  });

  it("is the same number however it was written as a number", () => {
    expect(digest({ amount: JSON.parse("10.00") })).toBe(digest({ amount: JSON.parse("1e1") }));
    expect(digest({ amount: 0.1 + 0.2 })).not.toBe(digest({ amount: 0.3 }));
  });

  it("tells every two different ones apart", () => {
    const value = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.integer({ min: -3, max: 3 }),
      fc.boolean(),
      fc.constant(null),
    );
    const transaction = fc.dictionary(fc.constantFrom("a", "b", "ab", "a,b", '"', ":"), value, {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    });
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(transaction, (given) => {
        const name = JSON.stringify(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)));
        const print = digest(given);
        expect(seen.get(print) ?? name).toBe(name);
        seen.set(print, name);
      }),
      { seed: 29, numRuns: 5_000 },
    );
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["text", "10 EUR"],
    ["a number", 10],
    ["a list", [10, "EUR"]],
    ["a function", () => ({})],
    ["no field", {}],
    ["only fields that are not there", { amount: undefined }],
    ["a list of values", { amount: [10] }],
    ["an object", { amount: { value: 10 } }],
    ["an operator", { amount: { $gt: "" } }],
    ["NaN", { amount: Number.NaN }],
    ["an infinite amount", { amount: Number.POSITIVE_INFINITY }],
    ["a bigint", { amount: 10n }],
    ["a symbol", { amount: Symbol("10") }],
    ["a date", { at: new Date(0) }],
    ["a wrapped string", { payee: new String("Bob") }],
    ["text with half a character", { payee: "Bob\ud800" }],
    ["text beyond 1000 characters", { payee: "B".repeat(1_001) }],
    ["13 fields", Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`f${index}`, index]))],
  ])("is not %s", (_what, transaction) => {
    expect(() => bindTransaction(transaction)).toThrow(refused);
  });

  it("may have 12 fields and 1000 characters in each", () => {
    const fields = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`f${index}`, "x".repeat(1_000)]));
    expect(digest(fields)).toMatch(/^[\w-]{32}$/);
  });

  it("is shown in the order it was given, without what is empty of meaning", () => {
    expect(
      bindTransaction({ payee: "Bob", amount: 10, urgent: false, note: null, x: undefined, memo: "" }).show,
    ).toEqual([
      ["payee", "Bob"],
      ["amount", "10"],
      ["urgent", "false"],
      ["memo", ""],
    ]);
  });

  it("reads a field only by its own name", () => {
    const given = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}');
    expect(bindTransaction(given).show).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["toString", "c"],
    ]);
    expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
    expect(() => bindTransaction(Object.create({ amount: 10 }))).toThrow(refused);
  });

  it("never fails with anything but a 400", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (given) => {
          try {
            expect(digest(given)).toHaveLength(32);
          } catch (error) {
            expect(error).toEqual(refused);
          }
        },
      ),
      { seed: 29, numRuns: 2_000 },
    );
  });
});
