import express from "express";
import session from "express-session";
import * as fc from "fast-check";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  consoleProvider,
  email,
  jwtProof,
  memoryStore,
  outbox,
  recoveryCodes,
  require2fa,
  type RoutePolicy,
  sessionProof,
  sms,
  smtp,
  totp,
  TwoFactorError,
  twoFactor,
  type TwoFactorOptions,
  voice,
  webhook,
} from "../../src/index.js";
import { fixture } from "../helpers/app.js";
import { Site, Visitor } from "../helpers/burst.js";
import { times } from "../helpers/effort.js";

afterEach(() => vi.unstubAllEnvs());

const SECRET = "a secret of the fixture, 32 bytes and more";

/** Options that are right, with some that are not. */
function options(changes: Record<string, unknown> = {}): TwoFactorOptions {
  return {
    secret: SECRET,
    user: () => "ada",
    contact: () => ({ phone: "+46707123456" }),
    ...(Object.hasOwn(changes, "methods") ? {} : { methods: [sms(outbox())] }),
    ...changes,
  } as TwoFactorOptions;
}

/** What `build` throws: always ours, and always about the set-up. */
function complaint(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(TwoFactorError);
    expect(error).toMatchObject({ code: "misconfigured", status: 500 });
    return (error as Error).message;
  }
  return expect.unreachable("nothing was thrown");
}

describe("a name that does not exist is refused with the nearest one that does", () => {
  it.each<[string, () => unknown, string]>([
    ["twoFactor({ secrt })", () => twoFactor(options({ secrt: SECRET })), 'Did you mean "secret"?'],
    ["twoFactor({ method })", () => twoFactor(options({ method: [] })), 'Did you mean "methods"?'],
    ["twoFactor({ stores })", () => twoFactor(options({ stores: memoryStore() })), 'Did you mean "store"?'],
    ["twoFactor({ origins })", () => twoFactor(options({ origins: [] })), 'Did you mean "origin"?'],
    ["twoFactor({ page: { them } })", () => twoFactor(options({ page: { them: {} } })), 'Did you mean "theme"?'],
    [
      "twoFactor({ page: { theme: { --r2fa-acent } } })",
      () => twoFactor(options({ page: { theme: { "--r2fa-acent": "red" } } })),
      'Did you mean "--r2fa-accent"?',
    ],
    ["twoFactor({ limits: { send } })", () => twoFactor(options({ limits: { send: {} } })), 'Did you mean "sends"?'],
    [
      "twoFactor({ limits: { sends: { perUsr } } })",
      () => twoFactor(options({ limits: { sends: { perUsr: [] } } })),
      'Did you mean "perUser"?',
    ],
    [
      "twoFactor({ limits: { failures: { perAcount } } })",
      () => twoFactor(options({ limits: { failures: { perAcount: 5 } } })),
      'Did you mean "perAccount"?',
    ],
    [
      "twoFactor({ limits: { named: { x: { buckts } } } })",
      () => twoFactor(options({ limits: { named: { x: { by: "user", buckts: [] } } } })),
      'Did you mean "buckets"?',
    ],
    [
      "twoFactor({ events: { account.lockd } })",
      () => twoFactor(options({ events: { "account.lockd": () => undefined } })),
      'Did you mean "account.locked"?',
    ],
    ["require2fa({ maxage })", () => require2fa({ maxage: "5m" } as RoutePolicy), 'Did you mean "maxAge"?'],
    [
      "require2fa({ onNotEnroled })",
      () => require2fa({ onNotEnroled: "deny" } as RoutePolicy),
      'Did you mean "onNotEnrolled"?',
    ],
    ["require2fa({ methods: [smss] })", () => require2fa({ methods: ["smss"] as never }), 'Did you mean "sms"?'],
    ["require2fa({ machine: alow })", () => require2fa({ machine: "alow" as "allow" }), 'Did you mean "allow"?'],
    ["sms({ digit })", () => sms(outbox(), { digit: 6 } as object), 'Did you mean "digits"?'],
    ["voice({ country })", () => voice(outbox(), { country: [] } as object), 'Did you mean "countries"?'],
    ["email({ tll })", () => email(outbox(), { tll: "5m" } as object), 'Did you mean "ttl"?'],
    ["totp({ secrets })", () => totp({ secret: () => null, secrets: 1 } as never), 'Did you mean "secret"?'],
    ["memoryStore({ maxPendings })", () => memoryStore({ maxPendings: 1 } as object), 'Did you mean "maxPending"?'],
    [
      "jwtProof({ algorithm })",
      () => jwtProof({ secret: SECRET, algorithm: "HS256" } as never),
      'Did you mean "algorithms"?',
    ],
    ["outbox({ capcity })", () => outbox({ capcity: 1 } as object), 'Did you mean "capacity"?'],
    ["consoleProvider({ writ })", () => consoleProvider({ writ: () => undefined } as object), 'Did you mean "write"?'],
  ])("%s", (_name, build, hint) => {
    expect(complaint(build)).toContain(hint);
  });
});

