export { postgresStore } from "./stores/postgres/factory.js";
export type { PostgresStore, PostgresStoreOptions } from "./stores/postgres/options.js";
export type { PostgresClient, PostgresPool } from "./stores/postgres/pool.js";
export { type PgBossOptions, pgBossScheduler } from "./verification/schedulers/pg-boss.js";
