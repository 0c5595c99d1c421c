/**
 * The attacker can make a server's clock wrong, or waits until it is: a time server that lies, a virtual machine that was
 * put to sleep, an administrator who sets it by hand. They try what was expired, what was used, what was locked, at a time
 * that has been before. Going back must open nothing, lengthen nothing and forget nothing; going ahead may only end things.
 */
import { describe, expect, it } from "vitest";
import { fixture, TOTP_SECRET, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import type { TwoFactorOptions } from "../../src/index.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SKEW = 30 * SECOND;

function vault(options: Partial<TwoFactorOptions> = {}): Fixture {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault", { maxAge: "15m" });
  return shop;
}

async function challenged(shop: Fixture, user = "ada") {
  const agent = await shop.login(user);
  await agent.get("/vault").expect(401);
  return agent;
}

/** No door opened, whatever the reason. */
function denied({ status }: { status: number }): void {
  expect(status).toBeGreaterThanOrEqual(400);
}

async function totpCode(shop: Fixture, offset = 0): Promise<string> {
  const { generateSync } = await import("otplib");
  return generateSync({
    strategy: "hotp",
    secret: TOTP_SECRET,
    counter: Math.floor(shop.clock() / (30 * SECOND)) + offset,
  });
}

describe("K09: a clock that goes back", () => {
  it.each([-5 * SECOND, -HOUR, -25 * HOUR])("by %d ms unlocks no account", async (jump) => {
    const shop = vault({ limits: { ...PLENTY, failures: { perAccount: 3 } } });
    const agent = await challenged(shop);
    for (let index = 0; index < 3; index += 1) await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
    shop.clock.tick(jump);
    const other = await shop.login("ada");
    const { body } = await other.get("/vault").expect(429);
    expect(body.code).toBe("account_locked");
    await agent.post("/2fa/verify").send({ code: shop.code() });
    shop.clock.tick(-jump + 15 * MINUTE - 1);
    await other.get("/vault").expect(429);
    expect(shop.counters).toMatchObject({ compares: 3, grants: 0 });
  });

  it.each([-5 * SECOND, -SKEW, -HOUR])("by %d ms makes no used step usable", async (jump) => {
    const shop = vault();
    const first = await challenged(shop, "grace");
    const code = await totpCode(shop);
    await first.post("/2fa/verify").send({ code }).expect(200);
    shop.clock.tick(jump);
    const second = await challenged(shop, "grace");
    await second.post("/2fa/verify").send({ code }).expect(422);
    await second
      .post("/2fa/verify")
      .send({ code: await totpCode(shop) })
      .expect(422);
    await second
      .post("/2fa/verify")
      .send({ code: await totpCode(shop, -1) })
      .expect(422);
    expect(shop.counters.grants).toBe(1);
  });

  it.each([-5 * SECOND, -HOUR])("by %d ms makes no used code usable", async (jump) => {
    const shop = vault();
    const agent = await challenged(shop);
    const code = shop.code();
    await agent.post("/2fa/verify").send({ code }).expect(200);
    shop.clock.tick(jump);
    await agent.post("/2fa/verify").send({ code }).expect(409);
    expect(shop.counters.grants).toBe(1);
  });

  it.each([-5 * SECOND, -HOUR])("by %d ms makes no proof usable twice that was for one request", async (jump) => {
    const shop = vault();
    shop.guard("/once", { maxAge: 0 });
    const agent = await shop.login("ada");
    await agent.get("/once").expect(401);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/once").expect(200);
    shop.clock.tick(jump);
    await agent.get("/once").expect(denied);
    shop.clock.tick(-jump);
    await agent.get("/once").expect(denied);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("takes a proof from its own future for none, and not for a longer one", async () => {
    const shop = vault();
    const agent = await challenged(shop);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/vault").expect(200);
    shop.clock.tick(-HOUR);
    await agent.get("/vault").expect(denied);
    shop.clock.tick(HOUR + 15 * MINUTE);
    await agent.get("/vault").expect(200);
    shop.clock.tick(1);
    await agent.get("/vault").expect(401);
  });

  it("lets no code live longer than its life and what clocks may differ", async () => {
    for (const [jump, wait, status] of [
      [-SKEW - 1, 0, 410],
      [-SKEW, 5 * MINUTE + SKEW, 410],
      [-5 * SECOND, 5 * MINUTE + 5 * SECOND, 410],
      [-HOUR, 5 * MINUTE, 410],
      [-5 * SECOND, 4 * MINUTE, 200],
    ] as const) {
      const shop = vault();
      const agent = await challenged(shop);
      const code = shop.code();
      shop.clock.tick(jump);
      shop.clock.tick(wait);
      await agent.post("/2fa/verify").send({ code }).expect(status);
    }
  });

  it.each([-5 * SECOND, -HOUR])("by %d ms gives no message back: the limits hold", async (jump) => {
    const shop = vault({ limits: { sends: { perUser: [{ max: 2, interval: "10m" }] } } });
    for (const attempt of [1, 2]) {
      await challenged(shop);
      expect(shop.box.messages).toHaveLength(attempt);
    }
    shop.clock.tick(jump);
    const third = await shop.login("ada");
    const { body } = await third.get("/vault").expect(429);
    expect(body.code).toBe("limit_exceeded");
    expect(shop.box.messages).toHaveLength(2);
  });

  it.each([-5 * SECOND, -HOUR])("by %d ms between two revocations brings no proof back", async (jump) => {
    const shop = vault();
    const agent = await challenged(shop);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(SECOND);
    await shop.tfa.revoke("ada");
    shop.clock.tick(jump);
    await shop.tfa.revoke("ada");
    shop.clock.tick(-jump);
    await agent.get("/vault").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("gives no attempt back", async () => {
    const shop = vault();
    const agent = await challenged(shop);
    for (const attemptsLeft of [4, 3, 2, 1, 0]) {
      const { body } = await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
      expect(body.attemptsLeft).toBe(attemptsLeft);
      shop.clock.tick(attemptsLeft % 2 === 0 ? -5 * SECOND : 5 * SECOND);
    }
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(429);
    expect(shop.counters).toMatchObject({ compares: 5, grants: 0 });
  });
});

describe("K09: a clock that goes ahead", () => {
  it("ends codes and proofs, and only those", async () => {
    const shop = vault();
    const [open, proved] = [await challenged(shop), await challenged(shop, "grace")];
    await proved
      .post("/2fa/verify")
      .send({ code: await totpCode(shop) })
      .expect(200);
    shop.clock.tick(HOUR);
    await open.post("/2fa/verify").send({ code: shop.code() }).expect(410);
    await proved.get("/vault").expect(401);
    await open.get("/vault").expect(401);
    await open.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await open.get("/vault").expect(200);
  });

  it("and comes back leaves no step usable that was used before or in between", async () => {
    const shop = vault();
    const [before, between, after] = [await shop.login("grace"), await shop.login("grace"), await shop.login("grace")];
    await before.get("/vault").expect(401);
    const used = await totpCode(shop);
    await before.post("/2fa/verify").send({ code: used }).expect(200);
    shop.clock.tick(HOUR);
    await between.get("/vault").expect(401);
    await between
      .post("/2fa/verify")
      .send({ code: await totpCode(shop) })
      .expect(200);
    shop.clock.tick(-HOUR + 30 * SECOND);
    await after.get("/vault").expect(401);
    await after.post("/2fa/verify").send({ code: used }).expect(422);
    expect(shop.counters.grants).toBe(2);
  });
});

describe("K09: a clock that stands still", () => {
  it("lets nothing be used twice", async () => {
    const shop = vault();
    shop.guard("/once", { maxAge: 0 });
    const agent = await challenged(shop);
    const code = shop.code();
    await agent.post("/2fa/verify").send({ code }).expect(200);
    await agent.post("/2fa/verify").send({ code }).expect(409);
    await agent.get("/once").expect(401);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/once").expect(200);
    await agent.get("/once").expect(401);
    await agent.post("/2fa/resend").expect(429);
    await shop.tfa.revoke("ada");
    await agent.get("/vault").expect(401);
  });

  it("and says no time at all opens nothing", async () => {
    let broken = false;
    const shop = vault();
    const time = (): number => (broken ? Number.NaN : shop.clock());
    const other = fixture({ clock: time, limits: PLENTY });
    other.guard("/vault");
    const [challenge, proof] = [await challenged(other), await challenged(other, "bob")];
    await proof.post("/2fa/verify").send({ code: other.code() }).expect(200);
    const code = other.code("+46707123456");
    broken = true;
    await proof.get("/vault").expect(denied);
    await challenge.post("/2fa/verify").send({ code }).expect(denied);
    expect(other.counters).toMatchObject({ grants: 1, handlerHits: 0 });
  });
});
