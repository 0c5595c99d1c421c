import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTwoFactorError } from "../../src/core/errors.js";
import { parsePolicy, type Policy } from "../../src/step-up/policy.js";

const MINUTE = 60_000;
const parse = (policy: unknown) => parsePolicy(policy as Policy<unknown>);
const misconfigured = (words: RegExp) =>
  expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(words) });

describe("a policy", () => {
  it("has the defaults that are documented", () => {
    const defaults = {
      maxAge: 15 * MINUTE,
      maxAgeSeconds: 900,
      idle: undefined,
      methods: "all",
      oneShot: false,
      action: undefined,
      bind: undefined,
      when: undefined,
      onNotEnrolled: "deny",
      machine: "deny",
      trustedDevice: false,
      resume: true,
      limits: [],
      reportOnly: false,
      status: 401,
    };
    expect(parse({})).toEqual(defaults);
    expect(parse(undefined)).toEqual(defaults);
    expect(parse({ maxAge: undefined, methods: undefined, status: undefined })).toEqual(defaults);
  });

  it("takes every option", () => {
    const [bind, when] = [() => ({ amount: 1 }), () => true];
    const policy = {
      maxAge: "5m",
      idle: "1m",
      methods: ["totp", "sms"],
      action: "transfer",
      bind,
      when,
      onNotEnrolled: "allow",
      machine: "allow",
      trustedDevice: false,
      resume: false,
      limits: ["payouts"],
      reportOnly: true,
      status: 403,
    };
    expect(parse(policy)).toEqual({
      ...policy,
      maxAge: 5 * MINUTE,
      maxAgeSeconds: 300,
      idle: MINUTE,
      methods: { kind: "anyOf", names: ["totp", "sms"] },
      oneShot: true,
    });
  });

  it("opens one door once with maxAge 0, and waits five minutes for it", () => {
    expect(parse({ maxAge: 0 })).toMatchObject({ oneShot: true, maxAge: 5 * MINUTE, maxAgeSeconds: 0 });
    expect(parse({ maxAge: "0s" })).toMatchObject({ oneShot: true });
    expect(parse({ bind: () => ({ a: 1 }) })).toMatchObject({ oneShot: true, maxAge: 15 * MINUTE });
  });

  it("may want all of several methods, or one that cannot be phished", () => {
    expect(parse({ methods: { allOf: ["totp", "sms"] } }).methods).toEqual({ kind: "allOf", names: ["totp", "sms"] });
    expect(parse({ methods: "phishing-resistant" }).methods).toBe("phishing-resistant");
    expect(parse({ maxAge: "24h" }).maxAge).toBe(24 * 60 * MINUTE);
  });

  it.each<[unknown, RegExp]>([
    [{ maxage: "5m" }, /"maxage"\. Did you mean "maxAge"\?/],
    [{ method: ["sms"] }, /Did you mean "methods"\?/],
    [{ max_age: "5m" }, /Did you mean "maxAge"\?/],
    [{ role: "admin" }, /unknown option "role"/],
    [{ maxAge: 300 }, /is not a duration/],
    [{ maxAge: "5 minutes" }, /not a duration/],
    [{ maxAge: "-5m" }, /not a duration/],
    [{ maxAge: null }, /not a duration/],
    [{ maxAge: "25h" }, /at most "24h"/],
    [{ maxAge: "1440.001m" }, /at most "24h"/],
    [{ idle: 0 }, /idle/],
    [{ idle: "5m", maxAge: 0 }, /idle/],
    [{ idle: 60 }, /not a duration/],
    [{ methods: [] }, /at least one/],
    [{ methods: "sms" }, /write a list/],
    [{ methods: ["smss"] }, /Did you mean "sms"\?/],
    [{ methods: ["sms", "pigeon"] }, /"pigeon"/],
    [{ methods: [["sms"]] }, /Known: totp/],
    [{ methods: { allOf: [] } }, /at least one/],
    [{ methods: { allOf: "sms" } }, /at least one/],
    [{ methods: { anyOf: ["sms"] } }, /methods/],
    [{ methods: { allOf: ["sms"], anyOf: ["totp"] } }, /unknown option "anyOf"/],
    [{ methods: null }, /methods/],
    [{ methods: 5 }, /methods/],
    [{ action: "" }, /action/],
    [{ action: "a".repeat(101) }, /action/],
    [{ action: "pay\nall" }, /action/],
    [{ action: "pay\u202eall" }, /action/],
    [{ action: 5 }, /action/],
    [{ action: ["pay"] }, /action/],
    [{ bind: { amount: 1 } }, /bind.*function/],
    [{ when: true }, /when.*function/],
    [{ when: null }, /when.*function/],
    [{ onNotEnrolled: "ignore" }, /onNotEnrolled.*Known: deny, enroll, allow/],
    [{ onNotEnrolled: true }, /onNotEnrolled/],
    [{ machine: "alow" }, /Did you mean "allow"\?/],
    [{ resume: "yes" }, /resume.*true or false/],
    [{ reportOnly: 1 }, /reportOnly.*true or false/],
    [{ status: 200 }, /status.*401, 403/],
    [{ status: 404 }, /status/],
    [{ limits: "payouts" }, /limits/],
    [{ limits: [5] }, /limits/],
    [{ limits: {} }, /limits/],
    [[], /object/],
    [null, /object/],
    ["sms", /object/],
  ])("is refused when it is %j", (policy, words) => {
    expect(() => parse(policy)).toThrow(misconfigured(words));
  });

  it("B02: is read or refused with a sentence, whatever it holds", () => {
    const value = fc.oneof(
      fc.anything(),
      fc.constantFrom(
        "5m",
        "0s",
        0,
        "deny",
        "allow",
        "enroll",
        true,
        false,
        401,
        403,
        "401",
        ["sms"],
        ["totp", "sms"],
        { allOf: ["sms"] },
        "phishing-resistant",
        "pay",
      ),
    );
    const key = fc.constantFrom(
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
      "reportOnly",
      "status",
      "x",
      "__proto__",
    );
    fc.assert(
      fc.property(fc.dictionary(key, value), (policy) => {
        try {
          const { maxAge, status, oneShot, methods } = parse(policy);
          expect(maxAge > 0 && maxAge <= 24 * 60 * MINUTE && [401, 403].includes(status)).toBe(true);
          expect(typeof oneShot).toBe("boolean");
          expect(typeof methods === "string" || methods.names.length > 0).toBe(true);
        } catch (error) {
          if (!isTwoFactorError(error)) throw error;
          expect(error.code).toBe("misconfigured");
        }
      }),
      { seed: 29, numRuns: 5_000 },
    );
  });
});
