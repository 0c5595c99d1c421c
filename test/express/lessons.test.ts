/** What somebody meets who has only read the README: each mistake is told where it is made, in words that say what to write. */
import express from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  consoleProvider,
  email,
  jwtProof,
  memoryStore,
  outbox,
  type ProofFactory,
  require2fa,
  sessionProof,
  sms,
  smtp,
  totp,
  twoFactor,
  type TwoFactorOptions,
  voice,
  webhook,
} from "../../src/index.js";
import { comapi } from "../../src/vendors/comapi/index.js";
import { mitto } from "../../src/vendors/mitto/index.js";
import { mobileresponse } from "../../src/vendors/mobileresponse/index.js";
import { routee } from "../../src/vendors/routee/index.js";
import { tokenApi } from "../../src/vendors/token-api/index.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";
import { fixture } from "../helpers/app.js";

const said: string[] = [];

beforeEach(() => {
  said.length = 0;
  vi.spyOn(console, "error").mockImplementation((...words: unknown[]) => void said.push(words.join(" ")));
  vi.spyOn(process, "emitWarning").mockImplementation((words) => void said.push(String(words)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function options(changes: Record<string, unknown> = {}): TwoFactorOptions {
  return {
    secret: "a secret of the fixture, 32 bytes and more",
    user: () => "ada",
    contact: () => ({ phone: "+46707123456" }),
    ...(Object.hasOwn(changes, "methods") ? {} : { methods: [sms(outbox())] }),
    ...changes,
  } as TwoFactorOptions;
}

function complaint(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    expect(error).toMatchObject({ code: "misconfigured" });
    return (error as Error).message;
  }
  return expect.unreachable("nothing was thrown");
}

/** A login that needs no session. */
const sessionless: ProofFactory = () => ({
  kind: "session",
  accepts: () => true,
  read: () => ({ binding: "b".repeat(20), marks: [], user: undefined, machine: false }) as never,
  grant: () => Promise.resolve({}),
  clear: () => Promise.resolve(),
});

describe("a function of ours that was not called", () => {
  const makers = { consoleProvider, outbox, smtp, webhook, mitto, routee, comapi, mobileresponse, tokenApi };

  it.each(Object.entries(makers))("%s is no provider", (name, make) => {
    for (const method of [sms, voice, email]) {
      const given = make as unknown as Parameters<typeof sms>[0];
      for (const provider of [given, [outbox(), given]] as (typeof given)[]) {
        const words = complaint(() => twoFactor(options({ methods: [method(provider)] })));
        expect(words).toContain(`did you forget the call, ${name}()?`);
      }
    }
  });

  it("leaves every other function what it is: a provider", () => {
    expect(() => twoFactor(options({ methods: [sms(() => undefined)] }))).not.toThrow();
  });

  it.each<[string, () => unknown]>([
    ["jwtProof()", () => twoFactor(options({ proof: jwtProof }))],
    ["sessionProof()", () => twoFactor(options({ proof: [sessionProof] }))],
    ["memoryStore()", () => twoFactor(options({ store: memoryStore }))],
    ["app.use(twoFactor({ ... }))", () => twoFactor({ headers: {}, method: "GET", _events: {} } as never)],
  ])("%s is asked for", (call, build) => {
    const words = complaint(build);
    expect(words).toContain("did you forget the call");
    expect(words).toContain(call);
  });
});

describe("a callback that throws", () => {
  const late = async (): Promise<never> => {
    throw new TypeError("Cannot read properties of undefined (reading 'id')");
  };
  const atOnce = (): never => {
    throw new TypeError("Cannot read properties of undefined (reading 'id')");
  };

  it.each([
    ["at once", atOnce],
    ["later", late],
  ])("%s is named in the answer, and told on the console where nobody listens", async (_when, user) => {
    const app = express();
    app.use(twoFactor(options({ user, proof: sessionless })));
    app.get("/vault", require2fa(), (_req, res) => void res.end());
    const answer = await request(app).get("/vault").expect(503);
    expect(answer.body).toMatchObject({ code: "unavailable", detail: expect.stringContaining("req.user?.id") });
    expect(said).toEqual([
      expect.stringMatching(/^require2fa: fault in require2fa\(\): The user callback failed\..*reading 'id'\)$/),
    ]);

    vi.stubEnv("NODE_ENV", "production");
    const bare = (await request(app).get("/vault").expect(503)).body as { detail: string };
    expect(bare.detail).toBe("The user callback failed.");
  });

  it("about the contact, and a message that cannot be sent, are told as well", async () => {
    const shop = fixture({ methods: [sms(() => Promise.reject(new Error("no route to +46707123456")))] });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(502);
    expect(said).toEqual([expect.stringMatching(/^require2fa: delivery\.failed at \w+ \(unknown\): Error: no route/)]);
    expect(said.join()).not.toContain("707123456");
    shop.tfa.events.on("delivery.failed", () => undefined);
    await ada.post("/2fa/resend").send({});
    expect(said).toHaveLength(1);
  });
});

describe("a route that leads to nowhere", () => {
  it('onNotEnrolled: "enroll" without twoFactor({ factors }) is a mistake, told at the first challenge', async () => {
    const shop = fixture();
    shop.guard("/vault", { onNotEnrolled: "enroll" });
    const answer = await (await shop.login("tom")).get("/vault").expect(500);
    expect(answer.body).toMatchObject({ code: "misconfigured", detail: expect.stringContaining("factors: true") });
    expect(shop.counters.handlerHits).toBe(0);
  });

  it.each<[string, unknown, string]>([
    ["a name that we do not know", { mobile: "+46707123456" }, "contact() has no phone, but mobile."],
    ["a number without its country code", { phone: "070-174 06 05" }, "contact() has no usable phone: not E.164"],
    ["a text", "+46707123456", "contact() must return { phone, email, locale }, and returned a string."],
    ["nothing in it", {}, "contact() has no phone."],
    ["a row with a column that is empty", { phone: null, locale: null, email: null }, "contact() has no phone."],
  ])("a contact with %s is explained, and not in production", async (_what, contact, words) => {
    const shop = fixture({ contact: () => contact as never, methods: [sms(outbox(), { countries: ["SE"] })] });
    shop.guard("/vault", { methods: ["sms", "totp"] });
    const ada = await shop.login("ada");
    const { body } = await ada.get("/vault").expect(403);
    expect(body).toMatchObject({ code: "not_enrolled", methods: ["sms"], detail: expect.stringContaining(words) });
    expect(JSON.stringify(body)).not.toMatch(/707123456|174 06 05/);
    vi.stubEnv("NODE_ENV", "production");
    expect((await ada.get("/vault").expect(403)).body).not.toHaveProperty("detail");
  });

  it.each([
    [null, "This account is closed.", "This account is closed."],
    [undefined, "returned nothing for this user", "This account is not known."],
  ])("a contact that is %s", async (contact, words, inProduction) => {
    const shop = fixture({ contact: () => contact });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    const answer = await ada.get("/vault").expect(401);
    expect(answer.body).toMatchObject({ code: "first_factor_required", detail: expect.stringContaining(words) });
    vi.stubEnv("NODE_ENV", "production");
    expect((await ada.get("/vault").expect(401)).body).toMatchObject({ detail: inProduction });
  });

  it("bind before a parser that can read the body says what the body came as", async () => {
    const shop = fixture();
    shop.app.use(express.json());
    shop.app.post(
      "/pay",
      require2fa({ bind: (req) => ({ amount: (req.body as { amount: number }).amount }) }),
      shop.handler,
    );
    const ada = await shop.login("ada");
    const { body } = await ada.post("/pay").field("amount", "10").expect(400);
    expect(body).toMatchObject({
      code: "invalid_request",
      detail: expect.stringContaining("The body came as multipart/form-data, and no parser"),
    });
    const parsed = (await ada.post("/pay").send({ sum: 1 }).expect(400)).body as { detail: string };
    expect(parsed.detail).not.toContain("came as");
  });
});

describe("who calls", () => {
  it("is what a handler reads behind jwtProof() alone, and nobody before a login", async () => {
    const shop = bearerFixture({ user: undefined as never });
    shop.app.get("/who", (req, res) => void res.json({ user: req.twoFactor.user ?? null }));
    shop.app.get(
      "/guarded",
      require2fa({ when: () => false }),
      (req, res) => void res.json({ user: req.twoFactor.user }),
    );
    const token = bearer(shop);
    expect((await request(shop.app).get("/who")).body).toEqual({ user: null });
    expect((await request(shop.app).get("/who").set("authorization", token)).body).toEqual({ user: "ada" });
    expect((await request(shop.app).get("/guarded").set("authorization", token)).body).toEqual({
      user: "ada",
    });
  });

  it("is the one whom the guard has asked about, where the app answers later", async () => {
    const shop = fixture({ user: async (req) => req.session.userId });
    shop.app.get("/who", (req, res) => void res.json({ user: req.twoFactor.user ?? null }));
    shop.app.get(
      "/vault",
      require2fa({ onNotEnrolled: "allow" }),
      (req, res) => void res.json({ user: req.twoFactor.user }),
    );
    const tom = await shop.login("tom");
    expect((await tom.get("/who")).body).toEqual({ user: null });
    expect((await tom.get("/vault").expect(200)).body).toEqual({ user: "tom" });
  });
});

describe("two instances in one app", () => {
  function appOf(order: "deep first" | "deep last") {
    const site = twoFactor(options({ user: () => "of the site", proof: sessionless }));
    const api = twoFactor(options({ user: () => "of the API", proof: sessionless }));
    const app = express();
    if (order === "deep first") app.use("/api", api).use(site);
    else app.use(site).use("/api", api);
    const tell: express.RequestHandler = (req, res) => void res.json({ user: req.twoFactor.user });
    app.get("/api/v", require2fa({ onNotEnrolled: "allow", when: () => false }), tell);
    app.get("/v", tell).get("/api/plain", tell);
    return app;
  }

  it.each(["deep first", "deep last"] as const)("each keeps what is below its own path, %s", async (order) => {
    const app = appOf(order);
    expect((await request(app).get("/v")).body).toEqual({ user: "of the site" });
    expect((await request(app).get("/api/plain")).body).toEqual({ user: "of the API" });
    const challenged = await request(app).post("/api/2fa/challenge").set("origin", "http://x").send({});
    expect(challenged.status).not.toBe(404);
  });

  it("at the same place are a mistake, and the same one twice is none", async () => {
    const one = twoFactor(options({ proof: sessionless }));
    const two = twoFactor(options({ proof: sessionless }));
    const app = express().use(one).use(one);
    app.get("/v", (_req, res) => void res.end());
    await request(app).get("/v").expect(200);
    const both = express().use(one).use(two);
    let reached = false;
    both.get("/v", () => (reached = true));
    const answer = await request(both).get("/v").expect(500);
    expect(answer.text).toContain("Two instances of twoFactor()");
    expect(reached).toBe(false);
  });
});

describe("values that are near the right one", () => {
  it.each([
    ["UK", "GB"],
    ["se", "SE"],
    ["SWE", "SE"],
    ["uk ", "GB"],
  ])("country %s is answered with %s", (given, meant) => {
    expect(complaint(() => sms(outbox(), { countries: [given] }))).toContain(`(did you mean "${meant}"?)`);
  });

  it.each(["XX", "", "Sverige", "+46"])("country %s is refused", (given) => {
    expect(complaint(() => sms(outbox(), { countries: ["SE", given] }))).toContain("is not an ISO 3166-1 alpha-2 code");
  });

  it.each<[string, () => unknown, string]>([
    ["maxAge: 300", () => require2fa({ maxAge: 300 as never }), 'Write "300s" or "5m";'],
    ["maxAge: 300000", () => require2fa({ maxAge: 300_000 as never }), 'Write "300000s" or "300000ms";'],
    [
      "perUser without a list",
      () => twoFactor(options({ limits: { sends: { perUser: { max: 5, interval: "10m" } } } })),
      'as in [{ max: 5, interval: "10m" }]',
    ],
    ["a short secret", () => twoFactor(options({ secret: "short" })), "was given one of 5. Make one with: node -p"],
  ])("%s", (_what, build, words) => {
    expect(complaint(build)).toContain(words);
  });
});

describe("production without an origin", () => {
  const production = (changes: Record<string, unknown> = {}): void => {
    vi.stubEnv("NODE_ENV", "production");
    const methods = [sms(() => undefined, { countries: ["SE"] }), totp({ secret: () => null })];
    twoFactor(options({ methods, allowMemoryStore: true, ...changes }));
  };

  it("is warned about once, at construction", () => {
    production();
    expect(said).toEqual([expect.stringContaining("twoFactor({ origin }) is not set")]);
  });

  it("is silent with one, and outside production", () => {
    production({ origin: "https://example.com" });
    vi.stubEnv("NODE_ENV", "development");
    twoFactor(options());
    expect(said).toEqual([]);
  });
});
