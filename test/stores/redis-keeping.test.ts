import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  SECOND,
  BY_SMS,
} from "../../src/testing/bench.js";
import { fakeClock } from "../helpers/clock.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { counted, redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

describe.skipIf(!service("redis-server"))("what redisStore() keeps", () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  const stores: RedisStore[] = [];
  beforeAll(async () => {
    server = await redisServer();
    client = createClient({ url: server.url });
    await client.connect();
  });
  afterAll(async () => {
    for (const store of stores) store.close();
    client.destroy();
    await server.stop();
  });

  /** A store with nothing in it, and the clock it goes by. */
  async function empty(options: Parameters<typeof redisTestStore>[1] = {}) {
    for (const store of stores.splice(0)) store.close();
    await client.flushAll();
    const clock = fakeClock();
    const store = redisTestStore(client, { now: clock, ...options });
    stores.push(store);
    await store.catchUp();
    return { store, clock };
  }

  /** One of everything. */
  async function useAll(store: RedisStore, now: number): Promise<void> {
    const event = anEvent();
    const guess = { nonce: "n", account: "ada", lock: { ...LOCK, ceiling: 100 } };
    const entry = aPending({ id: "one", subject: "ada", service: "s", events: [event] });
    await store.open(entry, "ada", [aCharge()], now);
    await store.find({ id: "one" });
    await store.attempt({ id: "one" }, guess);
    await store.forgive({ id: "one" }, { ...BY_SMS, ...guess });
    await store.attempt({ id: "one" }, guess);
    const delivery = { ...DELIVERY, to: "+46700000000" };
    await store.amend({ id: "one" }, { revision: 0, delivery, event: anEvent() }, [aCharge({ key: "b" })], now);
    await store.note({ id: "one" }, { id: event.id, status: "delivered" });
    await store.consume({ id: "one" }, { ...BY_SMS, nonce: "n", account: "ada", step: { key: "totp", value: 5 } });
    await store.open(aPending({ id: "two" }), "ada", [], now);
    await store.attempt({ id: "two" }, { ...guess, account: "bob" });
    await store.cancel({ id: "two" });
    await store.unlock("nobody");
    await store.charge([aCharge({ key: "c" })], now);
    await store.refund([aCharge({ key: "c" })], now);
    await store.claim("claimed", "value", MINUTE);
    await store.touch({ key: "used", since: now, idle: MINUTE });
    await store.put("kept", "value", MINUTE);
    await store.get("kept");
    await store.take("kept");
    await store.revoke("ada", HOUR);
    await store.search({}, { offset: 0, limit: 1 });
  }

  it("has an end of its own, but for documents and the mark that nothing was lost", async () => {
    const { store, clock } = await empty();
    await useAll(store, clock());
    await store.addDocument("limits", "name", "document");
    const lasting: string[] = [];
    const keys = await client.keys("*");
    for (const key of keys) if ((await client.pTTL(key)) < 0) lasting.push(key.replace(/^\{.*?\}:(\w).*/, "$1"));
    expect(lasting.toSorted()).toEqual(["d", "e"]);
    expect(keys.length).toBeGreaterThan(15);
  });

  it("lies under one hash tag, and names no person, number or id in a key", async () => {
    const { store, clock } = await empty();
    await useAll(store, clock());
    const keys = (await client.keys("*")).map((key) => key.replace(/^\{test-[\d-]+\}:/, ""));
    const plain = keys.filter((key) => !/^[a-z]:[\w-]{32}$/.test(key)).toSorted();
    // and of calls, by number: so that none is carried out twice
    expect(plain.filter((key) => !/^x:[\w-]{9,12}$/.test(key))).toEqual([
      "e:epoch",
      "i:all",
      "i:dead",
      "r:ends",
      "r:info",
      "r:list",
    ]);
  });

  it("costs one round trip a step, whatever the step", async () => {
    let calls = { byName: 0, byText: 0 };
    const through = (connection: Parameters<typeof counted>[0]) => {
      const counting = counted(connection);
      calls = counting.calls;
      return counting;
    };
    const warm = await empty({ through });
    await useAll(warm.store, warm.clock());
    warm.store.close();
    const before = { ...calls };
    const fresh = aPending({ owner: "another" });
    const steps: [string, () => Promise<unknown>][] = [
      ["open", () => warm.store.open(fresh, "bob", [aCharge(), aCharge({ key: "x" })], warm.clock())],
      ["find", () => warm.store.find({ owner: "another" })],
      ["attempt", () => warm.store.attempt({ owner: "another" }, { nonce: "n", account: "bob", lock: LOCK })],
      ["consume", () => warm.store.consume({ id: fresh.id }, { ...BY_SMS, nonce: "n", account: "bob" })],
      ["charge", () => warm.store.charge([aCharge({ key: "y" })], warm.clock())],
      ["claim", () => warm.store.claim("new", "value", MINUTE)],
      ["revoke", () => warm.store.revoke("bob", HOUR)],
      ["search", () => warm.store.search({ tenant: "tenant" }, { offset: 0, limit: 10 })],
    ];
    for (const [name, step] of steps) {
      await step();
      before.byName += 1;
      expect([name, calls]).toEqual([name, before]);
    }
  });

  it.each([
    ["half a surrogate pair", "\ud800", "\ud801"],
    ["parts that could be cut elsewhere", "a:b", "a"],
    ["line ends and nothing", "a\r\n\u0000b", "a\r\n\u0000"],
    ["quotes and braces", `{"'\`}`, `{"'\`}}`],
    ["ten thousand characters", "x".repeat(10_000), "x".repeat(9_999)],
    ["emoji", "\u{1f600}", "\u{1f601}"],
  ])("takes any text as it is, with %s", async (_, first, second) => {
    const { store, clock } = await empty();
    for (const text of [first, second]) {
      const entry = aPending({ id: text, owner: text, purpose: text, subject: text, tenant: text, service: text });
      const opened = await store.open({ ...entry, detail: { text } }, text, [aCharge({ key: text, max: 1 })], clock());
      expect(opened).toMatchObject({ outcome: "opened", entry: { id: text, owner: text, detail: { text } } });
      expect((await store.charge([aCharge({ key: text, max: 1 })], clock())).outcome).toBe("limited");
      await store.put(text, text, MINUTE);
      await store.addDocument(text, text, text);
      const guess = { nonce: text, account: text, lock: { ...LOCK, after: 2 }, typed: text };
      expect(await store.attempt({ id: text }, guess)).toMatchObject({
        lockedUntil: 0,
        entry: { checks: [{ nonce: text, typed: text }] },
      });
    }
    await store.revoke(first, HOUR);
    for (const text of [first, second]) {
      expect(await store.find({ owner: text })).toMatchObject({ id: text });
      expect(await store.get(text)).toBe(text);
      expect(await store.documents(text)).toEqual([text]);
      expect((await store.search({ subject: text, tenant: text }, { offset: 0, limit: 9 })).total).toBe(1);
    }
    expect([store.revokedAt(first), store.revokedAt(second)]).toEqual([clock(), 0]);
    const other = await empty({ prefix: "test-1" });
    await other.store.revoke(first, HOUR);
    const learner = redisTestStore(client, { prefix: "test-1", now: clock });
    stores.push(learner);
    await learner.catchUp();
    expect(learner.revokedAt(first)).toBe(other.clock());
  });

  it.each([
    ["1h", HOUR],
    ["30d", 30 * DAY],
  ])("J05 is remembered for %s after its code has died, and no longer", async (_, retention) => {
    const { store, clock } = await empty({ retention });
    await store.open(aPending({ id: "one", subject: "ada" }), "account", [], clock());
    const find = async () => [
      (await store.find({ id: "one" }))?.id,
      (await store.search({}, { offset: 0, limit: 9 })).total,
      (await store.search({ subject: "ada", status: "expired" }, { offset: 0, limit: 9 })).total,
      (await store.usage({}, clock())).length,
    ];
    clock.tick(5 * MINUTE + retention - 1);
    expect(await find()).toEqual(["one", 1, 1, 2 - 1]);
    clock.tick(1);
    expect(await find()).toEqual([undefined, 0, 0, 0]);
    expect(await store.find({ owner: "owner" })).toBeUndefined();
    expect((await store.attempt({ id: "one" }, { nonce: "n", account: "a", lock: LOCK })).outcome).toBe("missing");
    expect(await store.note({ id: "one" }, { id: "event" })).toBe(false);
  });

  it("C14 gives the room of what is dead back, in every list, while others are opened", async () => {
    const { store, clock } = await empty({ retention: HOUR });
    const open = (round: number, index: number) => {
      const delivery = { ...DELIVERY, to: `+4670${index}` };
      const entry = aPending({
        owner: `${round} ${index}`,
        subject: `s${index % 7}`,
        tenant: `t${index % 3}`,
        delivery,
      });
      return store.open(entry, "account", [aCharge({ key: `${round} ${index}` })], clock());
    };
    const sizes: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (let index = 0; index < 60; index += 1) await open(round, index);
      // what is written for later only: limiters' logs and owners' lists, which go by the server's own clock
      const keys = (await client.keys("*")).filter((key) => !/:[lo]:/.test(key));
      sizes.push(keys.length, await client.zCard(keys.find((key) => key.endsWith(":i:all")) ?? ""));
      clock.tick(2 * HOUR);
    }
    expect(sizes.slice(2)).toEqual([...sizes.slice(0, 2), ...sizes.slice(0, 2), ...sizes.slice(0, 2)]);
    await store.catchUp();
  });

  it("searches and counts what one call does not hold, also of one instant", async () => {
    const { store, clock } = await empty();
    const many = 1_203;
    for (let index = 0; index < many; index += 1) {
      const entry = aPending({
        owner: `${index}`,
        service: index % 2 === 0 ? "even" : "odd",
        events: [anEvent({ at: clock() })],
      });
      await store.open(entry, "account", [], clock());
      if (index === 700) clock.tick(1);
    }
    const all = await store.search({}, { offset: 0, limit: 5_000 });
    expect([all.total, new Set(all.entries.map(({ id }) => id)).size]).toEqual([many, many]);
    const even = await store.search({ service: "even" }, { offset: 590, limit: 100 });
    expect([even.total, even.entries.length]).toEqual([602, 12]);
    const pages = [];
    for (let offset = 0; offset < 602; offset += 100) {
      pages.push(...(await store.search({ service: "even" }, { offset, limit: 100 })).entries.map(({ id }) => id));
    }
    expect(pages).toEqual(all.entries.filter((row) => row.service === "even").map(({ id }) => id));
    const rows = await store.usage({ service: "odd" }, clock());
    expect(rows.map(({ channel, status, count }) => [channel, status, count])).toEqual([
      [undefined, "pending", 601],
      ["sms", "queued", 601],
    ]);
  });

  it("moves to the index of the recipient it goes to now", async () => {
    const { store, clock } = await empty();
    await store.open(aPending({ id: "one" }), "account", [], clock());
    await store.amend({ id: "one" }, { revision: 0, delivery: { ...DELIVERY, to: "ada@example.com" } }, [], clock());
    const found = async (to: string) => (await store.search({ to }, { offset: 0, limit: 9 })).total;
    expect([await found(DELIVERY.to ?? ""), await found("ada@example.com")]).toEqual([0, 1]);
  });

  it("refuses an owner's eleventh that would live beside ten others, and says when the first of them ends", async () => {
    const { store, clock } = await empty();
    const charge = aCharge({ max: 1 });
    for (let index = 0; index < 10; index += 1) {
      await store.open(aPending({ supersede: "keep", ttl: (5 + index) * MINUTE }), "account", [], clock());
    }
    const eleventh = (supersede: "keep" | "return" | "cancel") =>
      store.open(aPending({ purpose: "new", supersede }), "account", [charge], clock());
    const full = { outcome: "full", retryAt: clock() + 5 * MINUTE };
    expect(await eleventh("keep")).toEqual(full);
    expect(await eleventh("return")).toEqual(full);
    clock.tick(5 * MINUTE);
    expect(await eleventh("keep")).toMatchObject({ outcome: "opened" });
    clock.tick(2 * MINUTE);
    expect(await eleventh("cancel")).toMatchObject({ outcome: "opened" });
  });

  it("gives back what was charged at the caller's instant, though Redis goes by another", async () => {
    const store = redisTestStore(client);
    stores.push(store);
    const charge = aCharge({ max: 2, interval: HOUR });
    const now = Date.now() - 7 * SECOND;
    await store.charge([charge], now);
    await store.charge([charge], now + 1);
    expect((await store.charge([charge], now + 2)).outcome).toBe("limited");
    await store.refund([charge], now - 1);
    expect((await store.charge([charge], now + 2)).outcome).toBe("limited");
    await store.refund([charge], now);
    expect((await store.charge([charge], now + 2)).outcome).toBe("charged");
    // and what was charged with a verification, by the instant the store gave that
    const own = aCharge({ key: "own", max: 1, interval: HOUR });
    const opened = await store.open(aPending(), "account", [own], now);
    if (opened.outcome !== "opened") throw new Error(opened.outcome);
    expect(Math.abs(opened.entry.createdAt - Date.now())).toBeLessThan(2_000);
    await store.refund([own], opened.entry.createdAt);
    expect((await store.charge([own], now)).outcome).toBe("charged");
  });

  it("goes by the time of Redis, whatever the caller takes it for", async () => {
    const store = redisTestStore(client);
    stores.push(store);
    const opened = await store.open(aPending({ id: "one" }), "account", [], 0);
    const late = Date.now() + DAY;
    const guess = { nonce: "n", account: "account", lock: NO_LOCK };
    expect(opened).toMatchObject({ outcome: "opened" });
    expect((await Reflect.apply(store.attempt, store, [{ id: "one" }, guess, late])).outcome).toBe("counted");
  });

  it.each([-5 * SECOND, -HOUR])("K09 gives nothing back when the clock of Redis goes back by %d ms", async (jump) => {
    const { store, clock } = await empty();
    const step = { key: "totp", value: 100 };
    const charge = aCharge({ max: 1 });
    await store.open(aPending({ id: "one", owner: "one" }), "ada", [charge], clock());
    await store.attempt({ id: "one" }, { nonce: "n", account: "ada", lock: NO_LOCK });
    await store.consume({ id: "one" }, { ...BY_SMS, nonce: "n", account: "ada", step });
    await store.claim("spent", "first", DAY);
    await store.revoke("ada", DAY);
    const revokedAt = clock();
    for (const nonce of ["1", "2", "3"]) {
      await store.open(aPending({ id: nonce, owner: nonce }), "eve", [], clock());
      await store.attempt({ id: nonce }, { nonce, account: "eve", lock: { ...LOCK, after: 3 } });
    }
    clock.tick(jump);
    await store.open(aPending({ id: "two", owner: "two" }), "ada", [], clock());
    await store.attempt({ id: "two" }, { nonce: "m", account: "ada", lock: NO_LOCK });
    expect(await store.consume({ id: "two" }, { ...BY_SMS, nonce: "m", account: "ada", step })).toEqual({
      outcome: "replayed",
    });
    expect(await store.claim("spent", "second", DAY)).toBe("first");
    expect((await store.charge([charge], clock())).outcome).toBe("limited");
    expect((await store.open(aPending({ owner: "new" }), "eve", [], clock())).outcome).toBe("locked");
    await store.revoke("ada", DAY);
    expect(store.revokedAt("ada")).toBe(revokedAt);
    const first = await store.attempt({ id: "1" }, { nonce: "x", account: "other", lock: NO_LOCK });
    expect(first.outcome).toBe(jump < -30 * SECOND ? "expired" : "counted");
  });
});
