import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import express, { type Express, type RequestHandler } from "express";
import {
  type OutboxMessage,
  outbox,
  sms,
  twoFactor,
  type TwoFactor,
  type TwoFactorOptions,
  voice,
} from "../../src/index.js";
import type { Message } from "../../src/providers/provider.js";
import { type FakeClock, fakeClock } from "./clock.js";

const run = promisify(execFile);

/** An answer as its bytes came. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: never;
}

/** The real program, without a shell: what stands here is what it gets. */
export async function curl(...args: string[]): Promise<Answer> {
  const { stdout } = await run("curl", ["-s", "-i", "--max-time", "15", ...args], { maxBuffer: 4_194_304 });
  const end = stdout.indexOf("\r\n\r\n");
  const [first = "", ...lines] = stdout.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const text = stdout.slice(end + 4);
  return { status: Number(first.split(" ")[1]), headers, text, json: parsed(text) as never };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(app: Express): Promise<Listening> {
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An engine to serve a vendor's API from: its messages, and the code that the next of them carry. */
export interface Engine {
  readonly tfa: TwoFactor;
  readonly clock: FakeClock;
  /** Newest first. */
  readonly messages: (OutboxMessage & { readonly from?: string })[];
  code: string;
}

export function engine(options: Partial<TwoFactorOptions> = {}): Engine {
  const clock = fakeClock();
  const messages: Engine["messages"] = [];
  const box = outbox();
  const carrier = {
    name: "outbox",
    send: (message: Message) => {
      box.send(message);
      const { from } = message;
      messages.unshift({ ...(box.last() as OutboxMessage), ...(from === undefined ? {} : { from }) });
    },
  };
  const made: { code: string } = { code: "1234" };
  const tfa = twoFactor({
    secret: "the secret of a served engine, long enough",
    user: () => undefined,
    contact: () => null,
    methods: [sms(carrier), voice(carrier)],
    generateCode: () => made.code,
    clock,
    ...options,
  });
  return Object.assign(made, { tfa, clock, messages });
}

/** An app with nothing but what is mounted, on whichever Express the test file runs; an error that reaches it is a fault. */
export function hostOf(...handlers: RequestHandler[]): Express {
  const app = express();
  for (const handler of handlers) app.use(handler);
  return app;
}

/** 4 or 5: what `express` is in this test file. */
export function majorOfExpress(): number {
  return "del" in express.application ? 4 : 5;
}
