import { describe, expect, it, vi } from "vitest";
import { email, memoryStore, outbox, sms, totp, twoFactor, type TwoFactorOptions, voice } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { loadBreakers } from "../../src/verification/lane.js";
import { TimerScheduler } from "../../src/verification/scheduler.js";
import type { WorkflowStep } from "../../src/verification/workflow.js";
import { fixture, TOTP_SECRET } from "../helpers/app.js";
import { fakeClock } from "../helpers/clock.js";

const TO = "+46707123456";
/** Mitto's own example: an SMS at once, another after a minute, a call a minute after that. */
const INSIST: readonly WorkflowStep[] = [
  { channel: "sms", interval: 0 },
  { channel: "sms", interval: "30s" },
  { channel: "voice", interval: "60s" },
];

function service(options: Partial<TwoFactorOptions> = {}) {
  const clock = fakeClock();
  const box = outbox();
  const scheduler = new TimerScheduler(clock);
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    workflows: { insist: INSIST },
    scheduler,
    clock,
    ...options,
  });
  return {
    tfa,
    clock,
    box,
    scheduler,
    code: () => /\d{6}/.exec(box.messages.at(-1)?.text ?? "")?.[0] ?? "",
    /** How each message went, oldest first. */
    ways: () => box.messages.map(({ channel }) => channel).toReversed(),
    async start(more: object = {}) {
      const started = await tfa.verifications.start({ to: TO, workflow: "insist", ...more });
      if (!started.ok) throw new Error(started.reason);
      return started.verification.id;
    },
    async pass(ms: number) {
      clock.tick(ms);
      await scheduler.runDue();
    },
  };
}

