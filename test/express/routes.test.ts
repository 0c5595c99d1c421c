import express, { type RequestHandler } from "express";
import * as fc from "fast-check";
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore, outbox, require2fa, sms, type TwoFactorOptions } from "../../src/index.js";
import { ERRORS, type ErrorCode } from "../../src/core/errors.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { type Fixture, fixture, ORIGIN } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { times } from "../helpers/effort.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

async function opened(options: Partial<TwoFactorOptions> = {}) {
  const shop = fixture(options);
  shop.guard("/vault");
  const agent = await shop.login("ada");
  await agent.get("/vault").expect(401);
  return { shop, agent };
}

const down = () => {
  throw new DeliveryError("refused", { unsent: true, permanent: true });
};

/** A situation in which each code of the contract's table is the answer. */
const SITUATIONS: Readonly<Record<Exclude<ErrorCode, "misconfigured">, () => Promise<request.Response>>> = {
  second_factor_required: async () => {
    const shop = fixture();
    shop.guard("/vault");
    return (await shop.login("ada")).get("/vault");
  },
  first_factor_required: async () => {
    const shop = fixture();
    shop.guard("/vault");
    return request(shop.app).get("/vault");
  },
  not_enrolled: async () => {
    const shop = fixture();
    shop.guard("/vault");
    return (await shop.login("tom")).get("/vault");
  },
  invalid_request: async () => (await opened()).agent.post("/2fa/verify").send({ code: "12" }),
  wrong_code: async () => {
    const { shop, agent } = await opened();
    return agent.post("/2fa/verify").send({ code: shop.wrong() });
  },
  challenge_not_found: async () =>
    (await opened()).agent.post("/2fa/verify").send({ code: "123456", challenge: "none" }),
  challenge_expired: async () => {
    const { shop, agent } = await opened();
    shop.clock.tick(300_000);
    return agent.post("/2fa/verify").send({ code: shop.code() });
  },
  challenge_used: async () => {
    const { shop, agent } = await opened();
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    return agent.post("/2fa/verify").send({ code: shop.code() });
  },
  challenge_spent: async () => {
    const { shop, agent } = await opened();
    for (let index = 0; index < 5; index += 1) await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
    return agent.post("/2fa/verify").send({ code: shop.code() });
  },
  account_locked: async () => {
    const { shop, agent } = await opened({ limits: { failures: { perAccount: 1 } } });
    await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
    return agent.post("/2fa/verify").send({ code: shop.code() });
  },
  limit_exceeded: async () => (await opened()).agent.post("/2fa/resend"),
  delivery_failed: async () => {
    const shop = fixture({ methods: [sms(down)] });
    shop.guard("/vault");
    return (await shop.login("ada")).get("/vault");
  },
  unavailable: async () => {
    const shop = fixture({ contact: () => Promise.reject(new Error("no database")) });
    shop.guard("/vault");
    return (await shop.login("ada")).get("/vault");
  },
  origin_refused: async () =>
    (await opened()).agent.post("/2fa/verify").set("Origin", "https://evil.example").send({ code: "123456" }),
  method_not_allowed: async () => (await opened()).agent.post("/2fa/challenge").send({ method: "totp" }),
};

/** The contract's table, as written in the design. */
const TABLE: Readonly<Record<keyof typeof SITUATIONS, number>> = {
  second_factor_required: 401,
  first_factor_required: 401,
  not_enrolled: 403,
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
  origin_refused: 403,
  method_not_allowed: 403,
};

