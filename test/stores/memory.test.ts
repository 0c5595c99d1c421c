import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Limiter } from "../../src/stores/memory/limiter.js";
import { memoryStore, type MemoryStoreOptions } from "../../src/stores/memory/memory-store.js";
import { aCharge, aPending, DAY, HOUR, LOCK, MINUTE, NO_LOCK, SECOND, BY_SMS } from "../../src/testing/bench.js";
import { storeContract } from "../contracts/store.js";
import { syncStore, type SyncStore } from "../helpers/sync-store.js";

storeContract("memoryStore()", () => memoryStore());

const T = Date.UTC(2026, 0, 1);

describe("memoryStore()", () => {
  it("answers without a promise, so that nothing can come between its steps", () => {
    const store = syncStore();
    for (const answer of [
      store.open(aPending({ id: "one" }), "ada", [aCharge()], T),
      store.find({ id: "one" }, T),
      store.attempt({ id: "one" }, { nonce: "n", account: "ada", lock: LOCK }, T),
      store.consume({ id: "one" }, { ...BY_SMS, nonce: "n", account: "ada" }, T),
      store.charge([aCharge()], T),
      store.claim("key", "n", MINUTE, T),
    ]) {
      expect(answer).not.toHaveProperty("then");
    }
  });

  it("says that it does not last", () => {
    expect(syncStore()).toMatchObject({ name: "memory", durable: false });
  });

  it.each([
    [{ maxPendings: 5 }, /maxPending/],
    [{ maxPending: 0 }, /whole number/],
    [{ maxPending: 1.5 }, /whole number/],
    [{ maxPending: "5" }, /whole number/],
    [{ maxPending: Number.POSITIVE_INFINITY }, /whole number/],
    [[], /an array/],
    [{ retention: "soon" }, /retention/],
    [{ retention: -1 }, /retention/],
    [null, /object/],
  ])("refuses %j as options", (options, words) => {
    expect(() => memoryStore(options as MemoryStoreOptions)).toThrow(words);
  });
});

