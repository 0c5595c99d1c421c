import { inspect } from "node:util";
import { createClient } from "redis";
import { describe, expect, it, vi } from "vitest";
import { email, memoryStore, outbox, recoveryCodes, sms, type Store, totp } from "../../src/index.js";
import { fixture } from "../helpers/app.js";
import { found } from "../helpers/needles.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

/** Words that stand nowhere unless somebody wrote them down. */
const USER = "person-7f3e91";
const PHONE = "+46707199231";
const OTHER_PHONE = "+46707199232";
const MAIL = "zelda.quux@example.com";
const NAME = "Zeldas telephone";
const NEEDLES = [USER, PHONE, OTHER_PHONE, "707199231", MAIL, NAME];

type Dump = () => Promise<string>;

/** Everything that a person can leave behind, and then their erasure; what is left of them is in none of it. */
async function eraseAndScan(store: Store, dump: Dump): Promise<void> {
  const box = outbox();
  const shop = fixture({
    methods: [sms(box), email(box), totp(), recoveryCodes()],
    factors: true,
    trustedDevices: true,
    store,
    clock: Date.now,
  });
  const code = (): string => /^\d{6,8}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
  shop.contacts[USER] = { phone: PHONE, email: MAIL };
  shop.guard("/vault");
  const agent = await shop.login(USER);
  await agent.get("/vault").set("Accept", "text/html").expect(303);
  await agent.post("/2fa/verify").send({ code: "00000000" }).expect(422);
  await agent.post("/2fa/challenge").set("Idempotency-Key", "once").send({ method: "email" }).expect(201);
  await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
  const answer = { code: /^\d{6}/.exec(box.messages.find(({ to }) => to === PHONE)?.text ?? "")?.[0] };
  await agent
    .post("/2fa/verify")
    .send({ ...answer, trustDevice: true })
    .expect(200);
  const person = { user: USER, session: "a login" };
  await shop.tfa.factors.enroll({ ...person, method: "totp", name: NAME });
  await shop.tfa.factors.enroll({ ...person, method: "sms", to: OTHER_PHONE, name: NAME });
  expect(await shop.tfa.factors.confirm({ ...person, code: code() })).toMatchObject({ ok: true });
  await shop.tfa.factors.newRecoveryCodes(USER);
  await shop.tfa.verifications.start({ to: PHONE, user: USER, metadata: { note: MAIL } });
  const other = await shop.login(USER);
  await other.get("/vault").expect(401);
  expect(found(await dump(), [USER, PHONE])).not.toEqual([]);

  await shop.tfa.eraseUser(USER);
  expect(shop.counters.faults).toEqual([]);
  const left = await dump();
  expect(left.length).toBeGreaterThan(20);
  expect(found(left, NEEDLES)).toEqual([]);
  // Their id, and nothing else, where their sessions are voided: until no proof could be that old.
  await shop.tfa.revoke(USER);
  expect(found(await dump(), NEEDLES)).toEqual([`${USER} in clear`, `${USER} url-encoded`]);
  await shop.tfa.close();
}

const PRINT = { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null, customInspect: false };

describe("J05 eraseUser()", () => {
  it("J05 leaves no word of a person in memory", async () => {
    const maps: Map<unknown, unknown>[] = [];
    class Watched extends Map<unknown, unknown> {
      constructor(...entries: []) {
        super(...entries);
        maps.push(this);
      }
    }
    vi.stubGlobal("Map", Watched);
    const store = memoryStore();
    vi.unstubAllGlobals();
    expect(maps.length).toBeGreaterThan(6);
    await eraseAndScan(store, async () => inspect(maps, PRINT));
  });

  it.skipIf(!service("redis-server"))("J05 leaves no word of a person in Redis, in no key and no value", async () => {
    const server = await redisServer();
    const client = await reader(server.url);
    try {
      const store = redisTestStore(client);
      await store.catchUp();
      await eraseAndScan(store, async () => {
        const keys = await client.keys("*");
        const kept = await Promise.all(keys.map(async (key) => [key, await valueOf(client, key)]));
        return JSON.stringify(kept);
      });
      store.close();
    } finally {
      client.destroy();
      await server.stop();
    }
  });

  it.skipIf(!service("postgres"))("J05 leaves no word of a person in Postgres, in no column of no table", async () => {
    const server = await postgresServer();
    try {
      const pool = server.pool();
      const store = await freshStore(pool, { schema: "erasure" });
      await eraseAndScan(store, async () => {
        const { rows } = await pool.query("select tablename from pg_tables where schemaname = 'erasure'");
        const tables = rows.map(({ tablename }) => String(tablename));
        const kept = await Promise.all(tables.map((table) => pool.query(`select * from erasure."${table}"`)));
        return JSON.stringify(kept.map((each, index) => [tables[index], each.rows]));
      });
      await store.close();
    } finally {
      await server.stop();
    }
  });
});

type Reader = Awaited<ReturnType<typeof reader>>;

async function reader(url: string) {
  const client = createClient({ url }).on("error", () => {});
  await client.connect();
  return client;
}

async function valueOf(client: Reader, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case "hash":
      return client.hGetAll(key);
    case "list":
      return client.lRange(key, 0, -1);
    case "set":
      return client.sMembers(key);
    case "zset":
      return client.zRange(key, 0, -1);
    case "stream":
      return client.xRange(key, "-", "+");
    default:
      return client.get(key);
  }
}
