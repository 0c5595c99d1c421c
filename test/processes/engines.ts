import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { service } from "../helpers/services.js";

/** A server that a store is kept on, and what can happen to one. */
export interface Engine {
  readonly url: string;
  readonly port: number;
  /** For as long as this is, the server does nothing and says nothing. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends it, hard or in good order where it knows one. */
  end(how: "hard" | "gently"): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The same server by another port, as through a proxy. */
  urlAt(port: number): string;
  /** Loses everything, where that is a thing that happens. */
  empty?(): Promise<void>;
  /** Forgets the scripts that it was given, where it has any. */
  forgetScripts?(): Promise<void>;
  /** The same server where every transaction is as isolated as this. */
  urlIsolated?(level: string): string;
  /** Connections that hold a transaction open and do nothing. */
  idleInTransaction(): Promise<number>;
}

async function redis(): Promise<Engine> {
  // What a killed process has written is the kernel's: only a machine that dies needs it on the disk, and disks are slow.
  const server = await redisServer({ appendonly: "yes", appendfsync: "no" });
  return {
    url: server.url,
    port: server.port,
    async freeze() {
      process.kill(server.pid, "SIGSTOP");
    },
    thaw: () => void process.kill(server.pid, "SIGCONT"),
    end: () => server.kill(),
    start: () => server.start(),
    stop: () => server.stop(),
    urlAt: (port) => `redis://127.0.0.1:${port}`,
    async empty() {
      await server.command("FLUSHALL");
    },
    async forgetScripts() {
      await server.command("SCRIPT", "FLUSH");
    },
    idleInTransaction: async () => 0,
  };
}

async function postgres(): Promise<Engine> {
  const server = await postgresServer();
  const table = createRequire(import.meta.url).resolve("connect-pg-simple/table.sql");
  await server.sql(readFileSync(table, "utf8"));
  let stopped: number[] = [];
  const signal = (pid: number, name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      // it has ended meanwhile
    }
  };
  const idle = "select count(*)::int as n from pg_stat_activity where state like 'idle in transaction%'";
  return {
    url: server.url,
    port: server.port,
    async freeze() {
      const rows = await server.sql("select pid from pg_stat_activity");
      stopped = [server.pid, ...rows.map(({ pid }) => Number(pid))];
      for (const pid of stopped) signal(pid, "SIGSTOP");
    },
    thaw() {
      for (const pid of stopped.splice(0)) signal(pid, "SIGCONT");
    },
    end: (how) => server.end(how === "hard" ? "immediate" : "fast"),
    start: () => server.start(),
    stop: () => server.stop(),
    urlAt: (port) => server.url.replace(`:${server.port}/`, `:${port}/`),
    urlIsolated: (level) =>
      `${server.url}?${new URLSearchParams({ options: `-c default_transaction_isolation=${level.replace(" ", "\\ ")}` })}`,
    idleInTransaction: async () => Number((await server.sql(idle))[0]?.["n"]),
  };
}

/** Every kind of server that a store is made for, with the program it takes and the time it may take to be back in. */
export const ENGINES = {
  Redis: { program: service("redis-server"), open: redis, recovery: 2_000 },
  Postgres: { program: service("postgres"), open: postgres, recovery: 3_000 },
} as const;

export type EngineName = keyof typeof ENGINES;

/** A server of its own for sessions: what befalls the store is then no matter of theirs. */
export async function sessionServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  return redisServer();
}
