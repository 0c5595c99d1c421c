import { setTimeout as pause } from "node:timers/promises";
import { type TcpProxy, tcpProxy } from "../helpers/tcp-proxy.js";
import { Cluster } from "../processes/cluster.js";
import { type Engine, type EngineName, ENGINES, sessionServer } from "../processes/engines.js";
import { Traffic } from "../processes/traffic.js";
import { allAreBack } from "../processes/waiting.js";
import type { Row } from "./table.js";

const LANES = 6;
const PATIENCE = 30_000;

interface Place {
  readonly engine: Engine;
  readonly proxy: TcpProxy;
  readonly cluster: Cluster;
}

const random = (most: number): Promise<void> => pause(Math.random() * most);

/** What befalls them, and goes by again. */
const BLOWS: Readonly<Record<string, (at: Place) => Promise<unknown>>> = {
  async "store killed"({ engine }) {
    await engine.end("hard");
    await random(1_000);
    await engine.start();
  },
  async "store restarted"({ engine }) {
    await engine.end("gently");
    await engine.start();
  },
  async "store stopped"({ engine }) {
    await engine.freeze();
    await random(1_500);
    engine.thaw();
  },
  async "process killed"({ cluster }) {
    const index = Math.floor(Math.random() * cluster.processes.length);
    await cluster.at(index).kill();
    await cluster.replace(index);
  },
  async "every process killed"({ cluster }) {
    await Promise.all(cluster.processes.map((each) => each.kill()));
    await Promise.all(cluster.processes.map((_, index) => cluster.replace(index)));
  },
  async refused({ proxy }) {
    proxy.refuse();
    await random(1_500);
    await proxy.restore();
  },
  async stalled({ proxy }) {
    proxy.stall();
    await random(1_500);
    proxy.flow();
  },
  async "half open"({ proxy }) {
    proxy.dropReplies();
    await random(1_500);
    proxy.cut();
    proxy.flow();
  },
  async cut({ proxy }) {
    for (let times = 0; times < 5; times += 1) {
      proxy.cutAtReply(Math.floor(Math.random() * 20));
      await random(300);
    }
    proxy.cutAtReply(Number.POSITIVE_INFINITY);
  },
};

/** Blow upon blow under load for so many milliseconds, on four processes behind a proxy. */
export async function kills(name: EngineName, ms: number): Promise<Row> {
  const { open, recovery: allowed } = ENGINES[name];
  const [engine, sessions] = await Promise.all([open(), sessionServer()]);
  const proxy = await tcpProxy({ host: "127.0.0.1", port: engine.port });
  const cluster = await Cluster.open({ store: engine.urlAt(proxy.port), sessions: sessions.url });
  const started = performance.now();
  const faults: string[] = [];
  const kinds = Object.entries(BLOWS);
  let [recovery, rounds] = [0, 0];
  try {
    const traffic = new Traffic(cluster).start(LANES);
    while (performance.now() - started < ms) {
      await random(500);
      const [kind, blow] = kinds[rounds % kinds.length] ?? [];
      await blow?.({ engine, proxy, cluster });
      rounds += 1;
      try {
        const took = await allAreBack(cluster, PATIENCE);
        if (took > allowed) faults.push(`${kind}: back after ${Math.round(took)} ms`);
        recovery = Math.max(recovery, took);
      } catch (error) {
        faults.push(`${kind}: ${String(error)}`);
      }
      if (rounds % 50 === 0) console.error(`${name}: ${rounds} blows, ${faults.length} faults`);
    }
    const { calledWrong, burnt, persons, requests, slowest, ...found } = await traffic.end();
    if (calledWrong > 0) faults.push(`${calledWrong} right codes were called wrong`);
    const idle = await engine.idleInTransaction();
    if (idle > 0) faults.push(`${idle} connections idle in a transaction`);
    return {
      name: `${name}, kills`,
      rounds,
      ...found,
      recovery,
      allowed,
      faults: [...faults, ...found.faults],
      notes: `${persons} persons, ${requests} requests, ${burnt} codes used up unheard; slowest: ${slowest}`,
    };
  } finally {
    await cluster.close();
    await proxy.close();
    await Promise.all([engine.stop(), sessions.stop()]);
  }
}
