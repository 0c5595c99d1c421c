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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async schedule(job: Job): Promise<void> {
    this.#jobs.set(job.key, job);
    this.#arm();
  }

  async cancel(key: string): Promise<void> {
    this.#jobs.delete(key);
    this.#arm();
  }

  onDue(queue: string, run: (job: Job) => Promise<void>): void {
    this.#runners.set(queue, run);
  }

  /** Runs what is due by the clock, now; the timer calls it, and tests with a clock of their own. */
  async runDue(): Promise<void> {
    const due = [...this.#jobs.values()].filter((job) => job.at <= this.#clock()).sort((a, b) => a.at - b.at);
    for (const job of due) {
      this.#jobs.delete(job.key);
      await this.#runnerOf(job)(job).catch(() => this.schedule({ ...job, at: this.#clock() + RETRY }));
    }
    this.#arm();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#jobs.clear();
  }

  /** Keys begin with the name of their queue. */
  #runnerOf(job: Job): (job: Job) => Promise<void> {
    return this.#runners.get(job.key.slice(0, job.key.indexOf(":"))) ?? (() => Promise.resolve());
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#jobs.values()].map((job) => job.at));
    if (!Number.isFinite(next)) return;
    const wait = Math.min(MAX_TIMER, Math.max(0, next - this.#clock()));
    this.#timer = setTimeout(() => void this.runDue(), wait).unref();
  }
}
