import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser } from "playwright-core";

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

let running: Promise<Browser> | undefined;

/** The one browser of this worker, for all its files: to start one costs as much as many a test. It ends with the worker. */
export function launch(executablePath: string | undefined): Promise<Browser> {
  if (executablePath === undefined) throw new Error("no chromium");
  return (running ??= chromium.launch({ executablePath, args: FLAGS.split(" ") }));
}

/** Nothing of one file is open in the next. */
export async function leave(browser: Browser | undefined): Promise<void> {
  for (const context of browser?.contexts() ?? []) await context.close();
}

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly fields: readonly (readonly [string, string])[];
}

export interface Host {
  readonly origin: string;
  /** Every POST, in order. */
  readonly posts: Received[];
  close(): Promise<void>;
}

/** Serves documents by path with their headers, and remembers what is posted. */
export async function serve(
  page: (path: string) => { readonly body: string; readonly headers: Readonly<Record<string, string>> },
): Promise<Host> {
  const posts: Received[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const fields = [...new URLSearchParams(Buffer.concat(chunks).toString("utf8"))];
      posts.push({ method: "POST", path, headers: request.headers, fields });
      response.setHeader("Content-Type", "text/html; charset=utf-8").end("<!doctype html><title>posted</title>");
      return;
    }
    const { body, headers } = page(path);
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
