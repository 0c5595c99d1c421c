import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { randomId } from "../../src/core/crypto.js";
import { ServerStore } from "../../src/stores/postgres/postgres-store.js";
import { aCharge, anEvent, aPending, DELIVERY, HOUR, LOCK, MINUTE, NO_LOCK, BY_SMS } from "../../src/testing/bench.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";
import { tcpProxy } from "../helpers/tcp-proxy.js";

/** What a call may take before its store is dead to it, and the time a slow machine needs to say so. */
const PATIENCE = 240;
const SLACK = 160;

describe.skipIf(!service("postgres"))("postgresStore, when things go wrong", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer();
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(() => server.stop());

  /** A store with the deadline that production has. */
  const make = async (pool: Pool = server.pool(), settings: Parameters<typeof freshStore>[1] = {}) => {
    const store = await freshStore(pool, { deadline: PATIENCE, ...settings });
    open.push(store);
    return store;
  };
  const begin = async (store: ServerStore, owner = randomId()) => {
    const { id } = aPending();
    await store.open(aPending({ id, owner }), owner, [], 0);
    return { id, owner };
  };
  const attempt = (store: ServerStore, id: string, nonce = randomId(), account = id) =>
    store.attempt({ id }, { nonce, account, lock: LOCK });
  const outcomeOf = async (call: Promise<{ outcome: string }>) => {
    const began = performance.now();
    const outcome = await call.then(
      (answer) => answer.outcome,
      () => "rejected",
    );
    return { outcome, took: performance.now() - began };
  };
  const holding = async (sql: string, pool: Pool): Promise<{ client: PoolClient; end: () => Promise<void> }> => {
    const client = await pool.connect();
    await client.query("begin");
    await client.query(sql);
    return {
      client,
      async end() {
        await client.query("commit");
        client.release();
      },
    };
  };

  it("K08 gives up a row that somebody else holds, and goes on with all others", async () => {
    const pool = server.pool({ max: 5 });
    const store = await make(pool, { schema: "held" });
    const [held, ...others] = await Promise.all(Array.from({ length: 6 }, () => begin(store)));
    const lock = await holding(`select * from held.verifications where id = '${held?.id}' for update`, server.pool());
    const late = Promise.all(Array.from({ length: 3 }, () => outcomeOf(attempt(store, held?.id ?? ""))));
    const fine = await Promise.all(others.map(({ id }) => outcomeOf(attempt(store, id))));
    expect(fine.map(({ outcome }) => outcome)).toEqual(others.map(() => "counted"));
    for (const { outcome, took } of await late) {
      expect(outcome).toBe("rejected");
      expect(took).toBeLessThan(PATIENCE + SLACK);
    }
    await lock.end();
    // what was given up does not happen afterwards
    await sleep(50);
    expect(await store.find({ id: held?.id })).toMatchObject({ attempts: 0 });
    expect(await outcomeOf(attempt(store, held?.id ?? ""))).toMatchObject({ outcome: "counted" });
  });

  it("K08 reads the clock after it has waited for a lock, not before", async () => {
    const store = await make(undefined, { schema: "waiting", deadline: 5_000 });
    const { id } = aPending();
    await store.open(aPending({ id, ttl: 150 }), "ada", [], 0);
    const lock = await holding(`select * from waiting.verifications where id = '${id}' for update`, server.pool());
    const late = [attempt(store, id), store.amend({ id }, { revision: 0, delivery: DELIVERY }, [], 0)];
    await sleep(300);
    await lock.end();
    expect(await Promise.all(late)).toEqual([{ outcome: "expired" }, { outcome: "expired" }]);
    expect(await store.find({ id })).toMatchObject({ attempts: 0 });
  });

  it("K08 answers everybody when the pool is small and many come", async () => {
    const pool = server.pool({ max: 5 });
    const store = await make(pool);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 500 }, () => outcomeOf(store.charge([aCharge()], 0))));
    expect(performance.now() - began).toBeLessThan(PATIENCE + 3 * SLACK);
    expect(answers.filter(({ outcome }) => outcome === "charged").length).toBeLessThanOrEqual(3);
    expect(pool.waitingCount).toBe(0);
    expect((await outcomeOf(store.charge([aCharge({ key: "after" })], 0))).outcome).toBe("charged");
  });

  it("K08 leaves nothing behind in a pool that has no connection for it", async () => {
    const pool = server.pool({ max: 2 });
    const store = await make(pool);
    const { id } = await begin(store);
    const taken = await Promise.all([pool.connect(), pool.connect()]);
    const answers = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(attempt(store, id))));
    for (const { outcome, took } of answers) {
      expect(outcome).toBe("rejected");
      expect(took).toBeLessThan(PATIENCE + SLACK);
    }
    expect(pool.waitingCount).toBeLessThanOrEqual(2);
    for (const client of taken) client.release();
    await sleep(50);
    expect(pool.waitingCount).toBe(0);
    expect(await store.find({ id })).toMatchObject({ attempts: 0 });
    expect(await outcomeOf(attempt(store, id))).toMatchObject({ outcome: "counted" });
  });

  it("K08 refuses while the database is read-only, and recovers by itself", async () => {
    const store = await make();
    const { id } = await begin(store);
    await server.sql("alter system set default_transaction_read_only = on");
    await server.sql("select pg_reload_conf()");
    await expect.poll(() => outcomeOf(attempt(store, id))).toMatchObject({ outcome: "rejected" });
    await expect(attempt(store, id)).rejects.toMatchObject({ code: "25006" });
    expect(await store.find({ id })).toMatchObject({ id });
    await server.sql("alter system reset default_transaction_read_only");
    await server.sql("select pg_reload_conf()");
    await expect.poll(() => outcomeOf(attempt(store, id))).toMatchObject({ outcome: "counted" });
  });

  it("K08 refuses while the server takes no more connections, and recovers by itself", async () => {
    const role = "crowded";
    await server.sql(`create role ${role} login superuser connection limit 1; alter role ${role} nosuperuser`);
    const store = await make(undefined, { schema: "crowd" });
    await server.sql(`grant usage on schema crowd to ${role}; grant all on all tables in schema crowd to ${role};
      grant usage on all sequences in schema crowd to ${role}`);
    const [theirs, ours] = [server.pool({ user: role, max: 1 }), server.pool({ user: role, max: 1 })];
    const second = new ServerStore(ours, { schema: "crowd", retention: HOUR, prepared: true });
    open.push(second);
    const { id } = await begin(store);
    const client = await theirs.connect();
    await expect(attempt(second, id)).rejects.toMatchObject({ code: "53300" });
    client.release(true);
    await expect.poll(() => outcomeOf(attempt(second, id))).toMatchObject({ outcome: "counted" });
  });

  it.each(["fast", "immediate"] as const)(
    "K07 comes back after a restart (%s), with all that was counted",
    async (how) => {
      const store = await make(undefined, { schema: `restart_${how}` });
      const rows = await Promise.all(Array.from({ length: 20 }, () => begin(store)));
      const counted = new Map(rows.map(({ id }) => [id, 0]));
      const load = { goesOn: true };
      const all = Promise.all(
        rows.map(async ({ id }) => {
          while (load.goesOn) {
            const { outcome } = await outcomeOf(
              store.attempt({ id }, { nonce: randomId(), account: id, lock: NO_LOCK }),
            );
            if (outcome === "counted") counted.set(id, (counted.get(id) ?? 0) + 1);
            await sleep(5);
          }
        }),
      );
      await sleep(20);
      await server.end(how);
      await expect(attempt(store, rows[0]?.id ?? "")).rejects.toThrow(Error);
      await server.start();
      const began = performance.now();
      await expect
        .poll(() => outcomeOf(begin(store).then(() => ({ outcome: "opened" }))))
        .toMatchObject({
          outcome: "opened",
        });
      expect(performance.now() - began).toBeLessThan(3_000);
      load.goesOn = false;
      await all;
      for (const [id, times] of counted) {
        const attempts = (await store.find({ id }))?.attempts ?? 0;
        // a reply may be lost, a count never
        expect(attempts).toBeGreaterThanOrEqual(times);
        expect(attempts).toBeLessThanOrEqual(5);
      }
      const [idle] = await server.sql(
        "select count(*)::int as n from pg_stat_activity where state like 'idle in transaction%'",
      );
      expect(idle).toEqual({ n: 0 });
    },
  );

  it("C03, C13 forgets no lock, count, used code, used step or limit in a crash", async () => {
    const store = await make();
    const charge = aCharge({ max: 1 });
    const [used, tried] = [await begin(store), await begin(store)];
    await store.charge([charge], 0);
    await attempt(store, used.id, "right", "ada");
    const step = { key: "totp", value: 7 };
    await store.consume({ id: used.id }, { ...BY_SMS, nonce: "right", account: "ada", step });
    for (let time = 0; time < 4; time += 1) await attempt(store, tried.id, randomId(), "bob");
    const lock = { ...LOCK, after: 2 };
    for (let time = 0; time < 2; time += 1) {
      await store.attempt({ id: (await begin(store)).id }, { nonce: randomId(), account: "eve", lock });
    }
    await server.end("immediate");
    await server.start();
    await expect.poll(() => outcomeOf(store.charge([charge], 0))).toMatchObject({ outcome: "limited" });
    expect((await store.consume({ id: used.id }, { ...BY_SMS, nonce: "right", account: "ada" })).outcome).toBe(
      "consumed",
    );
    expect((await attempt(store, used.id)).outcome).toBe("used");
    expect(await attempt(store, tried.id, "fifth", "ada")).toMatchObject({ outcome: "counted", attemptsLeft: 0 });
    expect((await attempt(store, tried.id)).outcome).toBe("spent");
    expect((await store.consume({ id: tried.id }, { ...BY_SMS, nonce: "fifth", account: "ada", step })).outcome).toBe(
      "replayed",
    );
    expect((await store.open(aPending({ owner: "eve" }), "eve", [], 0)).outcome).toBe("locked");
  });

  it("K02 gives up a server that hangs, and goes on when it wakes", async () => {
    const pool = server.pool({ max: 5 });
    const store = await make(pool);
    const { id } = await begin(store);
    const pids = (await server.sql("select pid from pg_stat_activity where datname = 'postgres'")).map(
      ({ pid }) => pid,
    );
    for (const pid of [server.pid, ...pids]) signal(Number(pid), "SIGSTOP");
    const answers = await Promise.all(Array.from({ length: 100 }, () => outcomeOf(attempt(store, id))));
    for (const { outcome, took } of answers) {
      expect(outcome).toBe("rejected");
      expect(took).toBeLessThan(PATIENCE + 2 * SLACK);
    }
    for (const pid of [server.pid, ...pids]) signal(Number(pid), "SIGCONT");
    const began = performance.now();
    await expect.poll(() => outcomeOf(store.charge([aCharge()], 0))).toMatchObject({ outcome: "charged" });
    expect(performance.now() - began).toBeLessThan(3_000);
    expect((await store.find({ id }))?.attempts).toBeLessThanOrEqual(5);
  });

  it("K02, K06 undoes, when it wakes, what its caller was told was not done", async () => {
    const pool = server.pool({ max: 5 });
    const store = await make(pool);
    const { id } = await begin(store);
    const right = randomId();
    expect((await attempt(store, id, right, "ada")).outcome).toBe("counted");
    await store.catchUp();
    const pids = (await server.sql("select pid from pg_stat_activity where datname = 'postgres'")).map(
      ({ pid }) => pid,
    );
    for (const pid of pids) signal(Number(pid), "SIGSTOP");
    const refused = await outcomeOf(store.consume({ id }, { ...BY_SMS, nonce: right, account: "ada" }));
    expect(refused.outcome).toBe("rejected");
    // The backend finds the statement in its socket, long after it was given up.
    for (const pid of pids) signal(Number(pid), "SIGCONT");
    await expect
      .poll(async () => (await server.sql("select 1 from pg_stat_activity where state = 'active'")).length)
      .toBe(1);
    expect((await store.find({ id }))?.state).toBe("pending");
    expect((await store.consume({ id }, { ...BY_SMS, nonce: right, account: "ada" })).outcome).toBe("consumed");
  });

  it("K01, K02 gives up a wire that is dead or swallows everything, and goes on when it is mended", async () => {
    const proxy = await tcpProxy({ host: "127.0.0.1", port: server.port });
    open.push(proxy);
    const pool = server.pool({ port: proxy.port, max: 3, connectionTimeoutMillis: 500 });
    const store = await make(pool);
    const { id } = await begin(store);
    const faults = { stall: () => proxy.flow(), refuse: () => proxy.restore(), dropReplies: () => proxy.flow() };
    for (const [fault, mend] of Object.entries(faults)) {
      proxy[fault as keyof typeof faults]();
      const answers = await Promise.all(Array.from({ length: 60 }, () => outcomeOf(attempt(store, id))));
      expect(answers.filter(({ outcome }) => outcome !== "rejected")).toEqual([]);
      expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(PATIENCE + SLACK);
      expect(pool.waitingCount).toBeLessThanOrEqual(3);
      await mend();
      const began = performance.now();
      await expect
        .poll(() => outcomeOf(store.charge([aCharge({ key: fault })], 0)))
        .toMatchObject({ outcome: "charged" });
      expect(performance.now() - began).toBeLessThan(2_000);
    }
    expect((await store.find({ id }))?.attempts).toBeLessThanOrEqual(5);
  });

  it("an idle connection that the server cuts ends nobody, and the next call opens another", async () => {
    const pool = server.pool({ max: 1, application_name: "idle" });
    // as in an app that listens to nothing
    pool.removeAllListeners("error");
    const store = await make(pool);
    const { id } = await begin(store);
    await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'idle'");
    await expect.poll(() => outcomeOf(attempt(store, id))).toMatchObject({ outcome: "counted" });
    expect(pool.totalCount).toBe(1);
  });

  describe("K06 with a reply lost after the work was done", () => {
    const lossy = async () => {
      const proxy = await tcpProxy({ host: "127.0.0.1", port: server.port });
      open.push(proxy);
      const store = await make(server.pool({ port: proxy.port, max: 1 }));
      /** The answer to this call never arrives. */
      const lost = async (call: () => Promise<unknown>): Promise<void> => {
        proxy.cutAtReply();
        await expect(call()).rejects.toThrow(Error);
      };
      return { store, lost };
    };

    it("charges an attempt once, and gives a right code exactly one grant", async () => {
      const { store, lost } = await lossy();
      const { id } = await begin(store);
      const nonce = randomId();
      // prepared now: the next reply is the one to the call itself
      await store.attempt({ id }, { nonce: "first", account: "ada", lock: LOCK });
      await lost(() => attempt(store, id, nonce, "ada"));
      expect(await attempt(store, id, nonce, "ada")).toMatchObject({ outcome: "counted", attemptsLeft: 3 });
      await store.consume({ id: "nothing" }, { ...BY_SMS, nonce, account: "ada" });
      await lost(() => store.consume({ id }, { ...BY_SMS, nonce, account: "ada", step: { key: "totp", value: 7 } }));
      const again = await store.consume({ id }, { ...BY_SMS, nonce, account: "ada", step: { key: "totp", value: 7 } });
      expect(again.outcome).toBe("consumed");
      expect((await store.consume({ id }, { ...BY_SMS, nonce: "first", account: "ada" })).outcome).toBe("used");
    });

    it("opens and charges once for an id", async () => {
      const { store, lost } = await lossy();
      await begin(store);
      const asked = aPending({ owner: "ada", supersede: "cancel" });
      await lost(() => store.open(asked, "ada", [aCharge({ max: 2 })], 5));
      expect(await store.open(asked, "ada", [aCharge({ max: 2 })], 6)).toMatchObject({ outcome: "opened" });
      expect((await store.charge([aCharge({ max: 2 })], 7)).outcome).toBe("charged");
      expect((await store.charge([aCharge({ max: 2 })], 8)).outcome).toBe("limited");
    });

    it("amends and charges once, and does not take another's change for its own", async () => {
      const { store, lost } = await lossy();
      const { id } = await begin(store);
      await store.amend({ id: "nothing" }, { revision: 0, delivery: DELIVERY }, [], 0);
      const change = { revision: 0, delivery: { ...DELIVERY, method: "voice" }, event: anEvent() };
      await lost(() => store.amend({ id }, change, [aCharge({ max: 2 })], 5));
      const again = await store.amend({ id }, change, [aCharge({ max: 2 })], 6);
      expect(again).toMatchObject({ outcome: "amended", entry: { revision: 1, events: [change.event] } });
      expect((await store.charge([aCharge({ max: 2 })], 7)).outcome).toBe("charged");
      const other = await store.amend({ id }, { ...change, event: anEvent() }, [], 8);
      expect(other).toMatchObject({ outcome: "changed", entry: { revision: 1 } });
    });

    it("forgives once, and claims for the one who asked", async () => {
      const { store, lost } = await lossy();
      const { id } = await begin(store);
      for (const nonce of ["a", "b"]) await attempt(store, id, nonce, "ada");
      await store.forgive({ id: "nothing" }, { ...BY_SMS, nonce: "a", account: "ada", lock: LOCK });
      await lost(() => store.forgive({ id }, { ...BY_SMS, nonce: "a", account: "ada", lock: LOCK }));
      await store.forgive({ id }, { ...BY_SMS, nonce: "a", account: "ada", lock: LOCK });
      expect(await store.find({ id })).toMatchObject({ attempts: 1, checks: [{ nonce: "b" }] });
      await store.claim("other", "mine", MINUTE);
      await lost(() => store.claim("key", "mine", MINUTE));
      expect(await store.claim("key", "mine", MINUTE)).toBe("mine");
      expect(await store.claim("key", "theirs", MINUTE)).toBe("mine");
    });
  });
});

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone in the meantime
  }
}
