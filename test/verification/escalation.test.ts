import { describe, expect, it } from "vitest";
import { memoryStore, outbox, sms, twoFactor, voice } from "../../src/index.js";
import { fixture } from "../helpers/app.js";
import { fakeClock } from "../helpers/clock.js";
import { KeptJobs } from "../helpers/kept-jobs.js";

const TO = "+46707123456";
/** The one of the fixture. */
const SHOP = "a secret of the fixture, 32 bytes and more";
const WORKFLOWS = {
  insist: [
    { channel: "sms", interval: 0 },
    { channel: "sms", interval: "30s" },
    { channel: "voice", interval: "60s" },
  ],
} as const;

/** Several processes that share a store, a queue of jobs and a carrier; more can be started at any time. */
function town() {
  const clock = fakeClock();
  const store = memoryStore();
  const kept = new KeptJobs();
  const box = outbox();
  const start = ({ secret = "a secret of the tests that is long enough" } = {}) => {
    const worker = kept.worker();
    const tfa = twoFactor({
      secret,
      user: () => undefined,
      contact: (userId) => (userId === "ada" ? { phone: TO } : null),
      methods: [sms(box), voice(box)],
      workflows: WORKFLOWS,
      scheduler: worker,
      store,
      clock,
    });
    return { tfa, run: () => worker.runDue(clock()) };
  };
  const ways = () => box.messages.map(({ channel }) => channel).toReversed();
  return { clock, store, kept, box, start, ways };
}

type Process = ReturnType<ReturnType<typeof town>["start"]>;

async function begin({ tfa }: Process): Promise<string> {
  const started = await tfa.verifications.start({ to: TO, workflow: "insist" });
  if (!started.ok) throw new Error(started.reason);
  return started.verification.id;
}

describe("G06 a workflow over a restart", () => {
  it("goes on where it was, once, to the second", async () => {
    const { clock, start, ways } = town();
    const id = await begin(start());
    // the process that began it is gone; this one knows it from the store and the queue alone
    clock.tick(29_000);
    const next = start();
    await next.run();
    expect(ways()).toEqual(["sms"]);
    clock.tick(1_000);
    await next.run();
    await next.run();
    expect(ways()).toEqual(["sms", "sms"]);
    clock.tick(59_999);
    const last = start();
    await last.run();
    expect(ways()).toEqual(["sms", "sms"]);
    clock.tick(1);
    await last.run();
    await last.run();
    expect(ways()).toEqual(["sms", "sms", "voice"]);
    expect((await last.tfa.verifications.get({ id }))?.events).toHaveLength(3);
  });

  it("takes a step that was missed as soon as somebody is there, and no step twice for it", async () => {
    const { clock, start, ways } = town();
    await begin(start());
    clock.tick(200_000);
    const next = start();
    await next.run();
    expect(ways()).toEqual(["sms", "sms"]);
    clock.tick(60_000);
    await next.run();
    expect(ways()).toEqual(["sms", "sms", "voice"]);
  });

  it("is never taken twice where two processes run the same job at once", async () => {
    const { clock, kept, start, ways } = town();
    const [one, two] = [start(), start()];
    await begin(one);
    const first = [...kept.jobs.values()];
    clock.tick(30_000);
    await Promise.all([one.run(), two.run(), one.run(), two.run()]);
    expect(ways()).toEqual(["sms", "sms"]);
    // a queue that lost the news that the job was done hands it out again
    for (const job of first) await kept.worker().schedule(job);
    await Promise.all([one.run(), two.run()]);
    expect(ways()).toEqual(["sms", "sms"]);
  });

  it.each([0, 1, 2])("is ended for every process by a right answer after step %i", async (step) => {
    const { clock, kept, box, start, ways } = town();
    const id = await begin(start());
    const worker = start();
    for (const gap of [30_000, 60_000].slice(0, step)) {
      clock.tick(gap);
      await worker.run();
    }
    const other = start();
    const code = /\d{6}/.exec(box.messages.at(-1)?.text ?? "")?.[0] ?? "";
    expect(await other.tfa.verifications.check({ id, code })).toMatchObject({ ok: true });
    expect(kept.jobs.size).toBe(0);
    clock.tick(120_000);
    await Promise.all([worker.run(), other.run()]);
    expect(ways()).toHaveLength(step + 1);
  });

  it("of a guarded route goes on the same way", async () => {
    const { clock, kept, box, start, store } = town();
    const methods = () => [sms(box), voice(box)];
    const shop = fixture({ methods: methods(), workflows: WORKFLOWS, scheduler: kept.worker(), store, clock });
    shop.guard("/vault", { workflow: "insist" });
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const [one, two] = [start({ secret: SHOP }), start({ secret: SHOP })];
    clock.tick(30_000);
    await Promise.all([one.run(), two.run()]);
    expect(box.messages).toHaveLength(2);
    const code = /\d{6}/.exec(box.messages.at(-1)?.text ?? "")?.[0] ?? "";
    await ada.get("/vault").set("Two-Factor-Code", code).expect(200);
    clock.tick(120_000);
    await Promise.all([one.run(), two.run()]);
    expect(box.messages).toHaveLength(2);
  });
});

describe("G06 what a carrier reports", () => {
  it.each(["sent", "delivered"] as const)("as %s proves nothing", async (status) => {
    const { store, clock } = town();
    const shop = fixture({ store, clock });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    const { challenge } = (await ada.get("/vault").expect(401)).body as { challenge: { id: string } };
    const { verifications } = shop.tfa;
    const started = await verifications.start({ to: "+46707123457" });
    const other = started.ok ? started.verification.id : "";
    for (const verification of [challenge.id, other]) {
      const entry = await store.find({ id: verification }, clock());
      const event = entry?.events[0]?.id ?? "";
      expect(await verifications.receipt({ verification, event, status })).toBe(true);
      expect(await store.find({ id: verification }, clock())).toMatchObject({ state: "pending", attempts: 0 });
    }
    await ada.get("/vault").expect(401);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });
});