describe("every code of the contract can be had", () => {
  it.each(Object.entries(TABLE))("%s with status %d", async (code, status) => {
    const answer = await SITUATIONS[code as keyof typeof SITUATIONS]();
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      "content-type": expect.stringContaining("application/problem+json"),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(answer.body).toMatchObject({
      type: `urn:require2fa:${code}`,
      title: ERRORS[code as ErrorCode].title,
      status,
      code,
    });
    expect(answer.text).not.toMatch(/ at .*\.[jt]s|node_modules|no database/);
  });

  it.each(["account_locked", "limit_exceeded", "unavailable"] as const)("%s says how long to wait", async (code) => {
    const { headers, body } = await SITUATIONS[code]();
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(Number(headers["retry-after"])).toBe(body.retryAfter);
  });

  it("wrong_code says how many attempts are left, and which challenge they are for", async () => {
    const { body } = await SITUATIONS.wrong_code();
    expect(body).toMatchObject({ attemptsLeft: 4, challenge: { method: "sms", attemptsLeft: 4 } });
  });

  it("the refusal of a guard is the document of the contract, to the letter", async () => {
    const shop = fixture({ methods: [sms(outbox())] });
    shop.guard("/vault", { maxAge: "5m" });
    const { body } = await (await shop.login("ada")).get("/vault").expect(401);
    expect(body).toEqual({
      type: "urn:require2fa:second_factor_required",
      title: "A second factor is required",
      status: 401,
      code: "second_factor_required",
      reason: "missing",
      maxAge: 300,
      methods: ["sms"],
      challenge: {
        id: expect.stringMatching(/^[\w-]{43}$/),
        method: "sms",
        to: "+46•••••••56",
        expiresAt: "2026-01-01T00:05:00.000Z",
        attemptsLeft: 5,
        resendAt: "2026-01-01T00:00:30.000Z",
      },
      links: { page: "/2fa", verify: "/2fa/verify", resend: "/2fa/resend", cancel: "/2fa/cancel" },
    });
  });
});

describe("what the routes answer when all is well", () => {
  it("challenge: 201 with the challenge", async () => {
    const shop = fixture();
    const agent = await shop.login("ada");
    const answer = await agent.post("/2fa/challenge").expect(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      method: "sms",
      to: "+46•••••••56",
      expiresAt: "2026-01-01T00:05:00.000Z",
      attemptsLeft: 5,
      resendAt: "2026-01-01T00:00:30.000Z",
      choices: [
        { method: "sms", to: "+46•••••••56", digits: 6 },
        { method: "email", to: "a••••@example.com", digits: 8 },
      ],
      methods: ["sms", "email"],
    });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("challenge: with what it approves, and nothing that would look like something else", async () => {
    const shop = fixture();
    const bind = () => ({ amount: 10, payee: "Bob\u202E moc" });
    shop.app.post("/transfer", require2fa({ bind }), shop.handler);
    const agent = await shop.login("ada");
    const show = [
      ["amount", "10"],
      ["payee", "Bob\uFFFD moc"],
    ];
    expect((await agent.post("/transfer").expect(401)).body.challenge.show).toEqual(show);
    expect((await agent.post("/2fa/challenge").send({ method: "email" }).expect(201)).body.show).toEqual(show);
    expect((await agent.get("/2fa/status").expect(200)).body.challenge.show).toEqual(show);
  });

  it("challenge: begins again what has ended, for the same action", async () => {
    const shop = fixture();
    shop.guard("/payout", { action: "payout" });
    const agent = await shop.login("ada");
    await agent.get("/payout").expect(401);
    shop.clock.tick(300_000);
    await agent.post("/2fa/challenge").expect(201);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/payout").expect(200);
  });

  it("verify: 200 with what was proved, and no word of how", async () => {
    const { shop, agent } = await opened();
    const code = shop.code();
    const answer = await agent.post("/2fa/verify").send({ code }).expect(200);
    expect(answer.body).toEqual({
      verified: true,
      methods: ["sms"],
      verifiedAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-01T00:15:00.000Z",
    });
    expect(JSON.stringify([answer.headers, answer.body])).not.toContain(code);
  });

  it("resend: 200 with the challenge; cancel: 204 with nothing", async () => {
    const { shop, agent } = await opened();
    shop.clock.tick(30_000);
    const { body } = await agent.post("/2fa/resend").expect(200);
    expect(body).toMatchObject({ method: "sms", attemptsLeft: 5 });
    const canceled = await agent.post("/2fa/cancel").expect(204);
    expect(canceled.text).toBe("");
  });

  it("status: whether there is a proof, for how long, and what is open", async () => {
    const { shop, agent } = await opened();
    const before = await agent.get("/2fa/status").expect(200);
    expect(before.body).toMatchObject({ verified: false, methods: [], challenge: { method: "sms", attemptsLeft: 5 } });
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(60_000);
    const after = await agent.get("/2fa/status?maxAge=5m").expect(200);
    expect(after.body).toEqual({
      verified: true,
      methods: ["sms"],
      verifiedAt: "2026-01-01T00:00:00.000Z",
      expiresAt: "2026-01-01T00:05:00.000Z",
    });
    expect(after.headers["cache-control"]).toBe("no-store");
    await agent.get("/2fa/status?maxAge=1s").expect(200, { verified: false, methods: [] });
    await agent.get("/2fa/status?action=payout").expect(200, { verified: false, methods: [] });
  });

  it.each(["maxAge=5", "maxAge=", "maxAge=25h", "maxAge=-5m", "maxAge=5m&maxAge=1h", "action=a&action=b"])(
    "status: 400 for ?%s",
    async (query) => {
      await (await opened()).agent.get(`/2fa/status?${query}`).expect(400);
    },
  );

  it("status, challenge, resend, cancel and the page are for somebody who is logged in", async () => {
    const { app } = fixture();
    await request(app).get("/2fa/status").expect(401);
    await request(app).get("/2fa").expect(401);
    for (const path of ["challenge", "verify", "resend", "cancel"]) {
      const { body } = await request(app).post(`/2fa/${path}`).send({ code: "123456" }).expect(401);
      expect(body).toMatchObject({ code: "first_factor_required" });
    }
  });

  it("resend of an authenticator's challenge: 400, there is nothing to send", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("grace");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/resend").expect(400);
  });
});

