/**
 * The attacker works with what surrounds an answer: a proxy's or a browser's cache that keeps a challenge, a browser that
 * guesses a content type, a frame around the page, a link whose address gives the challenge away to the next site, and the
 * place a person is sent on to afterwards, which they choose so that it looks like ours and is not. They also watch what a
 * refusal says about when to come back, and whether it is true.
 */
import { afterEach, describe, expect, it } from "vitest";
import express from "express";
import { outbox, require2fa, sms, type TwoFactorOptions } from "../../src/index.js";
import { fixture, ORIGIN, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { type Answer, rawRequest, Site, Visitor } from "../helpers/burst.js";
import { oneShot, type Shot } from "../helpers/one-shot.js";
import { seeded } from "../../src/testing/bench.js";
import { times } from "../helpers/effort.js";

const NAVIGATION = {
  accept: "text/html,application/xhtml+xml",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
};
const POSTED = { ...NAVIGATION, origin: ORIGIN };

let site: Site;
const sites: Site[] = [];
afterEach(async () => {
  for (const each of sites.splice(0)) await each.close();
});

async function serve(app: express.Express): Promise<void> {
  site = await Site.open(app);
  sites.push(site);
}

async function open(options: Partial<TwoFactorOptions> = {}): Promise<Fixture> {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  await serve(shop.app);
  return shop;
}

const isRedirect = ({ status }: Answer): boolean => status >= 300 && status < 400;

describe("I07: every answer of ours", () => {
  it("is kept by no cache, guessed by no browser, framed by no page and names nothing in its address", async () => {
    const shop = await open();
    const answers: [string, Answer][] = [];
    const ada = await Visitor.login(site, "ada");
    const take = async (what: string, answer: Promise<Answer>): Promise<Answer> => {
      const given = await answer;
      answers.push([what, given]);
      return given;
    };
    const stranger = new Visitor(site);
    await take("nobody at a guarded route", stranger.get("/vault"));
    await take("nobody who navigates", stranger.get("/vault", NAVIGATION));
    await take("nobody at the page", stranger.get("/2fa", NAVIGATION));
    await take("nobody who verifies", stranger.post("/2fa/verify", { code: "123456" }));
    await take("a page without a challenge", ada.get("/2fa", NAVIGATION));
    await take("a status without a challenge", ada.get("/2fa/status"));
    await take("a cancel without a challenge", ada.post("/2fa/cancel"));
    const { body } = await take("a challenge", ada.get("/vault"));
    const { id } = body["challenge"] as { id: string };
    await take("a challenge for a person", ada.get("/vault?x=1", NAVIGATION));
    await take("a prefetch", ada.get("/vault", { "sec-purpose": "prefetch" }));
    await take("a HEAD", ada.send("HEAD", "/vault"));
    await take("the page", ada.get("/2fa", NAVIGATION));
    await take("the HEAD of the page", ada.send("HEAD", "/2fa"));
    await take("the status", ada.get("/2fa/status"));
    await take("a status that asks too much", ada.get("/2fa/status?maxAge=99d"));
    await take("a resend that is too early", ada.post("/2fa/resend"));
    await take("a resend that is too early, by form", ada.send("POST", "/2fa/resend", { form: {}, headers: POSTED }));
    await take("another site", ada.post("/2fa/verify", {}, { origin: "https://evil.example" }));
    await take("another method", ada.send("PUT", "/2fa/verify"));
    await take("no code", ada.post("/2fa/verify", { code: "x" }));
    await take("a wrong code", ada.post("/2fa/verify", { code: shop.wrong() }));
    await take(
      "a wrong code by form",
      ada.send("POST", "/2fa/verify", { form: { code: shop.wrong() }, headers: POSTED }),
    );
    await take("an unknown challenge", ada.post("/2fa/verify", { code: shop.wrong(), challenge: "nothing" }));
    await take("a method that is not accepted", ada.post("/2fa/challenge", { method: "voice" }));
    shop.clock.tick(31_000);
    await take("a resend", ada.post("/2fa/resend"));
    await take(
      "another method of proof",
      ada.send("POST", "/2fa/challenge", { form: { method: "email" }, headers: POSTED }),
    );
    const right = shop.code();
    await take("the right code", ada.send("POST", "/2fa/verify", { form: { code: right }, headers: POSTED }));
    await take("the code again", ada.post("/2fa/verify", { code: right }));
    await take("the status of a proof", ada.get("/2fa/status"));
    await take("another challenge", ada.post("/2fa/challenge", { action: "payout" }));
    await take("the end of it", ada.post("/2fa/cancel"));
    await take("nobody's account", (await Visitor.login(site, "nobody")).get("/vault"));
    await take("a person without a method", (await Visitor.login(site, "tom")).get("/vault", NAVIGATION));

    expect(new Set(answers.map(([, { status }]) => status)).size).toBeGreaterThanOrEqual(10);
    for (const [what, { status, headers, text }] of answers) {
      expect(headers["cache-control"], what).toBe("no-store");
      expect(headers["x-content-type-options"], what).toBe("nosniff");
      expect(headers["referrer-policy"], what).toBe("no-referrer");
      const location = headers["location"];
      if (location !== undefined) {
        expect(location, what).not.toContain(id);
        expect(location, what).not.toContain(right);
        expect(location, what).not.toMatch(/[\w-]{20,}/);
      }
      if (status === 204) continue;
      expect(headers["content-type"], what).toMatch(
        /^(?:text\/html|text\/plain|application\/json|application\/problem\+json); charset=utf-8$/,
      );
      if (!headers["content-type"]?.startsWith("text/html") || isRedirect({ status } as Answer)) continue;
      expect(headers["content-security-policy"], what).toMatch(/default-src 'none'/);
      expect(headers["content-security-policy"], what).toMatch(/frame-ancestors 'none'/);
      expect(headers["content-security-policy"], what).toMatch(/base-uri 'none'/);
      expect(headers["content-security-policy"], what).not.toMatch(/unsafe-/);
      expect(headers["cross-origin-opener-policy"], what).toBe("same-origin");
      expect(headers["x-frame-options"], what).toBe("DENY");
      expect(text, what).not.toContain(right);
      for (const [, link = ""] of text.matchAll(/(?:href|action|src)="([^"]*)"/g))
        expect(link, what).not.toMatch(/[\w-]{20,}/);
    }
  });

  it("has a nonce of its own for every page", async () => {
    await open();
    const ada = await Visitor.login(site, "ada");
    const nonces = new Set<string>();
    for (let index = 0; index < 20; index += 1) {
      const { headers } = await ada.get("/2fa", NAVIGATION);
      nonces.add(/'nonce-([\w+/=-]{16,})'/.exec(headers["content-security-policy"] ?? "")?.[1] ?? "");
    }
    expect(nonces.size).toBe(20);
    expect(nonces.has("")).toBe(false);
  });
});

/** RFC 9651: an item that is a string, with integer parameters. */
const RATE_LIMIT = /^"[\x20-\x21\x23-\x5b\x5d-\x7e]+"(?:;[a-z][a-z0-9_-]*=\d{1,15})+$/;

function refusal({ status, headers, body }: Answer, code: string): number {
  expect([status, body["code"]]).toEqual([429, code]);
  expect(headers["content-type"]).toBe("application/problem+json; charset=utf-8");
  expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  expect(body["retryAfter"]).toBe(Number(headers["retry-after"]));
  if (code === "limit_exceeded") {
    expect(headers["ratelimit"]).toMatch(RATE_LIMIT);
    expect(headers["ratelimit-policy"]).toMatch(RATE_LIMIT);
    expect(headers["ratelimit"]).toMatch(/;r=0;t=[1-9]\d*$/);
    expect(headers["ratelimit-policy"]).toMatch(/;q=[1-9]\d*;w=[1-9]\d*$/);
  }
  return Number(headers["retry-after"]);
}

const TRIALS = times(100, 30);

describe("C12: a refusal that says when to come back", () => {
  it("keeps the promise every time, for messages", async () => {
    const box = outbox();
    const shop = await open({ methods: [sms(box, { ttl: "10m" })], limits: {} });
    const ada = await Visitor.login(site, "ada");
    const random = seeded(12);
    let kept = 0;
    for (let trial = 0; kept < TRIALS && trial < 4 * TRIALS; trial += 1) {
      shop.clock.tick(Math.floor(random() * 20_000));
      const guarded = await ada.get("/vault");
      const again = guarded.status === 401 ? await ada.post("/2fa/resend") : undefined;
      if (again?.status === 200) continue;
      shop.clock.tick(refusal(again ?? guarded, "limit_exceeded") * 1_000);
      const after = again ? await ada.post("/2fa/resend") : await ada.get("/vault");
      // a challenge may be over by then: that is no refusal for having come too early
      expect(after.status, JSON.stringify(after.body)).not.toBe(429);
      kept += 1;
    }
    expect(kept).toBe(TRIALS);
  });

  it("keeps the promise for a locked account, every time it is longer", async () => {
    const shop = await open({ limits: { ...PLENTY, failures: { perAccount: 2 } } });
    const ada = await Visitor.login(site, "ada");
    for (const minutes of [15, 30, 60, 120]) {
      await ada.get("/vault");
      for (let index = 0; index < 2; index += 1) await ada.post("/2fa/verify", { code: shop.wrong() });
      const wait = refusal(await ada.post("/2fa/verify", { code: shop.code() }), "account_locked");
      expect(wait).toBe(minutes * 60);
      shop.clock.tick(wait * 1_000 - 1);
      expect(refusal(await ada.get("/vault"), "account_locked")).toBe(1);
      shop.clock.tick(1);
      expect((await ada.get("/vault")).status).toBe(401);
    }
  });

  it("keeps the promise for a limit of the app's own, and names it in a header that can be read", async () => {
    const named = { payouts: { by: "user", buckets: [{ max: 1, interval: "90s" }] } } as const;
    const shop = await open({ limits: { ...PLENTY, named } });
    shop.guard("/payout", { limits: ["payouts"] });
    shop.guard("/other", { limits: ["payouts"], action: "other" });
    const ada = await Visitor.login(site, "ada");
    await ada.get("/payout");
    shop.clock.tick(500);
    const refused = await ada.get("/other");
    expect(refused.headers["ratelimit-policy"]).toBe('"payouts";q=1;w=90');
    expect(refusal(refused, "limit_exceeded")).toBe(90);
    shop.clock.tick(90_000);
    expect((await ada.get("/other")).status).toBe(401);
  });

  it("says the same to everybody: nothing in it depends on who asks", async () => {
    const shop = await open();
    const texts = new Set<string>();
    for (const user of ["ada", "bob"]) {
      const visitor = await Visitor.login(site, user);
      await visitor.get("/vault");
      const { body } = await visitor.post("/2fa/resend");
      const { challenge: _theirs, ...said } = body;
      texts.add(JSON.stringify(said));
    }
    expect(shop.box.messages).toHaveLength(2);
    expect(texts.size).toBe(1);
  });
});

describe("I05: the place a person is sent on to", () => {
  const EVIL = "evil.example";
  const PAYLOADS: readonly string[] = [
    ...[
      "//",
      "///",
      "////",
      "/\\",
      "\\/",
      "\\\\",
      "/\\/",
      "/\\\\",
      "//\\",
      "\\",
      "/./",
      "/../",
      "/.//",
      "/..//",
      "/%2f",
      "/%2F%2f",
      "/%5c",
      "/%5C/",
      "/%09/",
      "/%0a/",
      "/%0d/",
      "/;/",
      "/?//",
      "/#//",
      "//;@",
      "/@",
      "//@",
      "/:@",
      "//user:pass@",
      "//%40",
      "/%2e%2e//",
      "/x//",
      "/x/..//",
      "/x/../..//",
      "/%00//",
      "/%20//",
      "/.%2f/",
      "/%e3%80%82//",
    ].flatMap((start) => [
      `${start}${EVIL}`,
      `${start}${EVIL}/`,
      `${start}${EVIL}/%2e%2e`,
      `${start}${EVIL}%2f..`,
      `${start}${EVIL}?x=1`,
    ]),
    ...[
      "https:",
      "https:/",
      "https://",
      "https:///",
      "http://",
      "HTTPS://",
      "https:\\\\",
      "ftp://",
      "ws://",
      "javascript:",
      "JAVASCRIPT:",
      "java%0ascript:",
      "data:text/html,",
      "vbscript:",
      "blob:",
      "file:///",
      "mailto:",
      "about:blank#",
      "//[::1]/",
      "//[::ffff:1.2.3.4]/",
      "//0x7f.1/",
      "//2130706433/",
      "https://shop.example.",
      "https://shop.example@",
      "https://shop.example:443@",
    ].flatMap((start) => [`${start}${EVIL}`, `/${start}${EVIL}`]),
    `//${EVIL}%E3%80%82com`,
    `//${EVIL.replace(".", "%E3%80%82")}`,
    `/${"a/".repeat(2_000)}`,
    `//${EVIL}/${"a".repeat(8_000)}`,
    `/?return_to=//${EVIL}`,
    `/vault?next=https://${EVIL}`,
    "/\u00e9",
    "/%ed%a0%80",
  ];

  it("has more than two hundred spellings to choose from", () => {
    expect(PAYLOADS.length).toBeGreaterThan(240);
  });

  it(
    "is on this origin, however the request was spelt: in every redirect, link and form",
    { timeout: 60_000 },
    async () => {
      const shop = fixture({ limits: PLENTY });
      shop.app.use(require2fa({ maxAge: 0 }), shop.handler);
      await serve(shop.app);
      let followed = 0;
      for (const payload of PAYLOADS) {
        const ada = await Visitor.login(site, "ada");
        const interrupted = await ask(ada, "GET", payload);
        if (interrupted.status !== 303) {
          expect(interrupted.status, payload).toBeGreaterThanOrEqual(400);
          continue;
        }
        expectHere(interrupted, payload);
        expectHere(await ada.get("/2fa", NAVIGATION), payload);
        const onward = await ada.send("POST", "/2fa/verify", { form: { code: shop.code() }, headers: POSTED });
        expect([200, 303], payload).toContain(onward.status);
        expectHere(onward, payload);
        followed += 1;
      }
      expect(followed).toBeGreaterThan(150);
    },
  );

  it("is on this origin for a form that was interrupted there, too", { timeout: 60_000 }, async () => {
    const shop = fixture({ limits: PLENTY });
    shop.app.use(require2fa({ maxAge: 0 }), shop.handler);
    await serve(shop.app);
    for (const payload of PAYLOADS.filter((_, index) => index % 4 === 0)) {
      const ada = await Visitor.login(site, "ada");
      const interrupted = await ask(ada, "POST", payload);
      if (interrupted.status !== 303) continue;
      const onward = await ada.send("POST", "/2fa/verify", { form: { code: shop.code() }, headers: POSTED });
      expectHere(onward, payload);
    }
  });

  it("is never taken from a parameter, a field or a header", async () => {
    const shop = await open();
    const evil = `https://${EVIL}/`;
    for (const name of [
      "return_to",
      "returnTo",
      "next",
      "redirect",
      "redirect_uri",
      "url",
      "back",
      "continue",
      "callback",
      "action",
      "RelayState",
    ]) {
      const ada = await Visitor.login(site, "ada");
      await ada.get("/vault", NAVIGATION);
      const query = `?${name}=${encodeURIComponent(evil)}`;
      expectHere(await ada.get(`/2fa${query}`, { ...NAVIGATION, referer: evil }), name);
      expectHere(
        await ada.send("POST", `/2fa/resend${query}`, {
          form: { [name]: evil },
          headers: { ...POSTED, referer: evil },
        }),
        name,
      );
      const onward = await ada.send("POST", `/2fa/verify${query}`, {
        form: { code: shop.code(), [name]: evil },
        headers: {
          ...POSTED,
          referer: evil,
          "x-original-url": evil,
          "x-rewrite-url": evil,
          "x-forwarded-host": EVIL,
          "x-forwarded-prefix": `//${EVIL}`,
        },
      });
      expect(onward.status).toBe(303);
      expect(onward.headers["location"]).toBe("/vault");
    }
  });

  it("is on this origin when everything is mounted below a part of the path that the request chooses", async () => {
    const box = outbox();
    for (const mount of ["/:tenant", "/"]) {
      const shop = fixture({ limits: PLENTY, methods: [sms(box)] });
      const app = express();
      app.use(mount, shop.app);
      await serve(app);
      const ada = new Visitor(site);
      await ada.post(mount === "/" ? "/login" : "/a/login", { user: "ada" });
      shop.guard("/vault");
      for (const tenant of [
        "/a",
        `/\\${EVIL}`,
        `//${EVIL}`,
        `/%5c${EVIL}`,
        `/%2f${EVIL}`,
        `/%09/${EVIL}`,
        "/;",
        "/.",
        "/..",
      ]) {
        expectHere(await ask(ada, "GET", `${tenant}/vault`), tenant);
      }
    }
  });

  /** On a connection of its own: the server hangs up on what it cannot parse. */
  function ask(visitor: Visitor, method: "GET" | "POST", target: string): Promise<Shot> {
    const headers = { ...(method === "POST" ? POSTED : NAVIGATION), cookie: visitor.cookie };
    return oneShot(
      visitor.site.port,
      rawRequest(method, target, method === "POST" ? { form: { amount: "10" }, headers } : { headers }),
    );
  }

  function expectHere({ headers, text }: Shot, payload: string): void {
    const links = [
      headers["location"],
      ...[...text.matchAll(/(?:href|action|formaction|src)="([^"]*)"/g)].map(([, link]) => link),
    ];
    for (const link of links) {
      if (link === undefined) continue;
      const written = link.replaceAll("&amp;", "&").replaceAll("&#x2F;", "/").replaceAll("&#47;", "/");
      expect(new URL(written, ORIGIN).origin, `${JSON.stringify(payload)} led to ${written}`).toBe(ORIGIN);
    }
  }
});
