import express, { type Request } from "express";
import session from "express-session";
import { generateSync } from "otplib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import {
  memoryStore,
  type MethodFactory,
  require2fa,
  type RoutePolicy,
  sms,
  email,
  totp,
  outbox,
} from "../../src/index.js";
import { type Fixture, fixture, TOTP_SECRET } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

/** The code an authenticator app shows now. */
function totpCode({ clock }: Fixture): string {
  return generateSync({ strategy: "totp", secret: TOTP_SECRET, epoch: Math.floor(clock() / 1000) });
}

async function proveBySms(shop: Fixture, agent: Agent, path = "/vault"): Promise<void> {
  await agent.get(path).expect(401);
  await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
  await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
}

describe("methods", () => {
  it("takes any that is configured when nothing is said, the strongest the person has first", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const grace = await shop.login("grace");
    const { body } = await grace.get("/vault").expect(401);
    expect(body).toMatchObject({ methods: ["totp", "sms", "email"], challenge: { method: "totp" } });
    expect(body.challenge).not.toHaveProperty("to");
    expect(shop.box.messages).toEqual([]);
    await grace
      .post("/2fa/verify")
      .send({ code: totpCode(shop) })
      .expect(200);
    await grace.get("/vault").expect(200, { ok: true, methods: ["totp"] });
  });

  it("takes any of a list, in the order of the configuration", async () => {
    const shop = fixture();
    shop.guard("/vault", { methods: ["email", "sms"] });
    const grace = await shop.login("grace");
    const { body } = await grace.get("/vault").expect(401);
    expect(body).toMatchObject({ methods: ["sms", "email"], challenge: { method: "sms" } });
    await grace.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await grace
      .post("/2fa/verify")
      .send({ code: shop.code("grace@example.com") })
      .expect(200);
    await grace.get("/vault").expect(200, { ok: true, methods: ["email"] });
  });

  it("asks for each of allOf in turn and passes with all of them", async () => {
    const shop = fixture();
    shop.guard("/vault", { methods: { allOf: ["totp", "sms"] } });
    const grace = await shop.login("grace");
    const first = await grace.get("/vault").expect(401);
    expect(first.body).toMatchObject({ methods: ["totp"], challenge: { method: "totp" } });
    await grace
      .post("/2fa/verify")
      .send({ code: totpCode(shop) })
      .expect(200);
    const second = await grace.get("/vault").expect(401);
    expect(second.body).toMatchObject({ methods: ["sms"], challenge: { method: "sms" } });
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await grace.get("/vault").expect(200, { ok: true, methods: ["totp", "sms"] });
  });

  it("counts neither of allOf when one of them is too old", async () => {
    const shop = fixture();
    shop.guard("/vault", { methods: { allOf: ["totp", "sms"] }, maxAge: "5m" });
    const grace = await shop.login("grace");
    await grace.get("/vault").expect(401);
    await grace
      .post("/2fa/verify")
      .send({ code: totpCode(shop) })
      .expect(200);
    shop.clock.tick(200_000);
    await grace.get("/vault").expect(401);
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await grace.get("/vault").expect(200);
    shop.clock.tick(100_001);
    const { body } = await grace.get("/vault").expect(401);
    expect(body).toMatchObject({ reason: "expired", methods: ["totp"] });
  });

  it("takes both of allOf by header, one request each", async () => {
    const shop = fixture();
    shop.guard("/vault", { methods: { allOf: ["totp", "sms"] } });
    const grace = await shop.login("grace");
    await grace.get("/vault").expect(401);
    const { body } = await grace.get("/vault").set("Two-Factor-Code", totpCode(shop)).expect(401);
    expect(body).toMatchObject({ code: "second_factor_required", challenge: { method: "sms" } });
    await grace.get("/vault").set("Two-Factor-Code", shop.code()).expect(200);
  });

  it("has nobody who can answer where only what cannot be phished will do, and sends nothing", async () => {
    const shop = fixture();
    shop.guard("/plain");
    shop.guard("/vault", { methods: "phishing-resistant" });
    const grace = await shop.login("grace");
    await proveBySms(shop, grace, "/plain");
    const { body } = await grace.get("/vault").expect(403);
    expect(body).toMatchObject({ code: "not_enrolled", reason: "not_enrolled" });
    for (const method of ["sms", "email", "totp"]) {
      await grace.post("/2fa/challenge?methods=sms").send({ method });
      await grace.get("/vault").expect(403);
    }
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("takes what cannot be phished, where somebody has it", async () => {
    const shop = fixture({ methods: [sms(outbox()), passkeyOf("ada")] });
    shop.guard("/vault", { methods: "phishing-resistant" });
    const ada = await shop.login("ada");
    const { body } = await ada.get("/vault").expect(401);
    expect(body).toMatchObject({ methods: ["passkey"], challenge: { method: "passkey" } });
    await ada.post("/2fa/challenge").send({ method: "sms" }).expect(403);
    await ada.post("/2fa/verify").send({ code: "a signature" }).expect(200);
    await ada.get("/vault").expect(200, { ok: true, methods: ["passkey"] });
  });
});

/** As much of a passkey as a policy can see. */
function passkeyOf(owner: string): MethodFactory {
  return {
    method: "passkey",
    create: () => ({
      name: "passkey",
      digits: 0,
      phishingResistant: true,
      ttl: 120_000,
      accepts: (typed) => typed === "a signature",
      enrolled: ({ user }) => (user === owner ? [{}] : []),
      stillReaches: () => true,
      compare: () => ({}),
    }),
  };
}

describe("action", () => {
  it("counts only a proof that was given for it; a proof for it counts where none is named", async () => {
    const shop = fixture();
    shop.guard("/vault");
    shop.guard("/payout", { action: "payout" });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/vault");
    await ada.get("/payout").expect(401);

    const bob = await shop.login("bob");
    await proveBySms(shop, bob, "/payout");
    await bob.get("/payout").expect(200);
    await bob.get("/vault").expect(200);
  });

  it("is named to the person", async () => {
    const shop = fixture();
    shop.guard("/payout", { action: "Pay out" });
    const ada = await shop.login("ada");
    await ada.get("/payout").expect(401);
    expect(shop.box.last()?.text).toContain("Pay out");
    const page = await ada.get("/2fa").set("Accept", "text/html").expect(200);
    expect(page.text).toContain("Pay out");
  });

  it("can be proved ahead, by its name", async () => {
    const shop = fixture();
    shop.guard("/payout", { action: "payout" });
    const ada = await shop.login("ada");
    await ada.post("/2fa/challenge").send({ action: "payout" }).expect(201);
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await ada.get("/payout").expect(200);
  });
});

describe("bind", () => {
  const transfer = (shop: Fixture, policy: RoutePolicy = {}): void => {
    const bind = (req: Request) => ({ amount: req.body.amount, payee: req.body.payee });
    shop.app.post("/transfer", express.json(), require2fa({ bind, ...policy }), shop.handler);
  };

  it("shows what is approved in the message and on the page, and covers exactly that, once", async () => {
    const shop = fixture({ limits: PLENTY });
    transfer(shop);
    const ada = await shop.login("ada");
    const sent = { amount: "10.00", payee: "Bob" };
    const { body } = await ada.post("/transfer").send(sent).expect(401);
    expect(body).toMatchObject({ reason: "missing" });
    expect(shop.box.last()?.text).toContain("amount: 10.00, payee: Bob");
    const page = await ada.get("/2fa").set("Accept", "text/html").expect(200);
    expect(page.text).toContain("10.00");
    expect(page.text).toContain("Bob");
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await ada.post("/transfer").send(sent).expect(200);
    const again = await ada.post("/transfer").send(sent).expect(401);
    expect(again.body).toMatchObject({ reason: "consumed" });
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("opens a challenge of its own for every transaction", async () => {
    const shop = fixture({ limits: PLENTY });
    transfer(shop);
    const ada = await shop.login("ada");
    const ids = new Set<string>();
    for (const amount of ["1", "2", "1", "2"]) {
      const { body } = await ada.post("/transfer").send({ amount, payee: "Bob" }).expect(401);
      ids.add(body.challenge.id);
    }
    expect(ids.size).toBe(2);
    expect(shop.box.messages).toHaveLength(2);
  });

  it("may be asynchronous", async () => {
    const shop = fixture();
    shop.guard("/vault", { bind: async () => ({ amount: await Promise.resolve(5) }) });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada);
    await ada.get("/vault").expect(200);
    await ada.get("/vault").expect(401);
  });

  it("takes the code in the request itself", async () => {
    const shop = fixture();
    transfer(shop);
    const ada = await shop.login("ada");
    const sent = { amount: "10.00", payee: "Bob" };
    await ada.post("/transfer").send(sent).expect(401);
    const code = shop.code();
    await ada
      .post("/transfer")
      .set("Two-Factor-Code", code)
      .send({ ...sent, payee: "Mallory" })
      .expect(401);
    await ada.post("/transfer").set("Two-Factor-Code", code).send(sent).expect(200);
    await ada.post("/transfer").set("Two-Factor-Code", code).send(sent).expect(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("says where it belongs when it stands before the body parser", async () => {
    const shop = fixture();
    const bind = (req: Request) => ({ amount: (req.body as { amount: string }).amount });
    shop.app.post("/transfer", require2fa({ bind }), express.json(), shop.handler);
    const ada = await shop.login("ada");
    const { body } = await ada.post("/transfer").send({ amount: "10.00" }).expect(400);
    expect(body).toMatchObject({ code: "invalid_request", detail: expect.stringContaining("after the body parser") });
  });
});

describe("maxAge: 0", () => {
  const oneShot = (): Fixture => {
    const shop = fixture({ limits: PLENTY });
    shop.guard("/once", { maxAge: 0 });
    shop.guard("/other", { maxAge: 0 });
    return shop;
  };

  it("means one proof for one request of this route", async () => {
    const shop = oneShot();
    const ada = await shop.login("ada");
    const { body } = await ada.get("/once").expect(401);
    expect(body).toMatchObject({ reason: "missing", maxAge: 0 });
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await ada.get("/other").expect(401);
    await ada.get("/once").expect(200);
    const again = await ada.get("/once").expect(401);
    expect(again.body).toMatchObject({ reason: "consumed" });
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("waits five minutes for that request", async () => {
    const shop = oneShot();
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/once");
    shop.clock.tick(300_001);
    const { body } = await ada.get("/once").expect(401);
    expect(body).toMatchObject({ reason: "expired" });
  });

  it("is not used up by looking: a HEAD, a prefetch, a preview", async () => {
    const shop = oneShot();
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/once");
    await ada.head("/once").expect(401);
    for (const headers of [
      { "Sec-Purpose": "prefetch" },
      { Purpose: "prefetch" },
      { "X-Moz": "prefetch" },
      { "Sec-Purpose": "prefetch;prerender" },
    ]) {
      await ada.get("/once").set(headers).expect(401);
    }
    expect(shop.counters.handlerHits).toBe(0);
    await ada.get("/once").expect(200);
  });

  it("lets one of two at once pass", async () => {
    const shop = oneShot();
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/once");
    const statuses = await Promise.all([1, 2, 3].map(async () => (await ada.get("/once")).status));
    expect(statuses.sort()).toEqual([200, 401, 401]);
  });

  it("takes the code in the request itself, and keeps nothing of it", async () => {
    const shop = oneShot();
    const ada = await shop.login("ada");
    await ada.get("/once").expect(401);
    await ada.get("/once").set("Two-Factor-Code", shop.code()).expect(200);
    await ada.get("/once").expect(401);
    const { body } = await ada.get("/2fa/status").expect(200);
    expect(body).toMatchObject({ verified: false });
    expect(shop.counters).toMatchObject({ compares: 1, handlerHits: 1 });
  });
});

describe("idle", () => {
  const resting = async (): Promise<{ shop: Fixture; ada: Agent }> => {
    const shop = fixture({ limits: PLENTY });
    shop.guard("/vault", { idle: "5m", maxAge: "12m" });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada);
    return { shop, ada };
  };

  it("lets a proof die that is not used for so long", async () => {
    const { shop, ada } = await resting();
    await ada.get("/vault").expect(200);
    shop.clock.tick(300_001);
    const { body } = await ada.get("/vault").expect(401);
    expect(body).toMatchObject({ reason: "expired" });
  });

  it("keeps one alive that is used, to the millisecond, again and again", async () => {
    const { shop, ada } = await resting();
    shop.clock.tick(300_000);
    await ada.get("/vault").expect(200);
    shop.clock.tick(300_000);
    await ada.get("/vault").expect(200);
  });

  it("never past maxAge", async () => {
    const { shop, ada } = await resting();
    for (let minutes = 0; minutes < 12; minutes += 2) {
      shop.clock.tick(120_000);
      await ada.get("/vault").expect(200);
    }
    shop.clock.tick(1);
    await ada.get("/vault").expect(401);
  });

  it("is each route's own affair", async () => {
    const { shop, ada } = await resting();
    shop.guard("/calm");
    shop.clock.tick(300_001);
    await ada.get("/vault").expect(401);
    await ada.get("/calm").expect(200);
  });
});

describe("when", () => {
  it.each<[string, NonNullable<RoutePolicy["when"]>]>([
    ["at once", () => false],
    ["later", async () => false],
  ])("waives the second factor by saying false, %s", async (_how, when) => {
    const shop = fixture();
    shop.guard("/vault", { when });
    await (await shop.login("ada")).get("/vault").expect(200);
    await request(shop.app).get("/vault").expect(200);
    expect(shop.box.messages).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ["true", () => true],
    ["a promise of true", async () => true],
    ["nothing", () => undefined],
    ["null", () => null],
    ["zero", () => 0],
    ["an empty text", () => ""],
    ["the text false", () => "false"],
  ])("waives nothing by saying %s", async (_what, when) => {
    const shop = fixture();
    shop.guard("/vault", { when: when as () => boolean });
    await (await shop.login("ada")).get("/vault").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it.each<[string, () => boolean | Promise<boolean>]>([
    [
      "throws",
      () => {
        throw new Error("a database error");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("a database error");
      },
    ],
  ])("closes the door when it %s", async (_how, when) => {
    const shop = fixture();
    shop.guard("/vault", { when });
    const answer = await (await shop.login("ada")).get("/vault").expect(503);
    expect(answer.body).toMatchObject({ code: "unavailable", status: 503 });
    expect(answer.headers["retry-after"]).toBe("1");
    expect(answer.text).not.toContain("database");
    expect(shop.counters.faults).toHaveLength(1);
  });

  it("looks at the request", async () => {
    const shop = fixture();
    shop.guard("/vault", { when: (req) => req.query["amount"] !== "1" });
    const ada = await shop.login("ada");
    await ada.get("/vault?amount=1").expect(200);
    await ada.get("/vault?amount=1000").expect(401);
  });
});

describe("onNotEnrolled", () => {
  it.each<[NonNullable<RoutePolicy["onNotEnrolled"]> | undefined, number]>([
    [undefined, 403],
    ["deny", 403],
    ["enroll", 403],
    ["allow", 200],
  ])("%s answers somebody without any method with %d", async (onNotEnrolled, status) => {
    const shop = fixture({ factors: onNotEnrolled === "enroll" });
    shop.guard("/vault", onNotEnrolled === undefined ? {} : { onNotEnrolled });
    const tom = await shop.login("tom");
    const { body } = await tom.get("/vault").expect(status);
    if (status === 403) expect(body).toMatchObject({ code: "not_enrolled", reason: "not_enrolled" });
    expect(shop.counters.handlerHits).toBe(status === 200 ? 1 : 0);
  });

  it("allow lets nobody pass who has a method", async () => {
    const shop = fixture();
    shop.guard("/vault", { onNotEnrolled: "allow" });
    await (await shop.login("ada")).get("/vault").expect(401);
  });

  it("allow lets nobody pass whose account is closed, or who is not logged in", async () => {
    const shop = fixture();
    shop.guard("/vault", { onNotEnrolled: "allow" });
    const tom = await shop.login("tom");
    shop.contacts["tom"] = null;
    await tom.get("/vault").expect(401);
    await request(shop.app).get("/vault").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("shows a page to a person", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const tom = await shop.login("tom");
    const page = await tom.get("/vault").set("Accept", "text/html").expect(403);
    expect(page.headers["content-type"]).toMatch("text/html");
  });
});

describe("machine", () => {
  const robot = { sub: "robot", client_id: "robot" };

  it.each<[NonNullable<RoutePolicy["machine"]> | undefined, number]>([
    [undefined, 401],
    ["deny", 401],
    ["allow", 200],
  ])("%s answers a token that speaks for a program with %d", async (machine, status) => {
    const shop = bearerFixture();
    shop.guard("/vault", machine === undefined ? {} : { machine });
    const { body } = await request(shop.app).get("/vault").set("Authorization", bearer(shop, robot)).expect(status);
    if (status === 401) expect(body).toMatchObject({ code: "first_factor_required" });
    expect(shop.counters.handlerHits).toBe(status === 200 ? 1 : 0);
  });

  it("allow changes nothing for a person, or for a token that does not verify", async () => {
    const shop = bearerFixture();
    shop.guard("/vault", { machine: "allow" });
    await request(shop.app).get("/vault").set("Authorization", bearer(shop)).expect(401);
    const forged = `${bearer(shop, robot).slice(0, -4)}AAAA`;
    await request(shop.app).get("/vault").set("Authorization", forged).expect(401);
    await request(shop.app).get("/vault").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("a program cannot ask for a challenge", async () => {
    const shop = bearerFixture();
    const { body } = await request(shop.app)
      .post("/2fa/challenge")
      .set("Authorization", bearer(shop, robot))
      .expect(401);
    expect(body).toMatchObject({ code: "first_factor_required" });
    expect(shop.box.messages).toEqual([]);
  });
});

describe("resume", () => {
  it.each([true, false])("%s decides whether a person is brought back to where they were", async (resume) => {
    const shop = fixture();
    shop.guard("/vault", { resume });
    const ada = await shop.login("ada");
    await ada.get("/vault?page=2").set("Accept", "text/html").expect(303);
    const answer = await ada.post("/2fa/verify").set("Accept", "text/html").type("form").send({ code: shop.code() });
    expect([answer.status, answer.headers["location"]]).toEqual(resume ? [303, "/vault?page=2"] : [200, undefined]);
  });
});

describe("limits", () => {
  const limited = (by: "user" | "destination" | "ip"): Fixture => {
    const shop = fixture({ limits: { ...PLENTY, named: { payouts: { by, buckets: [{ max: 2, interval: "10m" }] } } } });
    shop.app.set("trust proxy", true);
    shop.guard("/payout", { limits: ["payouts"] });
    shop.guard("/vault");
    // two people with one telephone
    shop.contacts["bob"] = { phone: "+46707123456" };
    return shop;
  };
  const knock = async (shop: Fixture, user: string, ip: string, path = "/payout"): Promise<number> => {
    const agent = await shop.login(user);
    return (await agent.get(path).set("X-Forwarded-For", ip)).status;
  };

  it("counts by user", async () => {
    const shop = limited("user");
    expect(await knock(shop, "ada", "10.0.0.1")).toBe(401);
    expect(await knock(shop, "ada", "10.0.0.2")).toBe(401);
    expect(await knock(shop, "ada", "10.0.0.3")).toBe(429);
    expect(await knock(shop, "bob", "10.0.0.3")).toBe(401);
  });

  it("counts by address of the client", async () => {
    const shop = limited("ip");
    expect(await knock(shop, "ada", "10.0.0.1")).toBe(401);
    expect(await knock(shop, "bob", "10.0.0.1")).toBe(401);
    expect(await knock(shop, "ada", "10.0.0.1")).toBe(429);
    expect(await knock(shop, "ada", "10.0.0.2")).toBe(401);
  });

  it("counts by address of the message", async () => {
    const shop = limited("destination");
    expect(await knock(shop, "ada", "10.0.0.1")).toBe(401);
    expect(await knock(shop, "bob", "10.0.0.2")).toBe(401);
    expect(await knock(shop, "ada", "10.0.0.3")).toBe(429);
    expect(await knock(shop, "grace", "10.0.0.3", "/payout")).toBe(401);
  });

  it("counts nothing for a route that does not name it", async () => {
    const shop = limited("ip");
    for (let index = 0; index < 4; index += 1) expect(await knock(shop, "ada", "10.0.0.1", "/vault")).toBe(401);
    expect(await knock(shop, "ada", "10.0.0.1")).toBe(401);
  });

  it("says which one refused, and for how long", async () => {
    const shop = limited("user");
    await knock(shop, "ada", "10.0.0.1");
    shop.clock.tick(60_000);
    await knock(shop, "ada", "10.0.0.1");
    const answer = await (await shop.login("ada")).get("/payout").expect(429);
    expect(answer.body).toMatchObject({ code: "limit_exceeded", retryAfter: 540 });
    expect(answer.headers["ratelimit-policy"]).toBe('"payouts";q=2;w=600');
    expect(answer.headers["ratelimit"]).toBe('"payouts";r=0;t=540');
  });
});

describe("reportOnly", () => {
  const reporting = (policy: RoutePolicy = {}) => {
    const reported: unknown[] = [];
    const shop = fixture({ events: { "guard.reported": (event) => void reported.push(event) } });
    shop.guard("/vault", { ...policy, reportOnly: true });
    shop.guard("/strict");
    return { shop, reported };
  };

  it("lets the request pass, says what would have been refused, and sends nothing", async () => {
    const { shop, reported } = reporting();
    const ada = await shop.login("ada");
    const answer = await ada.get("/vault").expect(200);
    expect(answer.headers["two-factor-report"]).toBe("second_factor_required; reason=missing");
    expect(reported).toEqual([
      { method: "GET", path: "/vault", code: "second_factor_required", reason: "missing", user: "ada" },
    ]);
    await ada.get("/vault").set("Accept", "text/html").expect(200);
    expect(shop.box.messages).toEqual([]);
    await ada.post("/2fa/verify").send({ code: "123456" }).expect(404);
  });

  it("says that nobody is logged in", async () => {
    const { shop, reported } = reporting();
    const answer = await request(shop.app).get("/vault").expect(200);
    expect(answer.headers["two-factor-report"]).toBe("first_factor_required");
    expect(reported).toMatchObject([{ code: "first_factor_required" }]);
  });

  it("says nothing where nothing would have been refused", async () => {
    const { shop, reported } = reporting();
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/strict");
    const answer = await ada.get("/vault").expect(200);
    expect(answer.headers).not.toHaveProperty("two-factor-report");
    expect(reported).toEqual([]);
  });

  it("says that a proof is too old", async () => {
    const { shop } = reporting({ maxAge: "1m" });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/strict");
    shop.clock.tick(60_001);
    const answer = await ada.get("/vault").expect(200);
    expect(answer.headers["two-factor-report"]).toBe("second_factor_required; reason=expired");
  });

  it("says that a proof has not been used for too long", async () => {
    const { shop } = reporting({ idle: "1m" });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/strict");
    shop.clock.tick(60_001);
    const answer = await ada.get("/vault").expect(200);
    expect(answer.headers["two-factor-report"]).toBe("second_factor_required; reason=expired");
  });

  it("lets pass what a fault would have stopped, and says so", async () => {
    const { shop } = reporting({ when: () => Promise.reject(new Error("a database error")) });
    const answer = await (await shop.login("ada")).get("/vault").expect(200);
    expect(answer.headers["two-factor-report"]).toBe("unavailable");
    expect(shop.counters.faults).toHaveLength(1);
  });

  it("uses no proof up", async () => {
    const { shop } = reporting({ maxAge: 0, action: "payout" });
    shop.guard("/payout", { maxAge: 0, action: "payout" });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/payout");
    await ada.get("/vault").expect(200);
    await ada.get("/payout").expect(200);
    await ada.get("/payout").expect(401);
  });
});

describe("status", () => {
  it("403 is what a program gets instead of 401 for a missing second factor", async () => {
    const shop = fixture();
    shop.guard("/vault", { status: 403 });
    const ada = await shop.login("ada");
    const answer = await ada.get("/vault").expect(403);
    expect(answer.body).toMatchObject({ code: "second_factor_required", status: 403 });
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer error="insufficient_user_authentication"/);
    await ada.get("/vault").set("Accept", "text/html").expect(303);
  });

  it("403 changes no other refusal", async () => {
    const shop = fixture();
    shop.guard("/vault", { status: 403 });
    await request(shop.app).get("/vault").expect(401);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(403);
    await ada.get("/vault").set("Two-Factor-Code", shop.wrong()).expect(422);
  });
});

describe("where a guard can stand", () => {
  const proved = async (shop: Fixture, paths: readonly string[]): Promise<void> => {
    const ada = await shop.login("ada");
    for (const path of paths) await ada.get(path).expect(401);
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    for (const path of paths) await ada.get(path).expect(200);
    expect(shop.box.messages).toHaveLength(1);
  };

  it("on a route, on a router and on a path", async () => {
    const shop = fixture();
    shop.guard("/route");
    const router = express.Router();
    router.use(require2fa());
    router.get("/inside", shop.handler);
    shop.app.use("/router", router);
    shop.app.use("/admin", require2fa());
    shop.app.get("/admin/users", shop.handler);
    shop.app.get("/open", shop.handler);
    await proved(shop, ["/route", "/router/inside", "/admin/users"]);
    await request(shop.app).get("/open").expect(200);
  });

  it("in an app inside the app", async () => {
    const shop = fixture();
    const inner = express();
    inner.get("/inside", require2fa(), shop.handler);
    shop.app.use("/inner", inner);
    await proved(shop, ["/inner/inside"]);
  });

  it("before any body parser: what was posted is still there for the handler", async () => {
    const shop = fixture();
    shop.app.post("/form", require2fa(), express.json(), (req, res) => res.json(req.body));
    const ada = await shop.login("ada");
    await ada.post("/form").send({ a: 1 }).expect(401);
    await ada.post("/form").set("Two-Factor-Code", shop.code()).send({ a: 1 }).expect(200, { a: 1 });
    await ada
      .post("/form")
      .send({ b: [2] })
      .expect(200, { b: [2] });
  });

  it("several of them, each with its own mind", async () => {
    const shop = fixture({ limits: PLENTY });
    shop.guard("/minute", { maxAge: "1m" });
    shop.guard("/hour", { maxAge: "1h" });
    shop.guard("/payout", { action: "payout", status: 403 });
    shop.guard("/mail", { methods: ["email"] });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/minute");
    const statuses = async (): Promise<number[]> => {
      const paths = ["/minute", "/hour", "/payout", "/mail"];
      return Promise.all(paths.map(async (path) => (await ada.get(path)).status));
    };
    expect(await statuses()).toEqual([200, 200, 403, 401]);
    shop.clock.tick(60_001);
    expect(await statuses()).toEqual([401, 200, 403, 401]);
  });

  it("two in a row, and both must be satisfied", async () => {
    const shop = fixture({ limits: PLENTY });
    shop.app.use("/admin", require2fa());
    shop.app.get("/admin/payout", require2fa({ action: "payout" }), shop.handler);
    const ada = await shop.login("ada");
    await proveBySms(shop, ada, "/admin/payout");
    await ada.get("/admin/payout").expect(401);
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await ada.get("/admin/payout").expect(200);
  });

  it("tells the handler what was proved, and when", async () => {
    const shop = fixture();
    shop.app.get("/vault", require2fa({ maxAge: "5m" }), (req, res) => {
      const { verified, methods, verifiedAt, expiresAt } = req.twoFactor;
      res.json({ verified, methods, verifiedAt, expiresAt });
    });
    const ada = await shop.login("ada");
    await proveBySms(shop, ada);
    await ada.get("/vault").expect(200, {
      verified: true,
      methods: ["sms"],
      verifiedAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-01T00:05:00.000Z",
    });
  });
});

describe("mounted under a path", () => {
  function admin() {
    const shop = fixture();
    const app = express();
    // the same session and users, one floor up
    app.use("/admin", shop.app);
    shop.guard("/vault");
    return { shop, app };
  }

  it("everything moves with it", async () => {
    const { shop, app } = admin();
    const agent = request.agent(app);
    await agent.post("/admin/login").send({ user: "ada" }).expect(200);
    const { body } = await agent.get("/admin/vault").expect(401);
    expect(body.links).toEqual({
      page: "/admin/2fa",
      verify: "/admin/2fa/verify",
      resend: "/admin/2fa/resend",
      cancel: "/admin/2fa/cancel",
    });
    await agent.get("/admin/vault").set("Accept", "text/html").expect(303).expect("Location", "/admin/2fa");
    const page = await agent.get("/admin/2fa").set("Accept", "text/html").expect(200);
    expect(page.text).toContain('action="/admin/2fa/verify"');
    await agent.get("/2fa").expect(404);
    const form = agent.post("/admin/2fa/verify").set("Accept", "text/html").type("form");
    await form.send({ code: shop.code() }).expect(303).expect("Location", "/admin/vault");
    await agent.get("/admin/vault").expect(200);
  });

  it("app.use(path, twoFactor()) serves below that path and nowhere else", async () => {
    const shop = fixture();
    const app = express();
    app.use(session({ secret: "first factor", resave: false, saveUninitialized: false }));
    app.post("/login", express.json(), (req, res) => {
      req.session.userId = String(req.body.user);
      res.end();
    });
    app.use("/admin", shop.tfa);
    app.get("/admin/vault", require2fa(), shop.handler);
    app.get("/vault", require2fa(), shop.handler);
    const agent = request.agent(app);
    await agent.post("/login").send({ user: "ada" }).expect(200);
    const { body } = await agent.get("/admin/vault").expect(401);
    expect(body.links.page).toBe("/admin/2fa");
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(404);
    await agent.post("/admin/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/admin/vault").expect(200);
    await agent.get("/vault").expect(500);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("a path of its own choosing is the one it is found at", async () => {
    const shop = fixture({ path: "/account/second-factor" });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    const { body } = await ada.get("/vault").expect(401);
    expect(body.links.verify).toBe("/account/second-factor/verify");
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(404);
    await ada.post("/account/second-factor/verify").send({ code: shop.code() }).expect(200);
  });
});

describe("a person who could not be reached by the strongest method", () => {
  it("is asked by the next one they have", async () => {
    const box = outbox();
    const shop = fixture({ methods: [totp({ secret: () => null }), sms(box), email(box)], store: memoryStore() });
    shop.guard("/vault");
    shop.contacts["ada"] = { phone: "not a number", email: "ada@example.com" };
    const { body } = await (await shop.login("ada")).get("/vault").expect(401);
    expect(body).toMatchObject({ methods: ["email"], challenge: { method: "email", to: "a••••@example.com" } });
  });
});
