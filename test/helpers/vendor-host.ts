import { execFile } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { outbox, email, sms, twoFactor, voice, type TwoFactor, type TwoFactorOptions } from "../../src/index.js";
import { type FakeClock, fakeClock } from "./clock.js";

/** An engine that sends into an outbox and draws the codes that a test names, one after the other. */
export interface Engine {
  readonly tfa: TwoFactor;
  readonly clock: FakeClock;
  readonly box: ReturnType<typeof outbox>;
  /** The codes that come next; when none is left, the engine's own. */
  readonly codes: string[];
  /** Newest first. */
  texts(): string[];
}

export function engine(options: Partial<TwoFactorOptions> = {}, clock = fakeClock()): Engine {
  const box = outbox();
  const codes: string[] = [];
  let drawn = 0;
  const tfa = twoFactor({
    secret: "a secret of the served side, 32 bytes and more",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    // the documents know the limits of an account and no others
    limits: { sends: { perDestination: false, perPrefix: false }, spend: { sms: false, voice: false } },
    clock,
    generateCode: ({ length, alphabet }) => {
      const named = codes.shift();
      if (named !== undefined) return named;
      drawn += 1;
      // no two alike, so that codes which must be unique are
      const number = (drawn * 7919) % alphabet.length ** Math.min(length, 8);
      return [...number.toString(alphabet.length)]
        .map((each) => alphabet[Number.parseInt(each, alphabet.length)])
        .join("")
        .padStart(length, alphabet[0]);
    },
    ...options,
  });
  return { tfa, clock, box, codes, texts: () => box.messages.map(({ text }) => text) };
}

/** A server on a port of its own. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener): Promise<Host> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Curled {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The JSON in it, or `undefined`. */
  readonly json: unknown;
}

/** What the real curl gets for these arguments, `-s -i` put before them. */
export function curl(...args: readonly string[]): Promise<Curled> {
  return new Promise((resolve, reject) => {
    execFile("curl", ["-s", "-i", "--max-time", "10", ...args], { encoding: "utf8" }, (error, out) => {
      if (error) reject(error);
      else resolve(read(out));
    });
  });
}

function read(out: string): Curled {
  // an interim answer (100 Continue) comes before the real one
  const text = out.replace(/^(?:HTTP\/1\.1 1\d\d[^\n]*\n(?:[^\n]+\n)*\r?\n)+/, "");
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(":")).toLowerCase(),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  const body = text.slice(end + 4);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(headers), text: body, json: parsed(body) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
