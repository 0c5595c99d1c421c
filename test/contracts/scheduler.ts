import { afterEach, describe, expect, it, vi } from "vitest";
import type { Job, Scheduler } from "../../src/verification/scheduler.js";

/** Something that schedulers run on. */
export interface Engine {
  /** A scheduler as another process would have it; those of one queue share what they run. */
  make(queue: string): Scheduler;
  /** Whether jobs outlive the scheduler that took them, and are shared. */
  readonly durable: boolean;
}

const PATIENCE = { timeout: 12_000, interval: 10 };
let queues = 0;
const releases: (() => void)[] = [];

/** Something for a job to wait for, which comes when the test ends if not before. */
function holding(): { held: Promise<void>; release: () => void } {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  releases.push(release);
  return { held, release };
}

/** What every scheduler promises, shown on a real engine in real time. */
export function schedulerContract(name: string, engine: Engine): void {
  const made: Scheduler[] = [];
  afterEach(async () => {
    for (const release of releases.splice(0)) release();
    await Promise.all(made.splice(0).map((scheduler) => scheduler.close()));
  });

  /** `count` processes with a queue of their own, and what ran where. */
  function processes(count: number, run: (job: Job, process: number) => Promise<void> = async () => {}) {
    const queue = `contract-${process.pid}-${(queues += 1)}`;
    const ran: { payload: string; process: number; at: number; early: number }[] = [];
    const open = (number: number): Scheduler => {
      const scheduler = engine.make(queue);
      made.push(scheduler);
      scheduler.onDue("test", async (job) => {
        ran.push({ payload: job.payload, process: number, at: Date.now(), early: job.at - Date.now() });
        await run(job, number);
        return true;
      });
      return scheduler;
    };
    const schedulers = Array.from({ length: count }, (_, number) => open(number));
    const [first] = schedulers;
    if (!first) throw new Error("no process");
    const payloads = () => ran.map(({ payload }) => payload);
    const saw = (...wanted: string[]) => vi.waitFor(() => expect(payloads().toSorted()).toEqual(wanted), PATIENCE);
    return { scheduler: first, schedulers, ran, payloads, saw, open };
  }
  const job = (key: string, payload: string, wait: number): Job => ({
    key: `test:${key}`,
    at: Date.now() + wait,
    payload,
  });

  describe(name, () => {
    it("runs a job when it is due and not before, with the payload it was given", async () => {
      const { scheduler, ran, saw } = processes(1);
      const payload = JSON.stringify({ id: "ü:%~/1", step: 1 });
      await scheduler.schedule(job("late", "later", 900));
      await scheduler.schedule(job("odd/key:%~ü", payload, 300));
      await saw("later", payload);
      expect(Math.max(...ran.map(({ early }) => early))).toBeLessThanOrEqual(5);
      expect(ran.map((each) => each.payload)).toEqual([payload, "later"]);
    });

    it("runs what is long overdue", async () => {
      const { scheduler, saw } = processes(1);
      await scheduler.schedule(job("old", "old", -3_600_000));
      await saw("old");
    });

    it("runs the last job of a key alone", async () => {
      const { scheduler, saw } = processes(1);
      await scheduler.schedule(job("one", "first", 700));
      await scheduler.schedule(job("one", "second", 800));
      await scheduler.schedule(job("one", "third", 50));
      await scheduler.schedule(job("mark", "zz", 1_000));
      await saw("third", "zz");
    });

    it("leaves a job that was canceled, and what was never there", async () => {
      const { scheduler, saw } = processes(1);
      await scheduler.schedule(job("gone", "gone", 700));
      await scheduler.cancel("test:gone");
      await scheduler.cancel("test:never");
      await scheduler.schedule(job("mark", "mark", 1_000));
      await saw("mark");
      await scheduler.schedule(job("gone", "back", 0));
      await saw("back", "mark");
    });

    it("takes a job of the same key from the job that is being run, as often as it likes", async () => {
      const chain = processes(1, async ({ payload }) => {
        const turn = Number(payload);
        if (turn < 5) await chain.scheduler.schedule(job("chain", String(turn + 1), 20));
      });
      await chain.scheduler.schedule(job("chain", "1", 0));
      await chain.saw("1", "2", "3", "4", "5");
    });

    it("replaces and cancels what the job that is being run has scheduled", async () => {
      const { held, release } = holding();
      const { scheduler, saw } = processes(1, async ({ payload }) => {
        if (payload === "held") await held;
      });
      await scheduler.schedule(job("key", "held", 0));
      await scheduler.schedule(job("gone", "held", 0));
      await saw("held", "held");
      await scheduler.schedule(job("key", "one", 700));
      await scheduler.schedule(job("key", "two", 50));
      await scheduler.schedule(job("gone", "one", 700));
      await scheduler.cancel("test:gone");
      await saw("held", "held", "two");
      release();
      await scheduler.schedule(job("mark", "zz", 900));
      await saw("held", "held", "two", "zz");
    });

    it("runs a job again that failed or was nobody's, and lets no other wait for it", async () => {
      let failures = 1;
      const { scheduler, payloads, saw } = processes(1, async ({ payload }) => {
        if (payload === "fails" && (failures -= 1) >= 0) throw new Error("the store is away");
      });
      const heard: string[] = [];
      scheduler.onDue("other", async ({ payload }) => heard.push(payload) > 1);
      await scheduler.schedule(job("a", "fails", 0));
      await scheduler.schedule({ key: "other:a", at: Date.now(), payload: "other" });
      await scheduler.schedule(job("b", "works", 100));
      await saw("fails", "fails", "works");
      expect(payloads()).toEqual(["fails", "works", "fails"]);
      await vi.waitFor(() => expect(heard).toEqual(["other", "other"]), PATIENCE);
    });

    it("ends only when what is running has ended, and begins nothing after", async () => {
      let isDone = false;
      const { held, release } = holding();
      const { scheduler, saw, payloads } = processes(1, async () => {
        await held;
        isDone = true;
      });
      await scheduler.schedule(job("a", "a", 0));
      await saw("a");
      await scheduler.schedule(job("b", "b", 400));
      const closed = scheduler.close().then(() => isDone);
      release();
      expect(await closed).toBe(true);
      await new Promise((resolve) => void setTimeout(resolve, 450));
      expect(payloads()).toEqual(["a"]);
      await scheduler.close();
    });

    it("leaves nothing behind when it is closed", async () => {
      const handles = () =>
        process.getActiveResourcesInfo().filter((each) => each !== "Timeout" && each !== "Immediate");
      const before = handles().length;
      const { scheduler, saw } = processes(1);
      await scheduler.schedule(job("a", "a", 0));
      await saw("a");
      await scheduler.schedule(job("b", "b", 60_000));
      await scheduler.close();
      await vi.waitFor(() => expect(handles().length).toBeLessThanOrEqual(before), PATIENCE);
    });

    it("may be closed as soon as it is made, and twice", async () => {
      for (let wait = 0; wait < 5; wait += 1) {
        const { scheduler } = processes(1);
        await new Promise((resolve) => void setTimeout(resolve, wait));
        await Promise.all([scheduler.close(), scheduler.close()]);
      }
    });

    if (engine.durable) durable(processes, job);
  });
}

