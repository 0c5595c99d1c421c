import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { service } from "../helpers/services.js";

const PROGRAM = path.join(import.meta.dirname, "../helpers/escalating.mjs");
/** From one message to the next, in milliseconds; as in the program. */
const INTERVAL = 2_500;
/** From the store's leave to the provider's door, in a process of a busy machine; milliseconds. */
const ON_ITS_WAY = 1_000;
const PATIENCE = { timeout: 15_000, interval: 20 };

interface Sent {
  readonly to: string;
  readonly code: string;
  readonly at: number;
}

/** A process of the app. */
class Process {
  static readonly all: Process[] = [];
  /** What all of them have sent. */
  static readonly sent: Sent[] = [];
  readonly child: ChildProcess;
  #asked = 0;
  readonly #answers = new Map<number, (answer: unknown) => void>();

  static async open(env: Record<string, string>): Promise<Process> {
    const its = new Process(fork(PROGRAM, { env: { PATH: process.env["PATH"], ...env }, serialization: "json" }));
    const ended = once(its.child, "exit").then(([code]) => Promise.reject(new Error(`It ended with ${String(code)}.`)));
    ended.catch(() => undefined);
    await Promise.race([once(its.child, "message"), ended]);
    return its;
  }

  private constructor(child: ChildProcess) {
    this.child = child;
    Process.all.push(this);
    child.on("message", (message: { sent?: Sent; number?: number; answer?: unknown }) => {
      if (message.sent) Process.sent.push(message.sent);
      if (message.number !== undefined) this.#answers.get(message.number)?.(message.answer);
    });
  }

  ask<T>(task: "start" | "check" | "count" | "close", given?: unknown): Promise<T> {
    const number = (this.#asked += 1);
    this.child.send({ number, task, given });
    return new Promise((resolve) => this.#answers.set(number, resolve as (answer: unknown) => void));
  }
}

const sentTo = (to: string): Sent[] => Process.sent.filter((each) => each.to === to);
const recipient = (index: number): string => `+4670174${String(1_000 + index)}`;
const now = (): number => performance.timeOrigin + performance.now();

const ENGINES = [
  ["Redis and BullMQ", "redis-server", async () => engineOf(await redisServer(), "REDIS_URL")],
  ["Postgres and pg-boss", "postgres", async () => engineOf(await postgresServer(), "DATABASE_URL")],
] as const;

function engineOf(server: { url: string; stop: () => Promise<void> }, name: string) {
  return { env: { [name]: server.url }, stop: () => server.stop() };
}

describe.each(ENGINES)("four processes on %s", (_name, program, start) => {
  describe.skipIf(service(program) === undefined)("that share a workflow", () => {
    let engine: ReturnType<typeof engineOf>;
    beforeAll(async () => void (engine = await start()), 60_000);
    afterEach(() => {
      for (const { child } of Process.all.splice(0)) child.kill("SIGKILL");
      Process.sent.length = 0;
    });
    afterAll(() => engine.stop());

    const open = (count: number) => Promise.all(Array.from({ length: count }, () => Process.open(engine.env)));

    it("D09 take a due step once, and begin none after a right answer", { timeout: 60_000 }, async () => {
      const processes = await open(4);
      const of = (index: number): Process => processes[index % 4] as Process;
      const begun: { to: string; id: string }[] = [];
      let numbers = 0;
      const startFrom = async (process: Process): Promise<void> => {
        while (begun.length < 40 && numbers < 400) {
          const to = recipient((numbers += 1));
          const id = await process.ask<string>("start", to);
          // a store that was too slow, on a busy machine, said so
          if (/^[\w-]{43}$/.test(id)) begun.push({ to, id });
        }
      };
      await Promise.all(processes.map(startFrom));
      const left = begun.slice(0, 12);
      const answered = begun.slice(12);
      await vi.waitFor(() => expect(begun.filter(({ to }) => sentTo(to).length === 0)).toEqual([]), PATIENCE);
      const acknowledged = await Promise.all(
        answered.map(async ({ to, id }, index) => {
          const [first] = sentTo(to);
          // about when its next message is due
          const at = (first?.at ?? now()) + INTERVAL + (index % 20) * 5;
          const given = { id, code: first?.code, at };
          return { to, id, answer: await of(index + 1).ask<{ ok: boolean; at: number }>("check", given) };
        }),
      );
      expect(acknowledged.filter(({ answer }) => !answer.ok)).toEqual([]);
      const granted = (id: string) => of(0).ask<number>("count", id);
      const allOf = (list: typeof begun) => Promise.all(list.map(({ id }) => granted(id)));
      await vi.waitFor(async () => expect(await allOf(left)).toEqual(left.map(() => 2)), PATIENCE);
      // a store that is too slow may cost a message, on a busy machine; it never doubles one
      await vi.waitFor(() => expect(left.filter(({ to }) => sentTo(to).length === 2).length).toBeGreaterThan(8));
      for (const { to, id, answer } of acknowledged) {
        // what the store has granted was granted before the answer; it may have been on its way to the provider
        expect(sentTo(to).length).toBeLessThanOrEqual(await granted(id));
        expect(await granted(id)).toBeLessThanOrEqual(2);
        expect(Math.max(...sentTo(to).map(({ at }) => at)) - answer.at).toBeLessThan(ON_ITS_WAY);
      }
      for (const each of processes) expect(await each.ask("close")).toBe("closed");
      expect(left.filter(({ to }) => sentTo(to).length > 2)).toEqual([]);
      // nothing holds a process that has closed
      await vi.waitFor(() => expect(processes.map(({ child }) => child.exitCode)).toEqual([0, 0, 0, 0]), PATIENCE);
    });

    it("G06 go on with what a killed one had scheduled, once", { timeout: 60_000 }, async () => {
      const [lone] = (await open(1)) as [Process];
      const to = recipient(300);
      expect(await lone.ask("start", to)).toMatch(/^[\w-]{43}$/);
      const gone = once(lone.child, "exit");
      lone.child.kill("SIGKILL");
      await gone;
      await new Promise((resolve) => void setTimeout(resolve, INTERVAL));
      expect(sentTo(to)).toHaveLength(1);
      const next = await open(3);
      await vi.waitFor(() => expect(sentTo(to)).toHaveLength(2), PATIENCE);
      for (const each of next) await each.ask("close");
      expect(sentTo(to)).toHaveLength(2);
    });
  });
});
