/**
 * One assertion, many times at once; and a passkey that was copied, count and all, in two logins at once. What one
 * process remembers decides neither: the steps of the store do.
 */
import { Pool } from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { ORIGIN } from "../helpers/app.js";
import { differs, FEWER_ROUNDS, PATIENCE, PLENTY, ROUNDS } from "../helpers/arena.js";
import { SoftPasskey } from "../helpers/authenticator.js";
import { halfAtomic } from "../helpers/broken-stores.js";
import { Site, tally, Visitor } from "../helpers/burst.js";
import { type Challenge, passkeyShop } from "../helpers/passkeys.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

const BURST = 20;
/** Beside what memory has run many times. */
const FEW = Math.ceil(ROUNDS / 5);

interface Opened {
  readonly store: Store;
  close(): Promise<unknown>;
}

const STORES = {
  memory: {
    there: true,
    rounds: FEWER_ROUNDS,
    open: async (): Promise<Opened> => ({ store: memoryStore(), close: async () => {} }),
  },
  Redis: {
    there: service("redis-server") !== undefined,
    rounds: FEW,
    async open(): Promise<Opened> {
      const server = await redisServer();
      const client = createClient({ url: server.url }).on("error", () => {});
      await client.connect();
      const store = redisTestStore(client);
      return {
        store,
        async close() {
          store.close();
          client.destroy();
          await server.stop();
        },
      };
    },
  },
  Postgres: {
    there: service("postgres") !== undefined,
    rounds: FEW,
    async open(): Promise<Opened> {
      const server = await postgresServer();
      const pool = new Pool({ connectionString: server.url, max: 10 });
      pool.on("error", () => {});
      const store = await freshStore(pool);
      return {
        store,
        async close() {
          await store.close();
          await pool.end();
          await server.stop();
        },
      };
    },
  },
};

type Bank = Awaited<ReturnType<typeof openBank>>;

async function openBank(store: Store) {
  const shop = passkeyShop({ store, clock: Date.now, limits: PLENTY });
  const site = await Site.open(shop.app);
  shop.contacts["tim"] = {};
  const plain = await shop.owner("tom");
  const { key: counting } = await shop.owner("tim", new SoftPasskey(ORIGIN, { counter: 1 }));
  const asked = async (user: string) => {
    const visitor = await Visitor.login(site, user);
    const { body } = await visitor.get("/vault");
    const { publicKey } = body["challenge"] as Challenge;
    const answer = (code: string): string => visitor.raw("POST", "/2fa/verify", { json: { code } });
    return { publicKey, answer };
  };
  return { shop, site, key: plain.key, counting, asked, close: () => site.close() };
}

async function repeat(round: (bank: Bank) => Promise<string[]>, bank: Bank, rounds: number): Promise<string[]> {
  for (let index = 1; index <= rounds; index += 1) {
    const faults = await round(bank);
    if (faults.length > 0) return faults.map((fault) => `round ${index}: ${fault}`);
  }
  return [];
}

/** The same assertion by twenty sockets. */
async function same({ site, shop, key, asked }: Bank): Promise<string[]> {
  const before = shop.counters.grants;
  const { publicKey, answer } = await asked("tom");
  const request = answer(key.get(publicKey));
  const statuses = tally(await site.burst(Array.from({ length: BURST }, () => request)));
  return [
    ...differs("opened", statuses[200], 1),
    ...differs("grants", shop.counters.grants - before, 1),
    ...differs("faults", shop.counters.faults.length, 0),
  ];
}

/** A passkey and its copy, which have counted equally far, each in a login of its own. */
async function copied({ site, shop, counting, asked }: Bank): Promise<string[]> {
  const before = shop.counters.grants;
  const [one, other] = [await asked("tim"), await asked("tim")];
  const counter = counting.counter + 1;
  const requests = [one, other].map(({ publicKey, answer }) => answer(counting.get(publicKey, { counter })));
  counting.counter = counter;
  const statuses = tally(await site.burst(requests));
  return [...differs("statuses", statuses, { 200: 1, 422: 1 }), ...differs("grants", shop.counters.grants - before, 1)];
}

describe.each(Object.entries(STORES))("D12 passkeys on %s", (_name, { there, rounds, open }) => {
  describe.skipIf(!there)("in a race", () => {
    let opened: Opened;
    let bank: Bank;
    beforeAll(async () => {
      opened = await open();
      bank = await openBank(opened.store);
    }, 60_000);
    afterAll(async () => {
      await bank?.close();
      await opened?.close();
    });

    it("open once for one assertion, however often it comes", { timeout: 60_000 }, async () => {
      expect(await repeat(same, bank, rounds)).toEqual([]);
    });

    it("open once for one count, in whichever login", { timeout: 60_000 }, async () => {
      expect(await repeat(copied, bank, rounds)).toEqual([]);
    });
  });
});

describe("D12 a store that uses things up in two steps", () => {
  it.each([
    ["one assertion", same],
    ["one count", copied],
  ])("is caught: %s", async (_what, round) => {
    const bank = await openBank(halfAtomic());
    try {
      expect(await repeat(round, bank, PATIENCE)).not.toEqual([]);
    } finally {
      await bank.close();
    }
  });
});
