import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, type Question, type Verdict } from "../../src/step-up/judge.js";
import type { Mark } from "../../src/step-up/mark.js";
import type { ParsedPolicy } from "../../src/step-up/policy.js";

type Requirement = Pick<ParsedPolicy<never>, "maxAge" | "methods" | "oneShot">;

const NOW = 1_000_000_000;
const SKEW = 30_000;
const MAX_AGE = 300_000;

const PLAIN: Requirement = { maxAge: MAX_AGE, methods: "all", oneShot: false };
const asked = (changes: Partial<Question> = {}): Question => ({
  user: "ada",
  now: NOW,
  revokedAt: 0,
  action: undefined,
  bind: undefined,
  resistant: ["passkey"],
  ...changes,
});
const mark = (changes: Partial<Mark> = {}): Mark => ({
  id: "m",
  user: "ada",
  at: NOW - 1_000,
  methods: ["sms"],
  ...changes,
});
const ok = (verdict: Verdict): boolean => verdict.ok;

/** The rule, said plainly and without regard to speed. */
function passes(policy: Requirement, marks: readonly Mark[], question: Question): boolean {
  const valid = marks.filter(
    (each) =>
      each.user === question.user &&
      each.at > question.revokedAt &&
      each.at <= question.now + SKEW &&
      question.now - each.at <= policy.maxAge &&
      each.bind === question.bind &&
      (question.action === undefined || each.action === question.action),
  );
  const proved = new Set(valid.flatMap(({ methods }) => methods));
  const { methods } = policy;
  if (methods === "all") return valid.length > 0;
  if (methods === "phishing-resistant") return question.resistant.some((name) => proved.has(name));
  return methods.kind === "allOf"
    ? methods.names.every((name) => proved.has(name))
    : methods.names.some((name) => proved.has(name));
}

const method = fc.constantFrom("totp", "sms", "email", "passkey");
const names = fc.uniqueArray(method, { minLength: 1, maxLength: 3 });
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const instant = fc.oneof(
  fc.integer({ min: NOW - 2 * MAX_AGE, max: NOW + 2 * SKEW }),
  fc.constantFrom(NOW, NOW - MAX_AGE, NOW - MAX_AGE - 1, NOW + SKEW, NOW + SKEW + 1, NOW - 1_000),
);
const anyMark = fc
  .record({
    user: fc.constantFrom("ada", "eve"),
    at: instant,
    methods: names,
    action: optional(fc.constantFrom("pay", "read")),
    bind: optional(fc.constantFrom("b1", "b2")),
  })
  .map(({ action, bind, ...rest }) =>
    mark({ ...rest, ...(action === undefined ? {} : { action }), ...(bind === undefined ? {} : { bind }) }),
  );
const anyMarks = fc
  .array(anyMark, { maxLength: 5 })
  .map((marks) => marks.map((each, index) => ({ ...each, id: `m${index}` })));
const anyPolicy: fc.Arbitrary<Requirement> = fc.record({
  maxAge: fc.constantFrom(MAX_AGE, 60_000, 3_600_000),
  methods: fc.oneof(
    fc.constant("all" as const),
    fc.constant("phishing-resistant" as const),
    fc.record({
      kind: fc.constantFrom("anyOf" as const, "allOf" as const),
      names,
    }),
  ),
  oneShot: fc.boolean(),
});
const anyQuestion = fc.record({
  user: fc.constantFrom("ada", "eve"),
  now: fc.constant(NOW),
  revokedAt: fc.constantFrom(0, NOW - 1_000, NOW - 999, NOW),
  action: optional(fc.constantFrom("pay", "read")),
  bind: optional(fc.constantFrom("b1", "b2")),
  resistant: fc.constantFrom([], ["passkey"], ["passkey", "totp"]),
});
const runs = { seed: 29, numRuns: 3_000 };

