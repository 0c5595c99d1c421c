import type { Clock } from "../core/clock.js";

/** Something to be done later. A second one of the same key takes the place of the first. */
export interface Job {
  readonly key: string;
  readonly at: number;
  readonly payload: string;
}

/**
 * Runs jobs when they are due. What a job does is guarded by the store: a scheduler may run one twice, or late, and
 * nothing happens twice.
 */
export interface Scheduler {
  schedule(job: Job): Promise<void>;
  cancel(key: string): Promise<void>;
  /** What runs the jobs of this queue; set once, when the instance is built. */
  onDue(queue: string, run: (job: Job) => Promise<void>): void;
  close(): Promise<void>;
}

/** The longest timer that Node sets; a later job is looked at again by then. */
const MAX_TIMER = 2 ** 31 - 1;
/** A job whose store was down is tried again after this, in milliseconds. */
const RETRY = 5_000;

/** Timers of this process: the default, as durable as the memory store. */
export class TimerScheduler implements Scheduler {
  readonly #jobs = new Map<string, Job>();
  readonly #runners = new Map<string, (job: Job) => Promise<void>>();
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  /** What the timer is set for. */
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async schedule(job: Job): Promise<void> {
    this.#jobs.set(job.key, job);
    if (job.at < this.#armedFor) this.#arm(job.at);
  }

  /** The timer stays as it is: one that finds nothing to do costs less than looking for the next each time. */
  async cancel(key: string): Promise<void> {
    this.#jobs.delete(key);
    if (this.#jobs.size === 0) this.#arm(Number.POSITIVE_INFINITY);
  }

  onDue(queue: string, run: (job: Job) => Promise<void>): void {
    this.#runners.set(queue, run);
  }

  /** Runs what is due by the clock, now; the timer calls it, and tests with a clock of their own. */
  async runDue(): Promise<void> {
    const now = this.#clock();
    const due = [...this.#jobs.values()].filter((job) => job.at <= now).sort((a, b) => a.at - b.at);
    for (const job of due) {
      this.#jobs.delete(job.key);
      await this.#runnerOf(job)(job).catch(() => this.schedule({ ...job, at: this.#clock() + RETRY }));
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#jobs.values()) next = Math.min(next, at);
    this.#arm(next);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#jobs.clear();
  }

  /** Keys begin with the name of their queue. */
  #runnerOf(job: Job): (job: Job) => Promise<void> {
    return this.#runners.get(job.key.slice(0, job.key.indexOf(":"))) ?? (() => Promise.resolve());
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    if (!Number.isFinite(at)) return;
    const wait = Math.min(MAX_TIMER, Math.max(0, at - this.#clock()));
    // Whatever goes wrong there is tried again; it must not end the process.
    this.#timer = setTimeout(() => void this.runDue().catch(() => this.#arm(this.#clock() + RETRY)), wait).unref();
  }
}