describe("what is missing or of another kind is refused", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["no options at all", () => twoFactor(undefined as never), /takes an object/],
    ["a list of options", () => twoFactor([] as never), /takes an object/],
    ["no secret", () => twoFactor(options({ secret: undefined })), /randomBytes/],
    ["an empty list of secrets", () => twoFactor(options({ secret: [] })), /secret/],
    ["a secret that is a number", () => twoFactor(options({ secret: 12345 })), /secret/],
    ["no user", () => twoFactor(options({ user: undefined })), /twoFactor\(\{ user \}\)/],
    ["a user that is a name", () => twoFactor(options({ user: "ada" })), /must be a function/],
    ["no contact", () => twoFactor(options({ contact: undefined })), /must be a function/],
    ["a contact that is an object", () => twoFactor(options({ contact: {} })), /must be a function/],
    ["no methods", () => twoFactor(options({ methods: undefined })), /at least one/],
    ["an empty list of methods", () => twoFactor(options({ methods: [] })), /at least one/],
    ["one method without a list", () => twoFactor(options({ methods: sms(outbox()) })), /at least one/],
    ["a method that was not called", () => twoFactor(options({ methods: [sms] })), /forget the call/],
    ["a name for a method", () => twoFactor(options({ methods: ["sms"] })), /forget the call/],
    ["the same method twice", () => twoFactor(options({ methods: [sms(outbox()), sms(outbox())] })), /twice/],
    ["a proof that is a name", () => twoFactor(options({ proof: "session" })), /sessionProof\(\)/],
    ["an empty list of proofs", () => twoFactor(options({ proof: [] })), /sessionProof\(\)/],
    ["a proof that was not called", () => twoFactor(options({ proof: sessionProof })), /./],
    ["a store that is a word", () => twoFactor(options({ store: "redis" })), /store/],
    ["a store that is a class of its own", () => twoFactor(options({ store: { attempt: () => undefined } })), /store/],
    ["a path without a slash", () => twoFactor(options({ path: "2fa" })), /leading slash/],
    ["a path with a slash at its end", () => twoFactor(options({ path: "/2fa/" })), /none at the end/],
    ["a path with a placeholder", () => twoFactor(options({ path: "/:id/2fa" })), /must look like/],
    ["a path that is a number", () => twoFactor(options({ path: 2 })), /must look like/],
    ["an origin with a path", () => twoFactor(options({ origin: "https://shop.example/" })), /no path/],
    ["an origin without a scheme", () => twoFactor(options({ origin: "shop.example" })), /scheme and host/],
    ["an origin that is a number", () => twoFactor(options({ origin: 443 })), /origin/],
    ["a list of origins with a hole in it", () => twoFactor(options({ origin: [null] })), /origin/],
    ["a service that is a number", () => twoFactor(options({ service: 5 })), /service/],
    ["a service that is an object", () => twoFactor(options({ service: { name: "Shop" } })), /service/],
    ["a page that is a function", () => twoFactor(options({ page: () => "" })), /page/],
    ["a page whose render is a text", () => twoFactor(options({ page: { render: "<html>" } })), /render/],
    ["a page whose theme is a text", () => twoFactor(options({ page: { theme: "dark" } })), /theme/],
    ["a clock that is a date", () => twoFactor(options({ clock: new Date() })), /clock/],
    ["a listener that is no function", () => twoFactor(options({ events: { fault: "log" } })), /fault/],
    ["events that are nothing", () => twoFactor(options({ events: null })), /events/],
    ["limits that are nothing", () => twoFactor(options({ limits: null })), /limits/],
    ["a spacing that is no list", () => twoFactor(options({ limits: { sends: { spacing: "30s" } } })), /spacing/],
    [
      "buckets that are no list",
      () => twoFactor(options({ limits: { sends: { perUser: { max: 5, interval: "10m" } } } })),
      /perUser/,
    ],
    [
      "an empty list of buckets",
      () => twoFactor(options({ limits: { sends: { perUser: [] } } })),
      /at least one bucket/,
    ],
    [
      "a bucket without an interval",
      () => twoFactor(options({ limits: { sends: { perUser: [{ max: 5 }] } } })),
      /interval/,
    ],
    [
      "a bucket of no length",
      () => twoFactor(options({ limits: { sends: { perUser: [{ max: 5, interval: "0s" }] } } })),
      /longer than 0/,
    ],
    [
      "a bucket for nothing",
      () => twoFactor(options({ limits: { sends: { perUser: [{ max: 0, interval: "1m" }] } } })),
      /whole number/,
    ],
    [
      "a limit by nothing known",
      () => twoFactor(options({ limits: { named: { x: { by: "moon", buckets: [] } } } })),
      /user, destination, ip/,
    ],
    ["named limits that are a number", () => twoFactor(options({ limits: { named: 5 } })), /named/],
    ["named limits that are nothing", () => twoFactor(options({ limits: { named: null } })), /named/],
    [
      "a limit's name that fits into no header",
      () => twoFactor(options({ limits: { named: { 'a"b': { by: "ip", buckets: [{ max: 1, interval: "1m" }] } } } })),
      /named/,
    ],
    ["policy that is a duration", () => require2fa("5m" as never), /takes an object/],
    ["policy that is nothing", () => require2fa(null as never), /takes an object/],
    ["maxAge without a unit", () => require2fa({ maxAge: 300 as 0 }), /only bare number is 0/],
    ["maxAge in another language", () => require2fa({ maxAge: "5 minutes" as "5m" }), /number with its unit/],
    ["maxAge that is negative", () => require2fa({ maxAge: "-5m" as "5m" }), /not a duration/],
    ["maxAge that is nothing", () => require2fa({ maxAge: null as never }), /not a duration/],
    ["idle of no length", () => require2fa({ idle: 0 }), /longer than 0/],
    ["idle beside maxAge: 0", () => require2fa({ maxAge: 0, idle: "1m" }), /no sense/],
    ["methods that are a name", () => require2fa({ methods: "sms" as never }), /write a list/],
    ["methods that are none", () => require2fa({ methods: [] }), /at least one/],
    ["methods that are nothing", () => require2fa({ methods: null as never }), /methods/],
    ["methods that are a number", () => require2fa({ methods: 2 as never }), /methods/],
    ["allOf none", () => require2fa({ methods: { allOf: [] } }), /at least one/],
    ["anyOf, which is a plain list", () => require2fa({ methods: { anyOf: ["sms"] } as never }), /methods/],
    ["an action without a name", () => require2fa({ action: "" }), /action/],
    ["an action of two lines", () => require2fa({ action: "pay\nout" }), /printable/],
    ["bind that is an object", () => require2fa({ bind: {} as never }), /function/],
    ["when that is true", () => require2fa({ when: true as never }), /function/],
    ["resume that is a word", () => require2fa({ resume: "yes" as never }), /true or false/],
    ["reportOnly that is a number", () => require2fa({ reportOnly: 1 as never }), /true or false/],
    ["limits that are a word", () => require2fa({ limits: "payouts" as never }), /limits/],
    ["limits that are numbers", () => require2fa({ limits: [5] as never }), /limits/],
    ["a status that is another", () => require2fa({ status: 404 as never }), /status/],
    ["no provider", () => twoFactor(options({ methods: [sms(undefined as never)] })), /provider/],
    ["an empty list of providers", () => twoFactor(options({ methods: [sms([])] })), /empty/],
    ["a provider without send()", () => twoFactor(options({ methods: [sms({ name: "x" } as never)] })), /send/],
    ["totp without a secret", () => twoFactor(options({ methods: [totp()] })), /secret/],
    ["totp with a secret for everybody", () => totp({ secret: "JBSWY3DPEHPK3PXP" } as never), /function/],
    ["countries in lower case", () => sms(outbox(), { countries: ["se"] }), /ISO 3166/],
    ["countries that are a word", () => sms(outbox(), { countries: "SE" as never }), /countries/],
  ])("%s", (_name, build, why) => {
    expect(complaint(build)).toMatch(why);
  });
});

