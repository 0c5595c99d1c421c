import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { randomId } from "../../src/core/crypto.js";
import { postgresStore } from "../../src/stores/postgres/factory.js";
import type { PostgresPool, Statement } from "../../src/stores/postgres/pool.js";
import { VERSIONS } from "../../src/stores/postgres/migrate.js";
import { SCHEMA } from "../../src/stores/postgres/sql/parts.js";
import { type Settings, ServerStore } from "../../src/stores/postgres/postgres-store.js";
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
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

const MISCONFIGURED = { code: "misconfigured" };

describe.skipIf(!service("postgres"))("postgresStore", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer({ autovacuum: "off" });
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(() => server.stop());
  const shared = server.pool();
  const make = async (pool: Pool = shared, settings: Partial<Settings> = {}) => {
    const store = await freshStore(pool, settings);
    open.push(store);
    return store;
  };
  /** A store that migrates nothing by itself. */
  const bare = (pool: PostgresPool, schema: string, settings: Partial<Settings> = {}) => {
    const store = new ServerStore(pool, { schema, retention: DAY, prepared: true, deadline: 10_000, ...settings });
    open.push(store);
    return store;
  };
  const tablesOf = async (schema: string) =>
    (await server.sql(`select tablename from pg_tables where schemaname = '${schema}' order by 1`)).map((row) =>
      String(row["tablename"]),
    );

  describe("migrate()", () => {
    it("is asked for by every call that finds no tables", async () => {
      const store = bare(shared, "nowhere");
      const lesson = { ...MISCONFIGURED, message: expect.stringContaining("await store.migrate()") };
      await expect(store.open(aPending(), "ada", [], 0)).rejects.toMatchObject(lesson);
      await expect(store.find({ id: "x" })).rejects.toMatchObject(lesson);
      await expect(store.catchUp()).rejects.toMatchObject(lesson);
      expect(() => store.revokedAt("ada")).toThrow(expect.objectContaining({ code: "unavailable" }));
      await store.migrate();
      expect(await store.find({ id: "x" })).toBeUndefined();
    });

    it("may be called by many processes at once, and again", async () => {
      const pools = Array.from({ length: 4 }, () => server.pool());
      await Promise.all([...pools, ...pools].map((pool) => bare(pool, "Many-at_once").migrate()));
      const store = bare(shared, "Many-at_once");
      await store.open(aPending({ id: "kept" }), "ada", [], 0);
      await store.migrate();
      expect(await store.find({ id: "kept" })).toBeDefined();
      expect(await server.sql('select version from "Many-at_once".versions')).toEqual([
        { version: 1 },
        { version: 2 },
        { version: 3 },
        { version: 4 },
        { version: 5 },
      ]);
      const [idle] = await server.sql(
        "select count(*)::int as n from pg_stat_activity where state like 'idle in transaction%'",
      );
      expect(idle).toEqual({ n: 0 });
    });

    it("C04 brings a schema of version 1 up to date with all it holds, and lets processes of then go on", async () => {
      await server.sql(`create schema old;
        create table old.versions (version integer primary key, at timestamptz not null default now());
        insert into old.versions (version) values (1)`);
      for (const text of VERSIONS[0] ?? []) await server.sql(text.replaceAll(SCHEMA, "old"));
      await server.sql(`insert into old.accounts (account, level, locked_until, touched_at, forget_at)
        values ('locked', 1, 9e12, 1, 9e12)`);
      const store = bare(shared, "old");
      const lesson = { ...MISCONFIGURED, message: expect.stringContaining("await store.migrate()") };
      await expect(store.open(aPending(), "ada", [], 0)).rejects.toMatchObject(lesson);
      await Promise.all([store.migrate(), bare(server.pool(), "old").migrate()]);
      expect((await server.sql("select version from old.versions")).length).toBe(VERSIONS.length);
      expect(await store.open(aPending(), "locked", [], 0)).toMatchObject({ outcome: "locked", until: 9e12 });
      await store.unlock("locked");

      await store.open(aPending({ id: "one" }), "locked", [], 0);
      const lock = { ...LOCK, ceiling: 2 };
      const counted = await store.attempt({ id: "one" }, { nonce: "new", account: "locked", lock });
      expect(counted).toMatchObject({ outcome: "counted", methods: ["sms"], reached: [] });
      // as the version before calls it
      const which = "'one', null, null";
      const [said] = await server.sql(`call old.attempt(${which}, '{"nonce":"old"}', 'locked', 10, 1000, 1000,
        null, 1000, null, null)`);
      expect(JSON.parse(String(said?.["result"]))).toMatchObject({ outcome: "counted", row: { attempts: 2 } });
      const last = await store.attempt({ id: "one" }, { nonce: "last", account: "locked", lock });
      expect(last).toMatchObject({ attemptsLeft: 2, reached: ["sms"] });
    });

    it("leaves nothing behind when it fails, and keeps its connection", async () => {
      await server.sql("create role nobody_much login");
      const pool = server.pool({ user: "nobody_much", max: 1 });
      await expect(bare(pool, "refused").migrate()).rejects.toMatchObject({ code: "42501" });
      await server.sql("create schema refused authorization nobody_much");
      await server.sql("create table refused.limits (wrong integer)");
      await expect(bare(pool, "refused").migrate()).rejects.toMatchObject({ code: "42P07" });
      expect(await tablesOf("refused")).toEqual(["limits"]);
      expect(pool.totalCount).toBe(1);
      await server.sql("drop table refused.limits");
      await bare(pool, "refused").migrate();
      expect((await tablesOf("refused")).length).toBeGreaterThan(8);
    });

    it("needs no rights where there is nothing to do, and the app no more than the documented ones", async () => {
      await make(shared, { schema: "granted" });
      await server.sql("create role app login");
      const store = bare(server.pool({ user: "app" }), "granted");
      const { id } = aPending();
      await expect(store.open(aPending({ id }), "ada", [], 0)).rejects.toMatchObject({
        ...MISCONFIGURED,
        message: expect.stringContaining("USAGE"),
      });
      await server.sql(`grant usage on schema granted to app;
        grant usage on all sequences in schema granted to app;
        grant select, insert, update, delete on all tables in schema granted to app;
        revoke insert, update, delete on granted.versions from app;
        revoke execute on all routines in schema granted from public;
        grant execute on all routines in schema granted to app`);
      await store.migrate();
      await store.open(aPending({ id }), "ada", [aCharge()], 0);
      await store.attempt({ id }, { nonce: "n", account: "ada", lock: LOCK });
      expect((await store.consume({ id }, { ...BY_SMS, nonce: "n", account: "ada" })).outcome).toBe("consumed");
      await store.addDocument("list", "name", "document");
      await store.revoke("ada", HOUR);
      await store.sweeper.sweep();
      await store.erase("ada");
    });

    it("makes one schema for each app in a database, through one pool", async () => {
      const [one, two] = [await make(shared, { schema: "one" }), await make(shared, { schema: "two" })];
      await one.put("key", "first", HOUR);
      await two.put("key", "second", HOUR);
      expect([await one.get("key"), await two.get("key")]).toEqual(["first", "second"]);
    });
  });

  describe("postgresStore(pool, options)", () => {
    it("refuses what it cannot work with, and says what to write", () => {
      const pool = server.pool();
      expect(() => postgresStore(undefined as never)).toThrow(expect.objectContaining(MISCONFIGURED));
      expect(() => postgresStore({ query: () => undefined } as never)).toThrow("new Pool(");
      expect(() => postgresStore(pool, { retentoin: "1d" } as never)).toThrow('Did you mean "retention"?');
      expect(() => postgresStore(pool, { retention: 30 as never })).toThrow("retention");
      expect(() => postgresStore(pool, { prepared: "no" as never })).toThrow("prepared");
      for (const schema of ["", "pg_mine", 'a"b', "a b", "1st", "x".repeat(64), 5 as never]) {
        expect(() => postgresStore(pool, { schema })).toThrow("schema");
      }
    });

    it("warns of a pool that never gives up connecting", async () => {
      const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      await postgresStore(server.pool()).close();
      expect(warned).not.toHaveBeenCalled();
      await postgresStore(server.pool({ connectionTimeoutMillis: 0 })).close();
      expect(warned).toHaveBeenCalledWith(expect.stringContaining("connectionTimeoutMillis: 1_000"), expect.anything());
    });

    it("goes by the database's clock, whatever the caller's says", async () => {
      const store = postgresStore(server.pool(), { schema: "its_own_time", prepared: false });
      open.push(store);
      await store.migrate();
      const { id } = aPending();
      const opened = await store.open(aPending({ id, ttl: HOUR }), "ada", [], 12);
      expect(opened.outcome === "opened" && Math.abs(opened.entry.createdAt - Date.now())).toBeLessThan(10 * SECOND);
      const tomorrow = Date.now() + DAY;
      const counted = await store.attempt({ id }, { nonce: "n", account: "ada", lock: LOCK }, tomorrow);
      expect(counted.outcome).toBe("counted");
      expect((await store.search({ status: "pending" }, { offset: 0, limit: 1 }, tomorrow)).total).toBe(1);
      // a refund is found by what the caller called the instant of the charge
      await store.charge([aCharge({ max: 1 })], 12);
      await store.refund([aCharge({ max: 1 })], 11);
      expect((await store.charge([aCharge({ max: 1 })], 13)).outcome).toBe("limited");
      await store.refund([aCharge({ max: 1 })], 12);
      expect((await store.charge([aCharge({ max: 1 })], 13)).outcome).toBe("charged");
    });

    it("ends its timers and leaves the pool to its owner", async () => {
      const pool = server.pool();
      const listeners = pool.listenerCount("error");
      const store = postgresStore(pool, { schema: "closed" });
      await store.migrate();
      await store.catchUp?.();
      await store.close();
      expect(pool.listenerCount("error")).toBe(listeners);
      const asked = vi.spyOn(pool, "connect");
      await sleep(600);
      expect(asked).not.toHaveBeenCalled();
      expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    });
  });

  describe("a primitive", () => {
    /** The statements that were sent, and the names they were prepared under. */
    const watched = (pool: Pool, sent: Statement[]): PostgresPool => ({
      options: pool.options,
      async connect() {
        const client = await pool.connect();
        return {
          query: (statement) => {
            sent.push(statement);
            return client.query(statement);
          },
          release: (destroy) => client.release(destroy),
        };
      },
    });

    it.each([true, false])("is one statement, prepared: %s", async (prepared) => {
      const sent: Statement[] = [];
      await make(shared, { schema: `counted_${prepared}` });
      const store = bare(watched(shared, sent), `counted_${prepared}`, { prepared });
      const { id } = aPending();
      const guess = { nonce: "n", account: "ada", lock: NO_LOCK };
      const calls: Record<string, () => unknown> = {
        open: () => store.open(aPending({ id, events: [anEvent({ id: "e" })] }), "ada", [aCharge()], 0),
        find: () => store.find({ id }),
        newest: () => store.find({ owner: "owner" }),
        amend: () => store.amend({ id }, { revision: 0, delivery: DELIVERY }, [aCharge()], 0),
        note: () => store.note({ id }, { id: "e", status: "sent" }),
        attempt: () => store.attempt({ id }, guess),
        forgive: () => store.forgive({ id }, { ...BY_SMS, ...guess }),
        again: () => store.attempt({ id }, guess),
        consume: () =>
          store.consume({ id }, { ...BY_SMS, nonce: "n", account: "ada", step: { key: "totp", value: 1 } }),
        cancel: () => store.cancel({ id }),
        charge: () => store.charge([aCharge({ key: "a" }), aCharge({ key: "b" })], 0),
        refund: () => store.refund([aCharge({ key: "a" }), aCharge({ key: "b" })], 0),
        claim: () => store.claim("key", "value", HOUR),
        touch: () => store.touch({ key: "key", since: Date.now(), idle: HOUR }),
        put: () => store.put("key", "value", HOUR),
        get: () => store.get("key"),
        take: () => store.take("key"),
        search: () => store.search({ tenant: "tenant" }, { offset: 0, limit: 10 }),
        usage: () => store.usage({ tenant: "tenant" }),
        erase: () => store.erase("ada"),
        addDocument: () => store.addDocument("list", "name", "document"),
        replaceDocument: () => store.replaceDocument("list", "name", "document"),
        documents: () => store.documents("list"),
        removeDocument: () => store.removeDocument("list", "name"),
        revoke: () => store.revoke("ada", HOUR),
        catchUp: () => store.catchUp(),
        "catchUp when it is known": () => store.catchUp(),
        revokedAt: () => store.revokedAt("ada"),
      };
      const statements: Record<string, number> = {};
      for (const [name, call] of Object.entries(calls)) {
        const before = sent.length;
        await call();
        statements[name] = sent.length - before;
      }
      const expected = Object.fromEntries(Object.keys(calls).map((name) => [name, 1]));
      const reading = { search: 3, usage: 3 };
      expect(statements).toEqual({ ...expected, ...reading, "catchUp when it is known": 0, revokedAt: 0 });
      const ours = sent.filter(({ text }) => !/^(?:begin|commit)/.test(text));
      for (const { name } of ours) expect(name === undefined).toBe(!prepared);
    });

    it("is tried again, three times at the most, when two were in each other's way", async () => {
      const real = await make(shared, { schema: "retried" });
      const failing = (code: string, times: number) => {
        let left = times;
        const sent: Statement[] = [];
        const pool: PostgresPool = {
          async connect() {
            const client = await shared.connect();
            return {
              query(statement) {
                sent.push(statement);
                return (left -= 1) >= 0
                  ? Promise.reject(Object.assign(new Error(code), { code }))
                  : client.query(statement);
              },
              release: (destroy) => client.release(destroy),
            };
          },
        };
        return { store: bare(pool, "retried"), sent };
      };
      for (const code of ["40001", "40P01"]) {
        const { store, sent } = failing(code, 3);
        expect((await store.charge([aCharge({ key: code })], 0)).outcome).toBe("charged");
        expect(sent).toHaveLength(4);
        const never = failing(code, 4);
        await expect(never.store.charge([aCharge({ key: code })], 0)).rejects.toMatchObject({ code });
        expect(never.sent).toHaveLength(4);
      }
      const other = failing("55P03", 1);
      await expect(other.store.put("key", "value", HOUR)).rejects.toMatchObject({ code: "55P03" });
      expect(await real.get("key")).toBeUndefined();
    });

    it("gives back every character as it came, of every text", async () => {
      const store = await make();
      for (const [index, odd] of [
        "\u0000",
        "a\u001a0000",
        "\ud83d",
        "\ude00\ud83d",
        "\\u0000",
        '"\u{1f600}\u0007\n',
      ].entries()) {
        const asked = aPending({
          id: `${odd} ${index}`,
          tenant: `tenant${odd}`,
          owner: `owner${odd}`,
          purpose: odd,
          subject: odd,
          service: odd,
          keyId: odd,
          delivery: { ...DELIVERY, to: odd, method: odd },
          events: [anEvent({ id: `event${odd}`, to: odd, errorMessage: odd })],
          detail: { [odd]: [odd, { deep: odd }] },
        });
        await store.open(asked, odd, [aCharge({ key: odd })], 0);
        const guess = { nonce: `nonce${odd}`, account: odd, lock: LOCK, typed: odd };
        await store.attempt({ id: asked.id, owner: asked.owner, tenant: asked.tenant }, guess);
        await store.note({ id: asked.id }, { id: `event${odd}`, errorCode: odd });
        expect((await store.consume({ id: asked.id }, { ...BY_SMS, nonce: guess.nonce, account: odd })).outcome).toBe(
          "consumed",
        );
        const { ttl: _ttl, supersede: _supersede, ...fixed } = asked;
        const found = await store.find({ id: asked.id });
        expect(found).toMatchObject({
          ...fixed,
          events: [{ ...fixed.events[0], errorCode: odd }],
          usedBy: guess.nonce,
        });
        expect(found?.checks).toEqual([{ nonce: guess.nonce, typed: odd, at: expect.any(Number) }]);
        const page = { offset: 0, limit: 5 };
        for (const filter of [{ to: odd }, { subject: odd }, { service: odd }, { tenant: asked.tenant }]) {
          expect(await store.search(filter, page)).toEqual({ total: 1, entries: [found] });
        }
        await store.put(`key${odd}`, odd, HOUR);
        expect([await store.get(`key${odd}`), await store.claim(`key${odd}`, "", HOUR)]).toEqual([odd, odd]);
        await store.addDocument(odd, odd, odd);
        expect(await store.documents(odd)).toEqual([odd]);
      }
    });

    it("takes names of any length, and keeps them apart", async () => {
      const store = await make();
      const long = Array.from({ length: 250 }, () => randomId()).join("");
      const names = [long, `${long}y`, "sha256:abc", "x".repeat(200), "x".repeat(201)];
      for (const name of names) await store.put(name, name, HOUR);
      for (const name of names) expect(await store.get(name)).toBe(name);
      await store.open(aPending({ id: "long", owner: long, subject: long }), long, [], 0);
      expect((await store.find({ owner: long }))?.owner).toBe(long);
    });

    it("never waits for another in a circle, whatever comes at once", async () => {
      const store = await make();
      const ids = await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          const { id } = aPending();
          await store.open(
            aPending({ id, owner: `owner ${index % 2}`, subject: "ada", supersede: "keep" }),
            "ada",
            [],
            0,
          );
          return id;
        }),
      );
      const [tight, wide] = [aCharge({ key: "a", max: 1_000 }), aCharge({ key: "b", max: 1_000 })];
      const calls = Array.from({ length: 40 }, (_, round) => {
        const id = ids[round % ids.length] ?? "";
        const owner = `owner ${round % 2}`;
        const charges = round % 2 ? [tight, wide] : [wide, tight];
        const guess = { nonce: `${round}`, account: "ada", lock: NO_LOCK };
        return [
          () => store.attempt({ owner }, guess),
          () => store.attempt({ id }, guess),
          () => store.consume({ id }, { ...BY_SMS, nonce: `${round - 1}`, account: "ada" }),
          () => store.forgive({ id }, { ...BY_SMS, ...guess }),
          () => store.amend({ id }, { revision: round % 5, delivery: DELIVERY }, charges, 0),
          () => store.open(aPending({ owner, subject: "ada", supersede: "cancel" }), "ada", charges, 0),
          () => store.charge(charges, 0),
          () => store.refund(charges, 0),
          () => store.erase(round % 10 === 0 ? "ada" : "nobody"),
          () => store.sweeper.sweep(),
        ];
      });
      await Promise.all(calls.flat().map((call) => call()));
      const [{ deadlocks } = {}] = await server.sql("select sum(deadlocks)::int as deadlocks from pg_stat_database");
      expect(deadlocks).toBe(0);
    });
  });

  describe("a revocation", () => {
    it("F07 is known in another process within a second", async () => {
      const one = await make(shared, { schema: "revoked" });
      const two = bare(server.pool(), "revoked");
      await two.catchUp();
      expect(two.revokedAt("ada")).toBe(0);
      const before = Date.now();
      await one.revoke("ada", HOUR);
      const began = performance.now();
      await expect
        .poll(() => two.revokedAt("ada"), { interval: 20, timeout: 5_000 })
        .toBeGreaterThanOrEqual(before - 1);
      expect(performance.now() - began).toBeLessThan(1_000);
      expect(two.revokedAt("Ada")).toBe(0);
      const third = bare(server.pool(), "revoked");
      await third.catchUp();
      expect(third.revokedAt("ada")).toBe(one.revokedAt("ada"));
    });

    it("F07 is not missed when it is committed long after others that came later", async () => {
      const one = await make(shared, { schema: "late" });
      const two = bare(server.pool(), "late");
      await two.catchUp();
      const client = await shared.connect();
      await client.query("begin; insert into late.revocations values ('ada', 1, 9e15, pg_current_xact_id())");
      await one.revoke("bob", HOUR);
      await expect.poll(() => two.revokedAt("bob"), { interval: 20, timeout: 5_000 }).toBeGreaterThan(0);
      await sleep(900);
      expect(two.revokedAt("ada")).toBe(0);
      await client.query("commit");
      client.release();
      await expect.poll(() => two.revokedAt("ada"), { interval: 20, timeout: 1_000 }).toBe(1);
    });

    it("F07 cannot be told by a process that cannot learn: it says so, and learns at once when it can", async () => {
      const store = await make(shared, { schema: "blind" });
      const pool = server.pool();
      let down = false;
      let looks = 0;
      const other = bare(
        {
          options: pool.options,
          connect: () => {
            looks += 1;
            return down ? Promise.reject(new Error("down")) : pool.connect();
          },
        },
        "blind",
      );
      expect(() => other.revokedAt("ada")).toThrow(expect.objectContaining({ code: "unavailable" }));
      // however many ask at once, one look answers them
      await Promise.all(Array.from({ length: 20 }, async () => other.catchUp()));
      expect(looks).toBe(1);
      expect(other.revokedAt("ada")).toBe(0);
      down = true;
      await expect.poll(() => refuses(() => other.revokedAt("ada")), { timeout: 5_000 }).toBe(true);
      await expect(other.catchUp()).rejects.toThrow("down");
      await store.revoke("ada", HOUR);
      expect(refuses(() => other.revokedAt("ada"))).toBe(true);
      down = false;
      await other.catchUp();
      expect(other.revokedAt("ada")).toBe(store.revokedAt("ada"));
    });

    it("F07 is learned however many others there are", async () => {
      await make(shared, { schema: "crowd" });
      await server.sql(`insert into crowd.revocations
        select 'user ' || n, n, 9e15, case when n % 2 = 0 then pg_current_xact_id() else '7' end
        from generate_series(1, 12001) n`);
      const store = bare(shared, "crowd");
      await store.catchUp();
      for (const n of [1, 2, 5_000, 5_001, 9_999, 12_000, 12_001]) expect(store.revokedAt(`user ${n}`)).toBe(n);
    });

    it("is never taken back by a clock that went back, nor by a shorter word after it", async () => {
      const clock = fakeClock();
      const store = await make(shared, { schema: "backwards", clock });
      await store.revoke("ada", HOUR);
      const at = store.revokedAt("ada");
      clock.tick(-MINUTE);
      await store.revoke("ada", SECOND);
      const other = bare(shared, "backwards", { clock });
      await other.catchUp();
      expect([store.revokedAt("ada"), other.revokedAt("ada")]).toEqual([at, at]);
    });
  });

  describe("sweeping", () => {
    const fill = (schema: string, count: number, expiresAt: number) =>
      server.sql(`insert into ${schema}.verifications (id, rank, tenant, owner, purpose, created_at, updated_at,
        expires_at, max_attempts, lost, fixed, delivery, events)
        select 'row ' || n || '/${expiresAt}', n, 't', 'o' || n, 'p', 0, 0, ${expiresAt}, 5, false, '{}', '{}', '[]'
        from generate_series(1, ${count}) n`);
    const left = async (schema: string) =>
      Number((await server.sql(`select count(*)::int as n from ${schema}.verifications`))[0]?.["n"]);

    it("C13 J05 buries the dead in small batches once their retention is over, and nothing else", async () => {
      const clock = fakeClock();
      const store = await make(shared, { schema: "swept", clock });
      await fill("swept", 2_500, clock() - DAY);
      await fill("swept", 7, clock() - DAY + 1);
      await fill("swept", 5, clock() + HOUR);
      expect([await store.sweeper.sweep(), await left("swept")]).toEqual([true, 1_512]);
      expect([await store.sweeper.sweep(), await left("swept")]).toEqual([true, 512]);
      expect([await store.sweeper.sweep(), await left("swept")]).toEqual([false, 12]);
    });

    it("C13 forgets no lock, count, used step or limit inside its window, and all of them after it", async () => {
      const clock = fakeClock();
      const store = await make(shared, { schema: "windows", clock });
      const charge = aCharge({ max: 1, interval: 3 * HOUR });
      const { id } = aPending();
      await store.open(aPending({ id }), "ada", [charge], clock());
      await store.attempt({ id }, { nonce: "n", account: "ada", lock: { ...LOCK, after: 1 } });
      await store.consume({ id }, { ...BY_SMS, nonce: "n", account: "ada", step: { key: "totp", value: 7 } });
      await store.put("key", "value", 2 * HOUR);
      await store.touch({ key: "key", since: clock(), idle: 2 * HOUR });
      await store.revoke("ada", 2 * HOUR);
      clock.tick(2 * HOUR - 1);
      await store.sweeper.sweep();
      expect((await store.charge([charge], clock())).outcome).toBe("limited");
      expect(await store.get("key")).toBe("value");
      const second = aPending();
      await store.open({ ...second, owner: "second" }, "ada", [], clock());
      await store.attempt({ id: second.id }, { nonce: "m", account: "ada", lock: NO_LOCK });
      const replay = { nonce: "m", account: "ada", step: { key: "totp", value: 7 } };
      expect((await store.consume({ id: second.id }, { ...BY_SMS, ...replay })).outcome).toBe("replayed");
      clock.tick(50 * HOUR);
      await store.sweeper.sweep();
      for (const table of ["verifications", "accounts", "limits", "steps", "uses", "kept", "revocations"]) {
        expect([table, await server.sql(`select count(*)::int as n from windows.${table}`)]).toEqual([
          table,
          [{ n: 0 }],
        ]);
      }
    });

    it("waits for nobody: neither for a row that is worked on, nor for another process that sweeps", async () => {
      const clock = fakeClock();
      const store = await make(shared, { schema: "busy", clock });
      await fill("busy", 3_000, clock() - 2 * DAY);
      const client = await shared.connect();
      await client.query("begin; select 1 from busy.verifications where id like 'row 1/%' for update");
      const other = bare(server.pool(), "busy", { clock });
      await Promise.all([store, other, store, other].map(({ sweeper }) => sweeper.sweep()));
      expect(await left("busy")).toBe(1);
      await client.query("commit");
      client.release();
      await store.sweeper.sweep();
      expect(await left("busy")).toBe(0);
    });
  });
});

function refuses(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}
