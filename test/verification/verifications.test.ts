import { describe, expect, it } from "vitest";
import {
  email,
  type Message,
  outbox,
  sms,
  twoFactor,
  type VerificationProvider,
  type VerificationSearch,
  voice,
} from "../../src/index.js";
import { PLENTY } from "../helpers/arena.js";
import { fakeClock } from "../helpers/clock.js";

function service(options: Partial<Parameters<typeof twoFactor>[0]> = {}) {
  const clock = fakeClock();
  const box = outbox();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    clock,
    ...options,
  });
  return { tfa, clock, box, code: () => /\d{4,8}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "" };
}

describe("a verification", () => {
  it("is sent, checked and used up once", async () => {
    const { tfa, box, code } = service();
    const started = await tfa.verifications.start({ to: "+46707123456", service: "Acme", template: "Acme: {code}" });
    expect(started).toMatchObject({ ok: true, verification: { status: "pending", to: "+46707123456" } });
    expect(box.messages[0]?.text).toBe(`Acme: ${code()}`);
    const id = started.ok ? started.verification.id : "";
    const wrong = await tfa.verifications.check({ id, code: code() === "000000" ? "111111" : "000000" });
    expect(wrong).toMatchObject({ ok: false, reason: "wrong_code", details: { attemptsLeft: 4 } });
    expect(await tfa.verifications.check({ id, code: code() })).toMatchObject({ ok: true });
    expect(await tfa.verifications.check({ id, code: code() })).toMatchObject({ ok: false, reason: "challenge_used" });
    const record = await tfa.verifications.get({ id });
    expect(record).toMatchObject({ status: "verified", checks: [{ valid: false }, { valid: true, code: code() }] });
    expect(record?.events).toMatchObject([{ channel: "sms", status: "sent", to: "+46707123456", country: "SE" }]);
  });

  it("is found by its recipient, and by its code alone where codes are unique", async () => {
    const { tfa, code } = service();
    await tfa.verifications.start({ to: "ada@example.com", channel: "email", unique: true });
    expect(await tfa.verifications.get({ to: "ada@example.com" })).toMatchObject({ status: "pending" });
    expect(await tfa.verifications.checkByCode({ code: "00000000" })).toMatchObject({ ok: false });
    expect(await tfa.verifications.checkByCode({ code: code() })).toMatchObject({ ok: true });
    expect(await tfa.verifications.checkByCode({ code: code() })).toMatchObject({ ok: false });
  });

  it("cancels the one before, unless that is under guard", async () => {
    const { tfa, clock } = service();
    const first = await tfa.verifications.start({ to: "+46707123456", guardTime: "60s" });
    clock.tick(30_000);
    await tfa.verifications.start({ to: "+46707123456" });
    const id = first.ok ? first.verification.id : "";
    expect(await tfa.verifications.get({ id })).toMatchObject({ status: "pending" });
    clock.tick(31_000);
    await tfa.verifications.start({ to: "+46707123456" });
    expect(await tfa.verifications.get({ id })).toMatchObject({ status: "canceled" });
  });

  it("replaces the ones before where that is asked for, guard or not, and only its own recipient's and service's", async () => {
    const { tfa, clock } = service({ limits: PLENTY });
    const start = async (more: object = {}) => {
      clock.tick(1_000);
      const started = await tfa.verifications.start({ to: "+46707123456", guardTime: "60s", ...more });
      if (!started.ok) throw new Error(started.reason);
      return started.verification.id;
    };
    const status = async (id: string, more: object = {}) => (await tfa.verifications.get({ id, ...more }))?.status;
    const [first, second] = [await start(), await start()];
    const others = [await start({ service: "Shop" }), await start({ to: "+46707123457" })];
    const another = await start({ account: "acme" });
    expect([await status(first), await status(second)]).toEqual(["pending", "pending"]);
    const last = await start({ supersede: "replace" });
    expect([await status(first), await status(second), await status(last)]).toEqual([
      "canceled",
      "canceled",
      "pending",
    ]);
    for (const id of others) expect(await status(id)).toBe("pending");
    expect(await status(another, { account: "acme" })).toBe("pending");
    const together = await Promise.all([1, 2, 3].map(() => start({ supersede: "replace" })));
    const alive = await Promise.all(together.map((id) => status(id)));
    expect(alive.filter((each) => each === "pending")).toHaveLength(1);
  });

  it("refuses a template with a place that nobody knows, where that is asked for", async () => {
    const { tfa, box } = service();
    const start = (template: string, more: object = {}) =>
      tfa.verifications.start({ to: "+46707123456", template, unknownPlaces: "refuse", ...more });
    await expect(start("{code} for {name}")).rejects.toThrow(/\{name\}/);
    await expect(start("@@pin @@x", { syntax: "@@pin" })).rejects.toMatchObject({ code: "invalid_request" });
    expect(box.messages).toEqual([]);
    expect(await start("{code} for {name}", { args: { name: "{pin}" } })).toMatchObject({ ok: true });
    expect(box.messages[0]?.text).toMatch(/^\d{6} for \{pin\}$/);
  });

  it("refuses a sender that is no text on one line", async () => {
    const { tfa } = service();
    for (const from of ["", "a\r\nBcc: eve@evil.test", "x".repeat(255), 7 as unknown as string]) {
      await expect(tfa.verifications.start({ to: "+46707123456", from })).rejects.toMatchObject({
        code: "invalid_request",
      });
    }
  });

  it("goes by the next channel of its workflow until it is answered", async () => {
    const { tfa, clock, box, code } = service();
    const steps = [
      { channel: "sms", interval: 0 },
      { channel: "voice", interval: "60s" },
    ] as const;
    await tfa.workflows.create({ name: "insist", steps });
    const started = await tfa.verifications.start({ to: "+46707123456", workflow: "insist" });
    const first = code();
    expect(await tfa.verifications.resend({ id: started.ok ? started.verification.id : "", next: true })).toMatchObject(
      {
        ok: true,
        verification: { channel: "voice" },
      },
    );
    expect(box.messages).toHaveLength(2);
    clock.tick(1_000);
    expect(await tfa.verifications.check({ to: "+46707123456", code: first })).toMatchObject({ ok: true });
  });

  it("is charged to the limits it names", async () => {
    const { tfa, clock } = service();
    await tfa.limits.create({ name: "per_ip", buckets: [{ max: 1, interval: "30s" }] });
    const start = () => tfa.verifications.start({ to: "+46707123456", limits: { per_ip: "127.0.0.1" } });
    expect(await start()).toMatchObject({ ok: true });
    clock.tick(10_000);
    expect(await start()).toMatchObject({ ok: false, reason: "limit_exceeded", details: { retryAfter: 20 } });
    clock.tick(20_000);
    expect(await start()).toMatchObject({ ok: true });
  });

  it("is counted by day, channel and country", async () => {
    const { tfa, clock } = service();
    await tfa.verifications.start({ to: "+46707123456" });
    clock.tick(24 * 3_600_000);
    await tfa.verifications.start({ to: "+447979080215" });
    expect(await tfa.verifications.usage({ period: "day" })).toMatchObject([
      { from: "2026-01-01", count: 1 },
      { from: "2026-01-02", count: 1, byCountry: { GB: { pending: 1 } } },
    ]);
    expect(await tfa.verifications.usage({ channel: "sms" })).toMatchObject([{ count: 2 }]);
  });
});

