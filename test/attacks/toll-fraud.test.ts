/**
 * The attacker is paid for messages: they rent a block of numbers from a carrier that shares what it earns, or one number
 * where a message costs most, and have every app on the way send codes there. They have as many accounts and addresses as
 * they like, know the first factor of all of them, and never want to get in.
 */
import { afterEach, describe, expect, it } from "vitest";
import { createKeyring } from "../../src/core/crypto.js";
import { memoryStore, outbox, sms, voice } from "../../src/index.js";
import { deriveCode, DIGITS } from "../../src/verification/code.js";
import { fixture, type Fixture } from "../helpers/app.js";
import { type Answer, Site, Visitor } from "../helpers/burst.js";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let site: Site | undefined;
afterEach(() => site?.close());

async function open(options: Parameters<typeof fixture>[0] = {}): Promise<Fixture> {
  const shop = fixture(options);
  shop.app.set("trust proxy", true);
  shop.guard("/vault");
  site = await Site.open(shop.app);
  return shop;
}

async function ask(shop: Fixture, user: string, phone: string, ip = "192.0.2.1"): Promise<Answer> {
  shop.contacts[user] = { phone };
  const visitor = await Visitor.login(site as Site, user);
  return visitor.get("/vault", { "x-forwarded-for": ip });
}

/** The n-th of a hundred neighbours. */
const neighbour = (index: number): string => `+46707123${String(400 + index)}`;

describe("C09: a block of a hundred neighbouring numbers", () => {
  it("gets ten messages in a minute from fifty accounts at fifty addresses, and nobody else is kept from theirs", async () => {
    const shop = await open();
    const statuses: number[] = [];
    for (let index = 0; index < 100; index += 1) {
      const account = index % 50;
      statuses.push((await ask(shop, `account ${account}`, neighbour(index), `198.51.100.${account}`)).status);
      shop.clock.tick(0.59 * SECOND);
    }
    expect(shop.box.messages).toHaveLength(10);
    expect(statuses).toEqual(Array.from({ length: 100 }, (_, index) => (index < 10 ? 401 : 429)));
    expect((await ask(shop, "ada", "+46707124400")).status).toBe(401);
  });

  it("is told no more than that it was too much, and when to come back, which holds", async () => {
    const shop = await open();
    for (let index = 0; index < 10; index += 1) {
      await ask(shop, `account ${index}`, neighbour(index));
      shop.clock.tick(SECOND);
    }
    const refused = await ask(shop, "account 11", neighbour(11));
    expect(refused).toMatchObject({ status: 429, body: { code: "limit_exceeded", retryAfter: 50 } });
    expect([refused.headers["ratelimit-policy"], refused.headers["ratelimit"]]).toEqual([
      '"messages";q=1;w=50',
      '"messages";r=0;t=50',
    ]);
    expect(refused.text).not.toMatch(/prefix|neighbo|range|fraud/i);
    shop.clock.tick(50 * SECOND - 1);
    expect((await ask(shop, "account 11", neighbour(11))).status).toBe(429);
    shop.clock.tick(1);
    expect((await ask(shop, "account 11", neighbour(11))).status).toBe(401);
  });

  it("costs those who are refused nothing: all of their own messages are still theirs", async () => {
    const shop = await open({ limits: { sends: { perUser: [{ max: 1, interval: "1d" }] } } });
    for (let index = 0; index < 10; index += 1) await ask(shop, `account ${index}`, neighbour(index));
    for (let index = 0; index < 10; index += 1) expect((await ask(shop, "ada", neighbour(50))).status).toBe(429);
    shop.clock.tick(60 * SECOND);
    expect((await ask(shop, "ada", neighbour(50))).status).toBe(401);
  });

  it("gets no more by calls, by resends, and by verifications without a user", async () => {
    const box = outbox();
    const shop = await open({ methods: [sms(box), voice(box)] });
    const { verifications } = shop.tfa;
    const phone = neighbour(0);
    shop.contacts["ada"] = { phone };
    const ada = await Visitor.login(site as Site, "ada");
    await ada.get("/vault");
    const started = await verifications.start({ to: neighbour(1) });
    const id = started.ok ? started.verification.id : "";
    shop.clock.tick(30 * SECOND);
    expect((await ada.post("/2fa/challenge", { method: "voice" })).status).toBe(201);
    expect(await verifications.resend({ id })).toMatchObject({ ok: true });
    for (let index = 2; index < 8; index += 1) {
      const sent = await verifications.start({ to: neighbour(index), account: `account ${index}` });
      expect(sent.ok).toBe(true);
    }
    expect(box.messages).toHaveLength(10);
    expect(await verifications.start({ to: neighbour(90), channel: "voice" })).toMatchObject({
      ok: false,
      reason: "limit_exceeded",
      details: { retryAfter: 30 },
    });
    expect((await ask(shop, "bob", neighbour(91))).status).toBe(429);
    expect(box.messages).toHaveLength(10);
  });

  it("may be asked as often as they like where the app knows them for its own people's", async () => {
    const shop = await open({ limits: { sends: { perPrefix: false } } });
    for (let index = 0; index < 30; index += 1) await ask(shop, `account ${index}`, neighbour(index));
    expect(shop.box.messages).toHaveLength(30);
  });
});

