import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { email, outbox, sms, voice } from "../../src/index.js";
import { mitto } from "../../src/vendors/mitto/index.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { SID, type World, world } from "../helpers/mitto-world.js";

let vendor: World;
let shop: Fixture;
let agent: ReturnType<typeof request.agent>;

const client = () => mitto({ accountSid: SID, token: "tok", service: "Shop", from: "Shop", baseUrl: vendor.url });
const code = (): string => /\d{6,8}/.exec(vendor.sent[0]?.text ?? "")?.[0] ?? "";

/** An app whose second factor is whoever answers as Mitto over HTTP. */
async function open(methods = [sms(client()), voice(client()), email(client())]): Promise<void> {
  shop = fixture({ methods });
  shop.guard("/vault");
  agent = await shop.login("ada");
}

describe("a guarded route that sends through Mitto", () => {
  beforeEach(async () => {
    vendor = await world();
    await open();
  });
  afterEach(() => vendor.close());

  it("opens for the code that Mitto made, and for no other", async () => {
    const { body } = await agent.get("/vault").expect(401);
    expect(body.challenge).toMatchObject({ method: "sms", attemptsLeft: 5 });
    expect(vendor.sent).toMatchObject([{ channel: "sms", to: "+46707123456", from: "Shop" }]);
    expect(vendor.sent[0]?.text).toContain(`#${code()}`);
    const wrong = await agent.get("/vault").set("Two-Factor-Code", "000000").expect(422);
    expect(wrong.body).toMatchObject({ code: "wrong_code", attemptsLeft: 4 });
    await agent.get("/vault").set("Two-Factor-Code", code()).expect(200);
    await agent.get("/vault").expect(200);
    const { twoFaOtpSdrs } = (await vendor.get("/2fa/search")).json;
    expect(twoFaOtpSdrs).toMatchObject([
      { status: "success", service: "Shop", checks: [{ status: "invalid" }, { status: "valid" }] },
    ]);
    expect(shop.counters.handlerHits).toBe(2);
  });

  it.each(["voice", "email"])("goes by %s as well", async (method) => {
    await agent.get("/vault").expect(401);
    shop.clock.tick(30_000);
    await agent.post("/2fa/challenge").send({ method }).expect(201);
    expect(vendor.sent[0]).toMatchObject({ channel: method });
    expect(vendor.sent[0]?.text).toContain("312209");
    await agent.post("/2fa/verify").send({ code: code() }).expect(200);
    await agent.get("/vault").expect(200);
  });

  it("lets nobody in, and counts nothing, while Mitto does not answer", async () => {
    await agent.get("/vault").expect(401);
    const right = code();
    await vendor.close();
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const { body } = await agent.get("/vault").set("Two-Factor-Code", right).expect(503);
      expect(body.code).toBe("unavailable");
    }
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
    const { body } = await agent.get("/vault").expect(401);
    expect(body.challenge.attemptsLeft).toBe(5);
    vendor = await world();
  });

  it("keeps to our own attempts and our own expiry", async () => {
    await agent.get("/vault").expect(401);
    const right = code();
    shop.clock.tick(300_000);
    await agent.post("/2fa/verify").send({ code: right }).expect(410);
    expect((await vendor.get("/2fa/search")).json.twoFaOtpSdrs).toMatchObject([{ checks: [] }]);
    await agent.get("/vault").expect(401);
    for (let attempt = 0; attempt < 5; attempt += 1)
      await agent.post("/2fa/verify").send({ code: "000000" }).expect(422);
    await agent.post("/2fa/verify").send({ code: code() }).expect(429);
    expect(shop.counters.grants).toBe(0);
  });

  it("is refused when no message gets out, and goes on to the next provider where there is one", async () => {
    vendor.failing = true;
    await agent.get("/vault").expect(502);
    const box = outbox();
    await open([sms([client(), box])]);
    await agent.get("/vault").expect(401);
    const own = /\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
    await agent.get("/vault").set("Two-Factor-Code", own).expect(200);
  });
});

describe("verifications of an app that sends through Mitto", () => {
  beforeEach(async () => {
    vendor = await world();
    await open();
  });
  afterEach(() => vendor.close());

  it("are checked and canceled over there", async () => {
    const { verifications } = shop.tfa;
    const start = async (to: string) => {
      const started = await verifications.start({ to, service: "Bank", template: "Bank: {code}" });
      return started.ok ? started.verification.id : "";
    };
    const id = await start("+46707123456");
    expect(vendor.sent[0]?.text).toBe("Bank: 312209");
    expect(await verifications.check({ id, code: "000000" })).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await verifications.check({ id, code: "312209" })).toMatchObject({ ok: true });
    const second = await start("+46707123457");
    expect(await verifications.cancel({ id: second })).toBe(true);
    expect((await vendor.get("/2fa/search?status=canceled")).json.total).toBe(1);
  });
});
