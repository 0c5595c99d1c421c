import express from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  email,
  memoryStore,
  outbox,
  require2fa,
  sms,
  twoFactor,
  type TwoFactorOptions,
  voice,
  webhook,
} from "../../src/index.js";
import type { DeliveryProvider, ReceiptReader, Receipts, VerificationProvider } from "../../src/providers/provider.js";
import type { Store } from "../../src/stores/store.js";
import { rawRequest } from "../helpers/burst.js";
import { PATH, receiptShop, type ReceiptShop, SECRET, signed } from "../helpers/receipts.js";

const TO = "+46707123456";

const open: ReceiptShop[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const each of open.splice(0)) await each.close();
});

async function shopOf(options: Partial<TwoFactorOptions> = {}): Promise<ReceiptShop> {
  const shop = await receiptShop(options);
  open.push(shop);
  return shop;
}

const channels = (shop: ReceiptShop): string[] => shop.carried().map(({ channel }) => channel);

describe("a workflow, when its SMS is reported lost", () => {
  it.each(["undelivered", "failed"])(
    "goes on to the call at once, and not once more when its time comes (%s)",
    async (status) => {
      const shop = await shopOf();
      shop.guard("/vault", { workflow: "urgent" });
      const ada = await shop.login("ada");
      const { challenge } = (await ada.get("/vault").expect(401)).body;
      await shop.pass(5_000);
      expect(channels(shop)).toEqual(["sms"]);

      const post = shop.sign({ id: shop.carried()[0]?.id, status, errorCode: "30008" });
      expect(await shop.post(post)).toMatchObject({ status: 200, body: {} });
      expect(channels(shop)).toEqual(["sms", "voice"]);
      expect((await ada.get("/2fa/status").expect(200)).body.challenge).toMatchObject({
        id: challenge.id,
        method: "voice",
      });

      await shop.pass(55_000);
      await shop.pass(60_000);
      expect(channels(shop)).toEqual(["sms", "voice"]);
      await ada.get("/vault").set("Two-Factor-Code", shop.sentCode()).expect(200);
    },
  );

  it("goes on for codes of accounts as for people, and the record says why", async () => {
    const shop = await shopOf();
    const started = await shop.tfa.verifications.start({
      to: TO,
      workflow: "urgent",
      account: "acme",
      id: "their:own",
    });
    expect(started).toMatchObject({ ok: true });
    const [message] = shop.carried();
    expect(message?.id).toBe("their:own:1");
    const told: unknown[] = [];
    shop.tfa.events.on("delivery.receipt", (event) => told.push(event));
    const report = {
      id: message?.id,
      status: "undelivered",
      errorCode: "3".repeat(100),
      errorMessage: "m".repeat(900),
    };
    expect(await shop.post(shop.sign(report))).toMatchObject({ status: 200 });
    expect(channels(shop)).toEqual(["sms", "voice"]);
    const code = "3".repeat(64);
    const record = await shop.tfa.verifications.get({ id: "their:own", account: "acme" });
    expect(record?.events).toMatchObject([
      { channel: "sms", status: "undelivered", errorCode: code, errorMessage: "m".repeat(200) },
      { channel: "voice", status: "sent" },
    ]);
    expect(told).toEqual([{ challenge: "their:own", provider: "webhook", channel: "sms", status: "undelivered" }]);
    expect(
      await shop.tfa.verifications.check({ id: "their:own", account: "acme", code: shop.sentCode() }),
    ).toMatchObject({ ok: true });
  });

  it.each([TO, TO.slice(1), `to ${TO}`, `${TO.slice(1)}:30008`, "two words", "x".repeat(65), ""])(
    "is told as an event without the word %j of its provider",
    async (errorCode) => {
      const shop = await shopOf();
      const told: object[] = [];
      shop.tfa.events.on("delivery.receipt", (event) => told.push(event));
      await shop.tfa.verifications.start({ to: TO });
      await shop.post(shop.sign({ id: shop.carried()[0]?.id, status: "failed", errorCode, errorMessage: TO }));
      expect(told).toHaveLength(1);
      expect(Object.keys(told[0] ?? {}).toSorted()).toEqual(["challenge", "channel", "provider", "status"]);
    },
  );

  it("goes on for a call of receipt() too, whoever's challenge it is", async () => {
    const shop = await shopOf();
    shop.guard("/vault", { workflow: "urgent" });
    const ada = await shop.login("ada");
    const { challenge } = (await ada.get("/vault").expect(401)).body;
    const entry = await shop.recorder.store.find({ id: challenge.id }, shop.clock());
    const report = { verification: challenge.id, event: entry?.events[0]?.id ?? "", status: "undelivered" } as const;
    expect(await shop.tfa.verifications.receipt(report)).toBe(true);
    expect(channels(shop)).toEqual(["sms", "voice"]);
  });

  it("stays where it is when a newer message is out, when it is over, and where there is none", async () => {
    const shop = await shopOf();
    const { verifications } = shop.tfa;
    const report = async (id: string | undefined, evt: string) =>
      expect(await shop.post(shop.sign({ id, status: "undelivered" }, { id: evt }))).toMatchObject({ status: 200 });
    const begin = async (more: object) => {
      const started = await verifications.start({ to: TO, supersede: "keep", ...more });
      return { id: started.ok ? started.verification.id : "", message: shop.carried().at(-1)?.id };
    };
    const newer = await begin({ workflow: "urgent" });
    shop.clock.tick(30_000);
    expect(await verifications.resend({ id: newer.id })).toMatchObject({ ok: true });
    await report(newer.message, "newer");
    const canceled = await begin({ workflow: "urgent" });
    await verifications.cancel({ id: canceled.id });
    await report(canceled.message, "canceled");
    const expired = await begin({ workflow: "urgent", ttl: "50s" });
    shop.clock.tick(50_000);
    await report(expired.message, "expired");
    const plain = await begin({});
    await report(plain.message, "plain");
    expect(channels(shop)).toEqual(["sms", "sms", "sms", "sms", "sms"]);
    expect(await verifications.get({ id: plain.id })).toMatchObject({
      status: "pending",
      events: [{ status: "undelivered" }],
    });
  });

  it("has a name for each message: a resend is another one", async () => {
    const shop = await shopOf();
    const started = await shop.tfa.verifications.start({ to: TO });
    const id = started.ok ? started.verification.id : "";
    shop.clock.tick(30_000);
    await shop.tfa.verifications.resend({ id });
    expect(shop.carried().map((message) => message.id)).toEqual([`${id}:1`, `${id}:2`]);
    const list = [
      { id: `${id}:1`, status: "failed" },
      { id: `${id}:2`, status: "delivered" },
      { id: `${id}:3`, status: "delivered" },
      { id: "nobody's:1", status: "delivered" },
    ];
    expect(await shop.post(shop.sign(list))).toMatchObject({ status: 200 });
    const record = await shop.tfa.verifications.get({ id });
    expect(record?.events.map(({ status }) => status)).toEqual(["failed", "delivered"]);
  });
});

