import { describe, expect, it } from "vitest";
import { email, outbox, sms, twoFactor, type TwoFactorOptions, voice } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { fakeClock } from "../helpers/clock.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** An app without users; `down` makes every message fail before it leaves. */
function service(options: Partial<TwoFactorOptions> = {}) {
  const clock = fakeClock();
  const box = outbox();
  const state = { down: false };
  const carry: typeof box.send = (message) => {
    if (state.down) throw new DeliveryError("refused", { unsent: true, permanent: true });
    return box.send(message);
  };
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: (user) => (user === "ada" ? { phone: "+46707123456" } : null),
    methods: [sms(carry), voice(carry), email(carry)],
    clock,
    ...options,
  });
  return { tfa, clock, box, state, verifications: tfa.verifications };
}

type Answer = Awaited<ReturnType<ReturnType<typeof service>["verifications"]["start"]>>;

/** `"sent"`, or the refusal and its wait. */
function told(answer: Answer): string {
  return answer.ok ? "sent" : `${answer.reason} ${answer.details.retryAfter}`;
}

const PHONE = "+46707123456";

describe("a verification that is sent again", () => {
  it("C08: is refused at 0 and 29 seconds and sent at 31; the next waits are 60, 120 and 300", async () => {
    const wide = [{ max: 100, interval: "1d" }] as const;
    const { clock, verifications } = service({ limits: { sends: { perDestination: wide } } });
    const started = await verifications.start({ to: PHONE, ttl: "1h" });
    const id = started.ok ? started.verification.id : "";
    const answers: string[] = [];
    for (const wait of [0, 29, 2, 59, 1, 119, 1, 299, 1]) {
      clock.tick(wait * SECOND);
      answers.push(told(await verifications.resend({ id })));
    }
    const soon = "limit_exceeded 1";
    expect(answers).toEqual(["limit_exceeded 30", soon, "sent", soon, "sent", soon, "sent", soon, "sent"]);
  });

  it("C08: costs the number as much as a new one: the sixth in an hour is refused", async () => {
    const { clock, box, verifications } = service();
    for (let index = 0; index < 5; index += 1) {
      expect(told(await verifications.start({ to: PHONE }))).toBe("sent");
      clock.tick(index * MINUTE);
    }
    const before = await verifications.search();
    expect(told(await verifications.start({ to: PHONE }))).toBe("limit_exceeded 3000");
    expect(told(await verifications.resend({ to: PHONE }))).toBe("limit_exceeded 3000");
    expect(box.messages).toHaveLength(5);
    // refused before anything happened: nobody's code was canceled for it
    expect(await verifications.search()).toEqual(before);
    clock.tick(3_000 * SECOND - 1);
    expect(told(await verifications.start({ to: PHONE }))).toBe("limit_exceeded 1");
    clock.tick(1);
    expect(told(await verifications.start({ to: PHONE }))).toBe("sent");
  });

  it("C08: that could not be sent is tried again at once, three times a minute for a number", async () => {
    const { clock, state, box, verifications } = service();
    state.down = true;
    for (let index = 0; index < 3; index += 1)
      expect(told(await verifications.start({ to: PHONE }))).toBe("delivery_failed undefined");
    expect(told(await verifications.start({ to: PHONE }))).toBe("limit_exceeded 60");
    expect(told(await verifications.start({ to: "+46707999456" }))).toBe("delivery_failed undefined");
    state.down = false;
    clock.tick(MINUTE);
    // none of the failures counts as one of five messages
    for (let index = 0; index < 5; index += 1) expect(told(await verifications.start({ to: PHONE }))).toBe("sent");
    expect(box.messages).toHaveLength(5);
  });
});

