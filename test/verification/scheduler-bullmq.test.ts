import { createServer } from "node:net";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { bullmqScheduler } from "../../src/verification/schedulers/bullmq.js";
import { schedulerContract } from "../contracts/scheduler.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { service } from "../helpers/services.js";

let server: RedisServer;
const patience = { timeout: 10_000, interval: 20 };

describe.skipIf(service("redis-server") === undefined)("bullmqScheduler()", () => {
  beforeAll(async () => void (server = await redisServer()));
  afterAll(() => server.stop());

  schedulerContract("on BullMQ", {
    make: (name) => bullmqScheduler({ Queue, Worker, connection: { port: server.port }, name }),
    durable: true,
  });

  it("keeps ids and nothing else in Redis, and nothing of a job that is done", async () => {
    const failures: unknown[] = [];
    const connection = new Redis(server.port, { maxRetriesPerRequest: null });
    const scheduler = bullmqScheduler({
      Queue,
      Worker,
      connection,
      name: "tidy",
      prefix: "app",
      onError: (error) => failures.push(error),
    });
    scheduler.onDue("test", async ({ payload }) => {
      if (payload === "fails") throw new Error("refused: +46701234567");
      return true;
    });
    await scheduler.schedule({ key: "test:done", at: Date.now(), payload: "done" });
    await scheduler.schedule({ key: "test:fails", at: Date.now(), payload: "fails" });
    await vi.waitFor(() => expect(failures).toMatchObject([{ message: "refused: +46701234567" }]), patience);
    await scheduler.cancel("test:fails");
    await scheduler.schedule({ key: "test:later", at: Date.now() + 60_000, payload: "later" });
    const client = new Redis(server.port);
    const keys = await client.keys("app:tidy:*");
    expect(keys.filter((key) => key.includes("test%3A"))).toEqual(["app:tidy:test%3Alater~a"]);
    const events = JSON.stringify(await client.xrange("app:tidy:events", "-", "+"));
    expect(events).toContain("test%3Afails~a");
    expect(events).not.toContain("4670");
    await scheduler.close();
    // it was lent
    expect(await connection.ping()).toBe("PONG");
    connection.disconnect();
    client.disconnect();
  });

  it("goes on when Redis has been away, and closes while it is", async () => {
    const own = await redisServer();
    const connection = { port: own.port, retryStrategy: () => 50 };
    const scheduler = bullmqScheduler({ Queue, Worker, connection });
    const ran: string[] = [];
    scheduler.onDue("test", async ({ payload }) => ran.push(payload) > 0);
    await scheduler.schedule({ key: "test:a", at: Date.now(), payload: "a" });
    await vi.waitFor(() => expect(ran).toEqual(["a"]), patience);
    await own.kill();
    await own.start();
    await scheduler.schedule({ key: "test:b", at: Date.now() + 100, payload: "b" });
    await vi.waitFor(() => expect(ran).toEqual(["a", "b"]), patience);
    await own.kill();
    const started = performance.now();
    await scheduler.close();
    expect(performance.now() - started).toBeLessThan(11_000);
    // whatever still tried to reach it would be heard here
    let calls = 0;
    const listener = createServer(() => (calls += 1)).listen(own.port, "127.0.0.1");
    await new Promise((resolve) => void setTimeout(resolve, 300));
    expect(calls).toBe(0);
    listener.close();
    await own.stop();
  });

  it("K12 has a job whose process died run again within 30 seconds, after pauses that grow to half a minute", () => {
    const given: {
      settings: { backoffStrategy: (tries: number) => number };
      lockDuration: number;
      stalledInterval: number;
    }[] = [];
    class Quiet {
      add = async () => undefined;
      remove = async () => 1;
      close = async () => undefined;
      on = () => this;
      waitUntilReady = async () => undefined;
      pause = async () => undefined;
    }
    class Watched extends Quiet {
      constructor(_name: string, _run: unknown, options: (typeof given)[number]) {
        super();
        given.push(options);
      }
    }
    const scheduler = bullmqScheduler({ Queue: Quiet, Worker: Watched, connection: {} });
    expect(given).toEqual([]);
    scheduler.onDue("one", async () => true);
    scheduler.onDue("two", async () => true);
    expect(given).toHaveLength(1);
    const [options] = given;
    // looked at twice before a job without a lock is taken for lost
    expect((options?.lockDuration ?? Infinity) + 2 * (options?.stalledInterval ?? Infinity)).toBeLessThanOrEqual(
      30_000,
    );
    const waits = [1, 2, 3, 6, 7, 500].map((tries) => options?.settings.backoffStrategy(tries));
    expect(waits).toEqual([1_000, 2_000, 4_000, 30_000, 30_000, 30_000]);
  });

  it("says which option is wrong", () => {
    const right = { Queue, Worker, connection: {} };
    const wrong: [object, RegExp][] = [
      [{ ...right, conection: {} }, /connection/],
      [{ ...right, Queue: undefined }, /import \{ Queue, Worker \}/],
      [{ ...right, connection: undefined }, /REDIS_URL/],
      [{ ...right, name: "a:b" }, /name/],
      [{ ...right, onError: "log" }, /onError/],
    ];
    for (const [options, text] of wrong) {
      const make = () => bullmqScheduler(options as typeof right);
      expect(make).toThrow(expect.objectContaining({ code: "misconfigured" }));
      expect(make).toThrow(text);
    }
  });
});