describe("G06 a workflow", () => {
  it("takes each step so long after the one before, to the second", async () => {
    const { start, pass, ways, box, tfa } = service();
    const id = await start();
    expect(ways()).toEqual(["sms"]);
    await pass(29_999);
    expect(ways()).toEqual(["sms"]);
    await pass(1);
    expect(ways()).toEqual(["sms", "sms"]);
    await pass(59_999);
    expect(ways()).toEqual(["sms", "sms"]);
    await pass(1);
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    await pass(600_000);
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    const digits = box.messages.map(({ channel, text }) =>
      channel === "voice" ? /\d(?:, \d){5}/.exec(text)?.[0].replaceAll(", ", "") : /\d{6}/.exec(text)?.[0],
    );
    expect(new Set(digits).size).toBe(1);
    expect((await tfa.verifications.get({ id }))?.events.map(({ channel, status }) => [channel, status])).toEqual([
      ["sms", "sent"],
      ["sms", "sent"],
      ["voice", "sent"],
    ]);
  });

  it.each([0, 1, 2])("ends when it is answered after step %i", async (step) => {
    const { start, pass, ways, code, tfa } = service();
    const id = await start();
    for (const gap of [30_000, 60_000].slice(0, step)) await pass(gap);
    expect(await tfa.verifications.check({ id, code: code() })).toMatchObject({ ok: true });
    await pass(600_000);
    expect(ways()).toHaveLength(step + 1);
  });

  it("ends when it is canceled, and when its code has expired", async () => {
    const canceled = service();
    expect(await canceled.tfa.verifications.cancel({ id: await canceled.start() })).toBe(true);
    await canceled.pass(600_000);
    expect(canceled.ways()).toEqual(["sms"]);

    const expiring = service();
    await expiring.start({ ttl: "40s" });
    await expiring.pass(30_000);
    await expiring.pass(60_000);
    expect(expiring.ways()).toEqual(["sms", "sms"]);
  });

  it("ends when a newer verification takes its place, and when its attempts are used up", async () => {
    const { start, pass, ways, tfa } = service();
    await start();
    await tfa.verifications.start({ to: TO });
    await pass(30_000);
    expect(ways()).toEqual(["sms", "sms"]);

    const spent = service();
    const id = await spent.start({ maxAttempts: 1 });
    await spent.tfa.verifications.check({ id, code: spent.code() === "000000" ? "111111" : "000000" });
    await spent.pass(600_000);
    expect(spent.ways()).toEqual(["sms"]);
  });

  it("shares its attempts between its messages", async () => {
    const { start, pass, code, tfa } = service();
    const id = await start({ maxAttempts: 3 });
    const wrong = code() === "000000" ? "111111" : "000000";
    await tfa.verifications.check({ id, code: wrong });
    await pass(30_000);
    expect(await tfa.verifications.check({ id, code: wrong })).toMatchObject({ details: { attemptsLeft: 1 } });
    await pass(60_000);
    await tfa.verifications.check({ id, code: wrong });
    expect(await tfa.verifications.check({ id, code: code() })).toMatchObject({ reason: "challenge_spent" });
  });

  it("goes on at once where it is asked to, and counts its time from there", async () => {
    const { start, pass, ways, tfa } = service();
    const id = await start();
    await pass(10_000);
    expect(await tfa.verifications.resend({ id, next: true })).toMatchObject({
      ok: true,
      verification: { channel: "sms" },
    });
    await pass(20_000);
    expect(ways()).toEqual(["sms", "sms"]);
    await pass(40_000);
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    expect(await tfa.verifications.resend({ id, next: true })).toMatchObject({ ok: false, reason: "invalid_request" });
    const plain = await tfa.verifications.start({ to: "+46707123457" });
    const without = plain.ok ? plain.verification.id : "";
    expect(await tfa.verifications.resend({ id: without, next: true })).toMatchObject({
      ok: false,
      reason: "invalid_request",
    });
  });

  it("fires once, whoever runs it and however often", async () => {
    const clock = fakeClock();
    const store = memoryStore();
    const schedulers = [new TimerScheduler(clock), new TimerScheduler(clock)];
    const box = outbox();
    const built = schedulers.map((scheduler) =>
      twoFactor({
        secret: "a secret of the tests that is long enough",
        user: () => undefined,
        contact: () => null,
        methods: [sms(box), voice(box)],
        workflows: { insist: INSIST },
        store,
        clock,
        scheduler,
      }),
    );
    const started = await built[0]?.verifications.start({ to: TO, workflow: "insist" });
    const entry = started?.ok ? await store.find({ id: started.verification.id }, clock()) : undefined;
    if (!entry) throw new Error("nothing was started");
    // the second process has heard of the same step
    await schedulers[1]?.schedule({
      key: `workflow:${entry.id}`,
      at: clock() + 30_000,
      payload: JSON.stringify({ id: entry.id, owner: entry.owner, step: 1 }),
    });
    clock.tick(30_000);
    await Promise.all([...schedulers, ...schedulers].map((scheduler) => scheduler.runDue()));
    expect(box.messages).toHaveLength(2);
    await Promise.all(Array.from({ length: 20 }, async () => built[1]?.verifications.advance(entry, 1)));
    expect(box.messages).toHaveLength(2);
    await Promise.all(schedulers.map((scheduler) => scheduler.close()));
  });

  it("is tried again when the store was down as its step was due", async () => {
    const { start, pass, ways, scheduler, tfa } = service();
    const advance = tfa.verifications.advance;
    let failures = 1;
    tfa.verifications.advance = async (...step) => {
      failures -= 1;
      if (failures >= 0) throw new Error("the store is away");
      return advance.apply(tfa.verifications, step);
    };
    await start();
    await pass(30_000);
    expect(ways()).toEqual(["sms"]);
    await pass(5_000);
    expect(ways()).toEqual(["sms", "sms"]);
    await scheduler.close();
  });

  it("goes on at once when the message of a step could not be sent, and ends with its steps", async () => {
    const box = outbox();
    let refusals = 2;
    const failing = sms((message) => {
      refusals -= 1;
      if (refusals >= 0) throw new DeliveryError("refused", { unsent: true, permanent: true });
      return box.send(message);
    });
    const { tfa, pass } = service({ methods: [failing, voice(box)] });
    const started = await tfa.verifications.start({ to: TO, workflow: "insist" });
    expect(started).toMatchObject({
      ok: true,
      verification: { channel: "voice", events: [{ status: "failed" }, { status: "failed" }, { status: "sent" }] },
    });
    await pass(600_000);
    expect(box.messages).toMatchObject([{ channel: "voice" }]);

    const deaf = service({
      methods: [sms(() => Promise.reject(new DeliveryError("refused", { unsent: true, permanent: true })))],
      workflows: { insist: INSIST.slice(0, 2) },
    });
    expect(await deaf.tfa.verifications.start({ to: TO, workflow: "insist" })).toMatchObject({
      ok: false,
      reason: "delivery_failed",
    });
  });

  it("leaves the next step to the scheduler when a carrier has used up the time of the answer", async () => {
    const box = outbox();
    const { tfa, pass } = service({ methods: [sms(() => new Promise(() => undefined)), voice(box)] });
    await loadBreakers();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    /** Until the carrier has been asked, and has used up its time. */
    const hang = async () => {
      while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(5_000);
    };
    const started = tfa.verifications.start({ to: TO, workflow: "insist" });
    await hang();
    expect(await started).toMatchObject({ ok: false, reason: "delivery_failed" });
    // the second SMS hangs as well
    const second = pass(0);
    await hang();
    await second;
    expect(box.messages).toEqual([]);
    await pass(0);
    vi.useRealTimers();
    expect(box.messages).toMatchObject([{ channel: "voice" }]);
  });

  it("is one that somebody defined, with channels that exist", async () => {
    const { tfa } = service();
    await expect(tfa.verifications.start({ to: TO, workflow: "nobody" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    const broken = (steps: unknown) => () => service({ workflows: { broken: steps as WorkflowStep[] } });
    expect(broken([])).toThrow(expect.objectContaining({ code: "misconfigured" }));
    expect(broken([{ channel: "pigeon", interval: 0 }])).toThrow(/sms, voice, email/);
    expect(broken([{ channel: "sms", interval: 60 }])).toThrow(/duration/);
    expect(broken([{ channel: "sms", interval: "2d" }])).toThrow(/at most a day/);
    expect(broken(Array.from({ length: 11 }, () => ({ channel: "sms", interval: 0 })))).toThrow(/1 to 10/);
    expect(broken("sms")).toThrow(/list of steps/);
  });

  it("of another account is nobody's", async () => {
    const { tfa } = service({ workflows: {} });
    const made = await tfa.workflows.create({ account: "acme", name: "mine", steps: INSIST });
    expect(await tfa.verifications.start({ to: TO, account: "acme", workflow: "mine" })).toMatchObject({ ok: true });
    if (!made.ok) throw new Error(made.reason);
    expect(
      await tfa.verifications.start({ to: "+46707123457", account: "acme", workflow: made.definition.id }),
    ).toMatchObject({ ok: true });
    await expect(tfa.verifications.start({ to: TO, workflow: "mine" })).rejects.toMatchObject({
      code: "invalid_request",
    });
    await expect(
      tfa.verifications.start({ to: TO, account: "rival", workflow: made.definition.id }),
    ).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("the guard", () => {
  function shop() {
    let now = (): number => 0;
    const scheduler = new TimerScheduler(() => now());
    const box = outbox();
    const made = fixture({
      methods: [sms(box), voice(box), totp({ secret: (userId) => (userId === "grace" ? TOTP_SECRET : null) })],
      workflows: {
        insist: INSIST,
        calls: [
          { channel: "voice", interval: 0 },
          { channel: "email", interval: "10s" },
        ],
      },
      scheduler,
    });
    now = made.clock;
    made.guard("/vault", { workflow: "insist" });
    made.guard("/calls", { workflow: "calls" });
    const code = () => /\d{6}/.exec(box.messages.at(-1)?.text ?? "")?.[0] ?? "";
    const ways = () => box.messages.map(({ channel }) => channel).toReversed();
    const pass = async (ms: number) => {
      made.clock.tick(ms);
      await scheduler.runDue();
    };
    return { ...made, code, ways, pass, scheduler };
  }

  it("sends by the steps of its workflow, and stops when it is answered", async () => {
    const { login, pass, ways, code, counters } = shop();
    const ada = await login("ada");
    const { body } = await ada.get("/vault").expect(401);
    expect(body.challenge).toMatchObject({ method: "sms", attemptsLeft: 5 });
    await pass(29_999);
    expect(ways()).toEqual(["sms"]);
    await pass(1);
    await pass(60_000);
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    await ada.get("/vault").set("Two-Factor-Code", code()).expect(200);
    expect(counters.grants).toBe(1);

    const again = shop();
    const bob = await again.login("bob");
    await bob.get("/vault").expect(401);
    await bob.post("/2fa/verify").set("Origin", "https://shop.example").send({ code: again.code() }).expect(200);
    await again.pass(600_000);
    expect(again.ways()).toEqual(["sms"]);
  });

  it("takes the next step at once for POST /2fa/resend { next: true }, and says when there is none", async () => {
    const { login, ways, pass, clock } = shop();
    const ada = await login("ada");
    await ada.get("/vault").expect(401);
    const next = () => ada.post("/2fa/resend").set("Origin", "https://shop.example").send({ next: true });
    clock.tick(31_000);
    expect((await next().expect(200)).body).toMatchObject({ method: "sms" });
    clock.tick(61_000);
    expect((await next().expect(200)).body).toMatchObject({ method: "voice" });
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    expect((await next().expect(400)).body).toMatchObject({ code: "invalid_request" });
    await pass(600_000);
    expect(ways()).toEqual(["sms", "sms", "voice"]);
  });

  it("takes a workflow that the app has made at run time, as it stands when the challenge is opened", async () => {
    const { guard, login, ways, pass, tfa } = shop();
    guard("/late", { workflow: "late" });
    const made = await tfa.workflows.create({ name: "late", steps: [{ channel: "voice", interval: 0 }] });
    if (!made.ok) throw new Error(made.reason);
    const ada = await login("ada");
    expect((await ada.get("/late").expect(401)).body.challenge).toMatchObject({ method: "voice" });
    await tfa.workflows.update({
      id: made.definition.id,
      steps: [
        { channel: "sms", interval: 0 },
        { channel: "voice", interval: "10s" },
      ],
    });
    await pass(60_000);
    expect(ways()).toEqual(["voice"]);
    const bob = await login("bob");
    expect((await bob.get("/late").expect(401)).body.challenge).toMatchObject({ method: "sms" });
    await pass(10_000);
    expect(ways()).toEqual(["voice", "sms", "voice"]);
    // another account's is nobody's route
    await tfa.workflows.create({ account: "acme", name: "theirs", steps: [{ channel: "sms", interval: 0 }] });
    guard("/theirs", { workflow: "theirs" });
    expect((await bob.get("/theirs")).body.code).toBe("misconfigured");
  });

  it("ends the workflow of a challenge that is canceled", async () => {
    const { login, ways, pass } = shop();
    const ada = await login("ada");
    await ada.get("/vault").expect(401);
    await ada.post("/2fa/cancel").set("Origin", "https://shop.example").send({}).expect(204);
    await pass(600_000);
    expect(ways()).toEqual(["sms"]);
  });

  it("leaves out steps that the user cannot be reached by", async () => {
    const { login, ways, pass } = shop();
    const bob = await login("bob");
    expect((await bob.get("/calls").expect(401)).body.challenge).toMatchObject({ method: "voice" });
    await pass(60_000);
    expect(ways()).toEqual(["voice"]);
  });

  it("answers with a fault where its workflow was never defined, and lets nobody in", async () => {
    const { guard, login, counters, ways } = shop();
    guard("/strange", { workflow: "nobody" });
    const ada = await login("ada");
    const answer = await ada.get("/strange");
    expect([answer.status, answer.body.code]).toEqual([500, "misconfigured"]);
    expect([counters.handlerHits, ways()]).toEqual([0, []]);
  });
});
