import type { Store as SessionStore } from "express-session";
import type { Store } from "require2fa";

/** What several copies of the bank have between them. */
export interface Shared {
  readonly store: Store;
  readonly sessions: SessionStore;
  close(): Promise<void>;
}

/** `REDIS_URL` or `DATABASE_URL`; without them everything is kept in this process. */
export async function sharedBy(env: NodeJS.ProcessEnv): Promise<Shared | undefined> {
  if (env["REDIS_URL"]) return byRedis(env["REDIS_URL"]);
  if (env["DATABASE_URL"]) return byPostgres(env["DATABASE_URL"]);
  return undefined;
}

async function byRedis(url: string): Promise<Shared> {
  const [{ createClient }, { RedisStore }, { redisStore }] = await Promise.all([
    import("redis"),
    import("connect-redis"),
    import("require2fa/redis"),
  ]);
  const client = createClient({ url, disableOfflineQueue: true });
  client.on("error", (error: Error) => console.error(`Redis: ${error.message}`));
  await client.connect();
  return {
    store: redisStore(client),
    sessions: new RedisStore({ client, prefix: "fjord:" }),
    close: () => client.close(),
  };
}

async function byPostgres(connectionString: string): Promise<Shared> {
  const [{ default: pg }, { default: connect }, { default: session }, { postgresStore }] = await Promise.all([
    import("pg"),
    import("connect-pg-simple"),
    import("express-session"),
    import("require2fa/postgres"),
  ]);
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 200 });
  pool.on("error", (error: Error) => console.error(`Postgres: ${error.message}`));
  const store = postgresStore(pool);
  await store.migrate();
  const Sessions = connect(session);
  const sessions = new Sessions({ pool, createTableIfMissing: true });
  return {
    store,
    sessions,
    async close() {
      sessions.close();
      await pool.end();
    },
  };
}