describe("the route", () => {
  it("takes what is signed and nonsense for that", async () => {
    const shop = await shopOf();
    for (const body of ["", "null", "{}", "[7]", '{"id":7,"status":"sent"}', "{"]) {
      expect(await shop.post(shop.sign(body))).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    }
    const bare = rawRequest("POST", PATH, { headers: shop.sign("").headers });
    expect(await shop.site.send(bare)).toMatchObject({ status: 400 });
    const before = shop.recorder.calls.length;
    expect(await shop.post(shop.sign("[]"))).toMatchObject({ status: 200 });
    expect(await shop.post(shop.sign({ id: "x:1", status: "read" }))).toMatchObject({ status: 200 });
    expect(shop.recorder.calls).toHaveLength(before);
    expect(shop.counters.faults).toEqual([]);
  });

  it("is there for POST, where a provider has receipts, below the path of the middleware", async () => {
    const shop = await shopOf({ path: "/step/up" });
    const none = express().use(
      twoFactor({
        secret: "a secret, of 32 bytes or more, for tests",
        user: () => null,
        contact: () => null,
        methods: [sms(outbox())],
      }),
    );
    await request(none).post("/2fa/receipts/outbox").expect(404);
    await request(none).post("/2fa/receipts/webhook").expect(404);

    const admin = express().use("/admin", shop.app);
    const { headers, body } = shop.sign({ id: "unknown:1", status: "sent" });
    const at = "/admin/step/up/receipts/webhook";
    await request(admin).post(at).set(headers).send(String(body)).expect(200, {});
    await request(admin).post(PATH).set(headers).send(String(body)).expect(404);
    for (const method of ["get", "put", "head"] as const) {
      await request(admin)[method](at).expect(405).expect("Allow", "POST");
    }
    // CORS is the app's
    await request(admin)
      .options(at)
      .expect((res) => expect(res.status).not.toBe(405));
    const answer = await request(admin)
      .post(at)
      .expect(401)
      .expect("Content-Type", /problem\+json/)
      .expect("Cache-Control", "no-store");
    expect(Object.keys(answer.body).toSorted()).toEqual(["code", "detail", "status", "title", "type"]);
  });

  const receipts: ReceiptReader = () => undefined;
  const provider = (name: string, more: object = {}): DeliveryProvider => ({
    name,
    receipts,
    send: () => undefined,
    ...more,
  });
  const built =
    (...methods: TwoFactorOptions["methods"]) =>
    () =>
      twoFactor({ secret: "a secret, of 32 bytes or more, for tests", user: () => null, contact: () => null, methods });
  const hook = (name?: string) =>
    webhook({ url: "http://m.test/", secret: SECRET, receipts: true, ...(name === undefined ? {} : { name }) });

  it("is each provider's own: two of one name are told apart at the start", () => {
    const one = hook();
    expect(built(sms(one), voice(one), email(hook("mail")))).not.toThrow();
    expect(built(sms(one), voice(hook()))).toThrow(/Two providers are called "webhook"/);
    expect(built(sms(one), voice(provider("webhook", { receipts: undefined })))).toThrow(
      /Two providers are called "webhook"/,
    );
    for (const name of ["a b", "a/b", "å", "x".repeat(61)])
      expect(built(sms(provider(name)))).toThrow(/is not fit for/);
    expect(built(sms(provider("a", { receipts: {} as ReceiptReader })))).toThrow(/must be a function/);
  });
});

