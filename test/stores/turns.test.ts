import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { Events } from "../../src/core/events.js";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import type { Store } from "../../src/stores/store.js";
import { supervise } from "../../src/stores/supervise.js";
import { fakeClock } from "../../src/testing/clock.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

/** A store whose searches and counts take until they are let go. */
function slow() {
  const running: Record<string, number> = {};
  const peak: Record<string, number> = {};
  const going: (() => void)[] = [];
  const proxy = new Proxy(memoryStore(), {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== "function") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        running[name] = (running[name] ?? 0) + 1;
        peak[name] = Math.max(peak[name] ?? 0, running[name]);
        if (name === "usage" || name === "search") await new Promise<void>((resolve) => void going.push(resolve));
        running[name] -= 1;
        return Reflect.apply(member, target, args);
      };
    },
  });
  const letGo = async (): Promise<void> => {
    while (going.length > 0) {
      for (const go of going.splice(0)) go();
      await sleep(0);
    }
  };
  return { store: supervise(proxy, new Events({}), fakeClock()), peak, letGo };
}

describe("long steps of a store", () => {
  it("L05 run a few at a time, however many are asked for, and nothing else waits for them", async () => {
    const { store, peak, letGo } = slow();
    const page = { offset: 0, limit: 10 };
    const asked = Array.from({ length: 50 }, async () => Promise.all([store.usage({}, 0), store.search({}, page, 0)]));
    expect(await store.get("key", 0)).toBeUndefined();
    await letGo();
    await expect(Promise.all(asked)).resolves.toHaveLength(50);
    expect(peak).toMatchObject({ usage: 1, search: 4 });
  });

  it("L05 are left out where their turn comes too late", async () => {
    const { store, peak, letGo } = slow();
    const first = Promise.resolve(store.usage({}, 0));
    const now = performance.now.bind(performance);
    const second = Promise.resolve(store.usage({}, 0)).catch((error: unknown) => error);
    performance.now = () => now() + 60_000;
    try {
      await letGo();
      await first;
      expect(await second).toMatchObject({ code: "unavailable" });
    } finally {
      performance.now = now;
    }
    expect(peak["usage"]).toBe(1);
  });
});

describe.skipIf(!service("postgres"))("long steps of postgresStore", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer();
  afterAll(() => server.stop());

  it.each(["search", "usage"] as const)("K08 a %s that nobody waits for any more ends at the server", async (step) => {
    const pool = server.pool({ max: 3 });
    const store: Store = await freshStore(pool, { schema: `reading_${step}`, deadline: 100 });
    const other = await server.pool().connect();
    await other.query(`begin; lock table "reading_${step}".verifications in access exclusive mode`);
    const call = async () => (step === "usage" ? store.usage({}, 0) : store.search({}, { offset: 0, limit: 9 }, 0));
    await Promise.all(Array.from({ length: 6 }, () => expect(call()).rejects.toThrow()));
    const left = async () => {
      const found = await other.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and query like '%verifications%'",
      );
      return (found.rows[0] as { n: number }).n;
    };
    await expect.poll(left, { timeout: 5_000 }).toBe(0);
    await other.query("rollback");
    other.release();
    // a connection that was given up in the middle of a transaction is no other call's
    await expect(call()).resolves.toBeDefined();
    await store.close?.();
  });
});
