import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import type { FakeClock } from "./clock.js";
import { freshStore } from "./postgres-stores.js";
import { postgresServer } from "./postgres-server.js";
import { CLIENTS } from "./redis-clients.js";
import { redisServer } from "./redis-server.js";
import { redisTestStore } from "./redis-store.js";
import { service } from "./services.js";

/** A server with nothing on it, or none where none is needed. */
export interface StoreMaking {
  /** So many stores on one set of data, as several processes have them; all go by this clock. */
  make(clock: FakeClock, count?: number): Promise<readonly Store[]>;
  end(): unknown;
}

export interface EveryStore {
  readonly isHere: boolean;
  begin(): Promise<StoreMaking>;
}

const openRedis = CLIENTS["redis 6"] ?? (() => Promise.reject(new Error("no client")));
let made = 0;

/** For what has to hold wherever things are kept: `describe.each(Object.entries(EVERY_STORE))`. */
export const EVERY_STORE: Readonly<Record<string, EveryStore>> = {
  memory: {
    isHere: true,
    async begin() {
      // one process alone: all of its instances share what it has
      const make = async (_clock: FakeClock, count = 1) => Array.from<Store>({ length: count }).fill(memoryStore());
      return { make, end: () => undefined };
    },
  },
  Redis: {
    isHere: service("redis-server") !== undefined,
    async begin() {
      const server = await redisServer();
      const clients = await Promise.all([openRedis(server.port), openRedis(server.port)]);
      return {
        async make(now, count = 1) {
          const prefix = `every-${(made += 1)}`;
          const stores = clients.slice(0, count).map(({ client }) => redisTestStore(client, { prefix, now }));
          for (const store of stores) await store.catchUp();
          return stores;
        },
        async end() {
          for (const each of clients) each.end();
          await server.stop();
        },
      };
    },
  },
  Postgres: {
    isHere: service("postgres") !== undefined,
    async begin() {
      const server = await postgresServer();
      const pools = [server.pool(), server.pool()];
      return {
        async make(clock, count = 1) {
          const schema = `every_${(made += 1)}`;
          const stores: Store[] = [];
          for (const pool of pools.slice(0, count)) stores.push(await freshStore(pool, { schema, clock }));
          return stores;
        },
        end: () => server.stop(),
      };
    },
  },
};
