import express from "express";
import { generateSync } from "otplib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import {
  email,
  type FirstFactor,
  memoryStore,
  outbox,
  sms,
  totp,
  type TwoFactorOptions,
  voice,
} from "../../src/index.js";
import { type Fixture, fixture, TOTP_SECRET } from "../helpers/app.js";
import { recordingStore } from "../helpers/recording-store.js";

declare module "express-session" {
  interface SessionData {
    by?: string;
  }
}

const byTotp = totp({ secret: (userId) => (userId === "grace" ? TOTP_SECRET : null) });

function shopWith(options: Partial<TwoFactorOptions> = {}): Fixture {
  const shop = fixture(options);
  shop.guard("/vault");
  shop.guard("/by-email", { methods: ["email"] });
  return shop;
}

/** Logged in by whatever the session says. */
function shopThatAsks(answer: (by: string | undefined) => unknown, options: Partial<TwoFactorOptions> = {}): Fixture {
  const shop = shopWith({ ...options, firstFactor: (req) => answer(req.session.by) as FirstFactor });
  const relogin: express.RequestHandler = (req, res) => {
    req.session.by = String(req.query["by"]);
    res.sendStatus(204);
  };
  shop.app.post("/relogin", relogin);
  return shop;
}

const spokenIn = (box: ReturnType<typeof outbox>): string =>
  (box.last()?.text.match(/\d(?:, \d){5}/)?.[0] ?? "").replaceAll(", ", "");
const totpCode = (shop: Fixture): string =>
  generateSync({ secret: TOTP_SECRET, epoch: Math.floor(shop.clock() / 1000) });
const verify = (agent: ReturnType<typeof request.agent>, code: string) => agent.post("/2fa/verify").send({ code });

const ANSWERS: readonly (readonly [how: string, answer: () => unknown, status: number])[] = [
  ["answers later", () => Promise.resolve("email"), 401],
  ["answers with a word that is none", () => "e-mail", 500],
  [
    "throws",
    (): never => {
      throw new Error("broken");
    },
    503,
  ],
  ["rejects", (): Promise<never> => Promise.reject(new Error("broken")), 503],
];

