import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Pool, type PoolConfig } from "pg";
import { freePort } from "./free-port.js";
import { service } from "./services.js";

/** A Postgres of the test's own, in a folder of its own. */
export interface PostgresServer {
  readonly port: number;
  readonly user: string;
  readonly url: string;
  readonly pid: number;
  /** A pool of connections; all of them are ended with the server. */
  pool(options?: PoolConfig): Pool;
  /** Runs one text of SQL on a connection of its own. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** `"fast"` ends every session in good order, `"immediate"` as a crash would. */
  end(how: "fast" | "immediate"): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const USER = "require2fa";
const SIGNALS = { fast: "SIGINT", immediate: "SIGQUIT" } as const;
/** Nothing here has to outlive the machine; crash safety is on where a test sets `fsync`. */
const FAST = { fsync: "off", full_page_writes: "off", shared_buffers: "32MB", max_connections: "80" };

/** @param settings Lines of `postgresql.conf` by their name: `{ default_transaction_isolation: "serializable" }`. */
export async function postgresServer(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const program = service("postgres");
  if (program === undefined) throw new Error("postgres is not installed.");
  const folder = mkdtempSync(path.join(tmpdir(), "r2fa-pg-"));
  const data = path.join(folder, "data");
  const said = path.join(folder, "log");
  const who = unprivileged();
  if (who.uid !== undefined && who.gid !== undefined) chownSync(folder, who.uid, who.gid);
  const init = ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  execFileSync(path.join(path.dirname(realpathSync(program)), "initdb"), init, {
    ...who,
    cwd: folder,
    stdio: "ignore",
  });
  const port = await freePort();
  const flags = Object.entries({
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    ...FAST,
    ...settings,
  });
  const args = ["-D", data, "-p", String(port), ...flags.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const address = { host: "127.0.0.1", port, user: USER, database: "postgres" };
  const pools = new Set<Pool>();
  let running: ChildProcess | undefined;

  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ ...address, connectionTimeoutMillis: 5_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const end = async (how: "fast" | "immediate"): Promise<void> => {
    if (running?.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGCONT");
    running.kill(SIGNALS[how]);
    await once(running, "exit");
  };
  const start = async (): Promise<void> => {
    const log = openSync(said, "a");
    const server = spawn(program, args, { ...who, cwd: folder, stdio: ["ignore", log, log] });
    closeSync(log);
    running = server;
    for (let tries = 0; tries < 500; tries += 1) {
      if (server.exitCode !== null) {
        throw new Error(`postgres ended with ${server.exitCode}: ${readFileSync(said, "utf8").slice(-1_000)}`);
      }
      if (await sql("select 1").catch(() => undefined)) return;
      await sleep(10);
    }
    throw new Error("postgres does not answer.");
  };
  process.once("exit", () => running?.kill("SIGQUIT"));
  await start();
  return {
    port,
    user: USER,
    url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
    get pid() {
      return running?.pid ?? 0;
    },
    pool(options = {}) {
      const pool = new Pool({ ...address, connectionTimeoutMillis: 1_000, ...options });
      // A server that a test ends cuts whatever is idle, also in the pools of tests before.
      pool.on("error", () => undefined);
      pools.add(pool);
      return pool;
    },
    sql,
    end,
    start,
    async stop() {
      // A test that failed may have kept a connection: its pool would wait for that one for ever.
      for (const pool of pools) pool.end().catch(() => undefined);
      await end("immediate");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Postgres does not run as root: then it runs as the user its package made, or as nobody. */
export function unprivileged(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string, user: string): number =>
    Number(execFileSync("id", [flag, user], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  for (const user of ["postgres", "nobody"]) {
    try {
      return { uid: id("-u", user), gid: id("-g", user) };
    } catch {
      // not a user of this machine
    }
  }
  throw new Error("There is no user that Postgres could run as.");
}
