/**
 * One assertion, many times at once; and a passkey that was copied, count and all, in two logins at once. What one
 * process remembers decides neither: the steps of the store do.
 */
import session from "express-session";
import { Pool } from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { ORIGIN } from "../helpers/app.js";
import { FEWER_ROUNDS, PATIENCE, PLENTY, ROUNDS } from "../helpers/arena.js";
import { SoftPasskey } from "../helpers/authenticator.js";
import { halfAtomic } from "../helpers/broken-stores.js";
import { type Answer, Site, tally, Visitor } from "../helpers/burst.js";
import { type Challenge, passkeyShop } from "../helpers/passkeys.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

const BURST = 20;
/** Beside what memory has run many times. */
const FEW = Math.ceil(ROUNDS / 5);

/** The stores of so many processes, each with connections of its own. */
interface Opened {
  readonly stores: readonly Store[];
  close(): Promise<unknown>;
}

const STORES = {
  memory: {
    there: true,
    rounds: FEWER_ROUNDS,
    open: async (): Promise<Opened> => ({ stores: [memoryStore()], close: async () => {} }),
  },
  Redis: {
    there: service("redis-server") !== undefined,
    rounds: FEW,
    async open(): Promise<Opened> {
      const server = await redisServer();
      const clients = await Promise.all(
        [1, 2].map(() =>
          createClient({ url: server.url })
            .on("error", () => {})
            .connect(),
        ),
      );
      const stores = clients.map((client) => redisTestStore(client, { prefix: "passkeys" }));
      return {
        stores,
        async close() {
          for (const store of stores) store.close();
          for (const client of clients) client.destroy();
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
      const pools = [1, 2].map(() => new Pool({ connectionString: server.url, max: 10 }).on("error", () => {}));
      const stores: Store[] = [];
      for (const pool of pools) stores.push(await freshStore(pool, { schema: "passkeys" }));
      return {
        stores,
        async close() {
          for (const store of stores) await store.close?.();
          for (const pool of pools) await pool.end();
          await server.stop();
        },
      };
    },
  },
};

type Bank = Awaited<ReturnType<typeof openBank>>;

/** As many processes of one app as there are stores; they share their sessions. */
async function openBank(stores: readonly Store[]) {
  const sessions = new session.MemoryStore();
  const shops = stores.map((store) => passkeyShop({ store, clock: Date.now, limits: PLENTY }, { store: sessions }));
  const sites = await Promise.all(shops.map(({ app }) => Site.open(app)));
  const [shop, site] = [shops[0], sites[0]];
  if (!shop || !site) throw new Error("No store.");
  for (const { contacts } of shops) contacts["tim"] = {};
  const plain = await shop.owner("tom");
  const { key: counting } = await shop.owner("tim", new SoftPasskey(ORIGIN, { counter: 1 }));
  const asked = async (user: string) => {
    const visitor = await Visitor.login(site, user);
    let body: Answer["body"] = {};
    while (!body["challenge"]) ({ body } = await visitor.get("/vault"));
    const { publicKey } = body["challenge"] as Challenge;
    const answer = (code: string): string => visitor.raw("POST", "/2fa/verify", { json: { code } });
    return { publicKey, answer };
  };
  /** To each process as many as to the other, all at once. */
  const burst = async (requests: readonly string[]): Promise<Answer[]> => {
    const parts = sites.map((each, index) => each.burst(requests.filter((_, at) => at % sites.length === index)));
    return (await Promise.all(parts)).flat();
  };
  return {
    key: plain.key,
    counting,
    asked,
    burst,
    grants: () => shops.reduce((sum, { counters }) => sum + counters.grants, 0),
    faults: () => shops.flatMap(({ counters }) => counters.faults),
    close: () => Promise.all(sites.map((each) => each.close())),
  };
}

/** Runs a race until something goes wrong, at most so often. */
async function repeat(round: (bank: Bank) => Promise<Opening>, bank: Bank, rounds: number): Promise<string[]> {
  let slow = 0;
  for (let index = 1; index <= rounds; index += 1) {
    const [grants, faults] = [bank.grants(), bank.faults().length];
    const { opened, wanted } = await round(bank);
    const granted = bank.grants() - grants;
    const told = bank.faults().slice(faults).map(String);
    // a machine under load may be too slow for a step of the store; then it is nobody who gets in, never somebody more
    const late = told.length > 0 && told.every((fault) => fault.includes("took longer than"));
    if (late) slow += 1;
    const wrong = late ? Math.max(opened, granted) > wanted : opened !== wanted || granted !== wanted;
    if (wrong) return [`round ${index}: ${opened} opened and ${granted} granted instead of ${wanted}`];
    if (told.length > 0 && !late) return [`round ${index}: ${told.join(" ")}`];
  }
  return slow > rounds / 2 ? [`${slow} of ${rounds} rounds were too slow`] : [];
}

interface Opening {
  readonly opened: number;
  readonly wanted: number;
}

/** The same assertion by twenty sockets. */
async function same({ key, asked, burst }: Bank): Promise<Opening> {
  const { publicKey, answer } = await asked("tom");
  const request = answer(key.get(publicKey));
  const answers = await burst(Array.from({ length: BURST }, () => request));
  return { opened: tally(answers)[200] ?? 0, wanted: 1 };
}

/** A passkey and its copy, which have counted equally far, each in a login of its own. */
async function copied({ counting, asked, burst }: Bank): Promise<Opening> {
  const logins = [await asked("tim"), await asked("tim")];
  const counter = counting.counter + 1;
  const requests = logins.map(({ publicKey, answer }) => answer(counting.get(publicKey, { counter })));
  counting.counter = counter;
  return { opened: tally(await burst(requests))[200] ?? 0, wanted: 1 };
}

describe.each(Object.entries(STORES))("D12 passkeys on %s", (_name, { there, rounds, open }) => {
  describe.skipIf(!there)("in a race", () => {
    let opened: Opened;
    let bank: Bank;
    beforeAll(async () => {
      opened = await open();
      bank = await openBank(opened.stores);
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
    const bank = await openBank([halfAtomic()]);
    try {
      expect(await repeat(round, bank, PATIENCE)).not.toEqual([]);
    } finally {
      await bank.close();
    }
  });
});
