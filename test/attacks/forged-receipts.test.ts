/**
 * The attacker knows where delivery receipts are posted and what a real one looks like. They post receipts without a
 * signature, with half of one, with one that was made for other bytes; they catch a real one and send it again, later,
 * packed, in another charset, under another name; they hold the secret of one carrier and speak for another; they report
 * "verified" and hope that somebody believes it; and when nothing helps they post as much as they can.
 */
import { gzipSync } from "node:zlib";
import express from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sms, voice, webhook } from "../../src/index.js";
import { CROWDS, rawRequest, Site, tally } from "../helpers/burst.js";
import { PATH, receiptShop, type ReceiptShop, SECRET, type Signed } from "../helpers/receipts.js";

const OTHER = `whsec_${Buffer.from("a key that is somebody else's!!!").toString("base64")}`;
const LIMIT = 64 * 1024;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of open.splice(0)) await each.close();
});

/** Ada waits at the door, her SMS is out, and a call would follow. */
async function waiting(options: Parameters<typeof receiptShop>[0] = {}) {
  const shop = await receiptShop(options);
  open.push(shop);
  shop.guard("/vault", { workflow: "urgent" });
  const ada = await shop.login("ada");
  const challenge = (await ada.get("/vault").expect(401)).body.challenge.id as string;
  const message = shop.carried().at(-1)?.id ?? "";
  return { shop, ada, challenge, message };
}

/** The store calls that something made. */
async function opsOf(shop: ReceiptShop, run: () => Promise<unknown>): Promise<string[]> {
  const before = shop.recorder.calls.length;
  await run();
  return shop.recorder.calls.slice(before).map(({ method }) => method);
}

type Change = (post: Signed, shop: ReceiptShop) => Signed;

const withHeaders =
  (change: (headers: Record<string, string>) => Record<string, string | undefined>): Change =>
  ({ headers, body }) => ({
    body,
    headers: Object.fromEntries(
      Object.entries({ ...headers, ...change(headers) }).filter(
        (pair): pair is [string, string] => pair[1] !== undefined,
      ),
    ),
  });
const signature = (change: (signature: string) => string | undefined): Change =>
  withHeaders((headers) => ({ "webhook-signature": change(headers["webhook-signature"] ?? "") }));
const twice = (name: string): Change =>
  withHeaders((headers) => ({ [name]: `${headers[name]}\r\n${name}: ${headers[name]}` }));
const flip = (text: string, at: number): string => {
  const bytes = Buffer.from(text);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString("latin1");
};

