import { describe, expect, it } from "vitest";
import { email, outbox, sms, twoFactor, voice } from "../../src/index.js";
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