describe("C09: one number", () => {
  it("gets five messages in an hour, from a hundred accounts", async () => {
    const shop = await open();
    const phone = "+46707123456";
    for (let index = 0; index < 100; index += 1) {
      expect((await ask(shop, `account ${index}`, phone)).status).toBe(index < 5 ? 401 : 429);
      shop.clock.tick(35 * SECOND);
    }
    expect(shop.box.messages).toHaveLength(5);
    shop.clock.tick(HOUR - 100 * 35 * SECOND);
    expect((await ask(shop, "account 101", phone)).status).toBe(401);
  });

  it("gets five in an hour of verifications without a user, for all accounts, services and spellings together", async () => {
    const shop = await open();
    const { verifications } = shop.tfa;
    const spellings = [
      { to: "+46 707 12 34 56" },
      { to: "0707-123456", country: "SE" },
      { to: "46707123456", recipient: "digits" },
    ] as const;
    const answers: string[] = [];
    for (let index = 0; index < 100; index += 1) {
      const spelling = spellings[index % 3];
      const sent = await verifications.start({ to: "", ...spelling, account: `a${index}`, service: `s${index % 7}` });
      answers.push(sent.ok ? "sent" : `${sent.reason} ${sent.details.retryAfter}`);
      shop.clock.tick(31 * SECOND);
    }
    expect(shop.box.messages).toHaveLength(5);
    expect(answers.slice(5)).toEqual(
      Array.from({ length: 95 }, (_, index) => `limit_exceeded ${3_600 - (index + 5) * 31}`),
    );
    expect((await ask(shop, "ada", "+46707123456")).status).toBe(429);
  });
});

/** Numbers that exist and that nothing is sent to. */
const WITHHELD: Record<string, string> = {
  "in a country that is not served": "+447979080215",
  "at premium rate at home": "+46900123456",
  "at premium rate abroad": "+449098790123",
  "at shared cost": "+491371234567",
  "of Inmarsat": "+870773111632",
  "of universal personal numbers": "+878101234567890",
  "of a satellite network": "+881612345678",
  "of an international network (882)": "+88213300655",
  "of an international network (883)": "+883510000000094",
  "of disaster relief (888)": "+88812345678",
  "at international premium rate": "+979123456789",
};

/** What can be seen of an answer, but for what is random, a time or the asker's own number. */
function seen({ status, headers, text }: Answer): string {
  const masked = text
    .replaceAll(/"id":"[\w-]+"/g, '"id":"*"')
    .replaceAll(/\+\d+•+\d+/g, "+*")
    .replaceAll(/(nonce|value)="[\w-]{20,}"/g, '$1="*"');
  return JSON.stringify([status, masked, Object.keys(headers).sort(), headers["retry-after"], headers["ratelimit"]]);
}

