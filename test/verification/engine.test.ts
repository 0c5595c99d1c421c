import { describe, expect, it, vi } from "vitest";
import {
  email,
  memoryStore,
  type NumberStatus,
  outbox,
  sms,
  twoFactor,
  type TwoFactorOptions,
  type VerificationStart,
  voice,
} from "../../src/index.js";
import { PLENTY } from "../helpers/arena.js";
import { fakeClock } from "../helpers/clock.js";

const TO = "+46707123456";

function service(options: Partial<TwoFactorOptions> = {}) {
  const clock = fakeClock();
  const box = outbox();
  const store = memoryStore();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: (userId) => (userId === "ada" ? { phone: TO } : null),
    methods: [sms(box), voice(box), email(box)],
    limits: PLENTY,
    store,
    clock,
    ...options,
  });
  const { verifications } = tfa;
  const start = async (request: Partial<VerificationStart> = {}) => {
    const started = await verifications.start({ to: TO, ...request });
    if (!started.ok) throw new Error(started.reason);
    return started.verification;
  };
  return { tfa, verifications, clock, box, store, start, text: () => box.messages[0]?.text ?? "" };
}

describe("a code", () => {
  it.each<[VerificationStart["code"], RegExp]>([
    [{}, /^\d{6} /],
    [{ length: 20 }, /^\d{20} /],
    [{ length: 4, alphabet: "alphanumeric", minBits: 19 }, /^[2-9a-hjkmnp-z]{4} /],
    [{ alphabet: "alpha" }, /^[a-hjkmnp-z]{6} /],
    [{ alphabet: "hex", length: 8 }, /^[0-9a-f]{8} /],
    [{ alphabet: "AEIOUY-", length: 12 }, /^[AEIOUY-]{12} /],
    [{ length: 4, minBits: 13 }, /^\d{4} /],
    [{ value: "xd4f67^" }, /^xd4f67\^ /],
  ])("of %o goes out as it was asked for", async (code, shape) => {
    const { start, text, verifications } = service();
    const { id } = await start(code === undefined ? {} : { code });
    expect(text()).toMatch(shape);
    const sent = text().split(" ")[0] ?? "";
    expect(await verifications.check({ id, code: sent })).toMatchObject({ ok: true });
  });

  it.each<[Partial<VerificationStart>, RegExp]>([
    [{ code: { length: 5 } }, /below 19.9 bits/],
    [{ code: { length: 4, alphabet: "hex" } }, /bits/],
    [{ code: { length: 21 } }, /3 to 20 characters/],
    [{ code: { length: 2, minBits: 1 } }, /3 to 20 characters/],
    [{ code: { alphabet: "00000000001", length: 20 } }, /each character once/],
    [{ code: { alphabet: "1", length: 20, minBits: 0 } }, /bits/],
    [{ code: { value: "12" } }, /3 to 20 printable/],
    [{ code: { value: "a b c" } }, /3 to 20 printable/],
    [{ code: { lenght: 8 } as VerificationStart["code"] & object }, /Did you mean "length"/],
    [{ ttl: 0 }, /longer than 0/],
    [{ ttl: "25h" }, /at most a day/],
    [{ validUntil: new Date("2025-12-31T23:59:59Z") }, /longer than 0/],
    [{ validUntil: new Date("2026-01-02T00:00:01Z") }, /at most a day/],
    [{ validUntil: new Date("soon") }, /longer than 0/],
    [{ maxAttempts: 0 }, /maxAttempts/],
    [{ maxAttempts: 101 }, /maxAttempts/],
    [{ guardTime: "2d" }, /at most a day/],
    [{ channel: "pigeon" as "sms" }, /channel/],
    [{ supersede: "forget" as "keep" }, /supersede/],
    [{ account: "#app" }, /"#"/],
    [{ validuntil: new Date() } as object, /Did you mean "validUntil"/],
    [{ template: "no place" }, /no place for the code/],
    [{ template: "{code}".padEnd(2_001, "x") }, /at most 2000/],
    [{ limits: { nobody: "x" } }, /no limit named "nobody"/],
  ])("that %o asks for is refused, and nothing is sent", async (request, sentence) => {
    const { verifications, box } = service();
    const refused = verifications.start({ to: TO, ...request });
    await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(sentence) });
    expect(box.messages).toEqual([]);
    expect((await verifications.search()).total).toBe(0);
  });

  it("lives until an instant, to the millisecond", async () => {
    const { start, clock, text, verifications } = service();
    const validUntil = new Date(clock() + 90_000);
    const [first, second] = [await start({ validUntil }), await start({ validUntil, supersede: "keep" })];
    expect(first.expiresAt).toEqual(validUntil);
    const code = text().slice(0, 6);
    clock.tick(89_999);
    expect(await verifications.check({ id: second.id, code })).toMatchObject({ ok: true });
    clock.tick(1);
    expect(await verifications.check({ id: first.id, code })).toMatchObject({ reason: "challenge_expired" });
    expect(await verifications.get({ id: first.id })).toMatchObject({ status: "expired" });
  });

  it("is told to whoever asked for it when it was made, and to nobody else", async () => {
    const { start, text, verifications, store } = service();
    const revealed = await start({ code: { reveal: true } });
    expect(revealed.code).toBe(text().slice(0, 6));
    expect(await start({ to: "+46707123457" })).not.toHaveProperty("code");
    expect(await verifications.get({ id: revealed.id })).not.toHaveProperty("code");
    const { found } = await verifications.search();
    expect(JSON.stringify(found)).not.toContain(revealed.code);
    expect(JSON.stringify(await store.find({ id: revealed.id }, 0))).not.toContain(revealed.code);
  });

  it("that was typed is kept sealed: the account reads it, the table does not tell it", async () => {
    const { start, verifications, store, clock, text } = service();
    const { id } = await start({ code: { value: "31415926" } });
    await verifications.check({ id, code: "27182818" });
    await verifications.check({ id, code: "31415926" });
    expect(text()).toContain("31415926");
    const kept = JSON.stringify(await store.find({ id }, clock()));
    expect(kept).not.toMatch(/27182818|31415926/);
    expect(await verifications.get({ id })).toMatchObject({
      checks: [
        { code: "27182818", valid: false },
        { code: "31415926", valid: true },
      ],
    });
  });
});

