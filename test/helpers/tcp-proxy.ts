import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from "node:net";

/** A wire between a client and a server that breaks to order. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections there were. */
  readonly connections: number;
  /** Chunks that went up to the server and came down from it. */
  readonly passed: { readonly up: number; readonly down: number };
  /** Holds every chunk back for so long, both ways; `0` for at once. */
  delay(ms: number): void;
  /** Keeps what comes from now on, both ways, until `flow()`: the connections stay open and silent. */
  stall(): void;
  /** Lets through what was kept, and all that follows. */
  flow(): void;
  /** Lets requests through and throws their replies away, until `flow()`. */
  dropReplies(): void;
  /** Cuts every connection; new ones are taken. */
  cut(): void;
  /** Cuts every connection with the first reply that comes after so many: what was asked was done, and nobody knows. */
  cutAtReply(after?: number): void;
  /** Cuts every connection and takes no new ones, until `restore()`. */
  refuse(): void;
  restore(): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly kept: (() => void)[];
}

/** Listens on a free port of the loopback and passes everything on to `target`. */
export async function tcpProxy(target: NetConnectOpts): Promise<TcpProxy> {
  const links = new Set<Link>();
  const state = { delay: 0, stalled: false, dropping: false, repliesLeft: Number.POSITIVE_INFINITY };
  const passed = { up: 0, down: 0 };
  let connections = 0;

  const cut = (): void => {
    for (const { client, server } of links) {
      client.destroy();
      server.destroy();
    }
    links.clear();
  };
  const pass = (link: Link, direction: "up" | "down", chunk: Buffer): void => {
    const send = (): void => {
      passed[direction] += 1;
      (direction === "up" ? link.server : link.client).write(chunk);
    };
    if (direction === "down" && state.dropping) return;
    if (direction === "down" && (state.repliesLeft -= 1) < 0) {
      state.repliesLeft = Number.POSITIVE_INFINITY;
      cut();
    } else if (state.stalled) link.kept.push(send);
    else if (state.delay > 0) setTimeout(send, state.delay).unref();
    else send();
  };
  const listener = createServer((client) => {
    connections += 1;
    const link: Link = { client, server: connect(target), kept: [] };
    links.add(link);
    const end = (): void => {
      links.delete(link);
      client.destroy();
      link.server.destroy();
    };
    client.on("data", (chunk: Buffer) => pass(link, "up", chunk));
    link.server.on("data", (chunk: Buffer) => pass(link, "down", chunk));
    for (const socket of [client, link.server]) socket.setNoDelay(true).on("error", end).on("close", end);
  });
  const listen = async (port: number): Promise<void> =>
    new Promise((resolve) => void listener.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = listener.address() as AddressInfo;

  return {
    port,
    passed,
    get connections() {
      return connections;
    },
    delay: (ms) => void (state.delay = ms),
    stall: () => void (state.stalled = true),
    flow() {
      Object.assign(state, { stalled: false, dropping: false, delay: 0 });
      for (const { kept } of links) for (const send of kept.splice(0)) send();
    },
    dropReplies: () => void (state.dropping = true),
    cut,
    cutAtReply: (after = 0) => void (state.repliesLeft = after),
    refuse() {
      listener.close();
      cut();
    },
    restore: async () => listen(port),
    async close() {
      cut();
      await new Promise<void>((resolve) => void listener.close(() => resolve()));
    },
  };
}
