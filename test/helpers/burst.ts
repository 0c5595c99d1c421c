import { createServer, type RequestListener } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/** What came back over the wire. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; what was sent several times is joined by a newline. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The JSON object in it, or an empty one. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RequestParts {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | string;
  /** Sent as it is, with a content type from `headers`. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request as bytes, with the target as it is written here: nothing resolves `/..` or encodes a semicolon. */
export function rawRequest(method: string, target: string, parts: RequestParts = {}): string {
  const { json, form, text, headers = {} } = parts;
  const body =
    json !== undefined ? JSON.stringify(json) : form !== undefined ? String(new URLSearchParams(form)) : (text ?? "");
  const type =
    json !== undefined ? "application/json" : form !== undefined ? "application/x-www-form-urlencoded" : undefined;
  const all = {
    host: "shop.example",
    ...(type === undefined ? {} : { "content-type": type }),
    ...(body === "" && text === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** One socket that is kept open; one request at a time. */
export class Line {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void; head: boolean } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#settle();
    });
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("The server closed the connection without an answer.")));
  }

  static async open(port: number): Promise<Line> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => void socket.once("connect", resolve).once("error", reject));
    return new Line(socket);
  }

  /** Writes all but the last byte of a request; `release` writes that one. */
  begin(raw: string): { answer: Promise<Answer>; release(): void } {
    const bytes = Buffer.from(raw);
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject, head: raw.startsWith("HEAD ") };
    });
    this.#socket.write(bytes.subarray(0, -1));
    return { answer, release: () => void this.#socket.write(bytes.subarray(-1)) };
  }

  /** Whether another request can be written: the server may have hung up since the last. */
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(): void {
    if (!this.#waiting) return;
    const parsed = parse(this.#received, this.#waiting.head);
    if (!parsed) return;
    this.#received = this.#received.subarray(parsed.length);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(parsed.answer);
  }
}

function parse(bytes: Buffer, head: boolean): { answer: Answer; length: number } | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const status = Number(first.split(" ")[1]);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`;
  }
  const empty = head || status === 204 || status === 304;
  const rest = bytes.subarray(end + 4);
  const found = empty
    ? { text: "", length: 0 }
    : headers["transfer-encoding"] === "chunked"
      ? dechunked(rest)
      : counted(rest, Number(headers["content-length"]));
  if (!found) return undefined;
  const { text, length } = found;
  return { answer: { status, headers, text, body: objectIn(headers["content-type"], text) }, length: end + 4 + length };
}

function counted(bytes: Buffer, length: number): { text: string; length: number } | undefined {
  return bytes.length < length ? undefined : { text: bytes.toString("utf8", 0, length), length };
}

/** RFC 9112 section 7.1, without extensions and trailers: what Node writes. */
function dechunked(bytes: Buffer): { text: string; length: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { text: Buffer.concat(chunks).toString(), length: next };
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

function objectIn(type: string | undefined, text: string): Record<string, unknown> {
  if (!/json/.test(type ?? "") || text === "") return {};
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** An app behind a real server, and sockets to it that stay open from one round to the next. */
export class Site {
  readonly port: number;
  readonly #free: Line[] = [];
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async open(app: RequestListener): Promise<Site> {
    const server = createServer({ keepAliveTimeout: 0, maxHeaderSize: 64 * 1024 }, app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return new Site(port, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }

  async close(): Promise<void> {
    for (const line of this.#free.splice(0)) line.close();
    await this.#close();
  }

  async send(raw: string): Promise<Answer> {
    const [answer] = await this.burst([raw]);
    if (!answer) throw new Error("No answer.");
    return answer;
  }

  /** Every request on a socket of its own: all but the last byte of each, then all the last bytes at once. */
  async burst(requests: readonly string[]): Promise<Answer[]> {
    const lines = await Promise.all(requests.map(async () => this.#free.pop() ?? Line.open(this.port)));
    const begun = lines.map((line, index) => line.begin(requests[index] ?? ""));
    if (requests.length > 1) {
      // time for the server to read what it has been sent, and to wait for the rest
      await turn();
      await turn();
    }
    for (const { release } of begun) release();
    const answers = await Promise.all(begun.map(({ answer }) => answer));
    this.#free.push(...lines);
    return answers;
  }

  /** The same by plain `Promise.all`, each request written as a whole. */
  async together(requests: readonly string[]): Promise<Answer[]> {
    return Promise.all(requests.map((raw) => this.send(raw)));
  }
}

/** The two ways in which a crowd comes through the door. */
export const CROWDS = {
  "last bytes at once": (site: Site, requests: readonly string[]) => site.burst(requests),
  "by Promise.all": (site: Site, requests: readonly string[]) => site.together(requests),
} as const;

export type Crowd = (typeof CROWDS)[keyof typeof CROWDS];

/** A client that keeps its cookies. */
export class Visitor {
  readonly site: Site;
  cookies = new Map<string, string>();

  constructor(site: Site) {
    this.site = site;
  }

  /** Logs in by the first factor. */
  static async login(site: Site, user: string): Promise<Visitor> {
    const visitor = new Visitor(site);
    const { status } = await visitor.post("/login", { user });
    if (status !== 200) throw new Error(`The login of ${user} was answered with ${status}.`);
    return visitor;
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** A request as bytes, with this client's cookies. */
  raw(method: string, target: string, parts: RequestParts = {}): string {
    const cookie = this.cookies.size === 0 ? {} : { cookie: this.cookie };
    return rawRequest(method, target, { ...parts, headers: { ...cookie, ...parts.headers } });
  }

  async send(method: string, target: string, parts: RequestParts = {}): Promise<Answer> {
    const answer = await this.site.send(this.raw(method, target, parts));
    this.keep(answer);
    return answer;
  }

  get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send("GET", target, { headers });
  }

  post(target: string, json: unknown = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send("POST", target, { json, headers });
  }

  /** Takes over the cookies of an answer. */
  keep({ headers }: Answer): void {
    for (const cookie of headers["set-cookie"]?.split("\n") ?? []) {
      const [pair = ""] = cookie.split(";");
      const equals = pair.indexOf("=");
      this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
  }

  /** The same client once more, as it is now. */
  twin(): Visitor {
    const twin = new Visitor(this.site);
    twin.cookies = new Map(this.cookies);
    return twin;
  }
}

/** How often each status was answered. */
export function tally(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
