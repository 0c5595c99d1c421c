import { milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys } from "../../core/options.js";
import { checkSchema } from "./migrate.js";
import type { PostgresStore, PostgresStoreOptions } from "./options.js";
import { checkPool, type PostgresPool } from "./pool.js";
import { ServerStore } from "./postgres-store.js";

/**
 * Keeps everything in Postgres 14 or later: for apps of several processes, and for locks and counters that outlive them.
 * Every step is one statement, goes by the database's clock, and holds at every isolation level.
 *
 * The pool is one of `pg`, yours to open and to end; one of its own where other statements keep a pool busy, since a call
 * waits a quarter of a second at most. While the store is open, an error on an idle connection does not end the process:
 * the next call opens another. Give the pool `connectionTimeoutMillis`, so that a connection that never comes is given up.
 * With `synchronous_commit=off` everything is faster, and a crash of the server forgets the attempts of its last moments.
 *
 * @throws TwoFactorError `misconfigured` for something that is no pool, an unknown option or a wrong schema name.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  checkKeys(options, { schema: true, retention: true, prepared: true }, "postgresStore()");
  const { schema = "require2fa", retention = "30d", prepared = true } = options;
  if (typeof prepared !== "boolean") throw misconfigured("postgresStore({ prepared }) is true or false.");
  return new ServerStore(checkPool(pool), {
    schema: checkSchema(schema),
    retention: milliseconds(retention, "postgresStore({ retention })"),
    prepared,
  });
}
