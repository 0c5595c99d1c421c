import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sms, twoFactor } from "../../src/index.js";
import type { VerificationProvider } from "../../src/providers/provider.js";
import { fixture, ORIGIN } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";
import type { SeenRequest } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";
import { type Engine, engine, type Host, listen } from "../helpers/vendor-host.js";

export interface VendorAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A vendor as the contract needs to know it: both of its sides, and what its documents print. */
export interface Vendor {
  readonly name: string;
  /** The side that serves, out of an engine of ours. */
  router(served: Engine): RequestHandler;
  /** The side that asks. */
  provider(baseUrl: string, clock: FakeClock): VerificationProvider;
  /** Whether a verification can be taken back there. */
  readonly cancels: boolean;
  /** The vendor's own answers to whatever is no check: a login, a start, a cancel. */
  answer(request: SeenRequest): VendorAnswer;
  isCheck(request: SeenRequest): boolean;
  /** Its documented yes and no to this check. */
  right(request: SeenRequest): VendorAnswer;
  wrong(request: SeenRequest): VendorAnswer;
  /** Answers with status 200 that are no yes, beside those that no vendor may take for one. */
  readonly noYes: readonly string[];
  /** Whether an empty 200 is its yes. */
  readonly emptyYes?: boolean;
}

/** What no vendor says when a code is right (G05); each with status 200. */
const NO_YES = [
  "pending",
  "canceled",
  '"Approved "',
  "true",
  "1",
  '{"valid":"false"}',
  "[]",
  "null",
  '"true"',
  '"OK"',
  '{"valid":true}',
  '{"status":"approved"}',
  '{"status":"pending"}',
  '{"code":200}',
  "OK",
  "<!doctype html>",
];

const TO = "+46707123456";
const RIGHT = "481516";
const WRONG = "592627";

const open: Host[] = [];

/** The vendor's own side, played from its documents: `check` decides what a check is answered with. */
async function play(vendor: Vendor, check: { answer: (request: SeenRequest) => VendorAnswer | "silence" }) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      const answer = vendor.isCheck(one) ? check.answer(one) : vendor.answer(one);
      if (answer !== "silence") response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host: Host = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  open.push(host);
  return { ...host, seen };
}

/** An app that has its codes made and checked by a provider. */
function appWith(provider: VerificationProvider, clock: FakeClock) {
  const { verifications } = twoFactor({
    secret: "a secret of the asking side, 32 bytes and more",
    user: () => undefined,
    contact: () => null,
    methods: [sms(provider)],
    clock,
  });
  return {
    verifications,
    async start() {
      const started = await verifications.start({ to: TO, service: "Acme" });
      if (!started.ok) throw new Error(`${started.reason}: the vendor took nothing`);
      return started.verification.id;
    },
  };
}

/** What the router is mounted under. */
interface Under {
  readonly make?: typeof express;
  readonly before?: readonly RequestHandler[];
}

interface Called {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** What a parser before the router made of it. */
  readonly body: unknown;
}

/** The same call once more, with another body. */
function again(base: string, { method, url, headers }: Called, body: string): Promise<Response> {
  const { "content-length": _length, "transfer-encoding": _coding, host: _host, connection: _line, ...kept } = headers;
  return fetch(base + url, { method, headers: kept as Record<string, string>, body });
}

/** The vendor served by us, with a switch for its power. */
async function serve(vendor: Vendor, { make = express, before = [] }: Under = {}) {
  const clock = fakeClock();
  const served = engine({}, clock);
  const power = { isOn: true };
  const calls: Called[] = [];
  const app = make();
  for (const handler of before) app.use(handler);
  app
    .use((req, res, next) => {
      calls.push({ method: req.method, url: req.url, headers: req.headers, body: req.body as unknown });
      if (power.isOn) next();
      else res.socket?.destroy();
    })
    .use(vendor.router(served));
  const host = await listen(app);
  open.push(host);
  served.codes.push(RIGHT);
  const provider = vendor.provider(host.url, clock);
  return { ...served, power, calls, url: host.url, provider, ...appWith(provider, clock) };
}