describe("what is weak is refused", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["a secret of 31 bytes", () => twoFactor(options({ secret: "x".repeat(31) })), /32 bytes/],
    ["a short secret among long ones", () => twoFactor(options({ secret: [SECRET, "short"] })), /32 bytes/],
    ["five digits", () => sms(outbox(), { digits: 5 }), /20/],
    ["five digits by mail", () => email(outbox(), { digits: 5 }), /20/],
    ["five digits by phone", () => voice(outbox(), { digits: 5 }), /20/],
    ["no digits", () => sms(outbox(), { digits: 0 }), /20/],
    ["half a digit more", () => sms(outbox(), { digits: 6.5 }), /20/],
    ["a number of digits that is none", () => sms(outbox(), { digits: Number.NaN }), /20/],
    ["a number of digits in words", () => sms(outbox(), { digits: "6" as never }), /20/],
    ["a code that lives eleven minutes", () => sms(outbox(), { ttl: "11m" }), /10m/],
    ["a code that lives a second more than ten minutes", () => sms(outbox(), { ttl: "601s" }), /10m/],
    ["a code that lives no time", () => sms(outbox(), { ttl: 0 }), /10m/],
    ["eleven attempts", () => twoFactor(options({ limits: { failures: { perChallenge: 11 } } })), /1 to 10/],
    ["no attempts", () => twoFactor(options({ limits: { failures: { perChallenge: 0 } } })), /1 to 10/],
    ["attempts without end", () => twoFactor(options({ limits: { failures: { perChallenge: Infinity } } })), /1 to 10/],
    [
      "attempts that are no number",
      () => twoFactor(options({ limits: { failures: { perChallenge: Number.NaN } } })),
      /1 to 10/,
    ],
    ["attempts in words", () => twoFactor(options({ limits: { failures: { perChallenge: "5" } } })), /1 to 10/],
    ["101 failures of an account", () => twoFactor(options({ limits: { failures: { perAccount: 101 } } })), /1 to 100/],
    ["a lock of no length", () => twoFactor(options({ limits: { failures: { lock: 0 } } })), /lock/],
    [
      "a longest lock of no length",
      () => twoFactor(options({ limits: { failures: { longestLock: "0s" } } })),
      /[Ll]ock/,
    ],
    ["a proof that lives 25 hours", () => require2fa({ maxAge: "25h" }), /24h/],
    ["a TOTP window of two steps", () => totp({ secret: () => null, window: 2 as 1 }), /window/],
    ["TOTP with five digits", () => totp({ secret: () => null, digits: 5 as 6 }), /digits/],
    ["TOTP with MD5", () => totp({ secret: () => null, algorithm: "md5" as "sha1" }), /algorithm/],
    ["a token secret of 31 bytes", () => jwtProof({ secret: "x".repeat(31), algorithms: ["HS256"] }), /32/],
    ["tokens without a signature", () => jwtProof({ secret: SECRET, algorithms: ["none"] as never }), /algorithms/],
  ])("%s", (_name, build, why) => {
    expect(complaint(build)).toMatch(why);
  });

  it("six digits, ten minutes and 32 bytes are not", () => {
    twoFactor(options({ secret: "x".repeat(32), methods: [sms(outbox(), { digits: 6, ttl: "10m" })] }));
  });

  describe("in production", () => {
    const carry = () => undefined;
    beforeEach(() => vi.stubEnv("NODE_ENV", "production"));

    it.each<[string, () => unknown, RegExp]>([
      ["the memory store by default", () => twoFactor(options({ methods: [email(carry)] })), /allowMemoryStore: true/],
      [
        "the memory store by name",
        () => twoFactor(options({ methods: [email(carry)], store: memoryStore() })),
        /allowMemoryStore: true/,
      ],
      ["SMS to every country", () => sms(carry), /countries/],
      ["SMS to no country", () => sms(carry, { countries: [] }), /countries/],
      ["calls to every country", () => voice(carry), /countries/],
      ["the console", () => consoleProvider(), /NODE_ENV=production/],
      ["the outbox", () => outbox(), /NODE_ENV=production/],
    ])("%s", (_name, build, why) => {
      expect(complaint(build)).toMatch(why);
    });

    it("what has been said in so many words is accepted", () => {
      twoFactor(options({ methods: [sms(carry, { countries: ["SE"] })], allowMemoryStore: true }));
    });

    it("E11 whoever offers nothing but the telephone is warned, and nobody else is", () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const [text, call] = [sms(carry, { countries: ["SE"] }), voice(carry, { countries: ["SE"] })];
      const build = (methods: unknown[]) =>
        twoFactor(options({ methods, origin: "https://shop.example", allowMemoryStore: true, factors: true }));
      build([text, call, recoveryCodes()]);
      expect(warn.mock.calls).toEqual([[expect.stringContaining("telephone"), { code: "REQUIRE2FA_TELEPHONE_ONLY" }]]);
      build([totp(), text]);
      build([text, email(carry)]);
      vi.stubEnv("NODE_ENV", "development");
      build([text]);
      expect(warn).toHaveBeenCalledTimes(1);
      warn.mockRestore();
    });

    it("what was said in a roundabout way is not", () => {
      const flag = (value: unknown) => () => twoFactor(options({ methods: [email(carry)], allowMemoryStore: value }));
      for (const value of ["yes", 1, {}]) expect(complaint(flag(value))).toMatch(/allowMemoryStore/);
    });
  });
});

