import express, { type RequestHandler } from "express";
import session from "express-session";
import { generateSync } from "otplib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { email, jwtProof, require2fa, sms, totp, twoFactor, type TwoFactorOptions } from "../../src/index.js";
import { codeIn } from "../../src/testing/code-in.js";
import { expectChallenge } from "../../src/testing/expect-challenge.js";
import { testKit, type TestKitOptions } from "../../src/testing/test-kit.js";
import { TOTP_SECRET } from "../helpers/app.js";
import { mint, SECRET } from "../helpers/raw-jwt.js";

const handler: RequestHandler = (req, res) => void res.json({ methods: req.twoFactor.methods, body: req.body });

function bank(options: Partial<TwoFactorOptions> = {}, kitOptions: TestKitOptions = {}) {
  const kit = testKit(kitOptions);
  const app = express();
  app.use(session({ secret: "for tests", resave: false, saveUninitialized: false }), express.json());
  app.post("/login", (req, res) => {
    req.session.userId = String(req.body.user);
    res.sendStatus(204);
  });
  app.use(
    twoFactor({
      secret: "a secret for tests, of 32 bytes or more",
      user: (req) => req.session.userId,
      contact: (user) => (user === "tom" ? {} : { phone: "+46701740605", email: "ada@example.com" }),
      methods: [totp({ secret: (user) => (user === "grace" ? TOTP_SECRET : null) }), sms(kit.box), email(kit.box)],
      clock: kit.clock,
      ...options,
    }),
  );
  app.post("/transfer", require2fa({ maxAge: "5m" }), handler);
  app.post("/pay", require2fa({ bind: (req) => req.body }), handler);
  app.get("/both", require2fa({ methods: { allOf: ["sms", "email"] } }), handler);
  app.get("/payout", require2fa({ action: "payout" }), handler);
  app.get("/open", handler);
  app.get("/odd", (_req, res) => void res.status(418).end());
  const login = async (user = "ada") => {
    const agent = request.agent(app);
    await agent.post("/login").send({ user });
    return agent;
  };
  const totpCode = (): string => generateSync({ secret: TOTP_SECRET, epoch: Math.floor(kit.clock() / 1000) });
  return { ...kit, app, login, totpCode };
}

describe("solve", () => {
  it("makes the request, answers the challenge and makes the request again", async () => {
    const { login, solve, box } = bank();
    const agent = await login();
    const paid = await solve(agent, () => agent.post("/transfer").send({ amount: 10 }));
    expect([paid.status, paid.body]).toEqual([200, { methods: ["sms"], body: { amount: 10 } }]);
    expect(box.messages).toHaveLength(1);
    expect((await solve(agent, () => agent.post("/transfer").send({}))).status).toBe(200);
    expect(box.messages).toHaveLength(1);
  });

  it("answers what is bound to a transaction, and each of several methods", async () => {
    const { login, solve } = bank();
    const agent = await login();
    expect((await solve(agent, () => agent.post("/pay").send({ amount: 10, payee: "Bob 123456" }))).status).toBe(200);
    expect((await solve(agent, () => agent.get("/both"))).body.methods).toEqual(["sms", "email"]);
  });

  it("answers the open challenge where no request is given", async () => {
    const { login, solve } = bank();
    const agent = await login();
    await expect(solve(agent)).rejects.toThrow(/No challenge is open.*guarded route first/);
    await agent.post("/transfer").expect(401);
    expect(await solve(agent)).toMatchObject({ verified: true, methods: ["sms"] });
    await agent.post("/transfer").expect(200);
  });

  it("finds its own message among those of others, by channel and recipient", async () => {
    const { login, solve, box } = bank({
      contact: (user) => ({ phone: user === "ada" ? "+46701740605" : "+447979080215" }),
    });
    const [ada, bob] = [await login("ada"), await login("bob")];
    await Promise.all([ada.post("/transfer"), bob.post("/transfer")]);
    await ada.get("/payout");
    expect(box.messages.length).toBeGreaterThan(2);
    await solve(bob);
    await solve(ada, () => ada.post("/transfer"));
    await ada.post("/transfer").expect(200);
  });

  it("takes the code of an authenticator app, and says so where it is missing", async () => {
    const { login, solve, totpCode } = bank();
    const agent = await login("grace");
    await expect(solve(agent, () => agent.post("/transfer"))).rejects.toThrow(/asks for totp.*say \{ code \}/);
    const paid = await solve(agent, () => agent.post("/transfer"), { code: totpCode });
    expect(paid.body.methods).toEqual(["totp"]);
  });

  it("says what a wrong code was answered with", async () => {
    const { login, solve, app } = bank();
    const agent = await login();
    const wrong = solve(agent, () => agent.post("/transfer"), { code: "abc" });
    await expect(wrong).rejects.toThrow(/400 invalid_request/);
    const stranger = request.agent(app);
    await expect(solve(stranger)).rejects.toThrow(/first_factor_required.*Log the agent in first/);
    await expect(solve(agent, () => agent.post("/transfer"), { cod: "1" } as object)).rejects.toThrow(
      /Did you mean "code"/,
    );
  });

  it("gives back what is no challenge of ours", async () => {
    const { login, solve } = bank();
    const agent = await login("tom");
    expect((await solve(agent, () => agent.get("/odd"))).status).toBe(418);
    expect((await solve(agent, () => agent.post("/transfer"))).body.code).toBe("not_enrolled");
  });

  it("follows a page, and another path", async () => {
    const { login, solve } = bank({ path: "/second" }, { path: "/second" });
    const agent = await login();
    const page = () => agent.get("/payout").set("Accept", "text/html");
    expect((await page()).status).toBe(303);
    expect((await solve(agent, page)).status).toBe(200);
  });

  it("hands a bearer the token that goes on", async () => {
    const proof = jwtProof({ secret: SECRET, algorithms: ["HS256"] });
    const { app, solve, clock } = bank({ proof });
    const exp = Math.floor(clock() / 1000) + 600;
    const first = mint({ alg: "HS256", typ: "JWT" }, { sub: "ada", exp }, "HS256", SECRET);
    const agent = request.agent(app);
    const bearing = (token = first) => agent.post("/transfer").set("Authorization", `Bearer ${token}`);
    agent.set("Authorization", `Bearer ${first}`);
    expect((await solve(agent, bearing)).status).toBe(200);
    expect((await bearing()).status).toBe(401);
  });
});