describe("C12 429", () => {
  /** RFC 9651, as far as these two headers go: a list of one string with integer parameters. */
  const ITEM = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"((?:;[a-z*][a-z0-9_.*-]*=\d{1,15})+)$/;

  it.each(["limit_exceeded"] as const)("%s names the limit in RateLimit headers that parse", async (code) => {
    const { headers } = await SITUATIONS[code]();
    expect(headers["ratelimit-policy"]).toMatch(ITEM);
    expect(headers["ratelimit"]).toMatch(ITEM);
  });

  it("of a limit with any name that is accepted at construction has headers that parse", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }), async (name) => {
        const limits = {
          ...PLENTY,
          named: { [name]: { by: "user" as const, buckets: [{ max: 1, interval: "10m" as const }] } },
        };
        let shop: Fixture;
        try {
          shop = fixture({ limits });
        } catch {
          return;
        }
        shop.guard("/vault", { limits: [name] });
        await (await shop.login("ada")).get("/vault").expect(401);
        const { headers, status } = await (await shop.login("ada")).get("/vault");
        expect(status).toBe(429);
        expect(headers["ratelimit-policy"]).toMatch(ITEM);
        expect(headers["ratelimit"]).toMatch(ITEM);
      }),
      { numRuns: 60, examples: [['a"b'], ["a\\"], ["limit→"], ["ü"], ["__proto__"]] },
    );
  });

  it("waiting exactly as long as it says is enough, every time", { timeout: 60_000 }, async () => {
    const waits: Record<string, (offset: number) => Promise<{ shop: Fixture; again: () => request.Test }>> = {
      async resend(offset) {
        const { shop, agent } = await opened();
        shop.clock.tick(offset);
        return { shop, again: () => agent.post("/2fa/resend") };
      },
      async "five messages"(offset) {
        const shop = fixture();
        shop.guard("/vault");
        const agent = await shop.login("ada");
        for (let index = 0; index < 5; index += 1) {
          await agent.get("/vault").expect(401);
          await agent.post("/2fa/cancel").expect(204);
          shop.clock.tick(offset / 7);
        }
        return { shop, again: () => agent.get("/vault") };
      },
      async "an account that is locked"(offset) {
        const { shop, agent } = await opened({ limits: { failures: { perAccount: 1 } } });
        await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
        shop.clock.tick(offset);
        return { shop, again: () => agent.get("/vault") };
      },
      async "three failed sends"(offset) {
        const shop = fixture({ methods: [sms(down)] });
        shop.guard("/vault");
        const agent = await shop.login("ada");
        await agent.get("/vault").expect(502);
        await agent.post("/2fa/resend").expect(502);
        await agent.post("/2fa/resend").expect(502);
        shop.clock.tick(offset);
        return { shop, again: () => agent.post("/2fa/resend") };
      },
    };
    for (const [name, build] of Object.entries(waits)) {
      for (let trial = 0; trial < times(25, 5); trial += 1) {
        const { shop, again } = await build(Math.random() * 29_000);
        const refused = await again();
        expect(refused.status, name).toBe(429);
        expect(refused.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
        shop.clock.tick(Number(refused.headers["retry-after"]) * 1000);
        expect((await again()).status, name).not.toBe(429);
      }
    }
  });

  it("is the same for a user who exists and for one who does not", async () => {
    const texts: string[] = [];
    for (const user of ["ada", "bob"]) {
      const shop = fixture({ limits: { sends: { perUser: [{ max: 1, interval: "10m" }] } } });
      shop.guard("/vault");
      const agent = await shop.login(user);
      await agent.get("/vault").expect(401);
      await agent.post("/2fa/cancel").expect(204);
      texts.push((await agent.get("/vault").expect(429)).text);
    }
    expect(texts[0]).toBe(texts[1]);
  });
});