describe("C14: a memory store that is flooded", () => {
  const MAX = 10_000;
  const FLOOD = 200_000;

  it("keeps the victim locked, refuses what it cannot hold, and stays small", () => {
    const store = syncStore({ maxPending: MAX });
    const lock = { ...LOCK, after: 3 };
    store.open(aPending({ id: "victim", owner: "victim" }), "victim", [], T);
    for (const nonce of ["1", "2", "3"]) store.attempt({ id: "victim" }, { nonce, account: "victim", lock }, T);
    store.charge([aCharge({ key: "victim", max: 1 })], T);
    store.claim("spent:victim", "first", DAY, T);

    const before = heapUsed();
    const outcomes = { opened: 0, full: 0 };
    for (let index = 0; index < FLOOD; index += 1) {
      const entry = aPending({ id: `id ${index}`, owner: `owner ${index}`, detail: {} });
      const charges = [aCharge({ key: `flood ${index}`, max: 5 })];
      const opened = store.open(entry, `account ${index}`, charges, T + 1);
      if (opened.outcome === "opened") outcomes.opened += 1;
      if (opened.outcome === "full" && opened.retryAt === T + 5 * MINUTE) outcomes.full += 1;
    }
    expect(outcomes).toEqual({ opened: MAX - 1, full: FLOOD - MAX + 1 });
    expect(heapUsed() - before).toBeLessThan(MAX * 2 * 1024);

    expect(attempt(store, "victim", "victim", T + 2)).toMatchObject({ outcome: "locked" });
    expect(store.find({ id: "victim" }, T + 2)).toMatchObject({ attempts: 3 });
    expect(store.charge([aCharge({ key: "victim", max: 1 })], T + 2)).toMatchObject({ outcome: "limited" });
    expect(store.claim("spent:victim", "second", DAY, T + 2)).toBe("first");
    const kept = Array.from({ length: MAX - 1 }, (_, index) => store.find({ id: `id ${index}` }, T + 2));
    expect(kept).not.toContain(undefined);
  });

  it("keeps every lock, limit and mark through 200,000 others of their kind", () => {
    const store = syncStore();
    const lock = { ...LOCK, after: 1 };
    store.open(aPending({ id: "a", owner: "a" }), "victim", [], T);
    store.attempt({ id: "a" }, { nonce: "n", account: "victim", lock }, T);
    store.charge([aCharge({ key: "victim", max: 1 })], T);
    store.claim("victim", "first", DAY, T);
    store.revoke("victim", DAY, T);
    for (let index = 0; index < FLOOD; index += 1) {
      store.charge([aCharge({ key: `other ${index}` })], T);
      store.claim(`other ${index}`, "n", HOUR, T);
      store.revoke(`other ${index}`, HOUR, T);
    }
    expect(store.open(aPending({ owner: "b" }), "victim", [], T)).toMatchObject({ outcome: "locked" });
    expect(store.charge([aCharge({ key: "victim", max: 1 })], T)).toMatchObject({ outcome: "limited" });
    expect(store.claim("victim", "second", DAY, T)).toBe("first");
    expect(store.revokedAt("victim")).toBe(T);
  });

  it("has room again at the instant it named, and not before", () => {
    const store = syncStore({ maxPending: 3 });
    for (const [index, ttl] of [5, 3, 4].entries()) {
      store.open(aPending({ owner: `owner ${index}`, ttl: ttl * MINUTE }), "account", [], T);
    }
    const late = (now: number) => store.open(aPending({ owner: "late" }), "account", [], now);
    expect(late(T + MINUTE)).toEqual({ outcome: "full", retryAt: T + 3 * MINUTE });
    expect(late(T + 3 * MINUTE - 1)).toEqual({ outcome: "full", retryAt: T + 3 * MINUTE });
    expect(late(T + 3 * MINUTE + SECOND)).toMatchObject({ outcome: "opened" });
  });

  it("charges nothing for what it has no room for", () => {
    const store = syncStore({ maxPending: 1 });
    const charge = aCharge({ max: 1 });
    store.open(aPending({ owner: "first" }), "account", [], T);
    expect(store.open(aPending({ owner: "second" }), "account", [charge], T)).toMatchObject({ outcome: "full" });
    expect(store.charge([charge], T)).toEqual({ outcome: "charged" });
  });

  it("gives up what has ended before it refuses what is new", () => {
    const store = syncStore({ maxPending: 2 });
    store.open(aPending({ id: "live", owner: "live" }), "account", [], T);
    store.open(aPending({ id: "over", owner: "over" }), "account", [], T);
    store.cancel({ id: "over" }, T);
    expect(store.open(aPending({ owner: "new" }), "account", [], T)).toMatchObject({ outcome: "opened" });
    expect(store.find({ id: "live" }, T)).toBeDefined();
  });

  it("gives up the records of what has ended first, and nothing that lives", () => {
    const store = syncStore({ maxPending: 20 });
    for (let index = 0; index < 20; index += 1) {
      store.open(aPending({ id: `id ${index}`, owner: `owner ${index}`, subject: "ada" }), "account", [], T);
      if (index % 2 === 0) store.cancel({ id: `id ${index}` }, T);
    }
    for (let index = 0; index < 10; index += 1) {
      const opened = store.open(aPending({ owner: `new ${index}`, subject: "new" }), "account", [], T);
      expect(opened).toMatchObject({ outcome: "opened" });
    }
    expect(store.search({ status: "pending" }, { offset: 0, limit: 100 }, T).total).toBe(20);
    expect(store.open(aPending({ owner: "one more" }), "account", [], T)).toMatchObject({ outcome: "full" });
    store.erase("new", T);
    expect(store.open(aPending({ owner: "one more" }), "account", [], T)).toMatchObject({ outcome: "opened" });
  });

  it("refuses an owner's eleventh that would live beside ten others, and says when the first of them ends", () => {
    const store = syncStore();
    const charge = aCharge({ max: 1 });
    for (let index = 0; index < 10; index += 1) {
      store.open(aPending({ id: `id ${index}`, supersede: "keep", ttl: (5 + index) * MINUTE }), "account", [], T);
    }
    const eleventh = (supersede: "keep" | "return" | "cancel", now: number) =>
      store.open(aPending({ purpose: "new", supersede }), "account", [charge], now);
    expect(eleventh("keep", T)).toEqual({ outcome: "full", retryAt: T + 5 * MINUTE });
    expect(eleventh("return", T + 5 * MINUTE - 1)).toEqual({ outcome: "full", retryAt: T + 5 * MINUTE });
    for (let index = 0; index < 10; index += 1) {
      expect(attempt(store, `id ${index}`, "account", T)).toMatchObject({ outcome: "counted" });
    }
    expect(store.open(aPending({ owner: "another" }), "account", [], T)).toMatchObject({ outcome: "opened" });
    expect(eleventh("keep", T + 5 * MINUTE)).toMatchObject({ outcome: "opened" });
    // whoever takes the place of the others finds room, and the refused were not charged
    expect(eleventh("cancel", T + 7 * MINUTE)).toMatchObject({ outcome: "opened" });
  });

  it("gives back only what it has charged itself when the table of limits is full", () => {
    const limiter = new Limiter(1);
    limiter.charge([aCharge({ key: "first" })], T);
    expect(() => limiter.charge([aCharge({ key: "first" }), aCharge({ key: "second" })], T)).toThrow(/full/);
    expect(limiter.refusal([aCharge({ key: "first", max: 2 })], T)).toBeUndefined();
  });

  it("charges all or none, even when the table of limits has room for some only", () => {
    const limiter = new Limiter(1);
    const [first, second] = [aCharge({ key: "first", max: 1 }), aCharge({ key: "second", max: 1 })];
    expect(() => limiter.charge([first, second], T)).toThrow(/full/);
    expect(limiter.refusal([first], T)).toBeUndefined();
  });
});