describe("a guard without twoFactor()", () => {
  it("says which line is missing, and its handler does not run", async () => {
    const app = express();
    let hits = 0;
    app.get("/vault", require2fa(), (_req, res) => {
      hits += 1;
      res.end();
    });
    app.use(((error, _req, res, _next) => {
      res.status(error.status as number).json({ code: error.code, message: error.message });
    }) satisfies express.ErrorRequestHandler);
    const { body } = await request(app).get("/vault").expect(500);
    expect(body.code).toBe("misconfigured");
    expect(body.message).toContain("app.use(twoFactor(");
    expect(hits).toBe(0);
  });

  it("before twoFactor() is a guard without", async () => {
    const shop = fixture();
    const app = express();
    app.get("/vault", require2fa(), shop.handler);
    app.use(shop.app);
    await request(app).get("/vault").expect(500);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("takes nothing for it that only looks like it", async () => {
    const app = express();
    let hits = 0;
    app.use((req, _res, next) => {
      Object.assign(req, { twoFactor: { verified: true, methods: ["totp"], kit: {} } });
      next();
    });
    app.get("/vault", require2fa(), (_req, res) => {
      hits += 1;
      res.end();
    });
    await request(app).get("/vault").expect(500);
    expect(hits).toBe(0);
  });
});

describe("twoFactor() without a session", () => {
  it("says which line is missing, and the handler does not run", async () => {
    const app = express();
    let hits = 0;
    const faults: unknown[] = [];
    app.use(twoFactor(options({ events: { fault: ({ error }: { error: unknown }) => void faults.push(error) } })));
    app.get("/vault", require2fa(), (_req, res) => {
      hits += 1;
      res.end();
    });
    const { body } = await request(app).get("/vault").expect(500);
    expect(body).toMatchObject({ code: "misconfigured" });
    expect(String(faults[0])).toContain("app.use(session(");
    expect(hits).toBe(0);
  });
});

describe("what only an instance can know", () => {
  it.each<[string, RoutePolicy]>([
    ["a limit that is not configured", { limits: ["payouts"] }],
    ["a method that is not configured", { methods: ["passkey"] }],
  ])("closes the door of the route that names it: %s", async (_name, policy) => {
    const shop = fixture();
    shop.guard("/payout", policy);
    const answer = await (await shop.login("ada")).get("/payout").expect(500);
    expect(answer.body).toMatchObject({ code: "misconfigured" });
    expect(shop.counters.handlerHits).toBe(0);
    expect(shop.box.messages).toEqual([]);
  });
});

/** Values that somebody might write where something else is meant. */
const oddities = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    false,
    0,
    1,
    -1,
    5,
    300,
    Number.NaN,
    Infinity,
    "",
    "x",
    "5m",
    "0s",
    "1d",
    "sms",
    "/2fa",
  ),
  fc.constantFrom<unknown>([], [null], ["sms"], ["5m"], {}, { max: 1 }, { theme: {} }, { sends: {} }, { render: 1 }),
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.array(fc.string({ maxLength: 4 }), { maxLength: 2 }),
  fc.dictionary(fc.string({ maxLength: 6 }), fc.anything({ maxDepth: 1 }), { maxKeys: 2, noNullPrototype: true }),
);

