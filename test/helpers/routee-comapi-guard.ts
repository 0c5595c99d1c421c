import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import type { Router } from "express";
import { sms } from "../../src/index.js";
import type { VerificationProvider } from "../../src/providers/provider.js";
import type { Clock } from "../../src/core/clock.js";
import { type Fixture, fixture } from "./app.js";
import { engine, type Engine, hostOf, type Listening, listen } from "./routee-comapi-host.js";

export interface Vendor {
  router(its: Engine): Router;
  provider(url: string, clock: Clock): VerificationProvider;
  /** The engine's account that the provider's codes belong to. */
  readonly account: string;
}

/** A guarded app whose codes a vendor makes: the vendor is another instance, behind HTTP. */
export function guardCases({ router, provider, account }: Vendor): void {
  let vendor: Engine;
  let host: Listening;
  let shop: Fixture;
  let agent: Awaited<ReturnType<Fixture["login"]>>;
  const open: Listening[] = [];

  beforeEach(async () => {
    vendor = engine();
    vendor.code = "0815";
    host = await listen(hostOf(router(vendor)));
    open.push(host);
    shop = fixture({ methods: [sms(provider(host.url, () => shop.clock()))] });
    shop.guard("/vault");
    agent = await shop.login("ada");
    const refused = await agent.get("/vault").expect(401);
    expect(refused.body).toMatchObject({
      code: "second_factor_required",
      challenge: { method: "sms", attemptsLeft: 5 },
    });
  });
  afterEach(() => expect(shop.counters.grants).toBeLessThanOrEqual(1));
  afterAll(() => Promise.all(open.map((each) => each.close())));

  const pass = (): Promise<unknown> => agent.get("/vault").expect(200);
  const stopped = async (): Promise<void> => {
    await agent.get("/vault").expect(401);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  };

  it("lets a person in with the vendor's code, once", async () => {
    expect(vendor.messages).toHaveLength(1);
    expect(vendor.messages[0]).toMatchObject({
      to: "+46707123456",
      text: expect.stringMatching(/^0815 is your Shop /),
    });
    await agent.post("/2fa/verify").send({ code: "0815" }).expect(200);
    await pass();
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 1 });
    const { found } = await vendor.tfa.verifications.search({ account });
    expect(found).toMatchObject([{ status: "verified", attempts: 1 }]);
    await agent.post("/2fa/verify").send({ code: "0815" }).expect(409);
  });

  it("keeps its own budget of attempts", async () => {
    for (const attemptsLeft of [4, 3, 2, 1, 0]) {
      const wrong = await agent.post("/2fa/verify").send({ code: "1111" }).expect(422);
      expect(wrong.body).toMatchObject({ code: "wrong_code", attemptsLeft });
    }
    await agent.post("/2fa/verify").send({ code: "0815" }).expect(429);
    await stopped();
  });

  it("keeps its own expiry", async () => {
    shop.clock.tick(300_001);
    await agent.post("/2fa/verify").send({ code: "0815" }).expect(410);
    await stopped();
  });

  it("grants nothing while the vendor is down, and loses no attempt", async () => {
    await host.close();
    for (let time = 0; time < 6; time += 1) {
      const down = await agent.post("/2fa/verify").send({ code: "0815" }).expect(503);
      expect(down.body).toMatchObject({ code: "unavailable" });
    }
    await stopped();
    const status = await agent.get("/vault");
    expect(status.body).toMatchObject({ challenge: { attemptsLeft: 5 } });
  });

  it("takes no code of somebody else's verification", async () => {
    vendor.code = "4711";
    const bob = await shop.login("bob");
    await bob.get("/vault").expect(401);
    expect(vendor.messages).toHaveLength(2);
    await agent.post("/2fa/verify").send({ code: "4711" }).expect(422);
    await stopped();
    await bob.post("/2fa/verify").send({ code: "4711" }).expect(200);
  });
}