describe("a code", () => {
  const check = async (value: string, typed: string, alphabet?: string) => {
    const { tfa } = service();
    const started = await tfa.verifications.start({
      to: "+46707123456",
      code: { value, ...(alphabet === undefined ? {} : { alphabet }) },
    });
    return tfa.verifications.check({ id: started.ok ? started.verification.id : "", code: typed });
  };

  it("of the caller's own is right as it is written, and as people write it where that is no other one", async () => {
    expect(await check("AB-12-cd", "AB-12-cd")).toMatchObject({ ok: true });
    expect(await check("314159", "314 159")).toMatchObject({ ok: true });
    expect(await check("314159", "314-159")).toMatchObject({ ok: true });
    expect(await check("12-34", "12-34", "0123456789-")).toMatchObject({ ok: true });
    expect(await check("12-34", "12 -34", "0123456789-")).toMatchObject({ ok: true });
    expect(await check("12-34", "1234", "0123456789-")).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await check("a1b2", "A1B2", "ab12")).toMatchObject({ ok: true });
    expect(await check("a1b2", "A1B2")).toMatchObject({ ok: false, reason: "wrong_code" });
  });

  it("of an alphabet with a dash in it keeps its dashes", async () => {
    const { tfa, box } = service({ generateCode: () => "7-7-7-7-" });
    const started = await tfa.verifications.start({ to: "+46707123456", code: { alphabet: "-0123456789", length: 8 } });
    expect(box.messages[0]?.text).toContain("7-7-7-7-");
    const id = started.ok ? started.verification.id : "";
    expect(await tfa.verifications.check({ id, code: "7-7-7-7-" })).toMatchObject({ ok: true });
  });

  it("of a provider's making is asked for as people mean it, and then as they wrote it", async () => {
    const asked: string[] = [];
    const remote: VerificationProvider = {
      kind: "verification",
      name: "remote",
      start: () => ({ reference: "r-1" }),
      check: (_reference, code) => asked.push(code) > 0 && code === "x4-f 7^",
    };
    const { tfa } = service({ methods: [sms(remote)] });
    const start = async () => {
      const started = await tfa.verifications.start({ to: "+46707123456" });
      return started.ok ? started.verification.id : "";
    };
    const id = await start();
    expect(await tfa.verifications.check({ id, code: "x4f7^" })).toMatchObject({ details: { attemptsLeft: 4 } });
    expect(asked.splice(0)).toEqual(["x4f7^"]);
    expect(await tfa.verifications.check({ id, code: " x4-f 7^ " })).toMatchObject({ ok: true });
    expect(asked).toEqual(["x4f7^", "x4-f 7^"]);
  });

  it("that must be unique is drawn again, whoever made the id, until there is none left", async () => {
    const taken = ["271828", "271828", "314159"];
    const { tfa } = service({ generateCode: () => taken.shift() ?? "271828" });
    const start = (to: string, id: string) => tfa.verifications.start({ to, id, unique: true });
    expect(await start("+46707123456", "one")).toMatchObject({ ok: true });
    expect(await start("+46707123457", "two")).toMatchObject({ ok: true });
    expect(await tfa.verifications.checkByCode({ code: "314159" })).toMatchObject({ verification: { id: "two" } });
    await expect(start("+46707123458", "three")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("of an id of the caller's own is another one where the first is taken, and a resend says the same", async () => {
    const { tfa, box, clock, code } = service();
    const shape = { alphabet: "01", length: 4, minBits: 4 };
    const seen = new Set<string>();
    for (let index = 0; index < 8; index += 1) {
      const to = `+4670712345${index}`;
      const started = await tfa.verifications.start({ to, id: `id-${index}`, unique: true, code: shape });
      expect(started).toMatchObject({ ok: true });
      const first = code();
      seen.add(first);
      clock.tick(31_000);
      await tfa.verifications.resend({ id: `id-${index}` });
      expect([box.messages.length, code()]).toEqual([index * 2 + 2, first]);
    }
    expect(seen.size).toBe(8);
  });
});

describe("records", () => {
  it("are found by any of several statuses, newest first over all pages", async () => {
    const { tfa, clock } = service({ limits: PLENTY });
    const { verifications } = tfa;
    for (let index = 0; index < 12; index += 1) {
      const started = await verifications.start({ to: `+467071230${index + 10}`, maxAttempts: 1, metadata: { index } });
      const id = started.ok ? started.verification.id : "";
      if (index % 3 === 1) await verifications.cancel({ id });
      if (index % 3 === 2) await verifications.check({ id, code: "not it" });
      clock.tick(1_000);
    }
    const pages = [];
    for (let offset = 0; offset < 12; offset += 3) {
      const page = await verifications.search({ status: ["canceled", "failed", "verified"], offset, limit: 3 });
      expect(page.total).toBe(8);
      pages.push(...page.found.map(({ metadata }) => metadata["index"]));
    }
    expect(pages).toEqual([11, 10, 8, 7, 5, 4, 2, 1]);
    expect((await verifications.search({ status: ["failed", "failed"] })).total).toBe(4);
    expect(await verifications.search({ status: [] })).toEqual({ total: 0, found: [] });
    expect((await verifications.search()).total).toBe(12);
  });

  it("of one instant are on one page each, whatever their status", async () => {
    const { tfa } = service({ limits: PLENTY });
    const { verifications } = tfa;
    for (let index = 0; index < 20; index += 1) {
      const started = await verifications.start({ to: `+467071230${index + 10}`, maxAttempts: 1 });
      const id = started.ok ? started.verification.id : "";
      if (index % 2 === 0) await verifications.cancel({ id });
      else if (index % 3 === 0) await verifications.check({ id, code: "not it" });
    }
    const seen: string[] = [];
    for (let offset = 0; offset < 20; offset += 3) {
      const page = await verifications.search({ status: ["failed", "pending", "canceled"], offset, limit: 3 });
      seen.push(...page.found.map(({ id }) => id));
    }
    expect([seen.length, new Set(seen).size]).toEqual([20, 20]);
  });

  it("are found by a recipient as start() takes it", async () => {
    const { tfa } = service();
    const { verifications } = tfa;
    await verifications.start({ to: "070-712 34 56", country: "SE" });
    await verifications.start({ to: "ada@Example.COM", channel: "email" });
    await verifications.start({ to: "client:ada", recipient: "client", channel: "voice" });
    const total = async (request: VerificationSearch) => (await verifications.search(request)).total;
    expect(await total({ to: "+46707123456" })).toBe(1);
    expect(await total({ to: "0707123456", country: "SWE" })).toBe(1);
    expect(await total({ to: "46707123456", recipient: "digits" })).toBe(1);
    expect(await total({ to: "ada@example.com" })).toBe(1);
    expect(await total({ to: "client:ada", recipient: "client" })).toBe(1);
    expect(await total({ to: "+447979080215" })).toBe(0);
    await expect(total({ to: "0707123456" })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(total({ to: "client:ada" })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("what the carrier is to know", () => {
  it("goes with every message of it, and is short and plain", async () => {
    const carried: Message[] = [];
    const { tfa, clock } = service({ methods: [sms((message) => void carried.push(message))] });
    const hints = { contentTemplateId: "1007", repeat: 2 };
    const started = await tfa.verifications.start({ to: "+46707123456", hints });
    clock.tick(31_000);
    await tfa.verifications.resend({ id: started.ok ? started.verification.id : "" });
    expect(carried.map((message) => message.hints)).toEqual([hints, hints]);
    for (const wrong of [
      { a: "x".repeat(201) },
      { a: "line\nbreak" },
      { a: {} },
      { a: Number.NaN },
      Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`h${index}`, 1])),
    ]) {
      const request = { to: "+46707123457", hints: wrong as Record<string, string> };
      await expect(tfa.verifications.start(request)).rejects.toMatchObject({ code: "invalid_request" });
    }
    expect(carried).toHaveLength(2);
  });
});

describe("the events of a verification", () => {
  it("tell what happens, with neither code nor address", async () => {
    const { tfa, code } = service({ limits: { ...PLENTY, sends: { ...PLENTY.sends, spacing: ["30s"] } } });
    const told: [string, object][] = [];
    const names = ["sent", "failed", "verified", "canceled"] as const;
    for (const name of names) tfa.events.on(`verification.${name}`, (event) => void told.push([name, event]));
    tfa.events.on("limit.exceeded", (event) => void told.push(["limit", event]));
    tfa.events.on("code.compared", (event) => void told.push(["compared", event]));
    const { verifications } = tfa;
    const started = await verifications.start({ to: "+46707123456", account: "acme", service: "Shop", user: "ada" });
    const id = started.ok ? started.verification.id : "";
    const which = { id, account: "acme" };
    const about = { verification: id, channel: "sms", account: "acme", service: "Shop", user: "ada" };
    const right = code();
    await verifications.resend(which);
    await verifications.check({ ...which, code: right === "000000" ? "111111" : "000000" });
    await verifications.check({ ...which, code: right });
    const second = await verifications.start({ to: "+46707123457" });
    const other = second.ok ? second.verification.id : "";
    await verifications.cancel({ id: other });
    expect(told).toEqual([
      ["sent", { ...about, to: expect.stringContaining("\u2022"), provider: "outbox" }],
      ["limit", { user: "ada", limit: "spacing", retryAt: expect.any(Number) }],
      ["compared", { challenge: id, method: "sms" }],
      ["failed", { ...about, reason: "wrong_code", attemptsLeft: 4 }],
      ["compared", { challenge: id, method: "sms" }],
      ["verified", about],
      ["sent", expect.objectContaining({ verification: other })],
      ["canceled", { verification: other, channel: "sms" }],
    ]);
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`${right}|46707123456`));
  });

  it("change no answer when whoever hears of the end throws", async () => {
    const { tfa, code } = service();
    const ended: string[] = [];
    tfa.verifications.onEnd(({ status }) => {
      ended.push(status);
      throw new Error("a broken listener");
    });
    const started = await tfa.verifications.start({ to: "+46707123456" });
    const id = started.ok ? started.verification.id : "";
    expect(await tfa.verifications.check({ id, code: code() })).toMatchObject({ ok: true });
    const next = await tfa.verifications.start({ to: "+46707123456" });
    expect(await tfa.verifications.cancel({ id: next.ok ? next.verification.id : "" })).toBe(true);
    expect(await tfa.verifications.cancel({ id })).toBe(false);
    expect(ended).toEqual(["verified", "canceled"]);
  });
});
