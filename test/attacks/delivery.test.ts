/**
 * The attacker has no code yet and works on its way: they write a host of their own into every header a server might
 * believe, so that the message names their site and phones offer the code there; they press the button twenty times, or
 * let a proxy repeat the request, so that twenty messages go out; they wait for a crash between the message and the
 * record of it, and hope for a code that is right although nobody remembers having sent it.
 */
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { email, memoryStore, outbox, require2fa, sms, type TwoFactorOptions, voice } from "../../src/index.js";
import type { Pending } from "../../src/stores/pending.js";
import { fixture, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { type Answer, rawRequest, Site, tally, Visitor } from "../helpers/burst.js";
import { fakeClock } from "../helpers/clock.js";
import { oneShot } from "../helpers/one-shot.js";
import { recordingStore } from "../helpers/recording-store.js";

const sites: Site[] = [];
afterEach(async () => {
  for (const each of sites.splice(0)) await each.close();
});

async function open(options: Partial<TwoFactorOptions> = {}): Promise<{ shop: Fixture; site: Site }> {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  shop.app.post(
    "/transfer",
    express.json(),
    require2fa({ bind: (req) => ({ amount: req.body.amount, payee: req.body.payee }) }),
    shop.handler,
  );
  const site = await Site.open(shop.app);
  sites.push(site);
  return { shop, site };
}

describe("G07: a message", () => {
  const EVIL = "evil.example";
  const POISON: readonly Record<string, string>[] = [
    { host: EVIL },
    { host: `${EVIL}:443` },
    { host: `shop.example@${EVIL}` },
    { host: `shop.example.${EVIL}` },
    { "x-forwarded-host": EVIL },
    { "x-forwarded-host": EVIL, "x-forwarded-proto": "https", "x-forwarded-for": "1.2.3.4" },
    { "x-forwarded-server": EVIL, "x-host": EVIL, "x-original-host": EVIL, "x-http-host-override": EVIL },
    { forwarded: `for=1.2.3.4;host=${EVIL};proto=https` },
    { origin: `https://${EVIL}`, referer: `https://${EVIL}/` },
    { "x-original-url": `https://${EVIL}/`, "x-rewrite-url": `https://${EVIL}/` },
    { "accept-language": `en, ${EVIL}` },
    { "user-agent": `Mozilla/5.0 (@${EVIL} #000000)` },
  ];

  it("names our host, whatever the request says", async () => {
    const { shop, site } = await open();
    for (const headers of POISON) {
      const ada = await Visitor.login(site, "ada");
      const answer = await ada.send("GET", "/vault", { headers });
      expect(answer.status).toBe(401);
      const { text } = shop.box.messages[0] ?? { text: "" };
      expect(text.endsWith(`\n\n@shop.example #${shop.code()}`)).toBe(true);
      expect(text).not.toContain(EVIL);
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain(EVIL);
    }
    expect(shop.box.messages).toHaveLength(POISON.length);
  });

  it("names our host when the whole address stands in the first line of the request", async () => {
    const { shop, site } = await open();
    for (const target of [`http://${EVIL}/vault`, `https://${EVIL}:444/vault`, `http://${EVIL}/vault?x=${EVIL}`]) {
      const ada = await Visitor.login(site, "ada");
      const headers = { cookie: ada.cookie, host: EVIL };
      const { status, text } = await oneShot(site.port, rawRequest("GET", target, { headers }));
      expect(status).toBe(401);
      expect(text).not.toContain(EVIL);
      expect(shop.box.messages[0]?.text).not.toContain(EVIL);
      expect(shop.box.messages[0]?.text).toMatch(/\n\n@shop\.example #\d{6}$/);
    }
    expect(shop.box.messages).toHaveLength(3);
  });

  it("leads nowhere but to our own page, whatever the request says", async () => {
    const { site } = await open();
    for (const headers of POISON.filter((each) => !each["origin"])) {
      const ada = await Visitor.login(site, "ada");
      const { headers: answered } = await ada.send("GET", "/vault", {
        headers: { ...headers, accept: "text/html", "sec-fetch-mode": "navigate" },
      });
      expect(answered["location"]).toBe("/2fa");
    }
  });

  it("names no host at all where none was configured", async () => {
    const { shop, site } = await open({ origin: undefined as never });
    const ada = await Visitor.login(site, "ada");
    await ada.send("GET", "/vault", { headers: { host: EVIL } });
    expect(shop.box.messages[0]?.text).not.toMatch(/@|evil/);
  });

  it("says what it is for, how long it lives and that it is nobody's business; and what is being approved", async () => {
    const box = outbox();
    for (const method of [sms(box), voice(box), email(box)]) {
      const { site } = await open({ methods: [method] });
      const ada = await Visitor.login(site, "ada");
      await ada.post("/transfer", { amount: 4_711, payee: "Bob" });
      const { text = "" } = box.messages[0] ?? {};
      expect(text).toContain("Shop");
      expect(text).toContain("4711");
      expect(text).toContain("Bob");
      expect(text).toMatch(/5 minutes/);
      expect(text).toMatch(/share|never|nobody|anyone/i);
    }
  });

  it("takes nothing out of a transaction but words: no second line, no other host, no other code", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    const payee = `Bob\n\n@${EVIL} #000000\r\nBcc: eve@${EVIL}\u2028{code} {{code}} \u202egnp.exe`;
    await ada.post("/transfer", { amount: 1, payee });
    const { text = "" } = shop.box.messages[0] ?? {};
    const lines = text.split(/[\r\n\u2028\u2029]+/);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(`@shop.example #${shop.code()}`);
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(text.split(shop.code())).toHaveLength(3);
  });
});

describe("G10: an Idempotency-Key", () => {
  const key = (name: string) => ({ "idempotency-key": name });
  const answersOf = (answers: readonly Answer[]): string[] => [
    ...new Set(answers.map(({ status, text }) => `${status} ${text}`)),
  ];

  it("makes one message of twenty requests that come at once, and gives all of them one answer", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    const answers = await site.burst(
      Array.from({ length: 20 }, () =>
        ada.raw("POST", "/2fa/challenge", { json: { action: "pay" }, headers: key("one") }),
      ),
    );
    expect(tally(answers)).toEqual({ 201: 20 });
    expect(answersOf(answers)).toHaveLength(1);
    expect(shop.box.messages).toHaveLength(1);
    shop.clock.tick(31_000);
    const again = await site.burst(
      Array.from({ length: 20 }, () => ada.raw("POST", "/2fa/resend", { json: {}, headers: key("two") })),
    );
    expect(tally(again)).toEqual({ 200: 20 });
    expect(answersOf(again)).toHaveLength(1);
    expect(shop.box.messages).toHaveLength(2);
    shop.clock.tick(61_000);
    expect(answersOf([await ada.post("/2fa/resend", {}, key("two"))])).toEqual(answersOf(again));
    expect(shop.box.messages).toHaveLength(2);
  });

  it("is refused for another body", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    expect((await ada.post("/2fa/challenge", { action: "pay" }, key("one"))).status).toBe(201);
    const { status, body } = await ada.post("/2fa/challenge", { action: "payout" }, key("one"));
    // the table of the HTTP contract has 400 for what is not valid; the row says 422, which is the wrong code's here
    expect([status, body["code"]]).toEqual([400, "invalid_request"]);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("is one session's own: the same key of somebody else, or of another route, is another", async () => {
    const { shop, site } = await open();
    const visitors = [
      await Visitor.login(site, "ada"),
      await Visitor.login(site, "ada"),
      await Visitor.login(site, "bob"),
    ];
    const ids = new Set<unknown>();
    for (const visitor of visitors)
      ids.add((await visitor.post("/2fa/challenge", { action: "pay" }, key("one"))).body["id"]);
    expect(ids.size).toBe(3);
    expect(shop.box.messages).toHaveLength(3);
    shop.clock.tick(31_000);
    expect((await visitors[0]?.post("/2fa/resend", { action: "pay" }, key("one")))?.status).toBe(200);
    expect(shop.box.messages).toHaveLength(4);
  });

  it("repeats a refusal as well, and the answer that told of a failure", async () => {
    const box = outbox();
    let down = true;
    const provider = (message: Parameters<typeof box.send>[0]): void => {
      if (down) throw new Error("down");
      box.send(message);
    };
    const { site } = await open({ methods: [sms(provider)] });
    const ada = await Visitor.login(site, "ada");
    const first = await ada.post("/2fa/challenge", { action: "pay" }, key("one"));
    expect(first.status).toBe(502);
    down = false;
    expect(answersOf([await ada.post("/2fa/challenge", { action: "pay" }, key("one"))])).toEqual(answersOf([first]));
    expect((await ada.post("/2fa/challenge", { action: "pay" }, key("two"))).status).toBe(201);
    expect(box.messages).toHaveLength(1);
  });

  it("may be tried again after a fault, as the answer said, and then makes one message", async () => {
    let down = true;
    const memory = memoryStore();
    const store = new Proxy(memory, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (down && name === "open") throw new Error("down");
          return Reflect.apply(member, target, args);
        };
      },
    });
    const { shop, site } = await open({ store });
    const ada = await Visitor.login(site, "ada");
    const first = await ada.post("/2fa/challenge", { action: "pay" }, key("one"));
    expect([first.status, first.headers["retry-after"]]).toEqual([503, "1"]);
    down = false;
    shop.clock.tick(1_000);
    const raw = ada.raw("POST", "/2fa/challenge", { json: { action: "pay" }, headers: key("one") });
    const answers = await site.burst(Array.from({ length: 5 }, () => raw));
    expect(tally(answers)).toEqual({ 201: 5 });
    expect(answersOf(answers)).toHaveLength(1);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("may be as long as a key is, and no longer", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    expect((await ada.post("/2fa/challenge", { action: "a" }, key("k".repeat(200)))).status).toBe(201);
    expect((await ada.post("/2fa/challenge", { action: "b" }, key("k".repeat(201)))).status).toBe(400);
    expect(shop.box.messages).toHaveLength(1);
  });

  it("cannot be made to crowd out anything else: four hundred keys leave challenges, limits and locks alone", async () => {
    const { shop, site } = await open({ limits: { ...PLENTY, failures: { perAccount: 1 } } });
    const victim = await Visitor.login(site, "bob");
    await victim.get("/vault");
    await victim.post("/2fa/verify", { code: shop.wrong() });
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const right = shop.code();
    for (let from = 0; from < 400; from += 50) {
      await site.together(
        Array.from({ length: 50 }, (_, index) =>
          ada.raw("POST", "/2fa/resend", { json: {}, headers: key(`key ${from + index}`) }),
        ),
      );
    }
    expect((await victim.get("/vault")).status).toBe(429);
    expect((await ada.post("/2fa/verify", { code: right })).status).toBe(200);
  });
});

