/**
 * The attacker waits for a bad day: the user database throws, the carrier hangs, the store answers with nothing. Every
 * callback that an app hands over, and every step of the store, is made to throw, to reject, to answer nothing or never to
 * answer; on Express 4 as well, which does not wait for promises. The handler does not run, an answer comes within five
 * seconds, and the process lives (GHSA-8fpg-xm3f-6cx3: Auth.js fails open on an error of its configuration).
 */
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryStore, require2fa, type RoutePolicy, sms, totp, type TwoFactorOptions } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { fixture } from "../helpers/app.js";
import { type Answer, Site, Visitor } from "../helpers/burst.js";

/** Ways to fail. What is thrown need not be an error, and need not be anything. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  "throws an error": () => {
    throw new Error("secret words of the inside");
  },
  "throws a text": () => {
    throw "secret words of the inside";
  },
  "throws nothing": () => {
    throw undefined;
  },
  "throws null": () => {
    throw null;
  },
  "throws the word route": () => {
    throw "route";
  },
  "throws the word router": () => {
    throw "router";
  },
  "rejects with an error": () => Promise.reject(new Error("secret words of the inside")),
  "rejects with nothing": () => Promise.reject(undefined),
  "returns nothing": () => undefined,
  "resolves to nothing": () => Promise.resolve(undefined),
  "returns something else": () => ({ toString: undefined }),
};

const never = (): unknown => new Promise(() => undefined);

interface Breakable {
  /** Works until it is told to fail. */
  fail: (() => unknown) | undefined;
}

interface Broken {
  readonly options?: (broken: Breakable) => Partial<TwoFactorOptions>;
  readonly policy?: (broken: Breakable) => RoutePolicy;
  /** Whether nothing is an answer, too: a receipt, a body. */
  readonly silenceIsFine?: boolean;
  /** How long it may take, in milliseconds; a carrier has five seconds of its own. */
  readonly patience?: number;
}

/** The callback, or what fails in its place. */
function or<A extends unknown[], R>(broken: Breakable, works: (...args: A) => R): (...args: A) => R {
  return (...args) => (broken.fail ? (broken.fail() as R) : works(...args));
}

function stepOf(name: keyof Store): Broken {
  return {
    options: (broken) => {
      const sound = memoryStore();
      const store = new Proxy(sound, {
        get(target, key): unknown {
          const member: unknown = Reflect.get(target, key, target);
          if (typeof member !== "function") return member;
          const bound = member.bind(target) as (...args: unknown[]) => unknown;
          return key === name ? or(broken, bound) : bound;
        },
      });
      return { store };
    },
    policy: () => ({ idle: "1m" }),
  };
}

const CALLBACKS: Readonly<Record<string, Broken>> = {
  "the user callback": { options: (broken) => ({ user: or(broken, (req) => req.session.userId) }) },
  "the contact callback": { options: (broken) => ({ contact: or(broken, () => ({ phone: "+46707123456" })) }) },
  "the when callback": { policy: (broken) => ({ when: or(broken, () => true) }) },
  "the bind callback": { policy: (broken) => ({ bind: or(broken, () => ({ amount: 10 })) }) },
  "the TOTP secret": {
    options: (broken) => ({ methods: [totp({ secret: or(broken, () => "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP") })] }),
  },
  "the carrier": {
    options: (broken) => ({ methods: [sms(or(broken, () => undefined))] }),
    silenceIsFine: true,
    patience: 5_500,
  },
  "the page": {
    options: (broken) => ({ page: { render: or(broken, () => "<!doctype html>") } }),
    silenceIsFine: true,
  },
  ...Object.fromEntries(
    (["open", "find", "attempt", "consume", "claim", "touch", "put", "get"] as const).map((name) => [
      `the store's ${name}()`,
      stepOf(name),
    ]),
  ),
};

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
let others: NodeJS.UnhandledRejectionListener[] = [];
beforeAll(() => {
  others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
});
afterAll(() => {
  process.removeAllListeners("unhandledRejection");
  for (const each of others) process.on("unhandledRejection", each);
});

const BROWSER = { accept: "text/html" };

interface Outcome {
  readonly statuses: readonly number[];
  readonly handlerHits: number;
  readonly leaks: readonly string[];
}

/**
 * Knocks on the guarded route as a program and as a browser, without a login, with one that has proved nothing and with
 * one that has proved something too old, and answers the challenge; all of it after something broke.
 */