/** What a forger can do to a webhook that was right. */
const FORGERIES: Record<string, Change> = {
  "no signature": signature(() => undefined),
  "no id": withHeaders(() => ({ "webhook-id": undefined })),
  "no time": withHeaders(() => ({ "webhook-timestamp": undefined })),
  "no headers at all": ({ body }) => ({ body, headers: {} }),
  "an empty signature": signature(() => ""),
  "an empty id": withHeaders(() => ({ "webhook-id": "" })),
  "an empty time": withHeaders(() => ({ "webhook-timestamp": "" })),
  "its signature twice": twice("webhook-signature"),
  "its id twice": twice("webhook-id"),
  "its time twice": twice("webhook-timestamp"),
  "another scheme": signature((right) => right.replace("v1", "v2")),
  "no scheme": signature((right) => right.slice(3)),
  "the word of a bearer": signature((right) => `Bearer ${right.slice(3)}`),
  "a signature cut short": signature((right) => right.slice(0, -8)),
  "a bit of the signature flipped": signature((right) => flip(right, 20)),
  "a bit of the signature that base64 ignores flipped": signature((right) => flip(right, right.length - 2)),
  "a bit of the body flipped": ({ headers, body }) => ({ headers, body: flip(String(body), 10) }),
  "another id": withHeaders(() => ({ "webhook-id": "evt-2" })),
  "another time": withHeaders((headers) => ({ "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) })),
  "another secret": ({ body }, shop) => shop.sign(body, { secret: OTHER }),
  "the JSON written anew": ({ headers, body }) => ({
    headers,
    body: JSON.stringify(JSON.parse(String(body)), null, 1),
  }),
  "a blank at its end": ({ headers, body }) => ({ headers, body: `${String(body)} ` }),
  "nothing in it": ({ headers }) => ({ headers, body: "" }),
  "another charset": withHeaders(() => ({ "content-type": "application/json; charset=utf-16" })),
  "another charset of the same bytes": withHeaders(() => ({ "content-type": "application/json; charset=latin1" })),
  gzip: ({ headers, body }) => ({ headers: { ...headers, "content-encoding": "gzip" }, body: gzipSync(body) }),
  "gzip, signed": ({ body }, shop) => {
    const packed = shop.sign(gzipSync(body));
    return { ...packed, headers: { ...packed.headers, "content-encoding": "gzip" } };
  },
  "an encoding that it has not": withHeaders(() => ({ "content-encoding": "br" })),
};

describe("H01: a receipt with", () => {
  it.each(Object.keys(FORGERIES))("%s is refused, and the store never hears of it", async (name) => {
    const { shop, message } = await waiting();
    const right = shop.sign({ id: message, status: "undelivered" });
    const forged = (FORGERIES[name] as Change)(right, shop);
    const isRaw = Object.values(forged.headers).some((value) => value.includes("\r\n"));
    const ops = await opsOf(shop, async () => {
      const answer = isRaw ? await shop.site.send(shop.raw(forged)) : await shop.post(forged);
      expect(answer).toMatchObject({ status: 401, body: { code: "invalid_request" } });
    });
    expect(ops).toEqual([]);
    expect(shop.carried()).toHaveLength(1);
    // and the same was right before it was touched
    expect(await shop.post(right)).toMatchObject({ status: 200, body: {} });
    expect(shop.carried()).toHaveLength(2);
  });

  const parsers: [string, express.RequestHandler][] = [
    ["express.json()", express.json()],
    ["express.text()", express.text({ type: () => true })],
    ["express.urlencoded()", express.urlencoded({ type: () => true, extended: false })],
  ];
  it.each(parsers)("its bytes eaten by %s is a fault of the setup, right or forged", async (_name, parser) => {
    const { shop, message } = await waiting();
    const site = await Site.open(express().use(parser).use(shop.app));
    open.push(site);
    const right = shop.sign({ id: message, status: "undelivered" });
    for (const post of [
      right,
      shop.sign(right.body, { secret: OTHER }),
      { body: right.body, headers: { "content-type": "application/json" } },
    ]) {
      const ops = await opsOf(shop, async () => {
        const answer = await site.send(shop.raw(post));
        expect(answer).toMatchObject({ status: 500, body: { code: "misconfigured" } });
        expect(answer.body["detail"]).toMatch(/Mount twoFactor\(\) before express\.json\(\), or keep the bytes/);
      });
      expect(ops).toEqual([]);
    }
    expect(shop.counters.faults).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ code: "misconfigured" })),
    );
    vi.stubEnv("NODE_ENV", "production");
    expect((await site.send(shop.raw(right))).text).not.toMatch(/express|parser/);
  });

  const keepers: [string, express.RequestHandler][] = [
    ["rawBody", express.json({ verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }) })],
    ["express.raw()", express.raw({ type: () => true, limit: "1mb" })],
  ];
  it.each(keepers)("its bytes kept by %s is judged by those", async (_name, parser) => {
    const { shop, message } = await waiting();
    const site = await Site.open(express().use(parser).use(shop.app));
    open.push(site);
    const right = shop.sign({ id: message, status: "undelivered" });
    for (const name of ["no signature", "another secret", "the JSON written anew", "an encoding that it has not"]) {
      const forged = (FORGERIES[name] as Change)(right, shop);
      const ops = await opsOf(shop, async () => {
        // a parser that cannot unpack it says so itself
        expect([400, 401, 415]).toContain((await site.send(shop.raw(forged))).status);
      });
      expect(ops).toEqual([]);
    }
    const packed = gzipSync(right.body);
    const unpacked = await fetch(`http://127.0.0.1:${site.port}${PATH}`, {
      method: "POST",
      headers: { ...right.headers, "content-encoding": "gzip" },
      body: packed,
    });
    expect(unpacked.status).toBe(401);
    expect((await site.send(shop.raw(right))).status).toBe(200);
    expect(shop.carried()).toHaveLength(2);
    const large = shop.sign(" ".repeat(LIMIT + 1));
    const answer = await site.send(shop.raw({ ...large, headers: { ...large.headers, "content-type": "text/plain" } }));
    expect(answer.status).toBe(413);
  });
});