describe("markVerified", () => {
  it("gives a proof that is as old as asked for, and leaves the clock alone", async () => {
    const { login, markVerified, clock } = bank();
    const [young, old] = [await login(), await login()];
    const now = clock();
    await markVerified(young, { age: "4m" });
    expect(await markVerified(old, { age: "6m" })).toMatchObject({
      verifiedAt: new Date(now - 6 * 60_000).toISOString(),
    });
    expect(clock()).toBe(now);
    await young.post("/transfer").expect(200);
    expectChallenge(await old.post("/transfer"), { reason: "expired" });
    clock.tick(61_000);
    expectChallenge(await young.post("/transfer"), { reason: "expired" });
  });

  it("gives it for an action, and by a method", async () => {
    const { login, markVerified, totpCode } = bank();
    const agent = await login("grace");
    await markVerified(agent, { method: "email" });
    expectChallenge(await agent.get("/payout"), { method: "totp", reason: "missing" });
    await markVerified(agent, { action: "payout", code: totpCode, age: "1m" });
    await agent.get("/payout").expect(200, { methods: ["totp"] });
  });

  it("gives none to somebody who is not logged in, or has no method", async () => {
    const { app, login, markVerified, clock } = bank();
    const now = clock();
    await expect(markVerified(request.agent(app), { age: "1m" })).rejects.toThrow(/first_factor_required/);
    await expect(markVerified(await login("tom"), { age: "1m" })).rejects.toThrow(/not_enrolled.*contact/);
    expect(clock()).toBe(now);
  });

  it("says so where the app goes by another clock, or sends elsewhere", async () => {
    const byDate = bank({ clock: Date.now });
    await expect(byDate.markVerified(await byDate.login(), { age: "1m" })).rejects.toThrow(/twoFactor\(\{ clock \}\)/);
    const elsewhere = bank({ methods: [sms(() => {})] });
    await expect(elsewhere.markVerified(await elsewhere.login())).rejects.toThrow(/Is the outbox of the kit/);
  });
});

describe("the clock of a kit that the app does not go by", () => {
  it("is noticed when it is moved, before or after the app has answered", async () => {
    const after = bank({ clock: Date.now });
    const agent = await after.login();
    await after.solve(agent, () => agent.post("/transfer"));
    expect(() => after.clock.tick(6 * 60_000)).toThrow(/twoFactor\(\{ clock \}\)/);
    const before = bank({ clock: Date.now });
    before.clock.tick(60_000);
    const other = await before.login();
    await expect(before.solve(other, () => other.post("/transfer"))).rejects.toThrow(/another clock/);
  });

  it("is nobody's business where it stands still", async () => {
    const { login, solve } = bank({ clock: Date.now });
    const agent = await login();
    expect((await solve(agent, () => agent.post("/transfer"))).status).toBe(200);
  });
});

describe("expectChallenge", () => {
  it("hands back the problem with its challenge", async () => {
    const { login } = bank();
    const agent = await login();
    const { challenge, maxAge } = expectChallenge(await agent.post("/transfer"), { method: "sms", reason: "missing" });
    expect([maxAge, challenge.to]).toEqual([300, "+46•••••••05"]);
  });

  it.each([
    ["nothing was asked", "/open", /answered 200 and asked for nothing/],
    ["nothing is there", "/nowhere", /404, and not by require2fa/],
    ["somebody else refused", "/odd", /418, and not by require2fa/],
  ])("says so where %s", async (_what, path, lesson) => {
    const { login } = bank();
    const answer = await (await login()).get(path);
    expect(() => expectChallenge(answer)).toThrow(lesson);
    expect(() => expectChallenge(answer)).toThrow(expect.objectContaining({ name: "AssertionError" }));
  });

  it("says so where it was refused, redirected, or asked otherwise", async () => {
    const { app, login } = bank();
    const agent = await login();
    const refused = await request(app).post("/transfer");
    expect(() => expectChallenge(refused)).toThrow(/401 first_factor_required.*Log the agent in first/);
    const page = await agent.get("/payout").set("Accept", "text/html");
    expect(() => expectChallenge(page)).toThrow(/redirect to \/2fa.*navigation/);
    const asked = await agent.post("/transfer");
    expect(() => expectChallenge(asked, { method: "totp" })).toThrow(/its method is "sms", not "totp"/);
    expect(() => expectChallenge(asked, { reason: "expired" })).toThrow(/its reason is "missing", not "expired"/);
    expect(() => expectChallenge(asked, { resaon: "missing" } as object)).toThrow(/Did you mean "reason"/);
  });
});

describe("the code in a message", () => {
  it.each([
    ["483920 is your Acme code for 1234567 kr.", "483920"],
    ["You approve 1,234,567.00. 483920 is your code.\n\n@shop.example #483920", "483920"],
    ["You approve amount 1234567. Your code is 4, 8, 3, 9, 2, 0. Again: 4, 8, 3, 9, 2, 0.", "483920"],
    ["コードは483920です。", "483920"],
    ["12345 is too short, and AB1234567 no number.", undefined],
  ])("%s", (text, code) => expect(codeIn(text)).toBe(code));
});
