import PgBoss from "pg-boss";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pgBossScheduler } from "../../src/verification/schedulers/pg-boss.js";
import { schedulerContract } from "../contracts/scheduler.js";
import { type PostgresServer, postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

let server: PostgresServer;
let boss: PgBoss;
const patience = { timeout: 10_000, interval: 20 };

describe.skipIf(service("postgres") === undefined)("pgBossScheduler()", () => {
  beforeAll(async () => {
    server = await postgresServer();
    boss = new PgBoss(server.url);
    boss.on("error", () => undefined);
    await boss.start();
  });
  afterAll(async () => {
    await boss.stop({ graceful: false });
    await server.stop();
  });

  schedulerContract("on pg-boss", { make: (name) => pgBossScheduler(boss, { name, poll: "100ms" }), durable: true });

  it("says so while its instance is not started, and goes on when it is", async () => {
    const late = new PgBoss({ connectionString: server.url, schema: "late" });
    late.on("error", () => undefined);
    const faults: unknown[] = [];
    const scheduler = pgBossScheduler(late, { poll: "100ms", onError: (error) => faults.push(error) });
    const ran: string[] = [];
    scheduler.onDue("test", async ({ payload }) => ran.push(payload) > 0);
    const job = { key: "test:a", at: Date.now(), payload: "a" };
    await expect(scheduler.schedule(job)).rejects.toThrow(/boss\.start\(\)/);
    await vi.waitFor(() => expect(faults[0]).toMatchObject({ message: expect.stringContaining("boss.start()") }));
    await late.start();
    await scheduler.schedule(job);
    await vi.waitFor(() => expect(ran).toEqual(["a"]), patience);
    await scheduler.close();
    await late.stop({ graceful: false });
  });

  it("goes on when Postgres has been away, with the job that was running as it went", async () => {
    const own = await postgresServer({ fsync: "on" });
    const its = new PgBoss(own.url);
    its.on("error", () => undefined);
    await its.start();
    const scheduler = pgBossScheduler(its, { poll: "100ms" });
    const ran: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    scheduler.onDue("test", async ({ payload }) => {
      ran.push(payload);
      if (payload === "held") await held;
      return true;
    });
    await scheduler.schedule({ key: "test:a", at: Date.now(), payload: "held" });
    await vi.waitFor(() => expect(ran).toEqual(["held"]), patience);
    await own.end("immediate");
    release();
    await own.start();
    await vi.waitFor(() => scheduler.schedule({ key: "test:b", at: Date.now(), payload: "b" }), patience);
    await vi.waitFor(() => expect(ran).toContain("b"), patience);
    await scheduler.close();
    await its.stop({ graceful: false });
    await own.stop();
  });

  /** Does nothing, and tells what it was asked. */
  function still() {
    const sent: {
      data: object;
      options: { id: string; startAfter: number; expireInSeconds: number; retryDelay: number };
    }[] = [];
    const due: { id: string; data: object }[] = [];
    const made = {
      sent,
      due,
      sweeps: 0,
      createQueue: async () => undefined,
      getQueue: async () => ({}),
      getJobById: async () => ({ state: "active" }),
      deleted: new Set<string>(),
      deleteJob: async (_name: string, ids: string[]) => ids.forEach((id) => made.deleted.add(id)),
      fetch: async () => due.splice(0),
      complete: async () => undefined,
      fail: async () => undefined,
      expire: async () => void (made.sweeps += 1),
      send: async (_name: string, data: object, given: object) => {
        const options = given as (typeof sent)[number]["options"];
        sent.push({ data, options });
        return "id";
      },
    };
    return made;
  }

  it("K12 has a job whose process died run again within 30 seconds", async () => {
    vi.useFakeTimers();
    const its = still();
    const scheduler = pgBossScheduler(its);
    try {
      scheduler.onDue("test", async () => true);
      await scheduler.schedule({ key: "test:a", at: Date.now(), payload: "" });
      await vi.advanceTimersByTimeAsync(60_500);
      const { expireInSeconds = Infinity, retryDelay = Infinity } = its.sent[0]?.options ?? {};
      const [sweep, poll] = [60 / its.sweeps, 1];
      expect(expireInSeconds + sweep + retryDelay + poll).toBeLessThanOrEqual(30);
      expect(expireInSeconds).toBeGreaterThan(10);
    } finally {
      await scheduler.close();
      vi.useRealTimers();
    }
  });

  it("keeps a job that schedules its own key until it is done: a process may die in between", async () => {
    const its = still();
    const scheduler = pgBossScheduler(its, { poll: "100ms" });
    let isDone = false;
    scheduler.onDue("test", async (job) => {
      await scheduler.schedule({ ...job, at: Date.now() + 60_000 });
      isDone = true;
      return true;
    });
    const job = { key: "test:a", at: Date.now(), payload: "a" };
    await scheduler.schedule(job);
    const [first] = its.sent;
    its.deleted.clear();
    its.due.push({ id: first?.options.id ?? "", data: first?.data ?? {} });
    await vi.waitFor(() => expect(isDone).toBe(true), patience);
    expect(its.sent).toHaveLength(2);
    expect(its.sent[1]?.options.id).not.toBe(first?.options.id);
    expect(its.deleted).toEqual(new Set([its.sent[1]?.options.id]));
    await scheduler.close();
  });

  it("puts back a job that comes before its time, as a failed run of its predecessor makes it", async () => {
    const its = still();
    const scheduler = pgBossScheduler(its, { poll: "100ms" });
    const ran: string[] = [];
    scheduler.onDue("test", async ({ payload }) => ran.push(payload) > 0);
    const [early, due] = [
      { key: "test:a", at: Date.now() + 60_000, payload: "early", slot: 0 },
      { key: "test:b", at: Date.now(), payload: "due", slot: 0 },
    ];
    its.due.push({ id: "1", data: early }, { id: "2", data: due });
    await vi.waitFor(() => expect([ran, its.sent.length]).toEqual([["due"], 1]), patience);
    expect(its.sent[0]?.data).toEqual({ ...early, slot: 1 });
    expect(its.sent[0]?.options.startAfter).toBeGreaterThan(55);
    await scheduler.close();
  });

  it("says which option is wrong", () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => pgBossScheduler({} as PgBoss), /pg-boss 10/],
      [() => pgBossScheduler(boss, { pol: "1s" } as object), /"poll"/],
      [() => pgBossScheduler(boss, { poll: "1ms" }), /"100ms" to "1m"/],
      [() => pgBossScheduler(boss, { name: "a:b" }), /name/],
      [() => pgBossScheduler(boss, { onError: "log" as unknown as () => void }), /onError/],
    ];
    for (const [make, text] of wrong) {
      expect(make).toThrow(expect.objectContaining({ code: "misconfigured" }));
      expect(make).toThrow(text);
    }
  });
});
