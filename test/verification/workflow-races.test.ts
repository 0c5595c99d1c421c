import { describe, expect, it } from "vitest";
import { memoryStore, sms, twoFactor, voice } from "../../src/index.js";
import type { Message } from "../../src/providers/provider.js";
import type { Store } from "../../src/stores/store.js";
import type { Job, Runner, Scheduler } from "../../src/verification/scheduler.js";
import { fakeClock } from "../helpers/clock.js";

const ROUNDS = 200;
const INSIST = [
  { channel: "sms", interval: 0 },
  { channel: "sms", interval: "30s" },
  { channel: "voice", interval: "30s" },
] as const;

/** Keeps jobs for the test to run, when and as often as it likes. */
class Handed implements Scheduler {
  readonly jobs = new Map<string, Job>();
  readonly #runs: Runner[] = [];
  #last: Job | undefined;

  async schedule(job: Job): Promise<void> {
    this.jobs.set(job.key, job);
    this.#last = job;
  }
  async cancel(key: string): Promise<void> {
    this.jobs.delete(key);
  }
  onDue(_queue: string, run: Runner): void {
    this.#runs.push(run);
  }
  async run(job: Job): Promise<void> {
    await Promise.all(this.#runs.map((run) => run(job)));
  }
  async close(): Promise<void> {}
  /** The last job, whether it was canceled or not. */
  only(): Job {
    if (!this.#last) throw new Error("nothing was scheduled");
    return this.#last;
  }
}

/** The store as it is over a network: each call takes its time to get there, never the same. */
function distant(store: Store): Store {
  let seed = 1;
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function" || name === "revokedAt") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        seed = (seed * 48_271) % 2_147_483_647;
        for (let turn = seed % 12; turn > 0; turn -= 1) await new Promise(setImmediate);
        return Reflect.apply(member, target, args);
      };
    },
  });
}

async function later(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}

function instance(store: Store, clock: () => number, send: (message: Message) => void) {
  const scheduler = new Handed();
  const tfa = twoFactor({
    secret: "a secret of the tests that is long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(send), voice(send)],
    workflows: { insist: INSIST },
    store,
    clock,
    scheduler,
  });
  return { tfa, scheduler };
}

const recipient = (round: number): string => `+4670174${String(1_000 + round)}`;
const codeIn = (message: Message | undefined): string => /\d{6}/.exec(message?.text ?? "")?.[0] ?? "";

async function begun(tfa: ReturnType<typeof twoFactor>, round: number): Promise<string> {
  const started = await tfa.verifications.start({ to: recipient(round), workflow: "insist" });
  if (!started.ok) throw new Error(started.reason);
  return started.verification.id;
}

describe("a due step", () => {
  it(`D09 sends once, when two processes have the same job at once, ${ROUNDS} times`, async () => {
    const clock = fakeClock();
    const store = memoryStore();
    let sends = 0;
    const [one, two] = [
      instance(store, clock, () => void (sends += 1)),
      instance(store, clock, () => void (sends += 1)),
    ];
    for (let round = 0; round < ROUNDS; round += 1) {
      sends = 0;
      await begun(one.tfa, round);
      const job = one.scheduler.only();
      clock.tick(30_000);
      await Promise.all([one, two, one, two].map(({ scheduler }) => scheduler.run(job)));
      expect(sends).toBe(2);
      // late, and once more
      await two.scheduler.run(job);
      expect(sends).toBe(2);
      clock.tick(3_600_000);
    }
  });

  it(`D09 starts no message once a right answer was acknowledged at the same instant, ${ROUNDS} times`, async () => {
    const clock = fakeClock();
    const store = distant(memoryStore());
    const sent: Message[] = [];
    let isAcknowledged = false;
    let late = 0;
    const send = (message: Message): void => {
      sent.push(message);
      if (isAcknowledged) late += 1;
    };
    const [one, two] = [instance(store, clock, send), instance(store, clock, send)];
    const outcomes = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      isAcknowledged = false;
      sent.length = 0;
      const id = await begun(one.tfa, round);
      const job = one.scheduler.only();
      clock.tick(30_000);
      // whoever is the second comes some turns of the loop later, more in every round
      const turns = Math.floor(round / 2) % 40;
      const check = async (): Promise<boolean> => {
        await later(round % 2 === 0 ? 0 : turns);
        const { ok } = await two.tfa.verifications.check({ id, code: codeIn(sent[0]) });
        isAcknowledged = true;
        return ok;
      };
      const escalate = async (): Promise<void> => {
        await later(round % 2 === 0 ? turns : 0);
        await one.scheduler.run(job);
      };
      const [isRight] = await Promise.all([check(), escalate()]);
      expect(isRight).toBe(true);
      outcomes.add(sent.length);
      clock.tick(3_600_000);
    }
    expect(late).toBe(0);
    // either came first now and then
    expect(outcomes).toEqual(new Set([1, 2]));
  });
});

