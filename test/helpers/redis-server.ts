import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { service } from "./services.js";

/** A `redis-server` of the test's own, in a folder of its own, that keeps nothing on disk. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Runs one command on a connection of its own and answers with the bytes of the reply. */
  command(...words: readonly string[]): Promise<string>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings Lines of `redis.conf` by their name: `{ maxmemory: "8mb" }`. */
export async function redisServer(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const program = service("redis-server");
  if (program === undefined) throw new Error("redis-server is not installed.");
  const folder = mkdtempSync(path.join(tmpdir(), "require2fa-redis-"));
  const port = await freePort();
  const flags = Object.entries({ save: "", appendonly: "no", bind: "127.0.0.1", dir: folder, ...settings });
  const args = ["--port", String(port), ...flags.flatMap(([name, value]) => [`--${name}`, value])];
  let running: ChildProcess | undefined;

  const kill = async (): Promise<void> => {
    if (running?.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  };
  const start = async (): Promise<void> => {
    running = spawn(program, args, { stdio: "ignore" });
    for (let tries = 0; tries < 200; tries += 1) {
      if (running.exitCode !== null) throw new Error(`redis-server ended with ${running.exitCode}.`);
      const pong = await ask(port, ["PING"]).catch(() => "");
      if (pong.startsWith("+PONG")) return;
      await sleep(20);
    }
    throw new Error("redis-server does not answer.");
  };
  const abandon = (): void => void running?.kill("SIGKILL");
  process.once("exit", abandon);
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return running?.pid ?? 0;
    },
    command: (...words) => ask(port, words),
    kill,
    start,
    async stop() {
      await kill();
      process.off("exit", abandon);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A cluster of one node that has every slot. */
export async function redisCluster(): Promise<RedisServer> {
  const server = await redisServer({ "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1" });
  await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await server.command("CLUSTER", "INFO")).includes("cluster_state:ok")) return server;
    await sleep(20);
  }
  throw new Error("The cluster does not come up.");
}

/** One reply; long enough for what tests ask. */
async function ask(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    const lines = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${lines.join("")}`);
    const [reply] = (await once(socket, "data")) as [Buffer];
    return reply.toString();
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
