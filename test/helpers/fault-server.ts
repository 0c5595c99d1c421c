import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { selfSigned } from "./self-signed.js";

/** What the server does with one request. Numbers are plain statuses. */
export type Fault = number | { status: number; headers?: Record<string, string>; body?: string } | keyof typeof FAULTS;

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A carrier's HTTP side that misbehaves to order. */
export interface FaultServer {
  readonly url: string;
  /** Every request whose body arrived, in order: what a real carrier would have sent. */
  readonly seen: SeenRequest[];
  /** One fault for each coming request; the last one stays. */
  script(...faults: Fault[]): void;
  close(): Promise<void>;
}

const MB = 1_048_576;

const FAULTS = {
  ok: (response: ServerResponse) => response.end('{"id":"carrier-1"}'),
  garbage: (response: ServerResponse) => response.end(Buffer.from([0xff, 0xfe, 0x00, 0x7b, 0x80])),
  html200: (response: ServerResponse) => response.end("<!doctype html><title>Log in to the guest network</title>"),
  empty: (response: ServerResponse) => response.end(),
  deep: (response: ServerResponse) => response.end("[".repeat(100_000) + "]".repeat(100_000)),
  bom: (response: ServerResponse) => response.end('\ufeff{"id":"carrier-1"}'),
  nan: (response: ServerResponse) => response.end('{"id":NaN}'),
  duplicates: (response: ServerResponse) => response.end('{"id":"first","id":{"valid":true}}'),
  huge: (response: ServerResponse) => pour(response, 50),
  gzipBomb: (response: ServerResponse) => {
    response.writeHead(200, { "content-encoding": "gzip" });
    response.end((bomb ??= gzipSync(Buffer.alloc(50 * MB))));
  },
  wrongLength: (response: ServerResponse) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"id":"carrier-1"}', () => response.socket?.end());
  },
  slow: (response: ServerResponse) => {
    response.writeHead(200);
    const drip = setInterval(() => response.write(" "), 20);
    response.once("close", () => clearInterval(drip));
  },
  timeout: () => undefined,
  resetBefore: (response: ServerResponse) => response.socket?.resetAndDestroy(),
  resetAfterAccept: (response: ServerResponse) => response.socket?.resetAndDestroy(),
  redirect: (response: ServerResponse) => response.writeHead(307, { location: "http://169.254.169.254/" }).end(),
};

let bomb: Buffer | undefined;

/** As much as the other side will take. */
function pour(response: ServerResponse, megabytes: number): void {
  let left = megabytes;
  const chunk = Buffer.alloc(MB, 0x20);
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      if (!response.write(chunk)) return;
    }
    response.end();
  };
  response.on("drain", more);
  more();
}

export async function startFaultServer(options: { tls?: boolean } = {}): Promise<FaultServer> {
  const faults: Fault[] = ["ok"];
  const seen: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const fault = (faults.length > 1 ? faults.shift() : faults[0]) ?? "ok";
    if (fault === "resetBefore") return void FAULTS.resetBefore(response);
    collect(request, (body) => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      perform(fault, response);
    });
  };
  const server = options.tls === true ? createTlsServer(selfSigned("localhost"), listener) : createServer(listener);
  const sockets = await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === true ? "https" : "http"}://127.0.0.1:${port}/messages`,
    seen,
    script: (...next) => void faults.splice(0, faults.length, ...next),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function perform(fault: Fault, response: ServerResponse): void {
  if (typeof fault === "string") return void FAULTS[fault](response);
  const { status, headers, body } = typeof fault === "number" ? { status: fault } : fault;
  response.writeHead(status, headers).end(body);
}

function collect(request: IncomingMessage, done: (body: string) => void): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => done(Buffer.concat(chunks).toString()));
  request.on("error", () => undefined);
}

async function listen(server: Server): Promise<Set<Socket>> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return sockets;
}
