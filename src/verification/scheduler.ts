import type { Clock } from "../core/clock.js";
import { within } from "../core/deadline.js";
import { unavailable } from "../core/errors.js";

/** Something to be done later. A second one of the same key takes the place of the first. */
export interface Job {
  /** Begins with the name of its queue and a colon. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Ids, and nothing that is secret: it lies in the scheduler's store as it is. */
  readonly payload: string;
}

/** False says that the job is somebody else's. One that fails is run again later. */
export type Runner = (job: Job) => Promise<boolean>;

/**
 * Runs jobs when they are due, each in one process of those that share the engine. That is at least once: a process that
 * dies over a job has it run again by another. What a job does is guarded by the store, so that nothing happens twice.
 */
export interface Scheduler {
  schedule(job: Job): Promise<void>;
  /** The job of this key will not begin; one that has begun is not stopped. */
  cancel(key: string): Promise<void>;
  /** Adds one who runs the jobs of this queue; called when an instance is built. */
  onDue(queue: string, run: Runner): void;
  /** Waits for what is running, and begins nothing more. What is scheduled stays where the engine keeps it. */
  close(): Promise<void>;
}

/** A job that fails is tried again for so long after it was due, in milliseconds: codes live a day at most. */
export const RETRY_FOR = 24 * 3_600_000;
/** So many jobs run at once in a process. */
export const CONCURRENCY = 16;

/** Who runs the jobs of which queue. */
export class Runners {
  readonly #of = new Map<string, Runner[]>();

  add(queue: string, run: Runner): void {
    this.#of.set(queue, [...(this.#of.get(queue) ?? []), run]);
  }

  /** Throws when the job is to be run again: because it failed, or because nobody here knows it. */
  async run(job: Job): Promise<void> {
    const queue = job.key.slice(0, job.key.indexOf(":"));
    const runs = await Promise.allSettled((this.#of.get(queue) ?? []).map((run) => run(job)));
    const failed = runs.find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
    if (runs.some((each) => each.status === "fulfilled" && each.value)) return;
    throw new Error(`Nobody here runs this job of "${queue}": do all processes of the scheduler run the same app?`);
  }
}

/** An engine that has not answered by then is taken for dead, in milliseconds. */
const DEADLINE = 500;

/** The scheduler, with a deadline on what somebody waits for. */
export function bounded(scheduler: Scheduler): Scheduler {
  const answered = (call: () => Promise<void>, what: string): Promise<void> =>
    within(call(), DEADLINE, () => unavailable(`The scheduler took longer than ${DEADLINE} ms to ${what} a job.`));
  return {
    schedule: (job) => answered(() => scheduler.schedule(job), "schedule"),
    cancel: (key) => answered(() => scheduler.cancel(key), "cancel"),
    onDue: (queue, run) => scheduler.onDue(queue, run),
    close: () => scheduler.close(),
  };
}

/** The longest timer that Node sets; a later job is looked at again by then. */
const MAX_TIMER = 2 ** 31 - 1;
/** A job that failed is tried again after this, in milliseconds. */
const RETRY = 5_000;

interface Kept extends Job {
  /** When it was first due. */
  readonly since: number;
}

/** Timers of this process: the default, as durable as the memory store. */
export class TimerScheduler implements Scheduler {
  readonly #jobs = new Map<string, Kept>();
  readonly #runners = new Runners();
  readonly #running = new Set<Promise<unknown>>();
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  /** What the timer is set for. */
  #armedFor = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async schedule(job: Job): Promise<void> {
    this.#keep({ ...job, since: job.at });
  }

  /** The timer stays as it is: one that finds nothing to do costs less than looking for the next each time. */
  async cancel(key: string): Promise<void> {
    this.#jobs.delete(key);
    if (this.#jobs.size === 0) this.#arm(Number.POSITIVE_INFINITY);
  }

  onDue(queue: string, run: Runner): void {
    this.#runners.add(queue, run);
  }

  /** Runs what is due by the clock, now; the timer calls it, and tests with a clock of their own. */
  async runDue(): Promise<void> {
    const now = this.#clock();
    const due = [...this.#jobs.values()].filter((job) => job.at <= now).sort((a, b) => a.at - b.at);
    const queue = due.values();
    const takeTurns = async (): Promise<void> => {
      for (const job of queue) await this.#run(job);
    };
    const running = Promise.all(Array.from({ length: CONCURRENCY }, takeTurns));
    this.#running.add(running);
    // what falls due meanwhile does not wait for the slow ones
    this.#armAfter(now);
    await running;
    this.#running.delete(running);
    this.#armAfter(Number.NEGATIVE_INFINITY);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#jobs.clear();
    await Promise.all(this.#running);
  }

  async #run(job: Kept): Promise<void> {
    // taken by somebody else, canceled or scheduled anew while it waited for its turn
    if (this.#closed || this.#jobs.get(job.key) !== job) return;
    this.#jobs.delete(job.key);
    try {
      await this.#runners.run(job);
    } catch {
      const at = this.#clock() + RETRY;
      if (!this.#jobs.has(job.key) && at < job.since + RETRY_FOR) this.#keep({ ...job, at });
    }
  }

  #keep(job: Kept): void {
    if (this.#closed) return;
    this.#jobs.set(job.key, job);
    if (job.at < this.#armedFor) this.#arm(job.at);
  }

  #armAfter(time: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#jobs.values()) if (at > time) next = Math.min(next, at);
    this.#arm(next);
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    if (this.#closed || !Number.isFinite(at)) return;
    const wait = Math.min(MAX_TIMER, Math.max(0, at - this.#clock()));
    // Whatever goes wrong there is tried again; it must not end the process.
    this.#timer = setTimeout(() => void this.runDue().catch(() => this.#arm(this.#clock() + RETRY)), wait).unref();
  }
}
