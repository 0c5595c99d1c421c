import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Burst } from "./client.js";
import type { Sample } from "./part.js";
import { median, used } from "./timing.js";

/** Two apps and what they are asked: the one that is measured, and the one without. */
export interface Pair {
  readonly ours: RequestListener;
  readonly bare: RequestListener;
  readonly calls: (which: "ours" | "bare") => Burst["calls"];
  readonly times: number;
}

const PAIRS = 21;
/** A server runs for days: what it takes before its compiler has settled says nothing about it. */
const WARM_UP = 12_000;
const CONNECTIONS = 16;

/**
 * Bursts that alternate between two servers of this process, asked by another one. The medians of the server's own time,
 * microseconds for each time: `bare`, `ours`, and what the second adds to the first beside it.
 */
export async function alternating({ ours, bare, calls, times }: Pair): Promise<Sample> {
  const client = fork(path.join(import.meta.dirname, "client.js"));
  const servers = { ours: await listening(ours), bare: await listening(bare) };
  let from = 0;
  const burst = async (which: "ours" | "bare"): Promise<number> => {
    const { port } = servers[which].address() as AddressInfo;
    const begin = used();
    await ask(client, { port, connections: CONNECTIONS, times, calls: calls(which), from });
    from += times;
    return ((used() - begin) * 1_000) / times;
  };
  for (let done = 0; done < WARM_UP; done += times) for (const which of ["bare", "ours"] as const) await burst(which);
  const found = { bare: [] as number[], ours: [] as number[], added: [] as number[] };
  for (let round = 0; round < PAIRS; round += 1) {
    // Whichever comes first has the warmer caches.
    const first = round % 2 === 0 ? await burst("bare") : undefined;
    const own = await burst("ours");
    const other = first ?? (await burst("bare"));
    found.bare.push(other);
    found.ours.push(own);
    found.added.push(own - other);
  }
  client.kill();
  return { bare: median(found.bare), ours: median(found.ours), added: median(found.added) };
}

async function listening(listener: RequestListener): Promise<Server> {
  // A connection waits while the other server has its turn.
  const server = createServer({ keepAliveTimeout: 600_000 }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function ask(client: ChildProcess, burst: Burst): Promise<void> {
  client.send(burst);
  const [answer] = (await once(client, "message")) as [{ ok: boolean; error?: string }];
  if (!answer.ok) throw new Error(answer.error);
}