/** A shop whose one provider reads its receipts as a test says. */
async function reading(
  receipts: ReceiptReader,
  more: Partial<DeliveryProvider> = {},
  options: Partial<TwoFactorOptions> = {},
) {
  const sent: string[] = [];
  const acme: DeliveryProvider = {
    name: "acme",
    receipts,
    send: ({ idempotencyKey }) => void sent.push(idempotencyKey),
    ...more,
  };
  const shop = await shopOf({ methods: [sms(acme), voice(acme)], ...options });
  const post = (body: object = {}) =>
    shop.post({ headers: {}, body: JSON.stringify(body) }, "/2fa/receipts/acme?token=1");
  return { shop, sent, post };
}

describe("a provider with a reader of its own", () => {
  it("gets bytes, headers, address and time, and is believed", async () => {
    const seen: Parameters<ReceiptReader>[0][] = [];
    const { shop, sent, post } = await reading(async (each) => {
      seen.push(each);
      const { message, status } = JSON.parse(Buffer.from(each.body).toString());
      return { id: "1", receipts: [{ message, status, errorCode: 7 as unknown as string }] };
    });
    await shop.tfa.verifications.start({ to: TO, workflow: "urgent" });
    expect(await post({ message: sent[0], status: "failed" })).toMatchObject({ status: 200 });
    expect(sent).toHaveLength(2);
    expect(seen).toMatchObject([{ url: "/2fa/receipts/acme?token=1", now: shop.clock() }]);
    expect(seen[0]?.headers).toHaveProperty("host");
  });

  it("may be one that makes the code", async () => {
    const started: string[] = [];
    const vendor: VerificationProvider = {
      kind: "verification",
      name: "vendor",
      start: ({ idempotencyKey }) => {
        started.push(idempotencyKey);
        return { reference: "r" };
      },
      check: () => false,
      receipts: () => ({ id: "1", receipts: [{ message: started[0] ?? "", status: "undelivered" }] }),
    };
    const shop = await shopOf({ methods: [sms(vendor), voice(vendor)] });
    await shop.tfa.verifications.start({ to: TO, workflow: "urgent" });
    expect(await shop.post({ headers: {}, body: "{}" }, "/2fa/receipts/vendor")).toMatchObject({ status: 200 });
    expect(started).toHaveLength(2);
  });

  it.each<[string, unknown, number]>([
    ["nothing", undefined, 401],
    ["null", null, 401],
    ["false", false, 401],
    ["true", true, 503],
    ["no id", { receipts: [] }, 503],
    ["an empty id", { id: "", receipts: [] }, 503],
    ["no list", { id: "1" }, 503],
    ["a list of nothing", { id: "1", receipts: [null] }, 503],
    ["a status that is none", { id: "1", receipts: [{ message: "x:1", status: "verified" }] }, 200],
  ])("that says %s is answered so, and the store is not asked", async (_what, answer, status) => {
    const { shop, post } = await reading(() => answer as Receipts);
    const before = shop.recorder.calls.filter(({ method }) => method !== "get").length;
    expect(await post()).toMatchObject({ status });
    expect(shop.recorder.calls.filter(({ method }) => method !== "get")).toHaveLength(before);
  });

  it("that throws is a fault, told to the app and not to the sender", async () => {
    const broken = vi.fn((): undefined => {
      throw new Error("db.internal:5432 is gone");
    });
    const { shop, post } = await reading(broken);
    const answer = await post();
    expect(answer).toMatchObject({ status: 503 });
    expect(JSON.stringify(answer.body)).not.toContain("db.internal");
    expect(shop.counters.faults).toMatchObject([{ message: "db.internal:5432 is gone" }]);
  });

  it("that hangs has two seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const { post } = await reading(() => {
      asked();
      return new Promise<never>(() => undefined);
    });
    const answer = post();
    await isAsked;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await answer).toMatchObject({ status: 503 });
  });
});