describe("a workflow whose process dies", () => {
  it("G06 goes on when its step was taken and the timer of the next never set", async () => {
    const clock = fakeClock();
    const store = memoryStore();
    const sent: Message[] = [];
    const [dead, alive] = [
      instance(store, clock, (each) => void sent.push(each)),
      instance(store, clock, (each) => void sent.push(each)),
    ];
    await begun(dead.tfa, 0);
    const job = dead.scheduler.only();
    clock.tick(30_000);
    await dead.scheduler.run(job);
    // what the dead one had set is lost; its lease runs out, and the job comes again
    clock.tick(20_000);
    await alive.scheduler.run(job);
    expect(sent).toHaveLength(2);
    const next = alive.scheduler.only();
    expect([next.at, JSON.parse(next.payload)]).toMatchObject([job.at + 30_000, { step: 2 }]);
    clock.tick(10_000);
    await alive.scheduler.run(next);
    expect(sent.map(({ channel }) => channel)).toEqual(["sms", "sms", "voice"]);
    await alive.scheduler.run(next);
    expect(sent).toHaveLength(3);
    expect(alive.scheduler.jobs.size).toBe(1);
  });

  it("G06 is over for a job that comes when its verification has ended", async () => {
    const clock = fakeClock();
    const store = memoryStore();
    const sent: Message[] = [];
    const [dead, alive] = [
      instance(store, clock, (each) => void sent.push(each)),
      instance(store, clock, (each) => void sent.push(each)),
    ];
    const id = await begun(dead.tfa, 0);
    const job = dead.scheduler.only();
    expect(await dead.tfa.verifications.check({ id, code: codeIn(sent[0]) })).toMatchObject({ ok: true });
    clock.tick(3_600_000);
    await alive.scheduler.run(job);
    expect(sent).toHaveLength(1);
    expect(alive.scheduler.jobs.size).toBe(0);
  });
});

describe("a scheduler that is away", () => {
  it("spoils no right answer, hangs or fails", async () => {
    for (const away of [() => Promise.reject(new Error("away")), () => new Promise<void>(() => {})]) {
      const clock = fakeClock();
      const sent: Message[] = [];
      const { tfa, scheduler } = instance(memoryStore(), clock, (each) => void sent.push(each));
      const id = await begun(tfa, 0);
      scheduler.cancel = away;
      expect(await tfa.verifications.check({ id, code: codeIn(sent[0]) })).toMatchObject({ ok: true });
    }
  });

  it("costs a workflow its further steps where it cannot take the first of them, and says so", async () => {
    const sent: Message[] = [];
    const faults: string[] = [];
    const { tfa, scheduler } = instance(memoryStore(), fakeClock(), (each) => void sent.push(each));
    tfa.events.on("fault", ({ where }) => faults.push(where));
    scheduler.schedule = () => Promise.reject(new Error("away"));
    const id = await begun(tfa, 0);
    expect(faults).toEqual(["workflow"]);
    expect(await tfa.verifications.check({ id, code: codeIn(sent[0]) })).toMatchObject({ ok: true });
  });

  it("has a step run again that could not set the next timer", async () => {
    const clock = fakeClock();
    const sent: Message[] = [];
    const { tfa, scheduler } = instance(memoryStore(), clock, (each) => void sent.push(each));
    await begun(tfa, 0);
    const job = scheduler.only();
    scheduler.schedule = () => Promise.reject(new Error("away"));
    clock.tick(30_000);
    await expect(scheduler.run(job)).rejects.toThrow("away");
    scheduler.schedule = Handed.prototype.schedule.bind(scheduler);
    await scheduler.run(job);
    expect([sent.length, JSON.parse(scheduler.only().payload)]).toMatchObject([2, { step: 2 }]);
  });
});

describe("what a job says", () => {
  it("is ids: no code, no number", async () => {
    const sent: Message[] = [];
    const { tfa, scheduler } = instance(memoryStore(), fakeClock(), (each) => void sent.push(each));
    await begun(tfa, 0);
    const said = JSON.stringify(scheduler.only());
    expect(said).not.toContain(codeIn(sent[0]));
    expect(said).not.toContain("4670");
    expect(Object.keys(JSON.parse(scheduler.only().payload) as object)).toEqual(["id", "step"]);
  });
});
