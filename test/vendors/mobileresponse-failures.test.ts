import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { withinFailures } from "../../src/verification/failure-limit.js";
import { fakeClock } from "../helpers/clock.js";
import { engine } from "../helpers/vendor-host.js";

const LIMIT = { max: 2, interval: "60s" } as const;
const yes = async () => ({ ok: true }) as const;
const no = async () => ({ ok: false }) as const;

function limited() {
  const clock = fakeClock();
  const parts = { store: memoryStore(), clock };
  const answer = <T extends { ok: boolean }>(run: () => Promise<T>, by = "x") =>
    withinFailures(parts, [by], LIMIT, run);
  return { clock, answer, parts };
}

describe("a limit on failures", () => {
  it("counts what is wrong and nothing else", async () => {
    const { answer, clock } = limited();
    for (let call = 0; call < 5; call += 1) expect(await answer(yes)).toEqual({ ok: true });
    await answer(no);
    clock.tick(20_000);
    expect(await answer(yes)).toEqual({ ok: true });
    await answer(no);
    expect(await answer(yes)).toMatchObject({
      ok: false,
      reason: "limit_exceeded",
      details: { retryAfter: 40, limit: { name: "failures", max: 2, seconds: 60 } },
    });
    expect(await answer(yes, "y")).toEqual({ ok: true });
    clock.tick(40_000);
    expect(await answer(yes)).toEqual({ ok: true });
  });

  it("lets no more be compared at once than are left", async () => {
    const { answer } = limited();
    let compared = 0;
    const slow = async () => {
      compared += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { ok: false } as const;
    };
    await Promise.all(Array.from({ length: 50 }, () => answer(slow)));
    expect(compared).toBe(2);
  });

  it("gives back what could not be compared, and lets the fault through", async () => {
    const { answer, parts } = limited();
    const fault = new Error("the vendor is away");
    for (let call = 0; call < 5; call += 1) {
      await expect(answer(() => Promise.reject(fault))).rejects.toBe(fault);
    }
    expect(await answer(yes)).toEqual({ ok: true });
    const broken = Object.assign(Object.create(parts.store), {
      charge: (...charges: Parameters<Store["charge"]>) => parts.store.charge(...charges),
      refund: () => Promise.reject(new Error("and the store as well")),
    }) as Store;
    const refused = withinFailures({ ...parts, store: broken }, ["z"], LIMIT, () => Promise.reject(fault));
    await expect(refused).rejects.toBe(fault);
  });

  it("compares nothing when it cannot be counted", async () => {
    const { clock } = limited();
    const fault = new Error("the store is away");
    const store = { charge: () => Promise.reject(fault) } as unknown as Store;
    let compared = 0;
    const run = async () => {
      compared += 1;
      return { ok: true } as const;
    };
    await expect(withinFailures({ store, clock }, ["x"], LIMIT, run)).rejects.toBe(fault);
    expect(compared).toBe(0);
  });

  it.each([
    { max: 0, interval: "60s" },
    { max: 1.5, interval: "60s" },
    { max: 1, interval: 60 },
  ])("is none with %o", async (limit) => {
    const { parts } = limited();
    await expect(withinFailures(parts, ["x"], limit as never, yes)).rejects.toMatchObject({ code: "misconfigured" });
  });
});

describe("a verification found by its code alone", () => {
  it("takes twenty guesses in ten minutes, whatever the caller forgets", async () => {
    const { tfa, clock, codes } = engine();
    const { verifications } = tfa;
    for (let guess = 0; guess < 20; guess += 1) {
      expect(await verifications.checkByCode({ code: `x${guess}` })).toMatchObject({ reason: "challenge_not_found" });
    }
    codes.push("123456");
    await verifications.start({ to: "+46707123456", unique: true, ttl: "1h" });
    expect(await verifications.checkByCode({ code: "123456" })).toMatchObject({
      reason: "limit_exceeded",
      details: { retryAfter: 600 },
    });
    expect(await verifications.checkByCode({ code: "123456", service: "another" })).toMatchObject({
      reason: "challenge_not_found",
    });
    clock.tick(600_000);
    expect(await verifications.checkByCode({ code: "123456" })).toMatchObject({ ok: true });
  });

  it("leaves the code of a start that was refused to the next one", async () => {
    const { tfa, codes } = engine();
    await tfa.limits.create({ name: "one", buckets: [{ max: 1, interval: "60s" }] });
    codes.push("111111", "222222", "222222");
    const start = (to: string, limit: string) => tfa.verifications.start({ to, unique: true, limits: { one: limit } });
    expect(await start("+46707123456", "a")).toMatchObject({ ok: true });
    expect(await start("+46707123457", "a")).toMatchObject({ ok: false, reason: "limit_exceeded" });
    expect(await start("+46707123457", "b")).toMatchObject({ ok: true });
    expect(codes).toEqual([]);
    expect(await tfa.verifications.checkByCode({ code: "222222" })).toMatchObject({ ok: true });
  });

  it("may be a code of the caller's own, with whatever characters", async () => {
    const { tfa } = engine();
    for (const value of ["Xy-12^", "ABC-def", "0012", "p q".replace(" ", "_")]) {
      const started = await tfa.verifications.start({ to: "+46707123456", unique: true, code: { value } });
      const id = started.ok ? started.verification.id : "";
      expect(
        await tfa.verifications.check({ id, code: value.toUpperCase() === value ? "nope" : value.toUpperCase() }),
      ).toMatchObject({ ok: false });
      expect(await tfa.verifications.checkByCode({ code: value })).toMatchObject({ ok: true });
    }
  });
});
