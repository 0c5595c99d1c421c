import { execFile } from "node:child_process";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import {
  email,
  type Message,
  memoryStore,
  sms,
  twoFactor,
  type TwoFactor,
  type TwoFactorOptions,
  voice,
} from "../../src/index.js";
import { mittoRouter, type MittoRouterOptions } from "../../src/vendors/mitto/index.js";
import { type FakeClock, fakeClock } from "./clock.js";
import { listen } from "./vendor-host.js";

/** The account of the documents, a sub-account of it, and somebody else's. */
export const SID = "ACae6e420f425248d6a26948c17a9e2acf";
export const SUB = "AC00000000000000000000000000000001";
export const OTHER = "AC00000000000000000000000000000002";
export const ACCOUNTS = {
  [SID]: { token: "tok", email: "jane.doe@yourcompany.com" },
  [SUB]: { token: "sub-tok", email: "sub@yourcompany.com", parent: SID },
  [OTHER]: { token: "other-tok" },
};

export interface Call {
  method?: string;
  path: string;
  /** An object is sent as JSON. */
  body?: object | string | Buffer;
  type?: string;
  user?: string;
  token?: string;
  headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The JSON in it; whoever reads it knows what to expect. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

/** An engine that answers as Mitto, on a port of its own. */
export interface World {
  readonly tfa: TwoFactor;
  readonly clock: FakeClock;
  /** What was sent, newest first. */
  readonly sent: Message[];
  /** The codes that come next. */
  readonly codes: string[];
  readonly faults: unknown[];
  readonly url: string;
  /** Makes every send fail, or lets them pass again. */
  failing: boolean;
  call(call: Call): Promise<Answer>;
  post(path: string, body: object | string, more?: Partial<Call>): Promise<Answer>;
  get(path: string, more?: Partial<Call>): Promise<Answer>;
  /** Sends to the documents' number, or as `fields` say; answers with the request id. */
  send(fields?: object, more?: Partial<Call>): Promise<string>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly engine?: Partial<TwoFactorOptions>;
  readonly router?: Partial<MittoRouterOptions>;
  readonly express?: 4 | 5;
  /** Mounted before the router. */
  readonly before?: readonly RequestHandler[];
  readonly at?: number;
  /** Where the router is mounted. */
  readonly mount?: string;
}

export const SEND = {
  service: "2FA",
  from: "12012751398",
  to: "919960639901",
  body: "Your verification code is: {code}",
};

export async function world(options: WorldOptions = {}): Promise<World> {
  const clock = fakeClock(options.at);
  const sent: Message[] = [];
  const codes: string[] = [];
  const faults: unknown[] = [];
  const state = { failing: false };
  const carry = (message: Message): void => {
    if (state.failing) throw Object.assign(new Error("refused"), { unsent: true, permanent: true });
    sent.unshift(message);
  };
  const tfa = twoFactor({
    secret: "a secret of the served side, 32 bytes and more",
    user: () => undefined,
    contact: () => null,
    methods: [sms(carry), voice(carry), email(carry)],
    store: memoryStore({ retention: "900d" }),
    // the documents know the limits of an account and no others
    limits: { sends: { perDestination: false, perPrefix: false }, spend: { sms: false, voice: false } },
    generateCode: ({ length }) => codes.shift() ?? "3122091234".slice(0, length),
    clock,
    ...options.engine,
  });
  const { verifications, limits, workflows } = tfa;
  const onFault = (error: unknown): void => void faults.push(error);
  const router = mittoRouter({
    verifications,
    limits,
    workflows,
    accounts: ACCOUNTS,
    onFault,
    clock,
    ...options.router,
  });
  const app = options.express === 4 ? (express4() as unknown as ReturnType<typeof express>) : express();
  app.disable("x-powered-by");
  for (const handler of options.before ?? []) app.use(handler);
  app.use(options.mount ?? "/", router);
  const host = await listen(app);
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const base = host.url + (options.mount ?? "");
  const call = (wanted: Call) => ask(base, agent, wanted);
  const post: World["post"] = (path, body, more) => call({ method: "POST", path, body, ...more });
  const made: World = {
    tfa,
    clock,
    sent,
    codes,
    faults,
    url: base,
    get failing() {
      return state.failing;
    },
    set failing(value) {
      state.failing = value;
    },
    call,
    post,
    get: (path, more) => call({ path, ...more }),
    async send(fields = {}, more = {}) {
      const { json, text } = await post("/2fa/send", { ...SEND, ...fields }, more);
      if (json?.code !== 200) throw new Error(`not sent: ${text}`);
      return String(json.requestID);
    },
    async close() {
      agent.destroy();
      await host.close();
      await tfa.close();
    },
  };
  return made;
}

/** One request, byte for byte as given: `fetch` would send no body with a GET. */
function ask(
  base: string,
  agent: Agent,
  { method = "GET", path, body, type, user = SID, token, headers }: Call,
): Promise<Answer> {
  const bytes = typeof body === "string" || Buffer.isBuffer(body) || body === undefined ? body : JSON.stringify(body);
  const known = (ACCOUNTS as Record<string, { token: string }>)[user.trim()]?.token ?? "";
  return new Promise((resolve, reject) => {
    const sending = request(`${base}${path}`, {
      method,
      agent,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${token ?? known}`).toString("base64")}`,
        ...(bytes === undefined
          ? {}
          : { "content-type": type ?? "application/json", "content-length": Buffer.byteLength(bytes) }),
        ...headers,
      },
    });
    sending.on("error", reject);
    sending.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const { statusCode: status = 0, statusMessage: reason = "", headers: answered } = response;
        resolve({ status, reason, headers: answered, text, json: parsed(text) });
      });
    });
    sending.end(bytes);
  });
}

/** Runs a command of the documents in a real shell with the real curl. */
export function shell(command: string): Promise<Pick<Answer, "status" | "text" | "json">> {
  const script = command.replace(/^curl/, "curl -s --max-time 10 -w '\\n%{http_code}'");
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", script], { encoding: "utf8" }, (error, out) => {
      if (error) return reject(error);
      const at = out.lastIndexOf("\n");
      const text = out.slice(0, at);
      resolve({ status: Number(out.slice(at + 1)), text, json: parsed(text) });
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