describe("H02: a receipt", () => {
  it("of 301 seconds ago, or to come, is refused; of 300 it is not", async () => {
    const { shop, message } = await waiting();
    const body = { id: message, status: "delivered" };
    for (const seconds of [-301, 301, -86_400, 86_400]) {
      const post = shop.sign(body, { at: shop.clock() + seconds * 1000 });
      expect(await opsOf(shop, async () => expect(await shop.post(post)).toMatchObject({ status: 401 }))).toEqual([]);
    }
    for (const seconds of [-300, 300]) {
      expect(await shop.post(shop.sign(body, { at: shop.clock() + seconds * 1000, id: `at${seconds}` }))).toMatchObject(
        { status: 200 },
      );
    }
  });

  it("that comes again is welcomed and changes nothing, whatever it says now", async () => {
    const { shop, message, challenge } = await waiting();
    const right = shop.sign({ id: message, status: "undelivered", errorCode: "30008" });
    expect(await shop.post(right)).toMatchObject({ status: 200 });
    const after = await shop.recorder.store.find({ id: challenge }, shop.clock());
    const again = [right, right, shop.sign({ id: message, status: "delivered" })];
    for (const post of again) {
      const ops = await opsOf(shop, async () => expect(await shop.post(post)).toMatchObject({ status: 200, body: {} }));
      expect(ops).toEqual(["get"]);
    }
    expect(await shop.recorder.store.find({ id: challenge }, shop.clock())).toEqual(after);
    expect(shop.carried()).toHaveLength(2);
  });

  it("that was caught and comes when its id is forgotten is too old by then", async () => {
    const { shop, message } = await waiting();
    const ahead = shop.sign({ id: message, status: "sent" }, { at: shop.clock() + 300_000 });
    expect(await shop.post(ahead)).toMatchObject({ status: 200 });
    for (let minute = 0; minute < 20; minute += 1) {
      shop.clock.tick(59_999);
      const ops = await opsOf(shop, async () => shop.post(ahead));
      expect([["get"], []]).toContainEqual(ops);
    }
  });

  it("that comes out of order, or after the end, changes nothing that counts", async () => {
    const { shop, ada, message, challenge } = await waiting();
    const statusOf = async () => (await shop.recorder.store.find({ id: challenge }, shop.clock()))?.events[0]?.status;
    await shop.post(shop.sign({ id: message, status: "delivered" }, { id: "a" }));
    for (const status of ["sent", "failed", "undelivered"]) {
      expect(await shop.post(shop.sign({ id: message, status }, { id: status }))).toMatchObject({ status: 200 });
      expect(await statusOf()).toBe("delivered");
    }
    expect(shop.carried()).toHaveLength(1);

    const lost = await waiting();
    const first = { id: lost.message, status: "undelivered", errorCode: "1" };
    await lost.shop.post(lost.shop.sign(first, { id: "first" }));
    await lost.shop.post(lost.shop.sign({ ...first, status: "failed", errorCode: "2" }, { id: "second" }));
    const kept = await lost.shop.recorder.store.find({ id: lost.challenge }, lost.shop.clock());
    expect(kept?.events).toMatchObject([{ status: "undelivered", errorCode: "1" }, { status: "sent" }]);

    const late = await waiting();
    const code = late.shop.sentCode();
    await late.ada.post("/2fa/verify").send({ code }).expect(200);
    expect(await late.shop.post(late.shop.sign({ id: late.message, status: "undelivered" }))).toMatchObject({
      status: 200,
    });
    expect(late.shop.carried()).toHaveLength(1);
    await late.ada.post("/2fa/verify").send({ code, challenge: late.challenge }).expect(409);
    await ada.get("/vault").expect(401);
  });

  it("passes by either secret while they rotate, and by the old one no more when it is gone", async () => {
    const hook = webhook({ url: "http://127.0.0.1:9/", secret: [SECRET, OTHER], receipts: true });
    const shop = await receiptShop({ methods: [sms(hook)], workflows: {} });
    const after = await receiptShop();
    open.push(shop, after);
    const body = { id: "unknown:1", status: "delivered" };
    expect(await shop.post(shop.sign(body))).toMatchObject({ status: 200 });
    expect(await shop.post(shop.sign(body, { secret: OTHER }))).toMatchObject({ status: 200 });
    expect(await after.post(after.sign(body, { secret: OTHER }))).toMatchObject({ status: 401 });
  });
});

