import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.js";
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

const SLOTS = 16_384;

/** A cluster of so many nodes, each with its share of the slots; the first of them, by which all are stopped. */
export async function redisCluster(count = 1): Promise<RedisServer> {
  // By itself a node takes a port ten thousand above its own for the others, and there may be none.
  const buses = await Promise.all(Array.from({ length: count }, async () => String(await freePort())));
  const settings = { "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1" };
  const nodes = await Promise.all(buses.map((bus) => redisServer({ ...settings, "cluster-port": bus })));
  const [first] = nodes;
  const [bus] = buses;
  if (!first || bus === undefined) throw new Error("A cluster has one node at least.");
  const from = (index: number): number => Math.floor((index * SLOTS) / count);
  for (const [index, node] of nodes.entries()) {
    await node.command("CLUSTER", "ADDSLOTSRANGE", String(from(index)), String(from(index + 1) - 1));
    if (node !== first) await node.command("CLUSTER", "MEET", "127.0.0.1", String(first.port), bus);
  }
  const isUp = async (node: RedisServer): Promise<boolean> =>
    /cluster_state:ok[^]*cluster_slots_ok:16384/u.test(await node.command("CLUSTER", "INFO"));
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await Promise.all(nodes.map(isUp))).every(Boolean)) {
      return { ...first, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
    }
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
