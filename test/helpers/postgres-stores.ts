import type { Pool } from "pg";
import { type Settings, ServerStore } from "../../src/stores/postgres/postgres-store.js";
import type { MakeStore } from "../../src/testing/store-contract.js";
import type { StoreTime } from "../../src/testing/bench.js";
import { type FakeClock, fakeClock } from "./clock.js";

let schemas = 0;

/** A store in a schema of its own, by a clock of the test's own. */
export async function freshStore(pool: Pool, settings: Partial<Settings> = {}): Promise<ServerStore> {
  const schema = settings.schema ?? `fresh_${(schemas += 1)}`;
  const store = new ServerStore(pool, { schema, retention: 86_400_000, prepared: true, deadline: 10_000, ...settings });
  await store.migrate();
  await store.catchUp();
  return store;
}

/** What the contract takes to run on Postgres: every check on tables that are empty, by a clock that it moves itself. */
export function contractParts(
  pool: Pool,
  prepared = true,
): { makeStore: MakeStore; time: () => StoreTime; schema: string } {
  const schema = `contract_${(schemas += 1)}`;
  let clock: FakeClock = fakeClock();
  let migrated = false;
  return {
    schema,
    async makeStore() {
      clock = fakeClock();
      const store = new ServerStore(pool, { schema, retention: 86_400_000, prepared, deadline: 10_000, clock });
      if (migrated) await pool.query(EMPTY.replaceAll("{s}", `"${schema}"`));
      else await store.migrate();
      migrated = true;
      await store.catchUp();
      return store;
    },
    time: () => ({ now: clock, advance: (ms) => clock.tick(ms), tolerance: 0 }),
  };
}

const TABLES = [
  "verifications",
  "accounts",
  "method_failures",
  "limits",
  "steps",
  "uses",
  "kept",
  "revocations",
  "documents",
];
const EMPTY = TABLES.map((table) => `delete from {s}.${table}`).join(";");
