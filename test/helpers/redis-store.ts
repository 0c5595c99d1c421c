import { connectionOf } from "../../src/stores/redis/client.js";
import type { Connection } from "../../src/stores/redis/connection.js";
import type { RedisClient } from "../../src/redis.js";
import { RedisStore } from "../../src/stores/redis/redis-store.js";
import { DAY, type StoreTime } from "../../src/testing/bench.js";
import { type FakeClock, fakeClock } from "./clock.js";

export interface TestStore {
  readonly prefix?: string;
  readonly retention?: number;
  readonly patience?: number;
  /** The time to go by, instead of that of Redis. */
  readonly now?: () => number;
  /** What has passed here, instead of what has. */
  readonly elapsed?: () => number;
  /** What becomes of the connection on the way. */
  readonly through?: (connection: Connection) => Connection;
}

let made = 0;

/** A store with a prefix of its own, which a slow machine does not make impatient. */
export function redisTestStore(client: RedisClient, options: TestStore = {}): RedisStore {
  const {
    prefix = `test-${process.pid}-${(made += 1)}`,
    retention = 30 * DAY,
    patience = 5_000,
    now,
    elapsed,
  } = options;
  const { through = (connection) => connection } = options;
  return new RedisStore(through(connectionOf(client)), { prefix, retention }, { patience, now, elapsed });
}

/** A connection that says how often it is used, and by whom. */
export function counted(connection: Connection) {
  const calls = { byName: 0, byText: 0 };
  return {
    calls,
    isReady: () => connection.isReady(),
    byName(...call: Parameters<Connection["byName"]>) {
      calls.byName += 1;
      return connection.byName(...call);
    },
    byText(...call: Parameters<Connection["byText"]>) {
      calls.byText += 1;
      return connection.byText(...call);
    },
  };
}

/** A connection that runs other scripts than it is given; `told` hears that there was something to change. */
export function mutated(connection: Connection, from: string, to: string, told: () => void): Connection {
  return {
    isReady: () => connection.isReady(),
    byName: () => Promise.reject(new Error("NOSCRIPT: the text is wanted")),
    byText(lua, keys, args) {
      if (lua.includes(from)) told();
      return connection.byText(lua.replaceAll(from, to), keys, args);
    },
  };
}

/** What the contract suite needs: new stores, and a clock for each check that all of them go by. */
export function contractStores(client: () => RedisClient, through?: TestStore["through"]) {
  let clock: FakeClock = fakeClock();
  return {
    async make(): Promise<RedisStore> {
      const store = redisTestStore(client(), { now: () => clock(), ...(through && { through }) });
      await store.catchUp();
      return store;
    },
    time(): StoreTime {
      clock = fakeClock();
      return { now: clock, advance: (ms) => clock.tick(ms), tolerance: 0 };
    },
  };
}
