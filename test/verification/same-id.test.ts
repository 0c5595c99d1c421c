import { describe, expect, it } from "vitest";
import { outbox, sms, twoFactor } from "../../src/index.js";
import { fakeClock } from "../helpers/clock.js";

const ID = "what the app calls it, and its client may know";
const PHONE = "+46707123456";

function service() {
  const box = outbox();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box)],
    clock: fakeClock(),
  });
  return { box, verifications: tfa.verifications };
}

describe("a verification that is started again under its id", () => {
  it("D07 C08: sends no second message, whatever the limits would say of one", async () => {
    const { box, verifications } = service();
    for (let time = 0; time < 20; time += 1) {
      expect(await verifications.start({ id: ID, to: PHONE })).toMatchObject({ ok: true, verification: { id: ID } });
    }
    expect(box.messages).toHaveLength(1);
  });

  it("D07: sends one for many that come at once", async () => {
    const { box, verifications } = service();
    await Promise.all(Array.from({ length: 20 }, () => verifications.start({ id: ID, to: PHONE })));
    expect(box.messages).toHaveLength(1);
  });

  it("A03: tells nothing of one that is for somebody else, and sends nothing to them", async () => {
    const { box, verifications } = service();
    await verifications.start({ id: ID, to: PHONE });
    const other = { to: "+46707999999", code: { reveal: true } };
    await expect(verifications.start({ id: ID, ...other })).rejects.toMatchObject({ code: "invalid_request" });
    await expect(verifications.start({ id: ID, to: PHONE, service: "another" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect(box.messages).toHaveLength(1);
  });

  it("B04: brings none back that has ended", async () => {
    const { box, verifications } = service();
    await verifications.start({ id: ID, to: PHONE });
    expect(await verifications.cancel({ id: ID })).toBe(true);
    const again = await verifications.start({ id: ID, to: PHONE });
    expect(again).toMatchObject({ ok: true, verification: { status: "canceled" } });
    expect(box.messages).toHaveLength(1);
  });
});
