import { describe, expect, it } from "vitest";
import { outbox, sms, twoFactor } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import type { Receipt } from "../../src/verification/receipts.js";
import { fixture } from "../helpers/app.js";
import { fakeClock } from "../helpers/clock.js";

const TO = "+46707123456";
const ALL = ["sent", "delivered", "undelivered", "failed", "verified", "approved", "success", "true"] as const;

async function pending() {
  const clock = fakeClock();
  const box = outbox();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box)],
    clock,
  });
  const started = await tfa.verifications.start({ to: TO });
  if (!started.ok) throw new Error(started.reason);
  const { id, events } = started.verification;
  const event = events[0]?.id ?? "";
  const { verifications } = tfa;
  return {
    clock,
    id,
    event,
    verifications,
    code: /\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "",
    report: (changes: Partial<Record<keyof Receipt, string>>) =>
      verifications.receipt({ verification: id, event, status: "delivered", ...changes } as Receipt),
  };
}

describe("H03: a receipt", () => {
  it("tells what became of a message", async () => {
    const { report, id, verifications, clock } = await pending();
    clock.tick(1_500);
    expect(await report({ status: "undelivered", errorCode: "30008", errorMessage: "Unknown error" })).toBe(true);
    const record = await verifications.get({ id });
    expect(record).toMatchObject({
      status: "pending",
      events: [{ status: "undelivered", errorCode: "30008", errorMessage: "Unknown error", channel: "sms", to: TO }],
    });
    expect(record?.updatedAt.getTime()).toBe(clock());
  });

  it.each(ALL)("that says %s grants nothing, costs nothing, and leaves the code what it is", async (status) => {
    const { report, id, code, verifications } = await pending();
    await report({ status });
    expect(await verifications.get({ id })).toMatchObject({ status: "pending", attempts: 0, checks: [] });
    expect(await verifications.check({ id, code: code === "000000" ? "111111" : "000000" })).toMatchObject({
      ok: false,
      details: { attemptsLeft: 4 },
    });
    expect(await verifications.check({ id, code })).toMatchObject({ ok: true });
  });

  it("for nothing that we sent is told so, and changes nothing", async () => {
    const { report, id, verifications } = await pending();
    const before = await verifications.get({ id });
    expect(await report({ verification: "somebody else's" })).toBe(false);
    expect(await report({ event: "another" })).toBe(false);
    expect(await report({ event: "" })).toBe(false);
    expect(await verifications.get({ id })).toEqual(before);
  });

  it("that comes late, or twice, brings nothing back to life", async () => {
    const canceled = await pending();
    await canceled.verifications.cancel({ id: canceled.id });
    expect(await canceled.report({})).toBe(true);
    expect(await canceled.verifications.get({ id: canceled.id })).toMatchObject({
      status: "canceled",
      events: [{ status: "delivered" }],
    });
    expect(await canceled.verifications.check({ id: canceled.id, code: canceled.code })).toMatchObject({ ok: false });

    const expired = await pending();
    expired.clock.tick(300_000);
    await expired.report({});
    expect(await expired.verifications.check({ id: expired.id, code: expired.code })).toMatchObject({
      reason: "challenge_expired",
    });

    const used = await pending();
    await used.verifications.check({ id: used.id, code: used.code });
    await used.report({ status: "failed" });
    await used.report({ status: "failed" });
    expect(await used.verifications.get({ id: used.id })).toMatchObject({
      status: "verified",
      events: [{ status: "failed" }],
    });
    expect(await used.verifications.check({ id: used.id, code: used.code })).toMatchObject({
      reason: "challenge_used",
    });
  });

  it("does not make a message known that never left", async () => {
    const clock = fakeClock();
    const tfa = twoFactor({
      secret: "a secret of the tests that is long enough",
      user: () => undefined,
      contact: () => null,
      methods: [sms(() => Promise.reject(new DeliveryError("refused", { unsent: true, permanent: true })))],
      generateCode: () => "123456",
      clock,
    });
    expect(await tfa.verifications.start({ to: TO })).toMatchObject({ ok: false, reason: "delivery_failed" });
    const record = await tfa.verifications.get({ to: TO });
    expect(record?.status).toBe("undeliverable");
    await tfa.verifications.receipt({
      verification: record?.id ?? "",
      event: record?.events[0]?.id ?? "",
      status: "delivered",
    });
    expect(await tfa.verifications.get({ to: TO })).toMatchObject({ status: "undeliverable" });
    expect(await tfa.verifications.check({ to: TO, code: "123456" })).toMatchObject({
      ok: false,
      reason: "wrong_code",
    });
  });

  it("about a challenge of the guard opens no door", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const ada = await shop.login("ada");
    const { body } = await ada.get("/vault").expect(401);
    const challenge = body.challenge.id as string;
    for (const status of ALL) {
      for (const event of [challenge, "", "sms", "0"]) {
        await shop.tfa.verifications.receipt({ verification: challenge, event, status: status as Receipt["status"] });
      }
    }
    await ada.get("/vault").expect(401);
    expect((await ada.get("/2fa/status").expect(200)).body).toMatchObject({ verified: false });
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0, compares: 0 });
    await ada.get("/vault").set("Two-Factor-Code", shop.code()).expect(200);
  });
});
