import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore, type RedisClient, type RedisStoreOptions } from "../../src/redis.js";
import { storeChecks } from "../../src/testing/store-contract.js";
import { storeContract } from "../contracts/store.js";
import { CLIENTS, CLUSTER_CLIENTS, type OpenClient } from "../helpers/redis-clients.js";
import { redisCluster, type RedisServer, redisServer } from "../helpers/redis-server.js";
import { contractStores } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

/** The first client carries the whole load; the others show that they are understood. */
const FULL = { arrivals: 1_500, parallel: 50 };
const LIGHT = { arrivals: 100, parallel: 10 };

describe.skipIf(!service("redis-server"))("redisStore()", () => {
  let server: RedisServer;
  beforeAll(async () => (server = await redisServer()));
  afterAll(async () => server.stop());

  for (const [index, [name, open]] of Object.entries(CLIENTS).entries()) {
    withClient(name, open, () => server, contract(`redisStore() with ${name}`, index === 0 ? FULL : LIGHT));
  }
});

describe.skipIf(!service("redis-server"))("D11: redisStore() on a cluster", () => {
  let server: RedisServer;
  beforeAll(async () => (server = await redisCluster()));
  afterAll(async () => server.stop());

  for (const [name, open] of Object.entries(CLUSTER_CLIENTS)) {
    // the clients before them talk to a cluster in the same way
    withClient(name, open, () => server, name.endsWith("6") ? contract(`redisStore() with ${name}`, LIGHT) : some);
  }
});

describe.skipIf(!service("redis-server"))("D11: redisStore() on a cluster of three nodes", () => {
  let server: RedisServer;
  beforeAll(async () => (server = await redisCluster(3)), 20_000);
  afterAll(async () => server.stop());

  // each store has a prefix of its own, and with it a node: checks that run find stores on all three
  for (const [name, open] of Object.entries(CLUSTER_CLIENTS)) {
    if (name.endsWith("6")) withClient(name, open, () => server, some);
  }
});

type Suite = (stores: ReturnType<typeof contractStores>) => void;

function contract(name: string, load: typeof FULL): Suite {
  return ({ make, time }) => storeContract(name, make, { ...load, time });
}

function some({ make, time }: Parameters<Suite>[0]): void {
  const checks = [...storeChecks(make, { ...LIGHT, time })];
  it.each(checks.filter(([name]) => /^(uses|charges|finds|knows)/.test(name)))("%s", (_, check) => check());
}

function withClient(
  name: string,
  open: (port: number) => Promise<OpenClient>,
  server: () => RedisServer,
  suite: Suite,
): void {
  describe(name, () => {
    let opened: OpenClient;
    beforeAll(async () => (opened = await open(server().port)));
    afterAll(() => opened.end());
    suite(contractStores(() => opened.client));
  });
}

describe("redisStore()", () => {
  const client = {
    isOpen: false,
    evalSha: () => Promise.reject(new Error("closed")),
    eval: () => Promise.reject(new Error("closed")),
  };

  it.each([
    [{ prefx: "a" }, /prefix/],
    [{ prefix: "" }, /prefix/],
    [{ prefix: "a{b}" }, /braces/],
    [{ prefix: 5 }, /prefix/],
    [{ retention: "soon" }, /retention/],
    [[], /an array/],
    [null, /object/],
  ])("refuses %j as options", (options, words) => {
    expect(() => redisStore(client, options as RedisStoreOptions)).toThrow(words);
  });

  it.each([[undefined], [null], ["redis://localhost"], [{}], [{ get: () => {} }], [() => {}]])(
    "refuses %j as a client, and says which it takes",
    (wrong) => {
      expect(() => redisStore(wrong as unknown as RedisClient)).toThrow(/createClient\(\).*ioredis/);
    },
  );

  it("says what it is, and that it lasts", () => {
    const store = redisStore(client);
    expect(store).toMatchObject({ name: "redis", durable: true });
    void store.close?.();
  });
});