describe("judge()", () => {
  it("says what the plain rule says", () => {
    fc.assert(
      fc.property(anyPolicy, anyMarks, anyQuestion, (policy, marks, question) => {
        expect(ok(judge(policy, marks, question))).toBe(passes(policy, marks, question));
      }),
      { ...runs, numRuns: 10_000 },
    );
  });

  it("names marks that suffice by themselves, out of those it was given", () => {
    fc.assert(
      fc.property(anyPolicy, anyMarks, anyQuestion, (policy, marks, question) => {
        const verdict = judge(policy, marks, question);
        if (!verdict.ok) return;
        for (const each of verdict.marks) expect(marks).toContain(each);
        expect(new Set(verdict.marks).size).toBe(verdict.marks.length);
        expect(passes(policy, verdict.marks, question)).toBe(true);
        for (const each of verdict.marks) expect(each.user).toBe(question.user);
      }),
      runs,
    );
  });

  it("does not care in which order the marks come", () => {
    fc.assert(
      fc.property(anyPolicy, anyMarks, anyQuestion, (policy, marks, question) => {
        expect(ok(judge(policy, marks.toReversed(), question))).toBe(ok(judge(policy, marks, question)));
      }),
      runs,
    );
  });

  it("is never swayed by marks of somebody else, or of another time", () => {
    fc.assert(
      fc.property(anyPolicy, anyMarks, anyQuestion, anyMarks, (policy, marks, question, more) => {
        const worthless = more.flatMap((each) => [
          { ...each, user: "mallory" },
          { ...each, at: question.now + SKEW + 1 },
          { ...each, at: question.now - policy.maxAge - 1 },
          { ...each, at: question.revokedAt },
        ]);
        expect(ok(judge(policy, [...worthless, ...marks, ...worthless], question))).toBe(
          ok(judge(policy, marks, question)),
        );
      }),
      runs,
    );
  });

  it("never passes with a mark less when it did not pass with it, nor with a stricter age", () => {
    fc.assert(
      fc.property(anyPolicy, anyMarks, anyQuestion, (policy, marks, question) => {
        if (ok(judge(policy, marks, question))) return;
        expect(ok(judge(policy, marks.slice(1), question))).toBe(false);
        expect(ok(judge({ ...policy, maxAge: policy.maxAge / 2 }, marks, question))).toBe(false);
        expect(ok(judge(policy, marks, { ...question, revokedAt: question.revokedAt + 1_000 }))).toBe(false);
      }),
      runs,
    );
  });

  it("A11: takes a proof as old as maxAge and not a millisecond older", () => {
    expect(ok(judge(PLAIN, [mark({ at: NOW - MAX_AGE + 1_000 })], asked()))).toBe(true);
    expect(ok(judge(PLAIN, [mark({ at: NOW - MAX_AGE })], asked()))).toBe(true);
    expect(judge(PLAIN, [mark({ at: NOW - MAX_AGE - 1 })], asked())).toMatchObject({ ok: false, reason: "expired" });
  });

  it("K09: takes no proof from further ahead than clocks may differ", () => {
    expect(ok(judge(PLAIN, [mark({ at: NOW + SKEW })], asked()))).toBe(true);
    expect(judge(PLAIN, [mark({ at: NOW + SKEW + 1 })], asked())).toMatchObject({ ok: false, reason: "missing" });
    expect(ok(judge(PLAIN, [mark({ kept: NOW + SKEW })], asked()))).toBe(true);
    expect(ok(judge(PLAIN, [mark({ kept: NOW + SKEW + 1 })], asked()))).toBe(false);
    expect(ok(judge(PLAIN, [mark({ at: Number.NaN })], asked()))).toBe(false);
    expect(ok(judge(PLAIN, [mark({ at: Number.POSITIVE_INFINITY })], asked()))).toBe(false);
  });

  it("takes no proof up to the instant of a revocation", () => {
    expect(ok(judge(PLAIN, [mark({ at: NOW - 1_000 })], asked({ revokedAt: NOW - 1_000 })))).toBe(false);
    expect(ok(judge(PLAIN, [mark({ at: NOW - 999 })], asked({ revokedAt: NOW - 1_000 })))).toBe(true);
  });

  it("A04: wants a proof of the very action, where there is one", () => {
    const [pay, read, any] = [mark({ action: "pay" }), mark({ action: "read" }), mark()];
    expect([pay, read, any].map((each) => ok(judge(PLAIN, [each], asked({ action: "pay" }))))).toEqual([
      true,
      false,
      false,
    ]);
    expect([pay, read, any].map((each) => ok(judge(PLAIN, [each], asked())))).toEqual([true, true, true]);
  });

  it("A05: wants a proof of the very transaction, and takes one of a transaction for nothing else", () => {
    const [bound, other, free] = [mark({ bind: "b1" }), mark({ bind: "b2" }), mark()];
    expect([bound, other, free].map((each) => ok(judge(PLAIN, [each], asked({ bind: "b1" }))))).toEqual([
      true,
      false,
      false,
    ]);
    expect([bound, other, free].map((each) => ok(judge(PLAIN, [each], asked())))).toEqual([false, false, true]);
  });

  it("names the unused proofs of other transactions, of this user and action only", () => {
    const marks = [
      mark({ id: "stray", bind: "b2", action: "pay" }),
      mark({ id: "foreign", bind: "b2", action: "pay", user: "eve" }),
      mark({ id: "other action", bind: "b2", action: "read" }),
      mark({ id: "free", action: "pay" }),
    ];
    const verdict = judge(PLAIN, marks, asked({ bind: "b1", action: "pay" }));
    expect(verdict.ok ? [] : verdict.strayed.map(({ id }) => id)).toEqual(["stray"]);
    const unbound = judge(PLAIN, [mark({ bind: "b2" })], asked());
    expect(unbound).toMatchObject({ ok: false, reason: "missing", strayed: [] });
  });

  it("A07: takes no weaker method where a strong one is wanted", () => {
    const policy: Requirement = { ...PLAIN, methods: "phishing-resistant" };
    expect(ok(judge(policy, [mark({ methods: ["sms"] }), mark({ methods: ["totp"] })], asked()))).toBe(false);
    expect(ok(judge(policy, [mark({ methods: ["passkey"] })], asked()))).toBe(true);
    expect(ok(judge(policy, [mark({ methods: ["passkey"] })], asked({ resistant: [] })))).toBe(false);
  });

  it("A06: takes no method twice for two", () => {
    const policy: Requirement = { ...PLAIN, methods: { kind: "allOf", names: ["totp", "sms"] } };
    const twice = judge(policy, [mark({ id: "1", methods: ["sms"] }), mark({ id: "2", methods: ["sms"] })], asked());
    expect(twice).toMatchObject({ ok: false, missing: ["totp"] });
    const both = judge(policy, [mark({ id: "1", methods: ["sms"] }), mark({ id: "2", methods: ["totp"] })], asked());
    expect(both.ok && both.marks.map(({ id }) => id).sort()).toEqual(["1", "2"]);
  });

  it("takes the newest of several that would do", () => {
    const verdict = judge(PLAIN, [mark({ id: "old", at: NOW - 9_000 }), mark({ id: "new" })], asked());
    expect(verdict.ok && verdict.marks.map(({ id }) => id)).toEqual(["new"]);
  });
});