describe("a receipt that comes before its message is noted as sent", () => {
  it("is to come again, and counts then", async () => {
    const { shop, post, sent } = await reading(({ body }) => JSON.parse(Buffer.from(body).toString()), {
      async send({ idempotencyKey, channel }) {
        sent.push(channel);
        if (channel === "sms")
          early.push(await post({ id: "1", receipts: [{ message: idempotencyKey, status: "undelivered" }] }));
      },
    });
    const early: Awaited<ReturnType<typeof post>>[] = [];
    const started = await shop.tfa.verifications.start({ to: TO, workflow: "urgent" });
    const id = started.ok ? started.verification.id : "";
    expect(early).toMatchObject([{ status: 503, body: { code: "unavailable" } }]);
    expect(early[0]?.headers.get("retry-after")).toBe("1");
    expect(shop.counters.faults).toEqual([]);
    expect(await shop.tfa.verifications.get({ id })).toMatchObject({ events: [{ status: "sent" }] });
    expect(await post({ id: "1", receipts: [{ message: `${id}:1`, status: "undelivered" }] })).toMatchObject({
      status: 200,
    });
    expect(sent).toEqual(["sms", "voice"]);
    expect((await shop.tfa.verifications.get({ id }))?.events.map(({ status }) => status)).toEqual([
      "undelivered",
      "sent",
    ]);
  });

  it("counts after ten seconds in any case: whoever handed it over is gone", async () => {
    const flaky = failingOnce(memoryStore(), "note");
    const { shop, post, sent } = await reading(
      ({ body }) => JSON.parse(Buffer.from(body).toString()),
      {},
      { store: flaky.store },
    );
    flaky.arm();
    await expect(shop.tfa.verifications.start({ to: TO, workflow: "urgent" })).rejects.toMatchObject({
      code: "unavailable",
    });
    const report = { id: "1", receipts: [{ message: sent[0], status: "undelivered" }] };
    shop.clock.tick(9_999);
    expect(await post(report)).toMatchObject({ status: 503 });
    shop.clock.tick(1);
    expect(await post(report)).toMatchObject({ status: 200 });
    expect(sent).toHaveLength(2);
  });
});

