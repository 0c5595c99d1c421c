import { Redis } from "ioredis";
import { createClient, createClientPool, RESP_TYPES } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { RedisClient } from "../../src/redis.js";
import { redisStore } from "../../src/redis.js";
import { aCharge, aPending, HOUR, MINUTE, NO_LOCK, BY_SMS } from "../../src/testing/bench.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

/** Every command that the scripts use, and `hello`, with which a client of RESP 3 begins. */
const RIGHTS = `
  eval evalsha hello info time get mget set del exists pttl pexpire
  hget hmget hset hdel hgetall hexists hincrby hlen
  zadd zrem zcount zscore zrange zrangebyscore zrevrange zrevrangebyscore zremrangebyscore`
  .trim()
  .split(/\s+/);

describe.skipIf(!service("redis-server"))("redisStore() with a client that is set up in its own way", () => {
  let server: RedisServer;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await redisServer();
    ends.push(() => server.stop());
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const KINDS: Record<string, () => Promise<RedisClient>> = {
    "a prefix for every key (ioredis)": async () => {
      const client = new Redis({ port: server.port, keyPrefix: "app:" });
      ends.push(() => client.disconnect());
      return Promise.resolve(client);
    },
    "a connection that is made when it is needed (ioredis)": async () => {
      const client = new Redis({ port: server.port, lazyConnect: true });
      ends.push(() => client.disconnect());
      return Promise.resolve(client);
    },
    "automatic pipelines, no queue, numbers as text (ioredis)": async () => {
      const client = new Redis({
        port: server.port,
        enableAutoPipelining: true,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        stringNumbers: true,
        lazyConnect: true,
      });
      await client.connect();
      ends.push(() => client.disconnect());
      return client;
    },
    "replies as bytes (redis)": async () => {
      const client = createClient({
        url: server.url,
        commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
      });
      await client.connect();
      ends.push(() => client.destroy());
      return client;
    },
    "a pool of connections (redis)": async () => {
      const client = createClientPool({ url: server.url }, { minimum: 2, maximum: 4 });
      await client.connect();
      ends.push(() => client.destroy());
      return client;
    },
    "no rights but those it needs (redis)": async () => {
      const keys = ["~{test-*", "~{other}*"];
      const rights = RIGHTS.map((name) => `+${name}`);
      await server.command("ACL", "SETUSER", "app", "on", ">secret", "resetkeys", ...keys, "-@all", ...rights);
      const client = createClient({ url: server.url, username: "app", password: "secret", disableClientInfo: true });
      await client.connect();
      ends.push(() => client.destroy());
      return client;
    },
    "the older protocol and no queue (redis)": async () => {
      const client = createClient({ url: server.url, RESP: 2, disableOfflineQueue: true });
      await client.connect();
      ends.push(() => client.destroy());
      return client;
    },
  };

  it.each(Object.entries(KINDS))("works with %s", async (_, make) => {
    const client = await make();
    const store = redisTestStore(client);
    const other = redisTestStore(client, { prefix: "other" });
    ends.push(
      () => store.close(),
      () => other.close(),
    );
    // an ioredis client connects by itself, and says nothing until it has
    await vi.waitFor(() => store.catchUp(), { timeout: 2_000 });
    const charges = [aCharge({ max: 2 }), aCharge({ key: "b" })];
    const entry = aPending({ id: "one", subject: "ünï \u{1f600}" });
    expect(await store.open(entry, "ada", charges, 0)).toMatchObject({
      outcome: "opened",
      entry: { subject: entry.subject },
    });
    const guess = { nonce: "n", account: "ada", lock: NO_LOCK };
    expect(await store.attempt({ owner: "owner" }, guess)).toMatchObject({ outcome: "counted", attemptsLeft: 4 });
    const consumed = await store.consume({ id: "one" }, { ...BY_SMS, ...guess, step: { key: "totp", value: 5 } });
    expect(consumed).toEqual({ outcome: "consumed", at: expect.any(Number) });
    expect((await store.search({ subject: entry.subject ?? "" }, { offset: 0, limit: 9 })).entries).toHaveLength(1);
    await store.put("key", "value", MINUTE);
    expect([await store.take("key"), await store.take("key")]).toEqual(["value", undefined]);
    await store.revoke("ada", HOUR);
    expect(store.revokedAt("ada")).toBeGreaterThan(0);
    expect(await other.find({ id: "one" })).toBeUndefined();
  });

  it("asks once more, by the new time, when the clock of Redis was set forward", async () => {
    const client = createClient({ url: server.url });
    await client.connect();
    ends.push(() => client.destroy());
    const ahead = Date.now() + HOUR;
    const deadlines: number[] = [];
    let late = 0;
    const store = redisTestStore(client, {
      through: (connection) => ({
        ...connection,
        async byName(sha, keys, args) {
          deadlines.push(Number(args[0]));
          return (late -= 1) >= 0 ? ["late", String(ahead)] : connection.byName(sha, keys, args);
        },
      }),
    });
    store.close();
    await store.charge([aCharge()], 0);
    deadlines.length = 0;
    late = 1;
    expect((await store.charge([aCharge()], 0)).outcome).toBe("charged");
    expect(deadlines.map((at) => at >= ahead)).toEqual([false, true]);
    late = 2;
    await expect(store.charge([aCharge()], 0)).rejects.toMatchObject({ code: "unavailable" });
    expect(deadlines).toHaveLength(4);
  });
});

describe("a redisStore()", () => {
  afterEach(() => vi.useRealTimers());

  function fakeClient(answer: () => Promise<unknown>) {
    const evalSha = vi.fn(answer);
    return { isOpen: true, isReady: true, evalSha, eval: vi.fn(answer) };
  }

  it("asks every now and then by itself, and no more once it is closed", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const client = fakeClient(() => Promise.reject(new Error("down")));
    const store = redisStore(client);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(client.evalSha).toHaveBeenCalledTimes(5);
    await store.close?.();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(client.evalSha).toHaveBeenCalledTimes(5);
  });

  it("takes a script that is not known for no answer, and sends its text once", async () => {
    const client = fakeClient(() => Promise.reject(new Error("NOSCRIPT No matching script.")));
    const store = redisStore(client);
    await expect(store.find({ id: "one" }, 0)).rejects.toThrow("NOSCRIPT");
    expect([client.evalSha.mock.calls.length, client.eval.mock.calls.length]).toEqual([1, 1]);
    await store.close?.();
  });

  it("says which Redis it needs where the scripts cannot be read", async () => {
    const error = "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'";
    const client = fakeClient(() => Promise.reject(new Error(error)));
    const store = redisStore(client);
    await expect(store.find({ id: "one" }, 0)).rejects.toMatchObject({ code: "misconfigured" });
    expect(() => store.revokedAt("ada")).toThrow(/Redis 7/);
    await store.close?.();
  });

  it.each([[[]], [["yes"]], [["missing but not quite"]]])("grants nothing on an answer like %j", async (reply) => {
    const beat = ["1", "1", "epoch", "0", "0", "noeviction", []];
    const client = fakeClient(() => Promise.resolve(reply));
    client.evalSha.mockResolvedValueOnce(beat);
    const store = redisStore(client);
    const guess = { nonce: "n", account: "ada", lock: NO_LOCK };
    await expect(store.consume({ id: "one" }, { ...BY_SMS, ...guess }, 0)).rejects.toMatchObject({
      code: "unavailable",
    });
    await expect(store.attempt({ id: "one" }, guess, 0)).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.open(aPending(), "ada", [], 0)).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.charge([], 0)).rejects.toMatchObject({ code: "unavailable" });
    await store.close?.();
  });
});