/** Every promise of a vendor's two sides, as a suite. */
export function vendorContract(vendor: Vendor): void {
  describe(vendor.name, () => {
    afterEach(async () => {
      vi.useRealTimers();
      await Promise.all(open.splice(0).map((host) => host.close()));
    });
    describe("client and router", () => {
      loopback(vendor);
    });
    describe("the client", () => {
      recorded(vendor);
    });
  });
}

function loopback(vendor: Vendor): void {
  it("send a code to the recipient and nobody else", async () => {
    const { start, box, verifications } = await serve(vendor);
    const id = await start();
    expect(box.messages).toMatchObject([{ to: TO, channel: "sms", text: expect.stringContaining(RIGHT) }]);
    const record = await verifications.get({ id });
    expect(record).toMatchObject({
      status: "pending",
      attempts: 0,
      events: [{ status: "sent", provider: vendor.name }],
    });
    expect(JSON.stringify(record)).not.toContain(RIGHT);
  });

  it("take the right code, once", async () => {
    const { start, verifications, provider } = await serve(vendor);
    const id = await start();
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({
      ok: true,
      verification: { status: "verified" },
    });
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: false, reason: "challenge_used" });
    const { reference = "" } = (await verifications.get({ id }))?.events[0] ?? {};
    expect(await provider.check(reference, RIGHT, { ...patient(), to: TO })).toBe(false);
  });

  it("say no to a wrong one, and count it", async () => {
    const { start, verifications } = await serve(vendor);
    const id = await start();
    expect(await verifications.check({ id, code: WRONG })).toMatchObject({
      ok: false,
      reason: "wrong_code",
      details: { attemptsLeft: 4 },
    });
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: true });
  });

  it("let a code die: in our time, and in the vendor's", async () => {
    const { start, verifications, provider, clock, calls } = await serve(vendor);
    const id = await start();
    const { reference = "" } = (await verifications.get({ id }))?.events[0] ?? {};
    clock.tick(300_000);
    const before = calls.length;
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: false, reason: "challenge_expired" });
    expect(calls).toHaveLength(before);
    clock.tick(24 * 3_600_000 - 300_000 - 1_000);
    expect(await provider.check(reference, RIGHT, { ...patient(), to: TO })).toBe(false);
  });

  it(`end a code that is canceled${vendor.cancels ? ", at the vendor as well" : ""}`, async () => {
    const { start, verifications, provider, calls } = await serve(vendor);
    const id = await start();
    const { reference = "" } = (await verifications.get({ id }))?.events[0] ?? {};
    expect(await verifications.cancel({ id })).toBe(true);
    const before = calls.length;
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: false, reason: "challenge_not_found" });
    expect(calls).toHaveLength(before);
    expect(typeof provider.cancel === "function").toBe(vendor.cancels);
    if (vendor.cancels) expect(await provider.check(reference, RIGHT, { ...patient(), to: TO })).toBe(false);
  });

  it("keep our budget of attempts: nobody asks the vendor once it is used up", async () => {
    const { start, verifications, calls } = await serve(vendor);
    const id = await start();
    for (let left = 4; left >= 0; left -= 1) {
      expect(await verifications.check({ id, code: WRONG })).toMatchObject({
        reason: "wrong_code",
        details: { attemptsLeft: left },
      });
    }
    const before = calls.length;
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: false, reason: "challenge_spent" });
    expect(calls).toHaveLength(before);
  });

  it("give an attempt back when the vendor is down, and go on when it is back", async () => {
    const { start, verifications, power } = await serve(vendor);
    const id = await start();
    power.isOn = false;
    for (let call = 0; call < 7; call += 1) {
      await expect(verifications.check({ id, code: RIGHT })).rejects.toMatchObject({ code: "unavailable" });
    }
    expect(await verifications.get({ id })).toMatchObject({ status: "pending", attempts: 0, checks: [] });
    power.isOn = true;
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: true });
  });

  it.each([
    ["express.json() and express.urlencoded()", [express.json(), express.urlencoded({ extended: true })]],
    ["express.text()", [express.text({ type: () => true })]],
    ["express.raw()", [express.raw({ type: () => true })]],
  ])("understand each other behind %s, on both versions of Express", async (_what, before) => {
    for (const make of [express, express4 as unknown as typeof express]) {
      const { start, verifications, box } = await serve(vendor, { make, before });
      const id = await start();
      expect(box.messages).toHaveLength(1);
      expect(await verifications.check({ id, code: WRONG })).toMatchObject({ ok: false, reason: "wrong_code" });
      expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: true });
    }
  });

  it("agree on fields whatever the case of their names, and on nothing beyond 64 KB", async () => {
    const { start, box, calls, url } = await serve(vendor, { before: [express.text({ type: () => true })] });
    await start();
    const asked = calls.at(-1);
    if (!asked) throw new Error("nobody called");
    const body = JSON.parse(String(asked.body)) as Record<string, unknown>;
    const shouted = Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toUpperCase(), value]));
    expect((await again(url, asked, JSON.stringify(shouted))).ok).toBe(true);
    const texts = box.messages.map(({ text }) => text.replaceAll(/\d+/g, "#"));
    expect([texts.length, new Set(texts).size]).toEqual([2, 1]);

    const plain = await serve(vendor);
    await plain.start();
    const call = plain.calls.at(-1) ?? asked;
    const long = await again(plain.url, call, JSON.stringify({ ...body, filler: "x".repeat(65_536) }));
    expect([400, 413]).toContain(long.status);
    expect(plain.box.messages).toHaveLength(1);
  });

  it("open and close a guarded route", async () => {
    const { url, codes } = await serve(vendor);
    const clock = fakeClock();
    const shop = fixture({ methods: [sms(vendor.provider(url, clock))], clock });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    const { body } = await ada.get("/vault").expect(401);
    expect(body).toMatchObject({ code: "second_factor_required", challenge: { method: "sms", attemptsLeft: 5 } });
    await ada.get("/vault").set("Two-Factor-Code", WRONG).expect(422);
    clock.tick(31_000);
    codes.push("271828");
    await ada.post("/2fa/resend").set("Origin", ORIGIN).send({}).expect(200);
    await ada.get("/vault").set("Two-Factor-Code", WRONG).expect(422);
    await ada.get("/vault").set("Two-Factor-Code", "271828").expect(200);
    await ada.get("/vault").expect(200);
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 2 });
  });
}