describe("what has ended", () => {
  const found = (store: SyncStore, now: number) => store.search({}, { offset: 0, limit: 10 }, now).total;

  it.each([
    [undefined, DAY],
    ["1h", HOUR],
    ["30d", 30 * DAY],
  ] as const)("J05 is remembered for %s after its code has died, and no longer", (retention, ms) => {
    const store = syncStore(retention && { retention });
    store.open(aPending({ id: "one" }), "account", [], T);
    const end = T + 5 * MINUTE + ms;
    expect(store.find({ id: "one" }, end - 1)).toBeDefined();
    expect(attempt(store, "one", "account", end - 1)).toEqual({ outcome: "expired" });
    expect(found(store, end - 1)).toBe(1);
    expect(store.find({ id: "one" }, end)).toBeUndefined();
    expect(store.find({ owner: "owner" }, end)).toBeUndefined();
    expect(attempt(store, "one", "account", end)).toEqual({ outcome: "missing" });
    expect(store.note({ id: "one" }, { id: "event" }, end)).toBe(false);
    expect(found(store, end)).toBe(0);
    expect(store.usage({}, end)).toEqual([]);
  });
});

describe("K09: a memory store whose clock is in trouble", () => {
  const account = "ada";

  function locked(): SyncStore {
    const store = syncStore();
    for (let index = 0; index < LOCK.after; index += 1) {
      const id = `failure ${index}`;
      store.open(aPending({ id, owner: id }), account, [], T);
      store.attempt({ id }, { nonce: id, account, lock: LOCK }, T);
    }
    return store;
  }

  it.each([-5 * SECOND, -HOUR, -30 * DAY])("unlocks nothing when it goes back by %d ms", (jump) => {
    const store = locked();
    expect(store.open(aPending({ owner: "new" }), account, [], T + jump)).toMatchObject({ outcome: "locked" });
    expect(store.open(aPending({ owner: "new" }), account, [], T + LOCK.first - 1)).toMatchObject({
      outcome: "locked",
    });
  });

  it.each([-5 * SECOND, -HOUR, -30 * DAY])(
    "answers no verification that is not yet born, or longer than it would have, after %d ms",
    (jump) => {
      const store = syncStore();
      store.open(aPending({ id: "one" }), account, [], T);
      const back = attempt(store, "one", account, T + jump);
      expect(back.outcome).toBe(jump < -30 * SECOND ? "expired" : "counted");
      expect(attempt(store, "one", account, T + 5 * MINUTE)).toMatchObject({ outcome: "expired" });
    },
  );

  it.each([-5 * SECOND, -HOUR])("gives no attempt, step, turn or message back when it goes back by %d ms", (jump) => {
    const store = syncStore();
    const step = { key: "totp", value: 100 };
    const charge = aCharge({ max: 1 });
    store.open(aPending({ id: "one", owner: "one" }), account, [charge], T);
    store.attempt({ id: "one" }, { nonce: "n", account, lock: NO_LOCK }, T);
    expect(store.consume({ id: "one" }, { ...BY_SMS, nonce: "n", account, step }, T)).toMatchObject({
      outcome: "consumed",
    });
    store.claim("spent", "first", DAY, T);

    const now = T + jump;
    store.open(aPending({ id: "two", owner: "two" }), account, [], now);
    store.attempt({ id: "two" }, { nonce: "m", account, lock: NO_LOCK }, now);
    expect(store.consume({ id: "two" }, { ...BY_SMS, nonce: "m", account, step }, now)).toEqual({
      outcome: "replayed",
    });
    expect(store.consume({ id: "one" }, { ...BY_SMS, nonce: "m", account }, now)).not.toMatchObject({
      outcome: "consumed",
    });
    expect(store.claim("spent", "second", DAY, now)).toBe("first");
    expect(store.charge([charge], now)).toMatchObject({ outcome: "limited" });
  });

  it.each([-5 * SECOND, -HOUR])("takes no revocation back when another comes after it went back by %d ms", (jump) => {
    const store = syncStore();
    store.revoke("ada", DAY, T);
    store.revoke("ada", DAY, T + jump);
    expect(store.revokedAt("ada")).toBe(T);
  });

  it.each([-5 * SECOND, -HOUR])("refuses nothing that has room left when it goes back by %d ms", (jump) => {
    const store = syncStore();
    const charge = aCharge({ max: 100 });
    store.charge([charge], T);
    expect(store.charge([charge], T + jump)).toEqual({ outcome: "charged" });
  });

  it("keeps a used step through a jump of an hour, there and back", () => {
    const store = syncStore();
    const step = { key: "totp", value: 100 };
    const consume = (id: string, now: number) => {
      store.open(aPending({ id, owner: id }), account, [], now);
      store.attempt({ id }, { nonce: id, account, lock: NO_LOCK }, now);
      return store.consume({ id }, { ...BY_SMS, nonce: id, account, step }, now);
    };
    expect(consume("one", T)).toMatchObject({ outcome: "consumed" });
    expect(consume("two", T + HOUR)).toEqual({ outcome: "replayed" });
    expect(consume("three", T)).toEqual({ outcome: "replayed" });
  });

  it("ends everything on time when it jumps ahead", () => {
    const store = locked();
    store.open(aPending({ id: "one", owner: "one" }), "other", [], T);
    expect(attempt(store, "one", "other", T + HOUR)).not.toMatchObject({ outcome: "counted" });
    expect(store.open(aPending({ owner: "new" }), account, [], T + HOUR)).toMatchObject({ outcome: "opened" });
  });
});

let nonces = 0;

function attempt(store: SyncStore, id: string, account: string, now: number) {
  return store.attempt({ id }, { nonce: `nonce ${(nonces += 1)}`, account, lock: NO_LOCK }, now);
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