describe("a recipient", () => {
  it.each([
    [{ to: "070-712 34 56", country: "SE" }, TO],
    [{ to: "070-712 34 56", country: "swe" }, TO],
    [{ to: "07123123456", country: "GBR" }, "+447123123456"],
    [{ to: "+46 (0)70 712 34 56" }, TO],
    [{ to: "120120105123", recipient: "digits" }, "+120120105123"],
    [{ to: "ada@EXAMPLE.com", channel: "email" }, "ada@example.com"],
  ] as const)("written as %o is one", async (request, to) => {
    const { start, box } = service();
    expect((await start(request)).to).toBe(to);
    expect(box.messages).toMatchObject([{ to }]);
  });

  it.each([
    { to: "070-712 34 56" },
    { to: "070-712 34 56", country: "ZZ" },
    { to: "+46707123456,+46707123457" },
    { to: ["+46707123456"] as unknown as string },
    { to: "+4670712345678901", recipient: "digits" },
    { to: "ada@example.com" },
    { to: "+46707123456", channel: "email" },
    { to: "client:ada" },
  ] as const)("written as %o is none", async (request) => {
    const { verifications, box } = service();
    await expect(verifications.start(request)).rejects.toMatchObject({ code: "invalid_request" });
    expect(box.messages).toEqual([]);
  });
});