describe("H03: a receipt that is rightly signed", () => {
  it.each(["verified", "approved", "success", "delivered", "sent", "undelivered", "failed"])(
    "and says %s opens no door",
    async (status) => {
      const { shop, ada, message, challenge } = await waiting();
      for (const id of [message, challenge, `${challenge}:0`, `${challenge}:2`, `:1`, "1"]) {
        const post = shop.sign(
          { id, status, verified: true, code: shop.sentCode(), user: "ada" },
          { id: `evt ${id}`.replace(" ", "-") },
        );
        expect(await shop.post(post)).toMatchObject({ status: 200, body: {} });
      }
      await ada.get("/vault").expect(401);
      expect((await ada.get("/2fa/status").expect(200)).body).toMatchObject({ verified: false });
      expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0, compares: 0 });
      const entry = await shop.recorder.store.find({ id: challenge }, shop.clock());
      expect(entry).toMatchObject({ state: "pending", attempts: 0, checks: [] });
      await ada.get("/vault").set("Two-Factor-Code", shop.sentCode()).expect(200);
    },
  );

  async function twoCarriers() {
    const a = await receiptShop();
    const hookA = webhook({ url: a.carrier.url, secret: SECRET, receipts: true, name: "a" });
    const hookB = webhook({ url: a.carrier.url, secret: OTHER, receipts: true, name: "b" });
    const shop = await receiptShop({ methods: [sms(hookA), voice(hookB)] });
    open.push(a, shop);
    shop.guard("/vault", { workflow: "urgent" });
    const ada = await shop.login("ada");
    const challenge = (await ada.get("/vault").expect(401)).body.challenge.id as string;
    return { shop, challenge, sent: () => a.carried() };
  }

  it("by another provider is refused on this one's route", async () => {
    const { shop, sent } = await twoCarriers();
    const body = { id: sent()[0]?.id, status: "undelivered" };
    for (const [path, secret] of [
      ["/2fa/receipts/a", OTHER],
      ["/2fa/receipts/b", SECRET],
    ] as const) {
      const post = async () =>
        expect(await shop.post(shop.sign(body, { secret }), path)).toMatchObject({ status: 401 });
      expect(await opsOf(shop, post)).toEqual([]);
    }
    expect(sent()).toHaveLength(1);
  });

  it("by another provider, on its own route, is about nothing of this one's", async () => {
    const { shop, challenge, sent } = await twoCarriers();
    const before = await shop.recorder.store.find({ id: challenge }, shop.clock());
    const body = { id: sent()[0]?.id, status: "undelivered" };
    expect(await shop.post(shop.sign(body, { secret: OTHER }), "/2fa/receipts/b")).toMatchObject({ status: 200 });
    expect(await shop.recorder.store.find({ id: challenge }, shop.clock())).toEqual(before);
    expect(sent()).toHaveLength(1);
    // its owner's word counts
    expect(await shop.post(shop.sign(body), "/2fa/receipts/a")).toMatchObject({ status: 200 });
    expect(sent()).toHaveLength(2);
  });

  it("about a message of another installation on the same store is about nothing", async () => {
    const { shop, message, challenge } = await waiting();
    const theirs = await receiptShop({
      store: shop.recorder.store,
      secret: "the secret of another installation, long enough",
    });
    open.push(theirs);
    const before = await shop.recorder.store.find({ id: challenge }, shop.clock());
    expect(await theirs.post(theirs.sign({ id: message, status: "undelivered" }))).toMatchObject({ status: 200 });
    expect(await shop.recorder.store.find({ id: challenge }, shop.clock())).toEqual(before);
    expect([...shop.carried(), ...theirs.carried()]).toHaveLength(1);
  });

  it("is nobody's login, and asks nobody who is logged in", async () => {
    const user = vi.fn(() => "ada");
    const { shop, message } = await waiting({ user });
    const calls = user.mock.calls.length;
    const post = shop.sign({ id: message, status: "delivered" });
    const headers = {
      ...post.headers,
      cookie: "connect.sid=s%3Aanything",
      origin: "https://evil.example",
      accept: "text/html",
    };
    const answer = await shop.post({ ...post, headers: { ...headers, "sec-fetch-site": "cross-site" } });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(user.mock.calls.length).toBe(calls);
  });
});

