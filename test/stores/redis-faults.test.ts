import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import {
  aCharge,
  anEvent,
  aPending,
  DAY,
  DELIVERY,
  HOUR,
  LOCK,
  MINUTE,
  NO_LOCK,
  seeded,
  BY_SMS,
} from "../../src/testing/bench.js";
import { fakeClock } from "../helpers/clock.js";
import { CLIENTS } from "../helpers/redis-clients.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { counted, redisTestStore, type TestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";
import { type TcpProxy, tcpProxy } from "../helpers/tcp-proxy.js";

const KINDS = Object.keys(CLIENTS);
const GUESS = { nonce: "n", account: "account", lock: NO_LOCK };
/** What a call is given before it counts as lost; real time, as drivers know no other. */
const PATIENCE = 250;

describe.skipIf(!service("redis-server"))("redisStore() when something breaks", () => {
  let server: RedisServer;
  let ends: (() => unknown)[] = [];
  beforeEach(async () => {
    server = await redisServer();
    ends = [() => server.stop()];
  });
  afterEach(async () => {
    for (const end of ends.toReversed()) await end();
  });

  /** A store of its own client; the prefix is the same for all of a test. */
  async function storeOn(port: number, kind = "redis 6", options: TestStore = {}): Promise<RedisStore> {
    const opened = await CLIENTS[kind]?.(port);
    if (!opened) throw new Error(kind);
    const store = redisTestStore(opened.client, { prefix: "app", ...options });
    ends.push(opened.end, () => store.close());
    return store;
  }

  async function behindProxy(kind: string, options: TestStore = {}): Promise<{ proxy: TcpProxy; store: RedisStore }> {
    const proxy = await tcpProxy({ port: server.port, host: "127.0.0.1" });
    ends.push(() => proxy.close());
    await useScripts(await storeOn(server.port));
    const store = await storeOn(proxy.port, kind, options);
    await store.open(aPending({ id: "one" }), "account", [], Date.now());
    // The beat would be the one that is hit.
    store.close();
    return { proxy, store };
  }

  /** So that Redis knows all of them by name: a call that it does not know does nothing the first time. */
  async function useScripts(store: RedisStore): Promise<void> {
    const entry = aPending({ id: "used", owner: "used" });
    const change = { revision: 0, delivery: DELIVERY };
    await store.open(entry, "used", [], 0);
    await store.attempt({ id: "used" }, { ...GUESS, account: "used" });
    await store.amend({ id: "used" }, change, [], 0);
    await store.consume({ id: "used" }, { ...BY_SMS, ...GUESS, account: "used" });
    await store.cancel({ id: "used" });
    await store.charge([aCharge({ key: "used" })], 0);
    await store.refund([aCharge({ key: "used" })], 0);
    await store.claim("used", "", MINUTE);
    await store.put("used", "", MINUTE);
    await store.take("used");
    await store.addDocument("used", "used", "");
    await store.removeDocument("used", "used");
  }

  /** How it stands, seen by somebody whose connection is whole. */
  async function rowOf(id: string) {
    return (await storeOn(server.port)).find({ id });
  }

  it("D11 counts and grants exactly, though the scripts are flushed again and again", async () => {
    let texts = { byName: 0, byText: 0 };
    const store = await storeOn(server.port, "redis 6", {
      through: (connection) => {
        const counting = counted(connection);
        texts = counting.calls;
        return counting;
      },
    });
    for (let round = 0; round < 10; round += 1) {
      const id = `round ${round}`;
      await store.open(aPending({ id, owner: id, maxAttempts: 10 }), "account", [], Date.now());
      const nonces = Array.from({ length: 30 }, (_, index) => `${round} ${index}`);
      const answers = await Promise.all(
        nonces.map(async (nonce, index) => {
          if (index % 10 === 0) await server.command("SCRIPT", "FLUSH");
          const { outcome } = await store.attempt({ id }, { ...GUESS, nonce });
          return outcome === "counted"
            ? (await store.consume({ id }, { ...BY_SMS, nonce, account: "account" })).outcome
            : outcome;
        }),
      );
      expect(answers.filter((answer) => answer === "consumed")).toHaveLength(1);
    }
    expect(texts.byText).toBeGreaterThan(10);
  });

  it.each(KINDS)("K06 charges an attempt once and grants once when the reply is lost, with %s", async (kind) => {
    const { proxy, store } = await behindProxy(kind);
    const which = { id: "one" };
    // the driver may ask again by itself; where it does not, the same request does
    const surely = async <T>(step: () => Promise<T>): Promise<T> => {
      proxy.cutAtReply();
      return step().catch(() => vi.waitFor(step, { timeout: 5_000, interval: 20 }));
    };
    const counting = await surely(() => store.attempt(which, GUESS));
    expect(counting).toMatchObject({ outcome: "counted", attemptsLeft: 4 });
    const consumed = await surely(() => store.consume(which, { ...BY_SMS, ...GUESS }));
    expect(consumed.outcome).toBe("consumed");
    const charge = aCharge({ max: 2 });
    const opened = await surely(() => store.open(aPending({ id: "two", owner: "two" }), "account", [charge], 7));
    expect(opened).toMatchObject({ outcome: "opened", entry: { id: "two" } });
    const change = { revision: 0, delivery: { ...DELIVERY, method: "voice" }, event: anEvent() };
    const amended = await surely(() => store.amend({ id: "two" }, change, [], 8));
    expect(amended).toMatchObject({ outcome: "amended", entry: { revision: 1 } });
    expect(await surely(() => store.claim("key", "mine", MINUTE))).toBe("mine");
    expect(await rowOf("one")).toMatchObject({ attempts: 1, state: "verified", usedBy: "n" });
    expect((await rowOf("two"))?.events).toHaveLength(1);
    expect((await store.charge([charge], 9)).outcome).toBe("charged");
    expect((await store.charge([charge], 9)).outcome).toBe("limited");
  });

  it.each(["ioredis 5", "ioredis 6"])(
    "K06 does what %s sends again by itself once, and answers it the same",
    async (kind) => {
      const { proxy, store } = await behindProxy(kind);
      const charge = aCharge({ max: 2 });
      await store.put("key", "value", MINUTE);
      await store.charge([charge], 1);
      const steps: [() => Promise<unknown>, unknown][] = [
        [() => store.charge([charge], 2), { outcome: "charged" }],
        [() => store.take("key"), "value"],
        [() => store.addDocument("list", "name", "document"), true],
        [() => store.removeDocument("list", "name"), true],
        [() => store.cancel({ id: "one" }), true],
        [() => store.refund([charge], 2), undefined],
      ];
      for (const [step, answer] of steps) {
        const { connections } = proxy;
        proxy.cutAtReply();
        expect(await step()).toEqual(answer);
        expect(proxy.connections).toBe(connections + 1);
      }
      // of two places one is taken
      const rest = [await store.charge([charge], 3), await store.charge([charge], 3)];
      expect(rest.map(({ outcome }) => outcome)).toEqual(["charged", "limited"]);
    },
  );

  it.each(KINDS)("K02 does nothing that arrives after its caller was told that it did not, with %s", async (kind) => {
    const { proxy, store } = await behindProxy(kind, { patience: PATIENCE });
    proxy.stall();
    const started = performance.now();
    const late = store.attempt({ id: "one" }, GUESS);
    await expect(late).rejects.toThrow(/answer/);
    expect(performance.now() - started).toBeLessThan(4 * PATIENCE);
    proxy.flow();
    await vi.waitFor(() => store.catchUp(), { timeout: 5_000, interval: 20 });
    expect((await rowOf("one"))?.attempts).toBe(0);
    expect((await store.attempt({ id: "one" }, GUESS)).outcome).toBe("counted");
  });

  it.each(KINDS)("K02 does nothing late for a server that hung and goes on, with %s", async (kind) => {
    await useScripts(await storeOn(server.port));
    const store = await storeOn(server.port, kind, { patience: PATIENCE });
    await store.open(aPending({ id: "one" }), "account", [], 0);
    process.kill(server.pid, "SIGSTOP");
    const started = performance.now();
    const nonces = Array.from({ length: 5 }, (_, index) => `late ${index}`);
    const answers = await Promise.allSettled(nonces.map((nonce) => store.attempt({ id: "one" }, { ...GUESS, nonce })));
    expect(answers.map(({ status }) => status)).toEqual(nonces.map(() => "rejected"));
    expect(performance.now() - started).toBeLessThan(4 * PATIENCE);
    process.kill(server.pid, "SIGCONT");
    await vi.waitFor(() => store.attempt({ id: "one" }, GUESS), { timeout: 2_000, interval: 20 });
    expect(await rowOf("one")).toMatchObject({ attempts: 1, checks: [{ nonce: "n" }] });
  });

  it.each(KINDS)(
    "K01 waits a moment for its connection, then refuses at once, queues nothing, and goes on by itself, with %s",
    async (kind) => {
      const { proxy, store } = await behindProxy(kind, { patience: PATIENCE });
      proxy.refuse();
      const refused = async (): Promise<number> => {
        const began = performance.now();
        await expect(store.attempt({ id: "one" }, GUESS)).rejects.toMatchObject({ code: "unavailable" });
        return performance.now() - began;
      };
      await vi.waitFor(async () => expect(await refused()).toBeLessThan(10), { timeout: 5_000, interval: 5 });
      const started = performance.now();
      for (let index = 0; index < 20; index += 1) {
        await expect(store.attempt({ id: "one" }, { ...GUESS, nonce: `${index}` })).rejects.toMatchObject({
          code: "unavailable",
        });
      }
      expect(performance.now() - started).toBeLessThan(200);
      await proxy.restore();
      await vi.waitFor(() => store.find({ id: "one" }), { timeout: 5_000, interval: 20 });
      const row = await rowOf("one");
      expect(row?.checks.filter(({ nonce }) => nonce !== "n")).toEqual([]);
    },
  );

  it.each(KINDS)("K06 keeps the books when the wire is cut again and again, with %s", async (kind) => {
    const { proxy, store } = await behindProxy(kind, { patience: PATIENCE });
    const ledger = await storeOn(server.port);
    const random = seeded(7);
    const surely = <T>(step: () => Promise<T>) => vi.waitFor(step, { timeout: 5_000, interval: 5 });
    for (let round = 0; round < 15; round += 1) {
      const id = `round ${round}`;
      await ledger.open(aPending({ id, owner: id, maxAttempts: 4 }), "account", [], 0);
      proxy.cutAtReply(Math.floor(random() * 2));
      const granted: string[] = [];
      const answer = async (nonce: string): Promise<void> => {
        const counting = await surely(() => store.attempt({ id }, { ...GUESS, nonce }));
        if (counting.outcome !== "counted") return;
        const used = await surely(() => store.consume({ id }, { ...BY_SMS, nonce, account: "account" }));
        if (used.outcome === "consumed") granted.push(nonce);
      };
      await Promise.all(Array.from({ length: 8 }, (_, index) => answer(`${id} ${index}`)));
      const row = await ledger.find({ id });
      expect(granted).toEqual([row?.usedBy]);
      expect(row?.checks.length).toBe(row?.attempts);
      expect(row?.attempts).toBeLessThanOrEqual(4);
    }
    expect(proxy.connections).toBeGreaterThan(8);
  });

  it("K02 lets no more calls wait than it can remember", async () => {
    const { proxy, store } = await behindProxy("redis 6");
    proxy.stall();
    const calls = Array.from({ length: 4_200 }, () => store.find({ id: "one" }));
    const answers = await Promise.race([Promise.allSettled(calls.slice(4_096)), sleep(5_000, [])]);
    expect(answers).toHaveLength(104);
    expect(answers.every(({ status }) => status === "rejected")).toBe(true);
    proxy.flow();
    expect(await Promise.all(calls.slice(0, 4_096))).toHaveLength(4_096);
  });

  it.each(KINDS)(
    "K02 counts what a client still queues, though nobody waits for it any more, with %s",
    async (kind) => {
      const { proxy, store } = await behindProxy(kind, { patience: PATIENCE });
      proxy.stall();
      const calls = Array.from({ length: 4_096 }, () => store.find({ id: "one" }));
      const answers = await Promise.allSettled(calls);
      expect(answers.filter(({ status }) => status === "fulfilled")).toEqual([]);
      await expect(store.find({ id: "one" })).rejects.toThrow("Redis does not answer.");
      proxy.flow();
      await vi.waitFor(() => store.find({ id: "one" }), { timeout: 5_000, interval: 20 });
    },
  );

  it("K04 sends everybody to start again when Redis comes back empty, and is stricter for a day", async () => {
    const clock = fakeClock();
    const options = { now: clock };
    const [store, other] = [
      await storeOn(server.port, "redis 6", options),
      await storeOn(server.port, "ioredis 5", options),
    ];
    const told = { store: 0, other: 0 };
    store.onEmptied(() => (told.store += 1));
    other.onEmptied(() => (told.other += 1));
    await other.catchUp();
    await store.open(aPending({ id: "one" }), "account", [], clock());
    await store.attempt({ id: "one" }, GUESS);
    await server.command("FLUSHALL");
    expect((await store.attempt({ id: "one" }, GUESS)).outcome).toBe("missing");
    expect((await store.consume({ id: "one" }, { ...BY_SMS, ...GUESS })).outcome).toBe("missing");

    const failures = async (by: RedisStore, account: string): Promise<number> => {
      for (let count = 1; ; count += 1) {
        await by.open(aPending({ id: `${account} ${count}`, owner: `${account} ${count}` }), account, [], clock());
        const guess = { nonce: `${account} ${count}`, account, lock: LOCK };
        const answer = await by.attempt({ id: `${account} ${count}` }, guess);
        if (answer.outcome !== "counted" || answer.lockedUntil > 0) return count;
      }
    };
    // before anybody has noticed, and after
    expect(await failures(store, "ada")).toBe(3);
    await vi.waitFor(() => expect(told).toEqual({ store: 1, other: 1 }), { timeout: 2_000 });
    expect([await failures(store, "bob"), await failures(other, "eve")]).toEqual([3, 3]);
    const late = await storeOn(server.port, "redis 5", options);
    expect(await failures(late, "kim")).toBe(3);
    clock.tick(DAY);
    expect([await failures(store, "jo"), await failures(late, "mo")]).toEqual([10, 10]);
    expect(told).toEqual({ store: 1, other: 1 });
  });

  it("K04 takes the first start for no loss", async () => {
    const told = vi.fn();
    const store = await storeOn(server.port);
    store.onEmptied(told);
    await store.open(aPending({ id: "one" }), "account", [], 0);
    const guess = { ...GUESS, lock: { ...LOCK, after: 4 } };
    for (const nonce of ["1", "2", "3"]) {
      expect(await store.attempt({ id: "one" }, { ...guess, nonce })).toMatchObject({ lockedUntil: 0 });
    }
    expect(told).not.toHaveBeenCalled();
  });

  it("K05 writes nothing, reads, and learns of revocations when the memory is full; and goes on when there is room", async () => {
    const [store, other] = [await storeOn(server.port), await storeOn(server.port)];
    await store.open(aPending({ id: "one" }), "account", [aCharge({ max: 9 })], 0);
    await store.attempt({ id: "one" }, GUESS);
    await store.revoke("early", HOUR);
    await server.command("CONFIG", "SET", "maxmemory", "1mb");
    for (const step of [
      () => store.attempt({ id: "one" }, { ...GUESS, nonce: "m" }),
      () => store.consume({ id: "one" }, { ...BY_SMS, ...GUESS }),
      () => store.open(aPending(), "account", [], 0),
      () => store.charge([aCharge()], 0),
      () => store.claim("key", "value", MINUTE),
      () => store.revoke("ada", HOUR),
    ]) {
      await expect(step()).rejects.toThrow(/OOM/);
    }
    expect(await store.put("key", "value", MINUTE)).toBe(false);
    expect(await store.find({ id: "one" })).toMatchObject({ attempts: 1, state: "pending" });
    expect((await store.search({ status: "pending" }, { offset: 0, limit: 9 })).total).toBe(1);
    await other.catchUp();
    expect(other.revokedAt("early")).toBeGreaterThan(0);
    await server.command("CONFIG", "SET", "maxmemory", "0");
    expect((await store.consume({ id: "one" }, { ...BY_SMS, ...GUESS })).outcome).toBe("consumed");
  });

  it("K05 refuses every call while Redis may evict, says what to set, and goes on when it is set", async () => {
    await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const store = await storeOn(server.port);
    const lesson = {
      code: "misconfigured",
      message: expect.stringMatching(/allkeys-lru.*maxmemory-policy noeviction/),
    };
    await expect(store.find({ id: "one" })).rejects.toMatchObject(lesson);
    await expect(store.revoke("ada", HOUR)).rejects.toMatchObject(lesson);
    expect(() => store.revokedAt("ada")).toThrow(/noeviction/);
    await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await vi.waitFor(() => store.find({ id: "one" }), { timeout: 2_000 });
    expect(store.revokedAt("ada")).toBe(0);
  });

  it("K05 looks at the policy again later on, and when another server may be there", async () => {
    let elapsed = 0;
    const store = await storeOn(server.port, "redis 6", { elapsed: () => elapsed });
    store.close();
    await store.find({ id: "one" });
    await server.command("CONFIG", "SET", "maxmemory-policy", "volatile-ttl");
    elapsed += 29_000;
    await store.catchUp();
    await store.find({ id: "one" });
    elapsed += 2_000;
    await store.catchUp();
    await expect(store.find({ id: "one" })).rejects.toThrow(/volatile-ttl/);
  });

  it("K05 warns once where it may not ask for the policy", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    ends.push(() => warned.mockRestore());
    await server.command("ACL", "SETUSER", "default", "-info");
    const store = await storeOn(server.port);
    await store.open(aPending({ id: "one" }), "account", [], 0);
    let elapsed = 0;
    const again = await storeOn(server.port, "redis 6", { elapsed: () => elapsed });
    for (; elapsed < 100_000; elapsed += 20_000) await again.catchUp();
    expect(warned.mock.calls.map(([words]) => String(words)).filter((words) => /noeviction/.test(words))).toHaveLength(
      2,
    );
  });

  it("learns within a second what another process revoked", async () => {
    const [store, other] = [await storeOn(server.port), await storeOn(server.port, "ioredis 6")];
    await Promise.all([store.catchUp(), other.catchUp()]);
    await store.revoke("ada", HOUR);
    const at = store.revokedAt("ada");
    expect(at).toBeGreaterThan(0);
    await vi.waitFor(() => expect(other.revokedAt("ada")).toBe(at), { timeout: 1_000, interval: 10 });
    // and every further one, of whoever it was
    await other.revoke("ada", HOUR);
    await other.revoke("bob", HOUR);
    await vi.waitFor(() => expect(store.revokedAt("bob")).toBe(other.revokedAt("bob")), {
      timeout: 1_000,
      interval: 10,
    });
    expect(store.revokedAt("ada")).toBe(other.revokedAt("ada"));
  });

  it("learns all of many revocations at its start, and those that come after Redis was emptied", async () => {
    const store = await storeOn(server.port);
    store.onEmptied(() => {});
    await Promise.all(Array.from({ length: 2_345 }, (_, index) => store.revoke(`user ${index}`, HOUR)));
    const other = await storeOn(server.port);
    other.onEmptied(() => {});
    await other.catchUp();
    expect(Array.from({ length: 2_345 }, (_, index) => other.revokedAt(`user ${index}`))).not.toContain(0);
    await server.command("FLUSHALL");
    await store.revoke("late", HOUR);
    await vi.waitFor(() => expect(other.revokedAt("late")).toBe(store.revokedAt("late")), { timeout: 2_000 });
    expect(other.revokedAt("user 7")).toBeGreaterThan(0);
  });

  it("learns of a revocation on a replica that took over before it had heard of the one before", async () => {
    const [store, other] = [await storeOn(server.port), await storeOn(server.port)];
    await store.revoke("ada", HOUR);
    await other.catchUp();
    await vi.waitFor(() => expect(other.revokedAt("ada")).toBeGreaterThan(0), { timeout: 1_000 });
    await server.command("DEL", "{app}:r:info", "{app}:r:list", "{app}:r:ends");
    await store.revoke("bob", HOUR);
    await vi.waitFor(() => expect(other.revokedAt("bob")).toBeGreaterThan(0), { timeout: 1_000 });
  });

  it("F07 does not know who is revoked once it has heard nothing for a second, until it asks", async () => {
    let elapsed = 0;
    const { proxy, store } = await behindProxy("redis 6", { elapsed: () => elapsed, patience: 500 });
    elapsed += 1_000;
    expect(store.catchUp()).toBeUndefined();
    expect(store.revokedAt("ada")).toBe(0);
    elapsed += 1;
    expect(() => store.revokedAt("ada")).toThrow(expect.objectContaining({ code: "unavailable" }));
    const { up } = proxy.passed;
    await Promise.all(Array.from({ length: 20 }, async () => store.catchUp()));
    expect(proxy.passed.up).toBe(up + 1);
    expect(store.revokedAt("ada")).toBe(0);
    elapsed += 1_001;
    proxy.refuse();
    await expect(store.catchUp()).rejects.toThrow();
    expect(() => store.revokedAt("ada")).toThrow(expect.objectContaining({ code: "unavailable" }));
  });

  it("does not know who is revoked before it has asked for the first time", async () => {
    const store = await storeOn(server.port);
    expect(() => store.revokedAt("ada")).toThrow(expect.objectContaining({ code: "unavailable" }));
    await store.catchUp();
    expect(store.revokedAt("ada")).toBe(0);
  });

  it("C13 remembers locks and counts when every process is new", async () => {
    const guess = { account: "ada", lock: { ...LOCK, after: 6 } };
    const first = await storeOn(server.port);
    await first.open(aPending({ id: "one", maxAttempts: 9 }), "ada", [], 0);
    for (const nonce of ["1", "2", "3", "4"]) await first.attempt({ id: "one" }, { ...guess, nonce });
    const second = await storeOn(server.port, "ioredis 5");
    expect(await second.attempt({ id: "one" }, { ...guess, nonce: "5" })).toMatchObject({ lockedUntil: 0 });
    const sixth = await second.attempt({ id: "one" }, { ...guess, nonce: "6" });
    expect(sixth.outcome === "counted" && sixth.lockedUntil > Date.now()).toBe(true);
    expect((await first.open(aPending({ owner: "new" }), "ada", [], 0)).outcome).toBe("locked");
  });

  it("goes on by itself when Redis was killed and started again", async () => {
    const store = await storeOn(server.port, "redis 6", { patience: PATIENCE });
    store.onEmptied(() => {});
    await store.open(aPending({ id: "one" }), "account", [], 0);
    await server.kill();
    await vi.waitFor(async () => expect(store.find({ id: "one" })).rejects.toThrow(), { timeout: 2_000, interval: 5 });
    await server.start();
    await vi.waitFor(() => store.open(aPending({ id: "two" }), "account", [], 0), { timeout: 5_000, interval: 20 });
    expect(await store.find({ id: "one" })).toBeUndefined();
  });
});