const mistyped = fc.constantFrom("maxage", "methds", "secrets", "__proto__", "constructor", "toString", "foo");

/** An object with some right names, some wrong ones, and mostly something odd behind them. */
function randomOptions(right: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(right).map(([name, good]) =>
    fc.tuple(fc.constant(name), fc.oneof({ weight: 3, arbitrary: good }, { weight: 1, arbitrary: oddities })),
  );
  const wrong = fc.tuple(mistyped, oddities);
  const pick = fc.oneof({ weight: 12, arbitrary: fc.oneof(...entries) }, { weight: 1, arbitrary: wrong });
  return fc.array(pick, { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs));
}

const buckets = fc.constantFrom(
  [{ max: 5, interval: "10m" }],
  [
    { max: 1, interval: "1s" },
    { max: 9, interval: "1d" },
  ],
);

const POLICIES = randomOptions({
  maxAge: fc.constantFrom("5m", 0, "24h", "1ms", "0.5s"),
  idle: fc.constantFrom("1m", "30d"),
  methods: fc.constantFrom(["sms"], ["totp", "email"], { allOf: ["sms", "email"] }, "phishing-resistant", [
    "sms",
    "sms",
  ]),
  action: fc.constantFrom("payout", "Überweisung", "💸", 'a"b'),
  bind: fc.constantFrom(
    () => ({ amount: 1 }),
    async () => ({ "a b": "ü", c: null }),
  ),
  when: fc.constantFrom(
    () => true,
    async () => false,
  ),
  onNotEnrolled: fc.constantFrom("deny", "enroll", "allow"),
  machine: fc.constantFrom("deny", "allow"),
  resume: fc.boolean(),
  reportOnly: fc.boolean(),
  limits: fc.constant([]),
  status: fc.constantFrom(401, 403),
}).filter(({ limits }) => !isNames(limits));