/** Everything somebody does with a challenge that brings no code. */
async function tries(shop: Fixture, phone: string): Promise<string[]> {
  shop.contacts["eve"] = { phone };
  const eve = await Visitor.login(site as Site, "eve");
  const page = { accept: "text/html", "sec-fetch-mode": "navigate" };
  const answers = [await eve.get("/vault"), await eve.get("/2fa", page), await eve.get("/2fa/status")];
  answers.push(await eve.post("/2fa/resend"));
  shop.clock.tick(30 * SECOND);
  answers.push(await eve.post("/2fa/resend"), await eve.post("/2fa/resend"), await eve.get("/vault"));
  answers.push(await eve.post("/2fa/verify", { code: "000000" }), await eve.post("/2fa/challenge", { method: "sms" }));
  answers.push(await eve.post("/2fa/cancel"));
  for (let index = 0; index < 4; index += 1) {
    answers.push(await eve.get("/vault"));
    await eve.post("/2fa/cancel");
  }
  return answers.map(seen);
}

describe("C09: a number that nothing is sent to", () => {
  const options = () => ({ methods: [sms(outbox(), { countries: ["SE"] })] });

  it.each(Object.entries(WITHHELD))("%s looks served at every turn, and gets nothing", async (_what, phone) => {
    const served = await open(options());
    const expected = await tries(served, "+46707123456");
    await site?.close();
    const box = outbox();
    const shop = await open({ methods: [sms(box, { countries: ["SE"] })] });
    const events: unknown[] = [];
    shop.tfa.events.on("delivery.refused", ({ user, method, to, reason }) => events.push([user, method, to, reason]));
    shop.tfa.events.on("challenge.sent", () => events.push("sent"));
    expect(await tries(shop, phone)).toEqual(expected);
    expect(box.messages).toEqual([]);
    expect(shop.counters.compares).toBe(0);
    // the first message, the resend, and three challenges more before the user's limit
    const about = [
      "eve",
      "sms",
      expect.stringMatching(/^\+\d\d•+\d\d$/),
      phone.startsWith("+447") ? "country" : "range",
    ];
    expect(events).toEqual([about, about, about, about, about]);
  });

  it.each(Object.entries(WITHHELD))("%s is refused to the app's own code in words", async (_what, to) => {
    const { tfa, box } = fixture(options());
    const digits = { to: to.slice(1), recipient: "digits" } as const;
    for (const request of [{ to }, digits, { ...digits, channel: "sms" as const }]) {
      await expect(tfa.verifications.start(request)).rejects.toMatchObject({ code: "invalid_request", status: 400 });
    }
    expect(box.messages).toEqual([]);
    expect(await tfa.verifications.search()).toMatchObject({ total: 0 });
  });

  it("is not even asked for where no country list says so", async () => {
    const { tfa, box } = fixture();
    for (const to of Object.values(WITHHELD).slice(1)) {
      for (const request of [{ to }, { to, recipient: "digits" as const }])
        await expect(tfa.verifications.start(request)).rejects.toMatchObject({ code: "invalid_request" });
    }
    expect(box.messages).toEqual([]);
  });

  it.each([
    ["+46707123456", true],
    ["+447979080215", false],
    ["+46900123456", false],
  ])("has no right answer: the code that %s would have got is right: %s", async (phone, right) => {
    const secret = "a secret of this test that is long enough";
    const store = memoryStore();
    const { tfa, contacts } = fixture({ ...options(), secret, store });
    const eve = { user: "eve", session: "session" };
    contacts["eve"] = { phone };
    const started = await tfa.challenges.start(eve);
    const entry = await store.find({ id: started.ok ? started.challenge.id : "" }, Date.UTC(2026, 0, 1));
    const keys = entry && createKeyring(secret).find(entry.keyId);
    if (!keys) throw new Error("No challenge.");
    const code = deriveCode(keys, entry.id, entry.purpose, { length: 6, alphabet: DIGITS, way: `sms ${phone}` });
    const verified = await tfa.challenges.verify({ ...eve, code });
    expect(verified).toMatchObject(right ? { ok: true } : { ok: false, reason: "wrong_code", attemptsLeft: 4 });
  });

  it("does not use up what the app may spend", async () => {
    const box = outbox();
    const shop = await open({
      methods: [sms(box, { countries: ["SE"] })],
      limits: { spend: { sms: { max: 1, interval: "1h" } } },
    });
    for (let index = 0; index < 3; index += 1)
      expect((await ask(shop, `eve ${index}`, `+44797908021${index}`)).status).toBe(401);
    expect((await ask(shop, "ada", "+46707123456")).status).toBe(401);
    expect(box.messages).toHaveLength(1);
    expect((await ask(shop, "eve 4", "+447979080219")).status).toBe(429);
  });
});
