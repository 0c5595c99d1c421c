import { misconfigured } from "../../core/errors.js";
import { checkKeys } from "../../core/options.js";
import { CONCURRENCY, type Job, RETRY_FOR, type Runner, Runners, type Scheduler } from "../scheduler.js";

/** What is used of BullMQ's `Queue`, 5 and 6. */
export interface BullQueue {
  add(name: string, data: BullData, options: object): Promise<unknown>;
  /** 0 for one that is being run and cannot be removed. */
  remove(id: string): Promise<number>;
  on(event: "error", listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** What is used of BullMQ's `Worker`. */
export interface BullWorker {
  /** In BullMQ 5. */
  readonly client?: Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Answers in BullMQ 5 with the connection that it waits on, which is never the caller's. */
  waitUntilReady(): Promise<unknown>;
  pause(doNotWaitActive: boolean): Promise<unknown>;
  close(force: boolean): Promise<void>;
}

interface QueueSettings {
  readonly streams: { events: { maxLen: number } };
}

interface WorkerSettings {
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxStalledCount: number;
  readonly concurrency: number;
  readonly settings: { backoffStrategy: (attempts: number) => number };
}

export interface BullData {
  readonly key: string;
  readonly at: number;
  readonly payload: string;
}

export interface BullmqOptions<Connection> {
  /** The class, from `"bullmq"`. */
  Queue: new (name: string, options: QueueSettings & { connection: Connection; prefix?: string }) => BullQueue;
  /** The class, from `"bullmq"`. */
  Worker: new (
    name: string,
    run: (job: { readonly data: BullData }) => Promise<void>,
    options: WorkerSettings & { connection: Connection; prefix?: string },
  ) => BullWorker;
  /**
   * As BullMQ takes it: options such as `{ url }`, or an `ioredis` client with `maxRetriesPerRequest: null`. A client stays
   * open when this is closed.
   */
  connection: Connection;
  /** The queue's name; the same in all processes of an app, and another for another app. @default "require2fa" */
  name?: string;
  /** What its keys in Redis begin with. @default BullMQ's own, "bull" */
  prefix?: string;
  /** Told of what goes wrong in the background: lost connections, and jobs that failed and are tried again. */
  onError?: (error: unknown) => void;
}

/** What is used of an `ioredis` client. */
interface Connected {
  readonly status?: string;
  disconnect(): void;
}

/** Both together and a margin: a job whose process died is run by another within 30 seconds. */
const LEASES = { lockDuration: 15_000, stalledInterval: 5_000, maxStalledCount: 1_000 } as const;
const LONGEST_BACKOFF = 30_000;
/** Enough to look into what failed for a whole day; they take room. */
const KEPT_FAILED = 100;
/** BullMQ tells whoever listens what it does; nobody does. */
const KEPT_EVENTS = 100;
/** How long running jobs are waited for when it closes, in milliseconds. */
const CLOSING = 10_000;
/** And then BullMQ's own end. */
const GOODBYE = 1_000;

/**
 * Runs jobs on BullMQ: each in one process, after a restart as well.
 *
 * @example
 * import { Queue, Worker } from "bullmq";
 * twoFactor({ scheduler: bullmqScheduler({ Queue, Worker, connection: { url: process.env.REDIS_URL } }), ... });
 *
 * @throws TwoFactorError `misconfigured` for an option that is missing or unknown.
 */
export function bullmqScheduler<Connection>(options: BullmqOptions<Connection>): Scheduler {
  checkKeys(
    options,
    { Queue: true, Worker: true, connection: true, name: true, prefix: true, onError: true },
    "bullmqScheduler()",
  );
  const { Queue, Worker, connection, name = "require2fa", onError } = options;
  if (typeof Queue !== "function" || typeof Worker !== "function") {
    throw misconfigured('bullmqScheduler() takes the classes themselves: import { Queue, Worker } from "bullmq".');
  }
  if (typeof connection !== "object" || connection === null) {
    throw misconfigured(
      "bullmqScheduler({ connection }) is missing: { url: process.env.REDIS_URL }, or an ioredis client.",
    );
  }
  if (typeof name !== "string" || !/^[\w.-]+$/.test(name)) {
    throw misconfigured("bullmqScheduler({ name }) is made of letters, digits, dots, hyphens and underscores.");
  }
  if (onError !== undefined && typeof onError !== "function") {
    throw misconfigured("bullmqScheduler({ onError }) must be a function.");
  }
  return new BullScheduler(options);
}

class BullScheduler<Connection> implements Scheduler {
  readonly #queue: BullQueue;
  readonly #startWorker: () => BullWorker;
  readonly #runners = new Runners();
  readonly #onError: (error: unknown) => void;
  /** A connection of the caller's, which is not ours to end. */
  readonly #isGiven: boolean;
  readonly #opening: Promise<void>[] = [];
  /** Connections that BullMQ has made. */
  readonly #made = new Set<Connected>();
  readonly #runs = new Set<Promise<void>>();
  #worker: BullWorker | undefined;
  #closing: Promise<void> | undefined;

  constructor({ Queue, Worker, connection, name = "require2fa", prefix, onError = ignore }: BullmqOptions<Connection>) {
    const where = { connection, ...(prefix === undefined ? {} : { prefix }) };
    this.#onError = onError;
    this.#isGiven = isConnection(connection);
    this.#queue = new Queue(name, { ...where, streams: { events: { maxLen: KEPT_EVENTS } } });
    this.#queue.on("error", onError);
    this.#remember(this.#queue.waitUntilReady(), !this.#isGiven);
    const settings = { backoffStrategy: backoff };
    this.#startWorker = () =>
      new Worker(name, ({ data }) => this.#run(data), { ...where, ...LEASES, concurrency: CONCURRENCY, settings });
  }

  /** BullMQ keeps one job of an id, and cannot replace one that is being run: then the other id is free. */
  async schedule({ key, at, payload }: Job): Promise<void> {
    const ids = idsOf(key);
    const removed = await Promise.all(ids.map((id) => this.#queue.remove(id)));
    const jobId = ids.find((_id, index) => removed[index] !== 0);
    if (jobId === undefined) throw new Error(`Two jobs of ${key} are being run at once.`);
    await this.#queue.add(
      key.slice(0, key.indexOf(":")),
      { key, at, payload },
      {
        jobId,
        delay: Math.max(0, at - Date.now()),
        attempts: Math.ceil(RETRY_FOR / LONGEST_BACKOFF),
        backoff: { type: "custom" },
        stackTraceLimit: 1,
        removeOnComplete: true,
        removeOnFail: { count: KEPT_FAILED, age: RETRY_FOR / 1_000 },
      },
    );
  }

  async cancel(key: string): Promise<void> {
    await Promise.all(idsOf(key).map((id) => this.#queue.remove(id)));
  }

  onDue(queue: string, run: Runner): void {
    this.#runners.add(queue, run);
    if (this.#worker) return;
    this.#worker = this.#startWorker();
    this.#worker.on("error", this.#onError);
    this.#remember(this.#worker.client, !this.#isGiven);
    this.#remember(this.#worker.waitUntilReady(), true);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    // told to stop, it begins nothing more; asked to close without Redis, it would wait for as long as that is gone
    void this.#worker?.pause(true).catch(this.#onError);
    await atMost(CLOSING, Promise.all(this.#runs));
    // closed while it connects, BullMQ ends the process
    await atMost(GOODBYE, Promise.all(this.#opening));
    const isDown = [...this.#made].some(({ status }) => status !== undefined && status !== "ready");
    await atMost(GOODBYE, this.#worker?.close(isDown));
    await atMost(GOODBYE, this.#queue.close());
    for (const connection of this.#made) connection.disconnect();
  }

  /** BullMQ leaves a connection that is down when it closes trying for ever. */
  #remember(ready: Promise<unknown> | undefined, isOurs: boolean): void {
    const keep = (connection: unknown): void => {
      if (isOurs && isConnection(connection)) this.#made.add(connection);
    };
    if (ready) this.#opening.push(ready.then(keep, this.#onError));
  }

  #run(job: Job): Promise<void> {
    const run = this.#tell(job).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
    return run;
  }

  /** Errors of an app may say anything; what BullMQ keeps of them lies in Redis. */
  async #tell(job: Job): Promise<void> {
    try {
      await this.#runners.run(job);
    } catch (error) {
      this.#onError(error);
      throw new Error("The job failed; onError was told why.", { cause: error });
    }
  }
}

/** Waits for it, but no longer than `ms`, and does not mind how it ends. */
async function atMost(ms: number, waited: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([waited?.catch(() => undefined), late]);
  clearTimeout(timer);
}

function isConnection(value: unknown): value is Connected {
  return typeof (value as { disconnect?: unknown } | null | undefined)?.disconnect === "function";
}

/** BullMQ takes no colon in an id. */
function idsOf(key: string): string[] {
  const id = encodeURIComponent(key);
  return [`${id}~a`, `${id}~b`];
}

/** 1, 2, 4 seconds and so on, up to half a minute. */
function backoff(attempts: number): number {
  return Math.min(LONGEST_BACKOFF, 1_000 * 2 ** Math.min(attempts - 1, 10));
}

function ignore(): void {}