/** A guard cannot know the names of an instance's limits before the first request comes; that has a test of its own. */
function isNames(limits: unknown): boolean {
  return Array.isArray(limits) && limits.length > 0 && limits.every((name) => typeof name === "string");
}

const INSTANCES = randomOptions({
  secret: fc.constantFrom(SECRET, [SECRET, `${SECRET}, the old one`]),
  user: fc.constantFrom(
    () => "ada",
    () => 5,
    async () => "ada",
    () => null,
  ),
  contact: fc.constantFrom(
    () => ({ phone: "+46707123456" }),
    () => ({ email: "a@example.com" }),
    () => ({}),
    () => null,
  ),
  methods: fc.constantFrom(
    [sms(outbox())],
    [email(outbox()), sms([outbox(), outbox()])],
    [totp({ secret: () => null })],
  ),
  proof: fc.constantFrom(sessionProof(), [jwtProof({ secret: SECRET, algorithms: ["HS256"] }), sessionProof()]),
  store: fc.constant(memoryStore()),
  allowMemoryStore: fc.boolean(),
  path: fc.constantFrom("/2fa", "/a/b-c"),
  origin: fc.constantFrom("https://shop.example", ["http://localhost:3000"], []),
  service: fc.constantFrom("Shop", "", "Ü & Söhne <b>"),
  page: fc.constantFrom({}, { theme: { "--r2fa-accent": "#0a7" } }, { render: () => "<!doctype html>" }),
  limits: fc.oneof(
    fc.constantFrom({}, { failures: { perChallenge: 3, lock: "1m" } }, { sends: { spacing: [] } }),
    fc.record({ sends: fc.record({ perUser: buckets }) }),
    fc.record({ sends: fc.dictionary(fc.constantFrom("spacing", "perUser", "failed"), oddities, { minKeys: 1 }) }),
    fc.record({ named: fc.dictionary(fc.string({ maxLength: 5 }), fc.record({ by: fc.constant("user"), buckets })) }),
  ),
  clock: fc.constant(Date.now),
  events: fc.constantFrom({}, { fault: () => undefined }),
});

