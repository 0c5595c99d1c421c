/**
 * The attacker finds a laptop that was left open. How old a proof may be is for each route to say and for the server's
 * clock to measure, to the millisecond; nothing that a client sends makes a proof younger.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { type Fixture, fixture } from "../helpers/app.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

let shop: Fixture;
let agent: Agent;
beforeEach(async () => {
  shop = fixture();
  shop.guard("/minute", { maxAge: "60s" });
  shop.guard("/five", { maxAge: "300s" });
  shop.guard("/hour", { maxAge: "1h" });
  shop.guard("/default");
  shop.guard("/day", { maxAge: "24h" });
  agent = await shop.login("ada");
  await agent.get("/five").expect(401);
  await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
});

describe("a proof", () => {
  it.each<[string, number, number]>([
    ["/minute", 60_000, 60],
    ["/five", 300_000, 300],
    ["/default", 900_000, 900],
    ["/hour", 3_600_000, 3600],
    ["/day", 86_400_000, 86_400],
  ])("A11 for %s passes %d ms after it was given, and no millisecond later", async (path, maxAge, seconds) => {
    await agent.get(path).expect(200);
    shop.clock.tick(maxAge - 1000);
    await agent.get(path).expect(200);
    shop.clock.tick(1000);
    await agent.get(path).expect(200);
    shop.clock.tick(1);
    const { body } = await agent.get(path).expect(401);
    expect(body).toMatchObject({ reason: "expired", maxAge: seconds });
    expect(shop.counters.handlerHits).toBe(3);
  });

  it("A11 that is too old for one route is young enough for another", async () => {
    shop.clock.tick(60_001);
    await agent.get("/minute").expect(401);
    await agent.get("/five").expect(200);
    shop.clock.tick(240_000);
    await agent.get("/five").expect(401);
    await agent.get("/hour").expect(200);
  });

  it("A11 is not made younger by being used", async () => {
    for (let seconds = 0; seconds < 300; seconds += 30) {
      await agent.get("/five").expect(200);
      shop.clock.tick(30_000);
    }
    await agent.get("/five").expect(200);
    shop.clock.tick(1);
    await agent.get("/five").expect(401);
  });

  it("A11 is not made younger by what a client sends", async () => {
    shop.clock.tick(300_001);
    const now = new Date(Date.UTC(2026, 0, 1)).toUTCString();
    const headers = { Date: now, "If-Modified-Since": now, "X-Timestamp": "1767225600", Age: "0" };
    await agent.get("/five?maxAge=1h&at=1767225600000&timestamp=1767225600").set(headers).expect(401);
    await agent.get("/2fa/status?maxAge=24h").expect(200);
    await agent.get("/five").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A11 is not made younger by a clock that goes back", async () => {
    shop.clock.tick(-31_000);
    // 429 where a limit has seen the future: that is no way in either
    for (const path of ["/five", "/day"]) expect([401, 429]).toContain((await agent.get(path)).status);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A11 is told its age by the status route, on the server's clock", async () => {
    shop.clock.tick(300_000);
    const fresh = await agent.get("/2fa/status?maxAge=300s").expect(200);
    expect(fresh.body).toEqual({
      verified: true,
      methods: ["sms"],
      verifiedAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-01T00:05:00.000Z",
    });
    shop.clock.tick(1);
    const stale = await agent.get("/2fa/status?maxAge=300s").expect(200);
    expect(stale.body).toEqual({ verified: false, methods: [] });
  });
});
