import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secondsUntil } from "../../src/core/clock.js";
import { ERRORS, isTwoFactorError, TwoFactorError, unavailable } from "../../src/core/errors.js";
import { refused, refusedAs, refusedByCrowd, refusedByLimit, refusedByLock } from "../../src/verification/outcome.js";
import { endOf, isLive } from "../../src/stores/ended.js";
import type { Pending } from "../../src/stores/pending.js";

const T = 1_000_000;

describe("an outcome", () => {
  it.each([
    ["missing", "challenge_not_found", 404],
    ["canceled", "challenge_not_found", 404],
    ["expired", "challenge_expired", 410],
    ["used", "challenge_used", 409],
    ["spent", "challenge_spent", 429],
  ] as const)("of a challenge that is %s is %s (%d)", (ended, code, status) => {
    expect(refusedAs(ended)).toEqual({ ok: false, reason: code, details: {} });
    expect(ERRORS[code].status).toBe(status);
  });

  it("has the status of the HTTP contract for every code", () => {
    expect(Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))).toEqual({
      second_factor_required: 401,
      first_factor_required: 401,
      not_enrolled: 403,
      method_not_allowed: 403,
      origin_refused: 403,
      invalid_request: 400,
      wrong_code: 422,
      challenge_not_found: 404,
      challenge_expired: 410,
      challenge_used: 409,
      challenge_spent: 429,
      account_locked: 429,
      limit_exceeded: 429,
      delivery_failed: 502,
      unavailable: 503,
      misconfigured: 500,
    });
  });

  it("carries the challenge only where there is one", () => {
    expect(refused("wrong_code", { attemptsLeft: 3 })).toEqual({
      ok: false,
      reason: "wrong_code",
      details: { attemptsLeft: 3 },
    });
    const entry = { id: "one" } as Pending;
    expect(refused("wrong_code", {}, entry).entry).toBe(entry);
  });

  it("says in whole seconds when to come back, never too early and never zero", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e9 }), (wait) => {
        for (const { details } of [
          refusedByLock(T + wait, T),
          refusedByCrowd(T + wait, T),
          refusedByLimit({ name: "user", max: 5, interval: 600_000, retryAt: T + wait }, T),
        ]) {
          const seconds = details.retryAfter ?? Number.NaN;
          expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
          expect(T + seconds * 1_000).toBeGreaterThanOrEqual(T + wait);
          expect(seconds).toBe(secondsUntil(T + wait, T));
        }
      }),
      { seed: 29 },
    );
  });

  it("names the limit that refused, and reads a wait between messages as one message in that time", () => {
    expect(refusedByLimit({ name: "user", max: 5, interval: 600_000, retryAt: T + 1_500 }, T)).toEqual({
      ok: false,
      reason: "limit_exceeded",
      details: { retryAfter: 2, limit: { name: "user", max: 5, seconds: 600 } },
    });
    expect(
      refusedByLimit({ name: "spacing", max: Number.MAX_SAFE_INTEGER, interval: 600_000, retryAt: T + 29_500 }, T)
        .details,
    ).toEqual({
      retryAfter: 30,
      limit: { name: "spacing", max: 1, seconds: 30 },
    });
  });

  it("tells a lock and a crowd by code", () => {
    expect(refusedByLock(T + 900_000, T)).toEqual({
      ok: false,
      reason: "account_locked",
      details: { retryAfter: 900 },
    });
    expect(refusedByCrowd(T + 60_000, T)).toMatchObject({
      ok: false,
      reason: "unavailable",
      details: { retryAfter: 60 },
    });
  });
});

describe("the end of a challenge", () => {
  const entry: Pending = {
    id: "one",
    tenant: "tenant",
    owner: "owner",
    purpose: "purpose",
    keyId: "key",
    createdAt: T,
    updatedAt: T,
    expiresAt: T + 300_000,
    maxAttempts: 5,
    state: "pending",
    attempts: 0,
    revision: 0,
    delivery: { method: "sms", status: "sent", sent: [{ method: "sms", to: "+46707123456", sends: 1, resendAt: 0 }] },
    checks: [],
    events: [],
    detail: {},
  };

  it.each<[string, Partial<Pending>, number, string | undefined]>([
    ["new", {}, T, undefined],
    ["about to expire", {}, T + 299_999, undefined],
    ["at its end", {}, T + 300_000, "expired"],
    ["long over", {}, T + 1e9, "expired"],
    ["seen by a clock that went back a little", {}, T - 30_000, undefined],
    ["seen by a clock that went back further", {}, T - 30_001, "expired"],
    ["with one attempt left", { attempts: 4 }, T, undefined],
    ["without attempts", { attempts: 5 }, T, "spent"],
    ["with more attempts than there are", { attempts: 6 }, T, "spent"],
    ["without attempts and expired", { attempts: 5 }, T + 1e9, "spent"],
    ["used", { state: "verified" }, T, "used"],
    ["used and expired", { state: "verified" }, T + 1e9, "used"],
    ["canceled", { state: "canceled" }, T, "canceled"],
    ["canceled without attempts", { state: "canceled", attempts: 5 }, T, "canceled"],
  ])("of one that is %s", (_what, changes, now, end) => {
    expect(endOf({ ...entry, ...changes }, now)).toBe(end);
    expect(isLive({ ...entry, ...changes }, now)).toBe(end === undefined);
  });

  it("is that there is none", () => {
    expect(endOf(undefined, T)).toBe("missing");
  });
});

describe("TwoFactorError", () => {
  it("is known by its code, carries its status, and keeps what happened underneath to itself", () => {
    const cause = new Error("connect ECONNREFUSED 10.0.0.1:6379");
    const error = unavailable("The store did not answer.", cause, 7);
    expect(error).toMatchObject({
      name: "TwoFactorError",
      code: "unavailable",
      status: 503,
      message: "The store did not answer.",
      details: { retryAfter: 7 },
    });
    expect(error.cause).toBe(cause);
    expect(isTwoFactorError(error)).toBe(true);
    expect(isTwoFactorError(Object.assign({}, error))).toBe(false);
    expect(new TwoFactorError("wrong_code").message).toBe(ERRORS.wrong_code.title);
  });
});