/** What becomes of a request at a guard that could be built: anything but a fault of ours. */
async function walkThrough(instance: TwoFactorOptions, policy: RoutePolicy): Promise<void> {
  const faults: unknown[] = [];
  const tfa = twoFactor(instance);
  tfa.events.on("fault", ({ error }) => faults.push(error));
  const app = express();
  app.use(session({ secret: "first factor", resave: false, saveUninitialized: false }), tfa);
  app.use(express.urlencoded({ extended: false }));
  app.all("/vault", require2fa(policy), (_req, res) => res.json({ open: true }));
  const site = await Site.open(app);
  const visitor = new Visitor(site);
  const path = instance.path ?? "/2fa";
  const browser = { accept: "text/html" };
  const answers = [
    await visitor.get("/vault"),
    await visitor.get("/vault", browser),
    await visitor.send("POST", "/vault", { form: "a=1", headers: browser }),
    await visitor.get(path, browser),
    await visitor.post(`${path}/challenge`),
    await visitor.post(`${path}/verify`, { code: "123456" }),
    await visitor.get("/vault", { "two-factor-code": "123456" }),
  ];
  await site.close();
  expect(faults).toEqual([]);
  expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
}

/** Builds, and says whether it could; an error that is not about the set-up is a mistake of ours. */
function builds(build: () => unknown): boolean {
  try {
    build();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: "TwoFactorError", code: "misconfigured" });
    return false;
  }
}

describe("hundreds of random option objects", () => {
  it("are refused at once by require2fa(), or work", { timeout: 60_000 }, async () => {
    let worked = 0;
    await fc.assert(
      fc.asyncProperty(POLICIES, async (policy) => {
        if (!builds(() => require2fa(policy))) return;
        worked += 1;
        const methods = [totp({ secret: () => null }), sms(outbox()), email(outbox())];
        await walkThrough(options({ methods, factors: true }), policy);
      }),
      { numRuns: times(500, 150) },
    );
    expect(worked).toBeGreaterThan(times(50, 15));
  });

  it("are refused at once by twoFactor(), or work", { timeout: 60_000 }, async () => {
    let worked = 0;
    await fc.assert(
      fc.asyncProperty(INSTANCES, async (changes) => {
        const instance = options(changes);
        if (!builds(() => twoFactor(instance))) return;
        worked += 1;
        await walkThrough(instance, {});
      }),
      { numRuns: times(500, 150) },
    );
    expect(worked).toBeGreaterThan(times(50, 15));
  });

  it("are refused at once by the methods, or work", async () => {
    const sent = fc.record(
      {
        digits: fc.oneof(fc.constantFrom(6, 8, 20), oddities),
        ttl: fc.oneof(fc.constantFrom("5m", "10m", "30s"), oddities),
        countries: fc.oneof(fc.constantFrom(["SE"], ["GB", "SE"], []), oddities),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(sent, async (given) => {
        if (!builds(() => sms(outbox(), given as object))) return;
        await walkThrough(options({ methods: [sms(outbox(), given as object)] }), {});
      }),
      { numRuns: times(150, 50) },
    );
  });
});

it("smtp() and webhook() refuse what they do not know, too", () => {
  expect(complaint(() => smtp({ url: "smtp://localhost", form: "x" } as never))).toMatch(/unknown option|Did you mean/);
  expect(complaint(() => webhook({ url: "https://hooks.example/sms", secrt: "x" } as never))).toMatch(/Did you mean/);
});
