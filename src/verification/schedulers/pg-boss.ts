import { createHash } from "node:crypto";
import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys } from "../../core/options.js";
import { CONCURRENCY, type Job, RETRY_FOR, type Runner, Runners, type Scheduler } from "../scheduler.js";

/** What is used of pg-boss 10. */
export interface Boss {
  createQueue(name: string): Promise<unknown>;
  getQueue(name: string): Promise<unknown>;
  send(name: string, data: object, options: object): Promise<string | null>;
  deleteJob(name: string, ids: string[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<{ id: string; data: unknown }[]>;
  getJobById(name: string, id: string): Promise<{ state: string } | null>;
  complete(name: string, id: string): Promise<unknown>;
  fail(name: string, id: string): Promise<unknown>;
  expire(): Promise<unknown>;
}

export interface PgBossOptions {
  /** The queue's name; the same in all processes of an app, and another for another app. @default "require2fa" */
  name?: string;
  /** How often each process looks for what is due, `"100ms"` to `"1m"`. @default "1s" */
  poll?: Duration;
  /** Told of what goes wrong in the background: a database away, and jobs that failed and are tried again. */
  onError?: (error: unknown) => void;
}

interface Kept extends Job {
  /** Which of the two ids of its key it has. */
  readonly slot: number;
}

/** Lease, sweep and pause together: a job whose process died is run by another within 30 seconds. */
const LEASE_SECONDS = 15;
const SWEEP = 5_000;
const RETRY_SECONDS = 5;
/** A job that comes earlier than this was put back by a run of its predecessor that failed. */
const EARLY = 2_000;
/** How long running jobs are waited for when the database does not answer, in milliseconds. */
const CLOSING = 10_000;

/**
 * Runs jobs on pg-boss 10: each in one process, after a restart as well. The instance is yours: `start()` it, listen to its
 * `error` events, and stop it after `tfa.close()`.
 *
 * @example
 * const boss = new PgBoss(process.env.DATABASE_URL);
 * await boss.on("error", log).start();
 * twoFactor({ scheduler: pgBossScheduler(boss), ... });
 *
 * @throws TwoFactorError `misconfigured` for something that is no pg-boss 10, or an unknown option.
 */
export function pgBossScheduler(boss: Boss, options: PgBossOptions = {}): Scheduler {
  const { name = "require2fa", onError = ignore } = options;
  if (typeof boss?.fetch !== "function" || typeof boss.deleteJob !== "function") {
    throw misconfigured("pgBossScheduler() takes an instance of pg-boss 10: new PgBoss(process.env.DATABASE_URL).");
  }
  checkKeys(options, { name: true, poll: true, onError: true }, "pgBossScheduler()");
  const poll = milliseconds(options.poll ?? "1s", "pgBossScheduler({ poll })");
  if (poll < 100 || poll > 60_000) throw misconfigured('pgBossScheduler({ poll }) is "100ms" to "1m".');
  if (typeof name !== "string" || !/^[\w-]+$/.test(name)) {
    throw misconfigured("pgBossScheduler({ name }) is made of letters, digits, hyphens and underscores.");
  }
  if (typeof onError !== "function") throw misconfigured("pgBossScheduler({ onError }) must be a function.");
  return new BossScheduler(boss, name, poll, onError);
}

/**
 * Fetches for itself instead of `boss.work()`: that one waits between two jobs however many are due, and leaves the
 * failure of its own bookkeeping unhandled, which ends the process when Postgres goes away.
 */
class BossScheduler implements Scheduler {
  readonly #boss: Boss;
  readonly #name: string;
  readonly #poll: number;
  readonly #onError: (error: unknown) => void;
  readonly #runners = new Runners();
  /** What runs here, by key: under which of its ids. */
  readonly #running = new Map<string, number>();
  readonly #runs = new Set<Promise<void>>();
  #queue: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  /** There is more to do than was taken. */
  #isMore = false;
  #closed = false;

  constructor(boss: Boss, name: string, poll: number, onError: (error: unknown) => void) {
    this.#boss = boss;
    this.#name = name;
    this.#poll = poll;
    this.#onError = onError;
  }

  /** A job that schedules its own key keeps its place until it is done: a process that dies in between loses neither. */
  async schedule({ key, at, payload }: Job): Promise<void> {
    await this.#ready();
    const own = await this.#ownSlot(key);
    const slot = own === 0 ? 1 : 0;
    const others = [0, 1].filter((each) => each !== own);
    await this.#boss.deleteJob(
      this.#name,
      others.map((each) => idOf(key, each)),
    );
    await this.#send({ key, at, payload, slot });
    if (at > Date.now() || !this.#timer) return;
    this.#isMore = true;
    this.#lookAfter(0);
  }

  async cancel(key: string): Promise<void> {
    await this.#ready();
    await this.#boss.deleteJob(this.#name, [idOf(key, 0), idOf(key, 1)]);
  }

  onDue(queue: string, run: Runner): void {
    this.#runners.add(queue, run);
    this.#timer ??= setTimeout(() => this.#look(), 0).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSING);
    });
    await Promise.race([this.#looking, late]);
    await Promise.race([Promise.all(this.#runs), late]);
    clearTimeout(timer);
  }

  /** Under which id this process runs a job of this key, unless another has put a new one there. */
  async #ownSlot(key: string): Promise<number | undefined> {
    const slot = this.#running.get(key);
    if (slot === undefined) return undefined;
    const kept = await this.#boss.getJobById(this.#name, idOf(key, slot));
    return kept?.state === "active" ? slot : undefined;
  }

  /** Nothing is sent where a job of this id came first, as good as this one, or where the queue is gone. */
  async #send(data: Kept, again = true): Promise<void> {
    const sent = await this.#boss.send(this.#name, data, {
      id: idOf(data.key, data.slot),
      startAfter: Math.max(0, data.at - Date.now()) / 1_000,
      expireInSeconds: LEASE_SECONDS,
      retryLimit: RETRY_FOR / 1_000 / RETRY_SECONDS,
      retryDelay: RETRY_SECONDS,
      retryBackoff: false,
      retentionHours: RETRY_FOR / 3_600_000,
    });
    if (sent !== null || !again) return;
    this.#queue = undefined;
    await this.#ready();
    await this.#send(data, false);
  }

  /** Asked again until it succeeds: an instance that is not started answers nothing, and says nothing about it. */
  #ready(): Promise<void> {
    this.#queue ??= this.#makeQueue().catch((error: unknown) => {
      this.#queue = undefined;
      throw error;
    });
    return this.#queue;
  }

  async #makeQueue(tries = 3): Promise<void> {
    const exists = async () => Boolean(await this.#boss.getQueue(this.#name).catch(() => null));
    if (await exists()) return;
    // two processes that make it at once may end in a deadlock, which one of them survives
    const failed = await this.#boss.createQueue(this.#name).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (await exists()) return;
    if (failed && tries > 1) return this.#makeQueue(tries - 1);
    throw new Error("pgBossScheduler(): pg-boss made no queue. Was it started? await boss.start()", {
      cause: failed?.error,
    });
  }

  #lookAfter(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#looking ??= this.#takeDue()
      .catch(this.#onError)
      .then(() => {
        this.#looking = undefined;
        this.#lookAfter(this.#isMore && this.#runs.size < CONCURRENCY ? 0 : this.#poll);
      });
  }

  async #takeDue(): Promise<void> {
    this.#isMore = false;
    await this.#ready();
    if (Date.now() - this.#sweptAt > SWEEP) {
      this.#sweptAt = Date.now();
      await this.#boss.expire();
    }
    const batchSize = CONCURRENCY - this.#runs.size;
    const jobs = batchSize > 0 ? await this.#boss.fetch(this.#name, { batchSize }) : [];
    this.#isMore ||= jobs.length === batchSize;
    for (const { id, data } of jobs) this.#begin(id, data as Kept);
  }

  #begin(id: string, job: Kept): void {
    const run = this.#run(id, job)
      .catch(this.#onError)
      .then(() => {
        this.#runs.delete(run);
        if (this.#isMore) this.#lookAfter(0);
      });
    this.#runs.add(run);
  }

  async #run(id: string, { slot, ...job }: Kept): Promise<void> {
    this.#running.set(job.key, slot);
    try {
      if (job.at - Date.now() > EARLY) await this.schedule(job);
      else await this.#runners.run(job);
    } catch (error) {
      this.#onError(error);
      return void (await this.#boss.fail(this.#name, id));
    } finally {
      this.#running.delete(job.key);
    }
    await this.#boss.complete(this.#name, id);
  }
}

/** One and the same in every process, so that nobody need look it up: a UUID (version 8) of the key. */
function idOf(key: string, slot: number): string {
  const hex = createHash("sha256").update(`${slot}:${key}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

function ignore(): void {}