async function knock({ options, policy, patience = 10_000 }: Broken, fail: () => unknown): Promise<Outcome> {
  const broken: Breakable = { fail: undefined };
  const shop = fixture(options?.(broken));
  shop.app.use(express.json());
  shop.app.use("/protected", require2fa({ maxAge: "5m", ...policy?.(broken) }));
  shop.app.get("/protected", shop.handler);
  const site = await Site.open(shop.app);
  const fresh = await Visitor.login(site, "ada");
  const challenged = await Visitor.login(site, "ada");
  await challenged.get("/protected");
  const nobody = new Visitor(site);
  const stale = await Visitor.login(site, "ada");
  await stale.get("/protected");
  await stale.post("/2fa/verify", { code: shop.box.messages.length > 0 ? shop.code() : "123456" });
  shop.clock.tick(301_000);
  shop.counters.handlerHits = 0;

  broken.fail = fail;
  const requests = [
    () => nobody.get("/protected"),
    () => nobody.get("/protected", BROWSER),
    () => fresh.get("/protected"),
    () => fresh.get("/protected", BROWSER),
    () => stale.get("/protected"),
    () => stale.get("/protected", BROWSER),
    () => stale.get("/2fa", BROWSER),
    () => challenged.get("/protected", { "two-factor-code": "123456" }),
    () => challenged.post("/2fa/verify", { code: "123456" }),
    () => challenged.post("/2fa/verify", { code: "123456" }, BROWSER),
    () => challenged.post("/2fa/challenge"),
    () => challenged.post("/2fa/resend"),
  ];
  const answers: Answer[] = [];
  await Promise.all(requests.map(async (send) => answers.push(await Promise.race([send(), givingUp(patience)]))));
  const leaks = answers
    .map(({ body, headers }) => JSON.stringify([body, headers]))
    .filter((text) => /secret words/.test(text));
  const outcome = { statuses: answers.map(({ status }) => status), handlerHits: shop.counters.handlerHits, leaks };
  await site.close();
  return outcome;
}

/** No answer at all: 0. */
async function givingUp(patience: number): Promise<Answer> {
  await new Promise((resolve) => void setTimeout(resolve, patience).unref());
  return { status: 0, headers: {}, text: "", body: {} };
}

function check({ statuses, handlerHits, leaks }: Outcome, { silenceIsFine = false }: Broken): void {
  expect(handlerHits).toBe(0);
  expect(leaks).toEqual([]);
  // 200 and 201 are our own routes' answers; the guarded one can give them only through its handler
  const known = [200, 201, 303, 400, 401, 403, 404, 409, 410, 422, 429, 500, 502, 503];
  expect(statuses.filter((status) => !known.includes(status))).toEqual([]);
  if (!silenceIsFine) expect(statuses.some((status) => status >= 400)).toBe(true);
}

describe.each(Object.entries(CALLBACKS))("when %s", (name, callback) => {
  // nothing but what the store answers passes through its supervisor
  const failures = name.startsWith("the store")
    ? Object.entries(FAILURES).filter(([how]) => !/null|word|text/.test(how))
    : Object.entries(FAILURES);

  it.each(failures)("A09 %s, the door stays closed and the process lives", async (_how, fail) => {
    unhandled.length = 0;
    check(await knock(callback, fail), callback);
    await new Promise((resolve) => void setTimeout(resolve, 5));
    expect(unhandled).toEqual([]);
  });
});

describe("when a callback never settles", () => {
  const outcomes = new Map<string, Outcome>();
  beforeAll(async () => {
    // all at once: each of them waits for seconds
    const knocks = Object.entries(CALLBACKS).map(async ([name, callback]) =>
      outcomes.set(name, await knock(callback, never)),
    );
    await Promise.all(knocks);
  }, 60_000);

  it.each(Object.entries(CALLBACKS))("A09 %s: the door stays closed, and an answer comes in time", (name, callback) => {
    check(outcomes.get(name) ?? expect.unreachable(), callback);
  });
});

describe("the store's list of what was revoked", () => {
  it.each([
    ["throws", () => expect.unreachable()],
    ["is not a number", () => Number.NaN],
    ["is nothing", () => undefined],
  ])("A09 %s: the door stays closed, with a proof that was good", async (_how, fail) => {
    const broken: Breakable = { fail: undefined };
    const shop = fixture(stepOf("revokedAt").options?.(broken));
    shop.guard("/protected");
    const agent = await shop.login("ada");
    await agent.get("/protected").expect(401);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/protected").expect(200);
    broken.fail = fail;
    const { status } = await agent.get("/protected");
    expect([401, 503]).toContain(status);
    expect(shop.counters.handlerHits).toBe(1);
  });
});