describe("limits of messages", () => {
  it("count a user where there is one, together with the guard's", async () => {
    const { tfa, clock, verifications } = service();
    for (let index = 0; index < 4; index += 1) {
      const to = `+4670712${index}456`;
      expect(told(await verifications.start({ to, user: "ada" }))).toBe("sent");
      clock.tick(SECOND);
    }
    expect(await tfa.challenges.start({ user: "ada", session: "one" })).toMatchObject({ ok: true });
    expect(told(await verifications.start({ to: "+46707129456", user: "ada" }))).toBe("limit_exceeded 596");
    expect(told(await verifications.start({ to: "+46707129456", user: "bob" }))).toBe("sent");
    expect(await tfa.challenges.start({ user: "ada", session: "two" })).toMatchObject({ retryAfter: 596 });
  });

  it("charge a limit by name nothing for what another refuses, and the other way round", async () => {
    const { tfa, clock, verifications, box } = service();
    await tfa.limits.create({ name: "per_ip", buckets: [{ max: 6, interval: "1d" }] });
    const start = async (to: string): Promise<string> =>
      told(await verifications.start({ to, limits: { per_ip: "203.0.113.9" } }));
    for (let index = 0; index < 20; index += 1) await start(PHONE);
    expect(box.messages).toHaveLength(5);
    expect(await start("+46707999456")).toBe("sent");
    for (let index = 0; index < 20; index += 1)
      expect(await start(`+4670700${index + 10}56`)).toBe(`limit_exceeded ${24 * 3_600}`);
    clock.tick(MINUTE);
    for (let index = 0; index < 4; index += 1)
      expect(told(await verifications.start({ to: "+46707999456" }))).toBe("sent");
    expect(told(await verifications.start({ to: "+46707999456" }))).toBe("limit_exceeded 3540");
  });

  it("hold for every step of a workflow, but for the wait between two messages", async () => {
    const steps = [
      { channel: "sms", interval: 0 },
      { channel: "voice", interval: "10s" },
    ] as const;
    const { clock, box, verifications } = service({ workflows: { insist: steps } });
    for (let index = 0; index < 2; index += 1) {
      const started = await verifications.start({ to: PHONE, workflow: "insist" });
      const id = started.ok ? started.verification.id : "";
      clock.tick(SECOND);
      expect(told(await verifications.resend({ id, next: true }))).toBe("sent");
    }
    const fifth = await verifications.start({ to: PHONE, workflow: "insist" });
    const id = fifth.ok ? fifth.verification.id : "";
    expect(told(await verifications.resend({ id, next: true }))).toBe("limit_exceeded 3598");
    expect(box.messages).toHaveLength(5);
  });

  it("tell the app which it was", async () => {
    const { tfa, verifications } = service({ limits: { spend: { sms: { max: 1, interval: "1h" } } } });
    const heard: unknown[] = [];
    tfa.events.on("limit.exceeded", ({ limit, user }) => heard.push([limit, user]));
    tfa.events.on("spend.cap", ({ channel }) => heard.push(channel));
    await verifications.start({ to: PHONE });
    await verifications.resend({ to: PHONE });
    await verifications.start({ to: "+46707999456", user: "ada" });
    expect(heard).toEqual(["sms", ["spend.sms", undefined], ["spend.sms", "ada"]]);
  });

  it("cannot be mocked by a limit of the same name", async () => {
    const { tfa, verifications } = service();
    const heard: string[] = [];
    tfa.events.on("spend.cap", ({ channel }) => heard.push(channel));
    await tfa.limits.create({ account: "a", name: "spend.sms", buckets: [{ max: 1, interval: "1h" }] });
    const request = { to: PHONE, account: "a", limits: { "spend.sms": "x" } };
    for (let index = 0; index < 2; index += 1)
      await expect(verifications.start(request)).rejects.toMatchObject({ code: "invalid_request" });
    expect(heard).toEqual([]);
  });

  it("C09: are those of one number however it is spelt, and of one block", async () => {
    const { verifications, box } = service({ limits: { sends: { perDestination: [{ max: 100, interval: "1d" }] } } });
    for (let index = 0; index < 30; index += 1) await verifications.start({ to: `+467071234${10 + index}` });
    expect(box.messages).toHaveLength(10);
    expect(told(await verifications.start({ to: "070-712 34 99", country: "SE" }))).toBe("limit_exceeded 60");
    expect(told(await verifications.start({ to: "46707123999", recipient: "digits" }))).toBe("limit_exceeded 60");
    expect(told(await verifications.start({ to: "+46707124000" }))).toBe("sent");
    for (let index = 0; index < 30; index += 1)
      expect((await verifications.start({ to: `${index}@example.com`, channel: "email" })).ok).toBe(true);
  });
});
