import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { type Answer, Line } from "../helpers/burst.js";
import { within } from "../../src/core/deadline.js";
import { type Event, Ledger } from "./ledger.js";

/** The tests and the soak are both started at the top of the project. */
const PROGRAM = path.resolve("test/processes/worker.mjs");
/** No answer at all after so long is a fault of its own, in milliseconds. */
const PATIENCE = 15_000;

export interface Settings {
  readonly store: string;
  readonly sessions: string;
  /** Milliseconds that the clocks of the processes are off, one after the other. */
  readonly offsets?: readonly number[];
  readonly ttl?: string;
  readonly rolling?: boolean;
  readonly count?: number;
}

/** A request on its way to a process. */
export interface Addressed {
  readonly to: Process;
  readonly raw: string;
}

/** One process of the app. */
export class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** What it said of its store, in order: "-" that it is gone, "+" that it is back. */
  episodes = "";
  port = 0;
  /** Milliseconds of its slowest answer. */
  longest = 0;
  #asked = 0;
  readonly #answers = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  readonly #lines: Line[] = [];

  static async open(env: NodeJS.ProcessEnv, ledger: Ledger): Promise<Process> {
    const its = new Process(fork(PROGRAM, { env: { ...process.env, ...env, NODE_OPTIONS: "" } }), ledger);
    await Promise.race([
      once(its.child, "message"),
      its.ended.then(({ code }) => Promise.reject(new Error(`The process ended with ${code}.`))),
    ]);
    return its;
  }

  private constructor(child: ChildProcess, ledger: Ledger) {
    this.child = child;
    this.ended = new Promise((resolve) => void child.once("exit", (code, signal) => resolve({ code, signal })));
    child.on("message", (message: Message) => {
      if (message.event) this.#note(message.event, ledger);
      if (message.port !== undefined) this.port = message.port;
      if (message.number === undefined) return;
      const asked = this.#answers.get(message.number);
      if (message.error === undefined) asked?.resolve(message.answer);
      else asked?.reject(new Error(message.error));
    });
    void this.ended.then(() => {
      for (const { reject } of this.#answers.values()) reject(new Error("The process has ended."));
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  ask<T>(task: "settle" | "revoke" | "break" | "mend" | "session" | "close", given?: string): Promise<T> {
    const number = (this.#asked += 1);
    return new Promise<unknown>((resolve, reject) => {
      this.#answers.set(number, { resolve, reject });
      this.child.send({ number, task, given }, (error) => error && reject(error));
    }) as Promise<T>;
  }

  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill("SIGKILL");
    await this.ended;
  }

  async line(): Promise<Line> {
    for (;;) {
      const line = this.#lines.pop();
      if (!line) return Line.open(this.port);
      if (line.isOpen) return line;
    }
  }

  keep(line: Line): void {
    if (line.isOpen) this.#lines.push(line);
  }

  hangUp(): void {
    for (const line of this.#lines.splice(0)) line.close();
  }

  #note(event: Event, ledger: Ledger): void {
    const [name] = event;
    if (name === "unavailable") this.episodes += "-";
    if (name === "recovered") this.episodes += "+";
    ledger.note(event);
  }
}

interface Message {
  readonly event?: Event;
  readonly port?: number;
  readonly number?: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Several processes of one app, on one store. */
export class Cluster {
  readonly ledger: Ledger;
  readonly processes: Process[] = [];
  readonly #settings: Settings;
  #turn = 0;

  private constructor(settings: Settings, ledger: Ledger) {
    this.#settings = settings;
    this.ledger = ledger;
  }

  /** @param ledger One that goes on, where there was a cluster on this store before. */
  static async open(settings: Settings, ledger = new Ledger()): Promise<Cluster> {
    const cluster = new Cluster(settings, ledger);
    const { count = 4 } = settings;
    const opened = await Promise.allSettled(Array.from({ length: count }, (_, index) => cluster.#start(index)));
    for (const each of opened) if (each.status === "fulfilled") cluster.processes.push(each.value);
    const failed = opened.find((each) => each.status === "rejected");
    if (!failed) return cluster;
    await cluster.close();
    throw failed.reason;
  }

  /** Milliseconds of the slowest answer of those that are here. */
  get longest(): number {
    return Math.max(...this.processes.map((each) => each.longest));
  }

  newUser(kind: "user" | "totp" = "user"): string {
    return `${kind}-${(this.ledger.users += 1)}`;
  }

  /** The next process that runs, one after the other. */
  next(): Process {
    const running = this.processes.filter((each) => each.isRunning);
    const chosen = running[(this.#turn += 1) % running.length];
    if (!chosen) throw new Error("No process runs.");
    return chosen;
  }

  at(index: number): Process {
    const chosen = this.processes[index % this.processes.length];
    if (!chosen) throw new Error("No process runs.");
    return chosen;
  }

  /** Waits until every process has told what it did; the longest that one was kept from its work, in milliseconds. */
  async settle(): Promise<number> {
    const running = this.processes.filter((each) => each.isRunning);
    return Math.max(0, ...(await Promise.all(running.map((each) => each.ask<number>("settle").catch(() => 0)))));
  }

  /** Puts a new process in the place of one that has ended. */
  async replace(index: number): Promise<void> {
    this.processes[index] = await this.#start(index);
  }

  /** Nothing runs on after this, however the test went. */
  async close(): Promise<void> {
    for (const each of this.processes) each.hangUp();
    await Promise.all(this.processes.map((each) => each.kill()));
  }

  #start(index: number): Promise<Process> {
    const { store, sessions, offsets = [], ttl = "5m", rolling = false } = this.#settings;
    const env = {
      STORE_URL: store,
      SESSIONS_URL: sessions,
      OFFSET: String(offsets[index] ?? 0),
      TTL: ttl,
      ...(rolling ? { ROLLING: "1" } : {}),
    };
    return Process.open(env, this.ledger);
  }
}

/** One request; rejects when the process hangs up, or is silent for too long. */
export async function send({ to, raw }: Addressed): Promise<Answer> {
  const line = await to.line();
  try {
    const { answer, release } = line.begin(raw);
    release();
    const found = await answered(answer, to);
    to.keep(line);
    return found;
  } catch (error) {
    line.close();
    throw error;
  }
}

/** Each request on a socket of its own: all but the last byte of each, then all the last bytes at once. */
export async function burst(requests: readonly Addressed[]): Promise<Answer[]> {
  const lines = await Promise.all(requests.map(async ({ to }) => to.line()));
  const begun = lines.map((line, index) => line.begin(requests[index]?.raw ?? ""));
  await turn();
  await turn();
  for (const { release } of begun) release();
  const answers = await Promise.all(begun.map(({ answer }, index) => answered(answer, requests[index]?.to)));
  for (const [index, line] of lines.entries()) requests[index]?.to.keep(line);
  return answers;
}

async function answered(answer: Promise<Answer>, by: Process | undefined): Promise<Answer> {
  const began = performance.now();
  const late = (): Error => new Error(`No answer within ${PATIENCE} ms.`);
  const found = await within(answer, PATIENCE, late);
  if (by) by.longest = Math.max(by.longest, performance.now() - began);
  return found;
}
