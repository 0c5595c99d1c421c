import type { Duration } from "../../core/durations.js";
import type { Store } from "../store.js";

export interface PostgresStoreOptions {
  /**
   * The schema that holds the tables. Two apps in one database take two.
   * @default "require2fa"
   */
  schema?: string;
  /**
   * How long a verification is remembered after its code has died. Locks, counters and used codes have times of their own.
   * @default "30d"
   */
  retention?: Duration;
  /**
   * Prepare each statement once for a connection. `false` where a pooler hands every transaction to another
   * connection and knows nothing of prepared statements, as PgBouncer before 1.21 does in transaction mode.
   * @default true
   */
  prepared?: boolean;
}

export interface PostgresStore extends Store {
  /**
   * Makes the schema and its tables, or brings them to this version. It may be called at every start and by several
   * processes at once: where nothing is to be done it only looks.
   *
   * The user who makes them needs CREATE on the database, or owns an empty schema of that name. The user of the app
   * needs USAGE on the schema and its sequences, SELECT, INSERT, UPDATE and DELETE on its tables (SELECT is enough on
   * `versions`), and EXECUTE on its functions and procedures.
   *
   * @throws TwoFactorError `misconfigured` when the database is not in UTF8; otherwise what the driver throws.
   */
  migrate(): Promise<void>;
  /** Ends the store's own timers. The pool is yours, and stays open. */
  close(): Promise<void>;
}
