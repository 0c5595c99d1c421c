import type { Job, Runner, Scheduler } from "../../src/verification/scheduler.js";

/** Jobs that outlive the process: what a queue in a database keeps. */
export class KeptJobs {
  readonly jobs = new Map<string, Job>();

  /** How one process sees them. */
  worker(): Worker {
    return new Worker(this.jobs);
  }
}

/** Takes jobs without locking them, as the worst of queues does: two workers may run the same one. */
export class Worker implements Scheduler {
  readonly #jobs: Map<string, Job>;
  readonly #runners = new Map<string, Runner>();

  constructor(jobs: Map<string, Job>) {
    this.#jobs = jobs;
  }

  async schedule(job: Job): Promise<void> {
    this.#jobs.set(job.key, job);
  }

  async cancel(key: string): Promise<void> {
    this.#jobs.delete(key);
  }

  onDue(queue: string, run: Runner): void {
    this.#runners.set(queue, run);
  }

  /** A job is gone once it was done, unless another took its place meanwhile. */
  async runDue(now: number): Promise<void> {
    const due = [...this.#jobs.values()].filter(({ at }) => at <= now);
    await Promise.all(
      due.map(async (job) => {
        await this.#runners.get(job.key.slice(0, job.key.indexOf(":")))?.(job);
        if (this.#jobs.get(job.key) === job) this.#jobs.delete(job.key);
      }),
    );
  }

  async close(): Promise<void> {}
}