describe("H04: a flood", () => {
  it("of large bodies ends at 64 KB, to the byte", async () => {
    const { shop, message } = await waiting();
    const head = `{"id":"${message}","status":"delivered","x":"`;
    const sized = (bytes: number): string => `${head}${"x".repeat(bytes - head.length - 2)}"}`;
    const chunked = { ...shop.sign(sized(LIMIT + 1)), body: Buffer.from(sized(LIMIT + 1)) };
    const ops = await opsOf(shop, async () => {
      for (const bytes of [LIMIT + 1, LIMIT * 4])
        expect(await shop.post(shop.sign(sized(bytes)))).toMatchObject({ status: 413 });
      const raw = rawRequest("POST", PATH, {
        headers: { ...chunked.headers, "transfer-encoding": "chunked" },
        text: "",
      }).replace("content-length: 0\r\n", "");
      const body = `${chunked.body.length.toString(16)}\r\n${chunked.body.toString()}\r\n0\r\n\r\n`;
      expect(await shop.site.send(raw + body)).toMatchObject({ status: 413 });
    });
    expect(ops).toEqual([]);
    expect(await shop.post(shop.sign(sized(LIMIT)))).toMatchObject({ status: 200 });
  });

  it("of 2,000 forgeries costs the store nothing, and keeps nobody from the door", async () => {
    const { shop, ada, message } = await waiting();
    const right = shop.sign({ id: message, status: "undelivered" });
    const big = shop.sign({ id: message, status: "undelivered", x: "x".repeat(60_000) }, { secret: OTHER });
    const plain = Object.entries(FORGERIES).filter(([name]) => !name.includes("gzip"));
    const ops = await opsOf(shop, async () => {
      for (let round = 0; round < 40; round += 1) {
        const posts = Array.from({ length: 50 }, (_, index) => {
          const [, change] = plain[(round * 50 + index) % plain.length] ?? expect.fail();
          return shop.raw(index % 10 === 0 ? big : change(right, shop));
        });
        expect(tally(await shop.site.together(posts))).toEqual({ 401: 50 });
      }
    });
    expect(ops).toEqual([]);
    await ada.post("/2fa/verify").send({ code: shop.sentCode() }).expect(200);
    await ada.get("/vault").expect(200);
  });

  it("of posts to providers that are not there is told so before a byte of it is read", async () => {
    const { shop } = await waiting();
    for (const name of ["nobody", "", "webhook/", "Webhook", "webhook%2f", "__proto__", "constructor", "webhook/x"]) {
      const ops = await opsOf(shop, async () => {
        expect(await shop.post(shop.sign("x".repeat(LIMIT * 2)), `/2fa/receipts/${name}`)).toMatchObject({
          status: 404,
        });
      });
      expect(ops).toEqual([]);
    }
  });
});

describe("D10: fifty times the same receipt", () => {
  it.each(Object.keys(CROWDS))("is one change and fifty times 200 (%s)", async (crowd) => {
    const { shop, message, challenge } = await waiting();
    const told: unknown[] = [];
    shop.tfa.events.on("delivery.receipt", (event) => told.push(event));
    const post = shop.raw(shop.sign({ id: message, status: "undelivered", errorCode: "30008" }));
    const answers = await CROWDS[crowd as keyof typeof CROWDS](
      shop.site,
      Array.from({ length: 50 }, () => post),
    );
    expect(tally(answers)).toEqual({ 200: 50 });
    expect(shop.carried().map(({ channel }) => channel)).toEqual(["sms", "voice"]);
    expect(told).toEqual([
      { challenge, provider: "webhook", channel: "sms", status: "undelivered", errorCode: "30008" },
    ]);
    const entry = await shop.recorder.store.find({ id: challenge }, shop.clock());
    expect(entry?.events.map(({ status }) => status)).toEqual(["undelivered", "sent"]);
  });
});
