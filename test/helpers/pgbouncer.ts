import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool, type PoolConfig } from "pg";
import { freePort } from "./free-port.js";
import { type PostgresServer, unprivileged } from "./postgres-server.js";
import { service } from "./services.js";

/** A PgBouncer of the test's own: every transaction may run on another connection than the one before. */
export interface Bouncer {
  pool(options?: PoolConfig): Pool;
  stop(): Promise<void>;
}

export async function pgBouncer({ port, user }: PostgresServer): Promise<Bouncer> {
  const program = service("pgbouncer");
  if (program === undefined) throw new Error("pgbouncer is not installed.");
  const folder = mkdtempSync(path.join(tmpdir(), "r2fa-bouncer-"));
  const listening = await freePort();
  const lines = [
    "[databases]",
    `postgres = host=127.0.0.1 port=${port} user=${user}`,
    "[pgbouncer]",
    "pool_mode = transaction",
    "auth_type = any",
    "listen_addr = 127.0.0.1",
    `listen_port = ${listening}`,
    "unix_socket_dir =",
    "default_pool_size = 8",
    "ignore_startup_parameters = extra_float_digits,options",
  ];
  const config = path.join(folder, "pgbouncer.ini");
  writeFileSync(config, `${lines.join("\n")}\n`);
  const who = unprivileged();
  if (who.uid !== undefined && who.gid !== undefined)
    for (const each of [folder, config]) chownSync(each, who.uid, who.gid);
  const running: ChildProcess = spawn(program, [config], { ...who, cwd: folder, stdio: "ignore" });
  const abandon = (): void => void running.kill("SIGKILL");
  process.once("exit", abandon);
  const pools = new Set<Pool>();
  const pool = (options: PoolConfig = {}): Pool => {
    const address = { host: "127.0.0.1", port: listening, user, database: "postgres" };
    const made = new Pool({ ...address, connectionTimeoutMillis: 1_000, ...options });
    made.on("error", () => undefined);
    pools.add(made);
    return made;
  };
  const first = pool({ max: 1 });
  for (let tries = 0; tries < 200; tries += 1) {
    if (running.exitCode !== null) throw new Error(`pgbouncer ended with ${running.exitCode}.`);
    if (await first.query("select 1").catch(() => undefined)) break;
    await sleep(20);
  }
  return {
    pool,
    async stop() {
      for (const each of pools) each.end().catch(() => undefined);
      if (running.exitCode === null && running.signalCode === null) {
        running.kill("SIGKILL");
        await once(running, "exit");
      }
      process.off("exit", abandon);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
