import express from "express";
import { beforeEach, describe, expect, it } from "vitest";
import { require2fa, type RoutePolicy } from "../../src/index.js";
import { type Fixture, fixture } from "../helpers/app.js";

/** A client asks before its long form: what is opened ahead is what the guard of the action takes, or is refused. */
type Agent = Awaited<ReturnType<Fixture["login"]>>;

let shop: Fixture;
let grace: Agent;

beforeEach(async () => {
  shop = fixture({ limits: { named: { payouts: { by: "user", buckets: [{ max: 1, interval: "1h" }] } } } });
  grace = await shop.login("grace");
});

const guard = (policy: RoutePolicy, path = "/payout"): void =>
  void shop.app.post(path, require2fa(policy), shop.handler);
const begin = (fields: object) => grace.post("/2fa/challenge").send({ action: "payout", ...fields });
const status = async (query = "") => (await grace.get(`/2fa/status?action=payout${query}`).expect(200)).body;

describe("a challenge ahead of the request", () => {
  it("takes only what the guard of the action takes, and that opens it", async () => {
    guard({ action: "payout", methods: ["sms"], maxAge: "5m" });
    const no = await begin({ method: "totp" }).expect(403);
    expect(no.body.code).toBe("method_not_allowed");
    const { body } = await begin({}).expect(201);
    expect(body).toMatchObject({ method: "sms" });
    expect(body).not.toHaveProperty("choices");
    const proved = await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(proved.body.expiresAt).toBe("2026-01-01T00:05:00.000Z");
    await grace.post("/payout").expect(200);
    expect(await status()).toMatchObject({ verified: true, expiresAt: "2026-01-01T00:05:00.000Z" });
  });

  it("is the very challenge that the guard would have opened", async () => {
    guard({ action: "payout", methods: ["sms", "email"] });
    const { body: ahead } = await begin({}).expect(201);
    const { body: refusal } = await grace.post("/payout").expect(401);
    expect(refusal.challenge.id).toBe(ahead.id);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("is charged to the limits of the route", async () => {
    guard({ action: "payout", methods: ["sms", "email"], limits: ["payouts"] });
    await begin({ method: "sms" }).expect(201);
    const no = await begin({ method: "email" }).expect(429);
    expect(no.headers["ratelimit"]).toContain('"payouts"');
  });

  it("of a guard that wants several methods asks for one after the other", async () => {
    guard({ action: "payout", methods: { allOf: ["sms", "email"] } });
    for (const method of ["sms", "email"]) {
      expect(await status()).toMatchObject({ verified: false });
      const { body } = await begin({}).expect(201);
      expect(body.method).toBe(method);
      await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    }
    expect(await status()).toMatchObject({ verified: true, methods: ["sms", "email"] });
    await grace.post("/payout").expect(200);
  });

  it("of an action with two guards asks for what the second wants too", async () => {
    guard({ action: "payout", methods: ["sms"] });
    guard({ action: "payout", methods: ["email"] }, "/payout/abroad");
    await begin({}).expect(201);
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(await status()).toMatchObject({ verified: false });
    expect((await begin({}).expect(201)).body.method).toBe("email");
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(await status()).toMatchObject({ verified: true });
    await grace.post("/payout").expect(200);
    await grace.post("/payout/abroad").expect(200);
  });

  it("A05 is refused where only the request can say what is approved", async () => {
    shop.app.use(express.json());
    guard({ action: "payout", bind: (req) => ({ amount: String(req.body.amount) }) });
    const no = await begin({}).expect(400);
    expect(no.body.detail).toContain("transaction");
    expect(await status()).toMatchObject({ verified: false });
    expect(shop.box.messages).toEqual([]);
  });

  it("for one request is not told to hold once it was used", async () => {
    guard({ action: "payout", maxAge: 0, methods: ["sms"] });
    await begin({}).expect(201);
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(await status()).toMatchObject({ verified: true });
    await grace.post("/payout").expect(200);
    expect(await status()).toMatchObject({ verified: false });
  });

  it("finds guards on routers and before them, and is not younger than the client asks", async () => {
    const router = express.Router();
    router.use(require2fa({ action: "payout", methods: ["sms"] }));
    router.post("/", shop.handler);
    shop.app.use("/payout", router);
    await begin({ method: "totp" }).expect(403);
    await begin({}).expect(201);
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(120_000);
    expect(await status("&maxAge=1m")).toMatchObject({ verified: false });
    expect(await status("&maxAge=5m")).toMatchObject({ verified: true, expiresAt: "2026-01-01T00:05:00.000Z" });
  });

  it("for an action that no guard is seen to ask for is open to all, and a guard out of sight asks again", async () => {
    const hidden = require2fa({ action: "payout", methods: ["sms"] });
    shop.app.post("/payout", (req, res, next) => hidden(req, res, next), shop.handler);
    const { body } = await begin({ method: "email" }).expect(201);
    expect(body.method).toBe("email");
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    const refusal = await grace.post("/payout").expect(401);
    expect(refusal.body).toMatchObject({ code: "second_factor_required", challenge: { method: "sms" } });
  });
});