describe("a number lookup", () => {
  it.each(["on", "off", "landline"] as const)("that says %s lets the message go, and is kept", async (numberStatus) => {
    const lookup = vi.fn<(to: string) => NumberStatus>(() => numberStatus);
    const { start, box, verifications } = service({ lookup });
    const { id } = await start();
    expect(await verifications.get({ id })).toMatchObject({ status: "pending", numberStatus });
    expect([lookup.mock.calls, box.messages.length]).toEqual([[[TO]], 1]);
  });

  it("that says dead has nothing sent, not when asked again either, and the verification tells why", async () => {
    const { start, box, verifications, clock } = service({ lookup: () => "dead" });
    const { id } = await start();
    expect(await verifications.get({ id })).toMatchObject({
      status: "undeliverable",
      numberStatus: "dead",
      events: [{ status: "failed" }],
    });
    clock.tick(31_000);
    expect(await verifications.resend({ id })).toMatchObject({ ok: false });
    expect(await verifications.check({ id, code: "000000" })).toMatchObject({ ok: false });
    expect(box.messages).toEqual([]);
  });

  it("that fails, or hangs, is a fault, and nothing is sent to a number that nobody knows", async () => {
    const failing = () => Promise.reject<NumberStatus>(new Error("down"));
    const { verifications, box } = service({ lookup: failing });
    await expect(verifications.start({ to: TO })).rejects.toMatchObject({ code: "unavailable" });
    expect((await verifications.search()).total).toBe(0);
    // mail has no number
    expect(await verifications.start({ to: "ada@example.com", channel: "email" })).toMatchObject({ ok: true });
    expect(box.messages).toHaveLength(1);
  });
});

describe("records", () => {
  it("lose none to somebody who pages while others come in", async () => {
    const { start, verifications, clock } = service();
    const before: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      before.unshift((await start({ to: `+4670712345${index}` })).id);
      clock.tick(1);
    }
    const seen: string[] = [];
    for (let offset = 0; offset < 14; offset += 3) {
      const { found } = await verifications.search({ offset, limit: 3 });
      seen.push(...found.map(({ id }) => id));
      await start({ to: "+46707123459" });
    }
    expect(seen.filter((id) => before.includes(id))).toEqual(expect.arrayContaining(before));
    const { total, found } = await verifications.search({ until: new Date(clock()), limit: 7 });
    expect([total, found.map(({ id }) => id)]).toEqual([7, before]);
  });

  it("of one user are forgotten, the guard's and the service's, and nobody else's", async () => {
    const { tfa, start, verifications } = service();
    await tfa.challenges.start({ user: "ada", session: "s" });
    const hers = await start({ user: "ada", to: "+46707123457" });
    const his = await start({ user: "bob", to: "+46707123458" });
    await tfa.eraseUser("ada");
    expect(await verifications.get({ id: hers.id })).toBeUndefined();
    expect(await verifications.get({ id: his.id })).toMatchObject({ status: "pending" });
    expect(await tfa.challenges.get({ user: "ada", session: "s" })).toBeUndefined();
    expect((await verifications.usage())[0]?.count).toBe(1);
  });

  it("go when their time is over, and are counted no more", async () => {
    const { start, verifications, clock } = service({ store: memoryStore({ retention: "1h" }) });
    const { id } = await start({ ttl: "5m" });
    clock.tick(5 * 60_000 + 3_600_000 - 1);
    expect(await verifications.get({ id })).toMatchObject({ status: "expired" });
    clock.tick(2);
    expect(await verifications.get({ id })).toBeUndefined();
    expect((await verifications.search()).total).toBe(0);
    expect(await verifications.usage()).toMatchObject([{ count: 0 }]);
  });

  it("are counted by channel, country, status and period", async () => {
    const { start, verifications, clock } = service();
    const { id } = await start();
    await verifications.cancel({ id });
    await start({ to: "+447979080215", channel: "voice" });
    clock.tick(24 * 3_600_000);
    await start();
    const count = async (request: object) => (await verifications.usage(request)).map((each) => each.count);
    expect(await count({})).toEqual([3]);
    expect(await count({ channel: "voice" })).toEqual([1]);
    expect(await count({ country: "SE" })).toEqual([2]);
    expect(await count({ status: "canceled" })).toEqual([1]);
    expect(await count({ period: "day" })).toEqual([2, 1]);
    expect(await count({ period: "yesterday", country: "GB" })).toEqual([1]);
    expect(await count({ account: "acme" })).toEqual([0]);
  });
});