function recorded(vendor: Vendor): void {
  const begin = async (answer: (request: SeenRequest) => VendorAnswer | "silence") => {
    const clock = fakeClock();
    const check = { answer };
    const played = await play(vendor, check);
    const provider = vendor.provider(played.url, clock);
    const app = appWith(provider, clock);
    return { ...app, ...played, provider, check, id: await app.start() };
  };

  it("takes the vendor's documented yes for a yes, and its no for a no", async () => {
    const { verifications, id, check } = await begin(vendor.wrong);
    expect(await verifications.check({ id, code: WRONG })).toMatchObject({ ok: false, reason: "wrong_code" });
    check.answer = vendor.right;
    expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: true });
  });

  it.each([...NO_YES, ...vendor.noYes, ...(vendor.emptyYes === true ? [] : [""])])(
    "G05: never takes %j for a yes",
    async (body) => {
      const { verifications, id, check } = await begin(() => ({ status: 200, body }));
      const checked = await verifications.check({ id, code: RIGHT }).catch((error: unknown) => error);
      if (checked instanceof Error) expect(checked).toMatchObject({ code: "unavailable" });
      else expect(checked).toMatchObject({ ok: false, reason: "wrong_code" });
      const { status, attempts } = (await verifications.get({ id })) ?? {};
      expect([status, attempts]).toEqual(["pending", checked instanceof Error ? 0 : 1]);
      check.answer = vendor.right;
      expect(await verifications.check({ id, code: RIGHT })).toMatchObject({ ok: true });
    },
  );

  it.each([404, 204, 302, 304, 401, 403, 500, 502, 503])(
    "G05: never takes its yes for one with status %i",
    async (status) => {
      const { verifications, id } = await begin((request) => ({ ...vendor.right(request), status }));
      const checked = await verifications.check({ id, code: RIGHT }).catch((error: unknown) => error);
      if (checked instanceof Error) expect(checked).toMatchObject({ code: "unavailable" });
      else expect(checked).toMatchObject({ ok: false });
      expect(await verifications.get({ id })).toMatchObject({ status: "pending" });
    },
  );

  it("G05 the guard grants nothing for any of these answers, and once for the exact one", async () => {
    const { shop, check } = await guarded(vendor);
    const ways = [...NO_YES, ...vendor.noYes].map((body) => () => ({ status: 200, body }));
    const statuses = [404, 204, 401, 500, 503].map((status) => (asked: SeenRequest) => ({
      ...vendor.right(asked),
      status,
    }));
    for (const answer of [...ways, ...statuses]) {
      check.answer = answer;
      const ada = await shop.login("ada");
      await ada.get("/vault").expect(401);
      const { status, body } = await ada.get("/vault").set("Two-Factor-Code", RIGHT);
      expect([422, 503]).toContain(status);
      expect(["wrong_code", "unavailable"]).toContain(body.code);
    }
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
    check.answer = vendor.right;
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    await ada.get("/vault").set("Two-Factor-Code", RIGHT).expect(200);
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 1 });
  });

  it("G05 a vendor that never answers is a 503 in time, and grants nothing", async () => {
    const { shop, check, asked } = await guarded(vendor);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    check.answer = () => "silence";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
    const started = performance.now();
    const answered = ada.get("/vault").set("Two-Factor-Code", RIGHT);
    const answer = answered.then(({ status, body }) => [status, body.code]);
    while (asked() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(5_000);
    expect(await answer).toEqual([503, "unavailable"]);
    expect(performance.now() - started).toBeLessThan(5_500);
    vi.useRealTimers();
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
    expect((await ada.get("/vault").expect(401)).body.challenge.attemptsLeft).toBe(5);
  });

  it.each([500, 502, 503])("says unavailable for status %i, and gives the attempt back", async (status) => {
    const { verifications, id } = await begin(() => ({ status }));
    await expect(verifications.check({ id, code: RIGHT })).rejects.toMatchObject({ code: "unavailable" });
    expect(await verifications.get({ id })).toMatchObject({ status: "pending", attempts: 0 });
  });

  it("stops when its deadline has passed", async () => {
    const { provider, verifications, id } = await begin(() => "silence");
    const { reference = "" } = (await verifications.get({ id }))?.events[0] ?? {};
    const before = performance.now();
    const asked = provider.check(reference, RIGHT, { signal: AbortSignal.timeout(150), to: TO });
    await expect(asked).rejects.toBeInstanceOf(Error);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it("starts nothing when it is given no time", async () => {
    const { provider, seen } = await begin(vendor.right);
    const { text: _text, html: _html, ...message } = aMessage({ to: TO, template: "{code}", digits: 6 });
    const before = seen.length;
    await expect(provider.start(message, { signal: AbortSignal.abort() })).rejects.toMatchObject({ unsent: true });
    expect(seen).toHaveLength(before);
  });
}

/** A guarded route whose codes the vendor, played from its documents, makes and checks. */
async function guarded(vendor: Vendor) {
  const clock = fakeClock();
  const check: { answer: (request: SeenRequest) => VendorAnswer | "silence" } = { answer: vendor.right };
  const played = await play(vendor, check);
  const shop = fixture({
    methods: [sms(vendor.provider(played.url, clock))],
    limits: { ...PLENTY, failures: { perAccount: 100 } },
    clock,
  });
  shop.guard("/vault");
  return { shop, check, asked: () => played.seen.filter((each) => vendor.isCheck(each)).length };
}