describe("503 for a table that is full", () => {
  it("says when there is room again, and then there is", async () => {
    const shop = fixture({ limits: PLENTY, store: memoryStore({ maxPending: 2 }) });
    shop.guard("/vault");
    await (await shop.login("ada")).get("/vault").expect(401);
    shop.clock.tick(10_000);
    await (await shop.login("bob")).get("/vault").expect(401);
    const agent = await shop.login("grace");
    const full = await agent.post("/2fa/challenge").send({ method: "sms" }).expect(503);
    expect(full.body).toMatchObject({ code: "unavailable", retryAfter: 290 });
    shop.clock.tick(290_000);
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
  });

  it("says so in whole seconds even when everything in it is new", async () => {
    const shop = fixture({ limits: PLENTY, store: memoryStore({ maxPending: 2 }) });
    shop.guard("/vault");
    for (let round = 0; round < 3; round += 1) {
      const fill = async (): Promise<request.Response> => (await shop.login("ada")).get("/vault");
      await fill();
      await fill();
      const full = await fill();
      expect(full.status).toBe(503);
      expect(full.headers["retry-after"]).toBe("300");
      shop.clock.tick(300_000);
    }
  });
});

/** Body parsers that an app may have run before us. */
const PARSERS: Readonly<Record<string, RequestHandler[]>> = {
  "no body parser": [],
  "express.json()": [express.json()],
  "express.urlencoded()": [express.urlencoded({ extended: false })],
  "express.urlencoded({ extended })": [express.urlencoded({ extended: true })],
  "both parsers": [express.json(), express.urlencoded({ extended: false })],
  "express.text()": [express.text({ type: () => true })],
  "express.raw()": [express.raw({ type: () => true })],
};

describe.each(Object.entries(PARSERS))("behind %s", (_name, parsers) => {
  it.each(["json", "form"])("a body of type %s is read", async (type) => {
    const shop = fixture();
    const { agent } = await behind(shop, parsers);
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/challenge").type(type).send({ method: "email" }).expect(201);
    await agent
      .post("/2fa/verify")
      .type(type)
      .send({ code: shop.wrong("ada@example.com") })
      .expect(422);
    await agent
      .post("/2fa/verify")
      .type(type)
      .send({ code: shop.code("ada@example.com") })
      .expect(200);
    await agent.get("/vault").expect(200);
  });

  it("no body is no fields", async () => {
    const shop = fixture();
    const { agent } = await behind(shop, parsers);
    await agent.post("/2fa/challenge").expect(201);
    await agent.post("/2fa/verify").expect(400);
    await agent.post("/2fa/cancel").expect(204);
  });
});