/** How many messages went out by the method in use. */
function sendsOf(entry: Pending | undefined): number {
  return entry?.delivery.sent.find(({ method }) => method === entry.delivery.method)?.sends ?? 0;
}

describe("G11: a message that goes out", () => {
  it("is remembered before it is handed over: a crash in between loses a message, never a record", async () => {
    const memory = recordingStore(memoryStore());
    const seen: { found: boolean; calls: string[]; sends: number }[] = [];
    const clock = fakeClock();
    const provider = async ({ idempotencyKey }: { idempotencyKey: string }): Promise<void> => {
      const [id = ""] = /^[\w-]+/.exec(idempotencyKey) ?? [];
      const calls = memory.calls.map(({ method }) => method);
      const entry = await memory.store.find({ id }, clock());
      seen.push({ found: entry?.state === "pending", calls, sends: sendsOf(entry) });
    };
    const { site } = await open({ clock, store: memory.store, methods: [sms(provider), email(provider)] });
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    clock.tick(31_000);
    await ada.post("/2fa/resend");
    await ada.post("/2fa/challenge", { method: "email" });
    expect(seen.map(({ found, sends }) => [found, sends])).toEqual([
      [true, 1],
      [true, 2],
      [true, 1],
    ]);
    expect(seen[0]?.calls.at(-1)).toBe("open");
    expect(seen[1]?.calls.at(-1)).toBe("amend");
  });

  it("is charged before it is handed over, and not sent at all when it cannot be remembered", async () => {
    const box = outbox();
    const memory = memoryStore();
    let broken: string | undefined;
    const store = new Proxy(memory, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (name === broken) throw new Error(`${broken} failed`);
          return Reflect.apply(member, target, args);
        };
      },
    });
    const { shop, site } = await open({ store, methods: [sms(box)] });
    const ada = await Visitor.login(site, "ada");
    broken = "open";
    expect((await ada.get("/vault")).status).toBe(503);
    broken = undefined;
    expect((await ada.get("/vault")).status).toBe(401);
    shop.clock.tick(31_000);
    broken = "amend";
    expect((await ada.post("/2fa/resend")).status).toBe(503);
    broken = undefined;
    expect(box.messages).toHaveLength(1);
    expect((await ada.post("/2fa/resend")).status).toBe(200);
    expect(box.messages).toHaveLength(2);
  });

  it("has a right code even when what came after it failed: the record was there first", async () => {
    const box = outbox();
    const memory = memoryStore();
    const store = new Proxy(memory, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        // everything that follows a failed send: the amendment, the refund, the charge
        return (...args: unknown[]): unknown => {
          if (name === "amend" || name === "refund") throw new Error(`${String(name)} failed`);
          return Reflect.apply(member, target, args);
        };
      },
    });
    const provider = (message: Parameters<typeof box.send>[0]): void => {
      box.send(message);
      throw new Error("reset after accept");
    };
    const { site } = await open({ store, methods: [sms(provider)] });
    const ada = await Visitor.login(site, "ada");
    expect((await ada.get("/vault")).status).toBeGreaterThanOrEqual(500);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
    expect((await ada.post("/2fa/verify", { code })).status).toBe(200);
  });

  it("answers nobody before it is known what became of it", async () => {
    const box = outbox();
    const provider = async (message: Parameters<typeof box.send>[0]): Promise<void> => {
      await pause(60);
      box.send(message);
    };
    const { shop, site } = await open({ methods: [sms(provider)] });
    const ada = await Visitor.login(site, "ada");
    const answer = ada.get("/vault");
    await pause(20);
    const closing = shop.tfa.close();
    expect((await answer).status).toBe(401);
    await closing;
    expect(box.messages).toHaveLength(1);
  });
});