describe("A06 whoever logged in by an e-mailed code", () => {
  it("A06 is offered no e-mail as the second factor, and may not choose it either", async () => {
    const shop = shopWith({ firstFactor: "email" });
    const agent = await shop.login("ada");
    const refusal = await agent.get("/vault");
    expect(refusal.status).toBe(401);
    expect(refusal.body).toMatchObject({ methods: ["sms"], challenge: { method: "sms" } });
    const page = await agent.get("/2fa").set("Accept", "text/html").set("Sec-Fetch-Mode", "navigate");
    expect(page.text).not.toContain('value="email"');
    const chosen = await agent.post("/2fa/challenge").send({ method: "email" });
    expect([chosen.status, chosen.body.code]).toEqual([403, "method_not_allowed"]);
    await agent.post("/2fa/cancel").send({});
    const begun = await agent.post("/2fa/challenge").send({ method: "email", action: "payout" });
    expect([begun.status, begun.body.code]).toEqual([403, "method_not_allowed"]);
    expect(shop.box.messages.map(({ channel }) => channel)).toEqual(["sms"]);
  });

  it("A06 has no second factor where e-mail is the only one that counts", async () => {
    const shop = shopWith({ firstFactor: "email" });
    const agent = await shop.login("ada");
    const refusal = await agent.get("/by-email");
    expect([refusal.status, refusal.body.code]).toEqual([403, "not_enrolled"]);
    expect([shop.box.messages, shop.counters.handlerHits]).toEqual([[], 0]);
  });

  it("A06 passes with an authenticator app", async () => {
    const shop = shopWith({ firstFactor: "email", methods: [byTotp, email(outbox())] });
    const agent = await shop.login("grace");
    expect((await agent.get("/vault")).body.methods).toEqual(["totp"]);
    await verify(agent, totpCode(shop)).expect(200);
    await agent.get("/vault").expect(200);
  });

  it("A06 gets nothing for a proof or a code of that kind from the time before", async () => {
    const shop = shopThatAsks((by) => by);
    const agent = await shop.login("ada");
    await agent.post("/relogin?by=password");
    await agent.get("/by-email").expect(401);
    await verify(agent, shop.code()).expect(200);
    await agent.get("/by-email").expect(200);
    await agent.post("/2fa/challenge").send({ method: "email", action: "later" }).expect(201);
    const code = shop.code();
    await agent.post("/relogin?by=email");
    const compares = shop.counters.compares;
    const sends = shop.box.messages.length;
    shop.clock.tick(31_000);
    expect((await agent.post("/2fa/resend").send({})).body.code).toBe("method_not_allowed");
    expect(shop.box.messages).toHaveLength(sends);
    expect((await verify(agent, code)).body.code).toBe("wrong_code");
    expect(shop.counters.compares).toBe(compares);
    expect((await agent.get("/vault")).body).toMatchObject({ reason: "missing", methods: ["sms"] });
    expect((await agent.get("/2fa/status")).body).toMatchObject({ verified: false, methods: [] });
    await agent.get("/by-email").expect(403);
    await agent.post("/relogin?by=password");
    await agent.get("/by-email").expect(200);
  });

  it("A06 does not pass for somebody without a method, where another login of theirs would be asked for it", async () => {
    const shop = shopThatAsks((by) => by);
    shop.guard("/roll-out", { methods: ["email"], onNotEnrolled: "allow" });
    const agent = await shop.login("ada");
    await agent.post("/relogin?by=email");
    const refusal = await agent.get("/roll-out");
    expect([refusal.status, refusal.body.code]).toEqual([403, "method_not_allowed"]);
    await agent.post("/relogin?by=password");
    await agent.get("/roll-out").expect(401);
    const tom = await shop.login("tom");
    await tom.post("/relogin?by=email");
    await tom.get("/roll-out").expect(200);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("A06 cannot set up a factor by a login that another login's factor stands against", async () => {
    const shop = shopThatAsks((by) => by, { methods: [totp(), email(outbox())], factors: true });
    const enroll = async (user: string, by: string): Promise<number> => {
      const agent = await shop.login(user);
      await agent.post(`/relogin?by=${by}`);
      return (await agent.post("/2fa/factors/enroll").send({ method: "totp" })).status;
    };
    expect(await enroll("ada", "password")).toBe(401);
    expect(await enroll("ada", "email")).toBe(403);
    expect(await enroll("tom", "email")).toBe(201);
  });

  it.each(["sms", "voice"] as const)("A06 takes %s as the telephone, called or written to", async (firstFactor) => {
    const box = outbox();
    const shop = shopWith({ firstFactor, methods: [sms(box), voice(box), email(box)] });
    expect((await (await shop.login("ada")).get("/vault")).body.methods).toEqual(["email"]);
  });

  it.each(["password", undefined, null])("A06 has every method where the login was by %s", async (by) => {
    const shop = shopThatAsks(() => by);
    expect((await (await shop.login("ada")).get("/vault")).body.methods).toEqual(["sms", "email"]);
  });

  it.each(ANSWERS)("A06 is kept out by an app that %s", async (_how, answer, status) => {
    const shop = shopThatAsks(answer);
    const agent = await shop.login("ada");
    const refusal = await agent.get("/vault");
    expect(refusal.status).toBe(status);
    if (status === 401) expect(refusal.body.methods).toEqual(["sms"]);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A06 is the same without a request", async () => {
    const owner = { user: "ada", session: "socket" };
    const constant = shopWith({ firstFactor: "email" }).tfa;
    expect(await constant.challenges.start({ ...owner, method: "email" })).toMatchObject({
      reason: "method_not_allowed",
    });
    const asked = shopThatAsks(() => undefined).tfa;
    const no = await asked.challenges.start({ ...owner, firstFactor: "email", method: "email" });
    expect(no).toMatchObject({ reason: "method_not_allowed" });
    expect(await asked.challenges.start({ ...owner, method: "email" })).toMatchObject({ ok: true });
  });

  it("is told of a word that is none when the app starts", () => {
    const start = (firstFactor: unknown) => () => shopWith({ firstFactor: firstFactor as FirstFactor });
    expect(start("emial")).toThrow(/Did you mean "email"/);
    expect(start(null)).toThrow(expect.objectContaining({ code: "misconfigured" }));
  });
});

describe("A07 the methods of a policy", () => {
  it.each([
    ["the body", (agent: ReturnType<typeof request.agent>) => agent.post("/2fa/challenge").send({ method: "sms" })],
    [
      "a form",
      (agent: ReturnType<typeof request.agent>) => agent.post("/2fa/challenge").type("form").send("method=sms"),
    ],
  ])("A07 are not widened by %s", async (_where, ask) => {
    const shop = shopWith();
    shop.guard("/strong", { methods: ["totp"] });
    const agent = await shop.login("grace");
    await agent.get("/strong?channel=sms&method=sms&workflow=sms").expect(401);
    const refused = await ask(agent);
    expect([refused.status, refused.body.code]).toEqual([403, "method_not_allowed"]);
    expect(shop.box.messages).toEqual([]);
    await agent
      .post("/2fa/verify")
      .send({ code: totpCode(shop), method: "sms", channel: "sms" })
      .expect(200);
    expect((await agent.get("/strong")).body.methods).toEqual(["totp"]);
  });

  it("A07 are asked for as the person has them now: what was set up in an open session counts at once", async () => {
    let secret: string | null = null;
    const shop = fixture({ methods: [totp({ secret: () => secret }), sms(outbox())] });
    shop.guard("/vault");
    shop.guard("/strong", { methods: ["totp"] });
    const agent = await shop.login("ada");
    await agent.get("/strong").expect(403);
    expect((await agent.get("/vault")).body.methods).toEqual(["sms"]);
    secret = TOTP_SECRET;
    expect((await agent.get("/strong")).body).toMatchObject({ methods: ["totp"], challenge: { method: "totp" } });
    await verify(agent, totpCode(shop)).expect(200);
    await agent.get("/strong").expect(200);
  });

  it("A07 are asked for the strongest first, whatever was used before", async () => {
    const shop = shopWith();
    const agent = await shop.login("grace");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await verify(agent, shop.code()).expect(200);
    shop.clock.tick(16 * 60_000);
    expect((await agent.get("/vault")).body.challenge.method).toBe("totp");
  });

  it("A07 are not led to a telephone that was used before, where there is better", async () => {
    const box = outbox();
    const shop = shopWith({ methods: [byTotp, sms(box), voice(box)] });
    shop.guard("/phone", { methods: ["sms", "voice"] });
    const agent = await shop.login("grace");
    await agent.get("/phone").expect(401);
    shop.clock.tick(31_000);
    await agent.post("/2fa/challenge").send({ method: "voice" }).expect(201);
    await verify(agent, spokenIn(box)).expect(200);
    shop.clock.tick(16 * 60_000);
    expect((await agent.get("/phone")).body.challenge.method).toBe("voice");
    expect((await agent.get("/vault")).body.challenge.method).toBe("totp");
  });

  it("A07 come with the one used last first among those of one strength, for this person alone", async () => {
    const box = outbox();
    const shop = shopWith({ methods: [sms(box), voice(box), email(box)] });
    const agent = await shop.login("ada");
    expect((await agent.get("/vault")).body.challenge.method).toBe("sms");
    shop.clock.tick(31_000);
    await agent.post("/2fa/challenge").send({ method: "voice" }).expect(201);
    await verify(agent, spokenIn(box)).expect(200);
    shop.clock.tick(16 * 60_000);
    expect((await (await shop.login("bob")).get("/vault")).body.challenge.method).toBe("sms");
    const again = await agent.get("/vault");
    expect(again.body).toMatchObject({ methods: ["sms", "voice", "email"], challenge: { method: "voice" } });
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await verify(agent, /\d{8}/.exec(box.last()?.text ?? "")?.[0] ?? "").expect(200);
    shop.clock.tick(16 * 60_000);
    expect((await agent.get("/vault")).body.challenge.method).toBe("voice");
    await agent.post("/2fa/cancel").send({});
    await shop.tfa.eraseUser("ada");
    shop.clock.tick(16 * 60_000);
    expect((await (await shop.login("ada")).get("/vault")).body.challenge.method).toBe("sms");
  });

  it("remember nothing, and ask the store nothing, where the order of the app decides", async () => {
    const { store, calls } = recordingStore(memoryStore());
    const shop = shopWith({ store });
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    await verify(agent, shop.code()).expect(200);
    expect(calls.filter(({ method }) => /ocument/.test(method))).toEqual([]);
  });
});