/** The fixture's routes behind parsers, with somebody logged in. */
async function behind(shop: Fixture, parsers: readonly RequestHandler[]) {
  shop.guard("/vault");
  const app = express();
  const login: RequestHandler = (req, _res, next) => {
    // the parsers are what is tested, and the login is not theirs to read
    if (req.path === "/login") next("route");
    else next();
  };
  app.all(/.*/, login, ...parsers, (_req, _res, next) => next());
  app.use(shop.app);
  const agent = request.agent(app);
  await agent.post("/login").send({ user: "ada" }).expect(200);
  return { agent };
}

describe("a body that is none of ours", () => {
  let agent: Agent;
  let shop: Fixture;
  beforeEach(async () => {
    ({ shop, agent } = await opened());
  });

  it.each<[string, string, string]>([
    ["broken JSON", "application/json", '{"code":'],
    ["a list", "application/json", '["123456"]'],
    ["a text", "application/json", '"123456"'],
    ["null", "application/json", "null"],
    ["more than 64 KB", "application/json", JSON.stringify({ code: "1".repeat(70_000) })],
    ["a code that is given twice", "application/x-www-form-urlencoded", "code=123456&code=123456"],
    ["a code in an object", "application/json", '{"code":{"$gt":""}}'],
    ["a code in a list", "application/json", '{"code":["123456"]}'],
    ["a code that is a number", "application/json", '{"code":123456}'],
    ["a challenge in a list", "application/json", '{"code":"123456","challenge":["a"]}'],
    ["a code of another prototype", "application/json", '{"__proto__":{"code":"123456"}}'],
    ["a JSON bomb", "application/json", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    ["a character set nobody has", "application/json; charset=klingon", "{}"],
  ])("is answered with 400: %s", async (_name, type, body) => {
    const { body: problem } = await agent.post("/2fa/verify").set("Content-Type", type).send(body).expect(400);
    expect(problem).toMatchObject({ code: "invalid_request" });
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, faults: [] });
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });
});