/** A store of which one step fails once it is armed. */
function failingOnce(store: Store, step: keyof Store) {
  let armed = false;
  const failing = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (armed && name === step) {
          armed = false;
          throw new Error(`${String(name)}: connection lost`);
        }
        return Reflect.apply(member, target, args);
      };
    },
  });
  return { store: failing, arm: () => void (armed = true) };
}

describe("a store that fails while a receipt is taken", () => {
  it.each(["get", "find", "amend", "note", "claim"] as const)(
    "has the sender come again, and nothing is lost or done twice (%s)",
    async (step) => {
      const flaky = failingOnce(memoryStore(), step);
      const shop = await shopOf({ store: flaky.store });
      const told: unknown[] = [];
      shop.tfa.events.on("delivery.receipt", (event) => told.push(event));
      const started = await shop.tfa.verifications.start({ to: TO, workflow: "urgent" });
      const id = started.ok ? started.verification.id : "";
      const post = shop.sign({ id: `${id}:1`, status: "undelivered" });
      flaky.arm();
      const refused = await shop.post(post);
      expect(refused).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(refused.headers.get("retry-after")).toBe("1");
      for (let again = 0; again < 3; again += 1) expect(await shop.post(post)).toMatchObject({ status: 200 });
      expect(channels(shop)).toEqual(["sms", "voice"]);
      const record = await shop.tfa.verifications.get({ id });
      expect(record?.events[0]?.status).toBe("undelivered");
      expect(told).toHaveLength(1);
    },
  );
});

it("two providers may give their webhooks the same ids", async () => {
  const shop = await receiptShop();
  open.push(shop);
  const hook = (name: string) => webhook({ url: shop.carrier.url, secret: SECRET, receipts: true, name });
  const both = await shopOf({ methods: [sms(hook("one")), voice(hook("two"))] });
  const started = await both.tfa.verifications.start({ to: TO, workflow: "urgent" });
  const id = started.ok ? started.verification.id : "";
  await both.tfa.verifications.resend({ id, next: true });
  for (const [index, name] of ["one", "two"].entries()) {
    const post = both.sign({ id: `${id}:${index + 1}`, status: "delivered" }, { id: "evt-1" });
    expect(await both.post(post, `/2fa/receipts/${name}`)).toMatchObject({ status: 200 });
  }
  const record = await both.tfa.verifications.get({ id });
  expect(record?.events.map(({ status }) => status)).toEqual(["delivered", "delivered"]);
});

it("two processes on one store take a receipt once", async () => {
  const shop = await shopOf();
  const twin = await shopOf({ store: shop.recorder.store });
  const started = await shop.tfa.verifications.start({ to: TO, workflow: "urgent" });
  const id = started.ok ? started.verification.id : "";
  const post = signed({ id: `${id}:1`, status: "undelivered" }, { at: shop.clock() });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? shop : twin).post(post)),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect([...shop.carried(), ...twin.carried()].map(({ channel }) => channel)).toEqual(["sms", "voice"]);
});

it("a guard takes nothing for a proof that a receipt has said", async () => {
  const shop = await shopOf();
  shop.app.post("/pay", require2fa({ maxAge: 0 }), shop.handler);
  const ada = await shop.login("ada");
  await ada.post("/pay").expect(401);
  const [message] = shop.carried();
  expect(await shop.post(shop.sign({ id: message?.id, status: "delivered" }))).toMatchObject({ status: 200 });
  await ada.post("/pay").expect(401);
  await ada.post("/pay").set("Two-Factor-Code", shop.sentCode()).expect(200);
});