type Processes = (
  count: number,
  run?: (job: Job, process: number) => Promise<void>,
) => {
  scheduler: Scheduler;
  schedulers: Scheduler[];
  ran: { payload: string; process: number }[];
  saw: (...wanted: string[]) => Promise<void>;
  open: (number: number) => Scheduler;
};

/** What only an engine outside the process can promise. */
function durable(processes: Processes, job: (key: string, payload: string, wait: number) => Job): void {
  it("keeps what is due while nobody runs, and the next process runs it once", async () => {
    const { scheduler, saw, open, ran } = processes(1);
    await scheduler.schedule(job("a", "a", 700));
    await scheduler.schedule(job("b", "b", 700));
    await scheduler.cancel("test:b");
    await scheduler.close();
    await new Promise((resolve) => void setTimeout(resolve, 750));
    expect(ran).toEqual([]);
    const [next, other] = [open(1), open(2)];
    await saw("a");
    await next.schedule(job("mark", "mark", 0));
    await other.schedule(job("mark2", "mark", 0));
    await saw("a", "mark", "mark");
  });

  it("replaces and cancels what another process has scheduled, and what it is running", async () => {
    const { held, release } = holding();
    const { schedulers, saw } = processes(2, async ({ payload }) => {
      if (payload === "held") await held;
    });
    const [one, two] = schedulers as [Scheduler, Scheduler];
    await one.schedule(job("replaced", "first", 900));
    await two.schedule(job("replaced", "second", 100));
    await one.schedule(job("canceled", "gone", 900));
    await two.cancel("test:canceled");
    await one.schedule(job("running", "held", 0));
    await saw("held");
    await one.schedule(job("running", "next", 700));
    await two.schedule(job("running", "next", 100));
    await saw("held", "next", "second");
    release();
    await two.schedule(job("mark", "zz", 1_000));
    await saw("held", "next", "second", "zz");
  });

  it("runs each job in one process", async () => {
    // long enough for no process to take all of them
    const { schedulers, saw, ran } = processes(3, () => new Promise((resolve) => void setTimeout(resolve, 100)));
    const names = Array.from({ length: 60 }, (_, index) => String(100 + index));
    await Promise.all(names.map(async (each, index) => schedulers[index % 3]?.schedule(job(each, each, 300))));
    await saw(...names);
    expect(new Set(ran.map(({ process: number }) => number)).size).toBeGreaterThan(1);
  });
}