describe("G10 an Idempotency-Key", () => {
  it("makes twenty parallel starts one, with one answer", async () => {
    const shop = fixture();
    const agent = await shop.login("ada");
    const start = () => agent.post("/2fa/challenge").set("Idempotency-Key", "one").send({ action: "payout" });
    const answers = await Promise.all(Array.from({ length: 20 }, start));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("makes twenty parallel resends one", async () => {
    const { shop, agent } = await opened();
    shop.clock.tick(30_000);
    const resend = () => agent.post("/2fa/resend").set("Idempotency-Key", "two");
    const answers = await Promise.all(Array.from({ length: 20 }, resend));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(shop.box.messages).toHaveLength(2);
    await resend().expect(200);
    expect(shop.box.messages).toHaveLength(2);
  });

  it("repeats a refusal, too", async () => {
    const { shop, agent } = await opened();
    const resend = () => agent.post("/2fa/resend").set("Idempotency-Key", "three");
    const first = await resend().expect(429);
    shop.clock.tick(60_000);
    const second = await resend().expect(429);
    expect(second.body).toEqual(first.body);
    await agent.post("/2fa/resend").set("Idempotency-Key", "four").expect(200);
  });

  it("with another body is refused", async () => {
    const shop = fixture();
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").set("Idempotency-Key", "one").send({ method: "sms" }).expect(201);
    const { body } = await agent
      .post("/2fa/challenge")
      .set("Idempotency-Key", "one")
      .send({ method: "email" })
      .expect(400);
    expect(body).toMatchObject({ code: "invalid_request" });
    expect(shop.box.messages).toHaveLength(1);
  });

  it("belongs to its session and its route", async () => {
    const shop = fixture();
    const ids = new Set<string>();
    for (const user of ["ada", "ada", "bob"]) {
      const agent = await shop.login(user);
      const { body } = await agent.post("/2fa/challenge").set("Idempotency-Key", "same").send({}).expect(201);
      ids.add(body.id);
      await agent.post("/2fa/resend").set("Idempotency-Key", "same").send({}).expect(429);
    }
    expect(ids.size).toBe(3);
  });

  it("is forgotten after a fault, so that the call can be made again", async () => {
    let broken = true;
    const shop = fixture({
      contact: () => (broken ? Promise.reject(new Error("no database")) : { phone: "+46707123456" }),
    });
    const agent = await shop.login("ada");
    const start = () => agent.post("/2fa/challenge").set("Idempotency-Key", "one").send({});
    await start().expect(503);
    broken = false;
    await start().expect(201);
  });

  it("of unreasonable length is refused", async () => {
    const shop = fixture();
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").set("Idempotency-Key", "x".repeat(201)).expect(400);
    expect(shop.box.messages).toEqual([]);
  });
});

describe("I08 a POST from another site", () => {
  const FOREIGN: [string, Record<string, string>][] = [
    ["another origin", { Origin: "https://evil.example" }],
    ["no origin to speak of", { Origin: "null" }],
    ["the same host by another scheme", { Origin: "http://shop.example" }],
    ["the same host by another port", { Origin: "https://shop.example:8443" }],
    ["a host that begins like ours", { Origin: "https://shop.example.evil.example" }],
    ["a sibling", { Origin: "https://evil.shop.example" }],
    ["two origins", { Origin: `${ORIGIN}, https://evil.example` }],
    ["an empty origin", { Origin: "" }],
    ["a cross-site fetch", { "Sec-Fetch-Site": "cross-site" }],
    ["a same-site fetch", { "Sec-Fetch-Site": "same-site" }],
    ["a forwarded host that matches", { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" }],
    ["a host that matches", { Origin: "https://evil.example", Host: "evil.example" }],
  ];
  const BODIES = [
    ["application/json", "{}"],
    ["application/x-www-form-urlencoded", "code=123456"],
    ["text/plain", '{"code":"123456"}'],
  ] as const;

  it.each(FOREIGN)("is refused: %s", async (_name, headers) => {
    const { shop, agent } = await opened();
    shop.clock.tick(60_000);
    for (const path of ["challenge", "verify", "resend", "cancel"]) {
      for (const [type, body] of BODIES) {
        const answer = await agent
          .post(`/2fa/${path}`)
          .set({ ...headers, "Content-Type": type })
          .send(body);
        expect([path, type, answer.status]).toEqual([path, type, 403]);
        expect(answer.body).toMatchObject({ code: "origin_refused" });
        expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
    }
    expect(shop.box.messages).toHaveLength(1);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it.each<[string, Record<string, string>]>([
    ["our own origin", { Origin: ORIGIN }],
    ["our own origin, and a fetch that says so", { Origin: ORIGIN, "Sec-Fetch-Site": "same-origin" }],
    ["a fetch of this origin", { "Sec-Fetch-Site": "same-origin" }],
    ["somebody's own doing", { "Sec-Fetch-Site": "none" }],
    ["no browser", {}],
  ])("is taken from %s", async (_name, headers) => {
    const { shop, agent } = await opened();
    await agent.post("/2fa/verify").set(headers).send({ code: shop.code() }).expect(200);
  });

  it("is measured by the host where no origin is configured", async () => {
    const box = outbox();
    const shop = fixture({ origin: [], methods: [sms(box)] });
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").set({ Origin: "https://any.example", Host: "any.example" }).expect(201);
    await agent.post("/2fa/challenge").set({ Origin: "https://any.example", Host: "other.example" }).expect(403);
    await agent.post("/2fa/challenge").set({ Origin: "https://any.example:444", Host: "any.example" }).expect(403);
  });
});

describe("methods", () => {
  const ROUTES = {
    "": "GET",
    "/challenge": "POST",
    "/verify": "POST",
    "/resend": "POST",
    "/cancel": "POST",
    "/status": "GET",
  };

  it.each(Object.entries(ROUTES))("of %s other than %s are answered with 405", async (path, allowed) => {
    const { shop, agent } = await opened();
    shop.clock.tick(60_000);
    for (const method of ["get", "post", "put", "patch", "delete"] as const) {
      if (method.toUpperCase() === allowed) continue;
      const answer = await agent[method](`/2fa${path}`).send({ code: shop.code() });
      expect([method, answer.status, answer.headers["allow"]]).toEqual([method, 405, allowed]);
    }
    expect(shop.box.messages).toHaveLength(1);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
  });

  it("OPTIONS passes, for whoever answers preflights", async () => {
    const shop = fixture();
    shop.app.use((req, res, next) => {
      if (req.method === "OPTIONS") res.status(204).set("Access-Control-Allow-Origin", "https://app.example").end();
      else next();
    });
    for (const path of ["", "/challenge", "/verify", "/resend", "/cancel", "/status"]) {
      const answer = await request(shop.app).options(`/2fa${path}`).expect(204);
      expect(answer.headers["access-control-allow-origin"]).toBe("https://app.example");
    }
  });

  it("HEAD of the page and of the status is answered without a body", async () => {
    const { agent } = await opened();
    await agent.head("/2fa").expect(200);
    await agent.head("/2fa/status").expect(200);
    await agent.head("/2fa/verify").expect(405);
  });

  it("a path below ours that is none of ours is the app's", async () => {
    const shop = fixture();
    shop.app.use("/2fa", (_req, res) => res.status(418).end());
    for (const path of ["/2fa/other", "/2fa/verify/x", "/2fa/factors", "/2fa/constructor", "/2fa/__proto__"]) {
      await request(shop.app).post(path).expect(418);
    }
    await request(shop.app).get("/2fax").expect(404);
  });
});

describe("Two-Factor-Code", () => {
  it("is verified in the request that needs it, which then runs", async () => {
    const { shop, agent } = await opened();
    await agent
      .get("/vault")
      .set("Two-Factor-Code", shop.code())
      .expect(200, { ok: true, methods: ["sms"] });
    await agent.get("/vault").expect(200);
    expect(shop.counters).toMatchObject({ compares: 1, grants: 1, handlerHits: 2 });
  });

  it("is a problem when it is wrong, malformed or out of its time", async () => {
    const { shop, agent } = await opened();
    const wrong = await agent.get("/vault").set("Two-Factor-Code", shop.wrong()).expect(422);
    expect(wrong.body).toMatchObject({ code: "wrong_code", attemptsLeft: 4 });
    await agent.get("/vault").set("Two-Factor-Code", "12").expect(400);
    const code = shop.code();
    shop.clock.tick(300_000);
    // the old challenge is gone, and a new code is on its way
    await agent.get("/vault").set("Two-Factor-Code", code).expect(401);
    expect(shop.box.messages).toHaveLength(2);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it("opens nothing that it was not asked for: a first request with a code is challenged", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("ada");
    await agent.get("/vault").set("Two-Factor-Code", "123456").expect(401);
    expect(shop.counters.compares).toBe(0);
  });

  it("is spent like any other: five wrong ones, then none", async () => {
    const { shop, agent } = await opened();
    for (let index = 0; index < 5; index += 1) {
      await agent.get("/vault").set("Two-Factor-Code", shop.wrong()).expect(422);
    }
    const right = shop.code();
    await agent.get("/vault").set("Two-Factor-Code", right).expect(401);
    expect(shop.counters).toMatchObject({ compares: 5, grants: 0, handlerHits: 0 });
  });

  it("is not read where the proof is there already", async () => {
    const { shop, agent } = await opened();
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/vault").set("Two-Factor-Code", "nonsense").expect(200);
  });
});

it("a guard in an app whose routes are elsewhere names the routes it belongs to", async () => {
  const shop = fixture({ path: "/step-up" });
  shop.app.post("/deep/below", require2fa(), shop.handler);
  const { body } = await (await shop.login("ada")).post("/deep/below").expect(401);
  expect(body.links.verify).toBe("/step-up/verify");
});
