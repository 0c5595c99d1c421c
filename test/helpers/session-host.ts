import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import session from "express-session";
import { createKeyring, randomId } from "../../src/core/crypto.js";
import { isTwoFactorError } from "../../src/core/errors.js";
import { Events } from "../../src/core/events.js";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import type { Proof, ProofContext } from "../../src/express/proof.js";
import { createSessionProof } from "../../src/express/session-proof.js";
import type { Mark } from "../../src/step-up/mark.js";

declare module "express-session" {
  interface SessionData {
    user: string;
    cart: string[];
    twoFactor: { binding: string; marks: Mark[] };
  }
}

export function proofContext(overrides: Partial<ProofContext> = {}): ProofContext {
  return {
    keys: createKeyring("k".repeat(32)),
    clock: Date.now,
    events: new Events(),
    store: memoryStore(),
    ...overrides,
  };
}

export function markFor(user: string, overrides: Partial<Mark> = {}): Mark {
  return { id: randomId(), user, at: Date.now(), methods: ["totp"], ...overrides };
}

/** The same numbers in every run of the same seed. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Gives way to everything else that is due, so many times: a delay without a clock. */
export async function hops(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Step = "get" | "set" | "touch" | "destroy";
/** `late` has not arrived until it is released, `unanswered` has, but its answer has not come back. */
export type Trouble = "error" | "throw" | "hang" | "late" | "unanswered";

/** express-session's memory store behind a network: every call takes a while, and misbehaves when told to. */
export class RemoteStore extends session.MemoryStore {
  /** Hops before a call arrives, and before its answer does. */
  latency: (below: number) => number = () => 0;
  longest = 4;
  /** What goes wrong in the coming calls of one kind, one entry each. */
  readonly troubles: Record<Step, (Trouble | undefined)[]> = { get: [], set: [], touch: [], destroy: [] };
  readonly calls: string[] = [];
  readonly #late: (() => void)[] = [];

  /** Sessions as they are kept, by id. */
  get kept(): Record<string, string> {
    return (this as unknown as { sessions: Record<string, string> }).sessions;
  }

  /** Lets the calls arrive that were held up on the way. */
  async releaseLate(): Promise<void> {
    for (const arrive of this.#late.splice(0)) arrive();
    await hops(20);
  }

  override get(id: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
    this.#travel("get", id, done, (answer) => super.get(id, answer));
  }

  override set(id: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    const json = JSON.stringify(data);
    this.#travel("set", id, done, (answer) => super.set(id, JSON.parse(json) as session.SessionData, answer));
  }

  override touch(id: string, data: session.SessionData, done?: () => void): void {
    this.#travel("touch", id, done, (answer) => super.touch(id, data, answer));
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    this.#travel("destroy", id, done, (answer) => super.destroy(id, answer));
  }

  #travel<A extends unknown[]>(
    step: Step,
    id: string,
    done: ((...answer: A) => void) | undefined,
    arrive: (answer: (...answer: A) => void) => void,
  ): void {
    this.calls.push(`${step} ${id}`);
    const trouble = this.troubles[step].shift();
    if (trouble === "throw") throw new Error(`${step} threw`);
    if (trouble === "hang") return;
    if (trouble === "error")
      return void setImmediate(() => (done as ((error: unknown) => void) | undefined)?.(new Error(step)));
    const go = (): void => arrive((...answer) => void hops(this.latency(this.longest)).then(() => done?.(...answer)));
    if (trouble === "late") this.#late.push(go);
    else if (trouble === "unanswered") arrive((...answer) => this.#late.push(() => done?.(...answer)));
    else void hops(this.latency(this.longest)).then(go);
  }
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly cookies: readonly string[];
  /** The session id in the cookie that was set, if any was. */
  readonly sid: string | undefined;
}

export interface SessionHost {
  readonly store: RemoteStore;
  readonly proof: Proof;
  readonly app: express.Express;
  call(method: string, path: string, cookie?: string): Promise<Reply>;
  close(): Promise<void>;
}

export const COOKIE = "connect.sid";

/** The cookie a browser would send back. */
export function cookieOf(reply: Reply): string {
  const set = reply.cookies.find((each) => each.startsWith(`${COOKIE}=`));
  return set?.split(";")[0] ?? "";
}

export function sidOf(cookie: string): string {
  return /=s%3A([^.]+)\./.exec(cookie)?.[1] ?? "";
}

interface HostOptions {
  readonly session?: Partial<session.SessionOptions>;
  readonly store?: RemoteStore;
  readonly deadline?: number;
  readonly context?: Partial<ProofContext>;
  /** In place of ours: the broken ones that a test must catch. */
  readonly proof?: Proof;
  /** Put before the routes, after the session. */
  readonly before?: readonly RequestHandler[];
  routes?(app: express.Express, proof: Proof): void;
}

/** A small app: log in, log out, look, elevate. */
export async function sessionHost(options: HostOptions = {}): Promise<SessionHost> {
  const store = options.store ?? new RemoteStore();
  const proof = options.proof ?? createSessionProof(proofContext(options.context), options.deadline ?? 1_000);
  const app = express();
  app.use(session({ secret: "s".repeat(32), resave: false, saveUninitialized: false, store, ...options.session }));
  for (const handler of options.before ?? []) app.use(handler);
  app.get("/login", (req, res) => {
    req.session.user = "ada";
    req.session.cart = ["tea"];
    res.json({});
  });
  app.get("/logout", (req, res, next) => {
    req.session.destroy((error: unknown) => (error ? next(error) : res.json({})));
  });
  app.get("/look", (req, res) => {
    const { user, cart } = req.session;
    res.json({ user, cart, sid: req.sessionID, login: proof.read(req) });
  });
  app.get("/elevate", (req, res, next) => {
    proof.read(req);
    proof
      .grant(req, res, markFor("ada", req.query as Partial<Mark>))
      .then(() => res.json({ sid: req.sessionID }), next);
  });
  app.get("/clear", (req, res, next) => {
    proof.clear(req).then(() => res.json({}), next);
  });
  options.routes?.(app, proof);
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    if (!res.headersSent) res.status(isTwoFactorError(error) ? error.status : 500);
    res.end(isTwoFactorError(error) ? error.code : String(error));
  });
  const { url, close } = await listen(app);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    store,
    proof,
    app,
    call: (method, path, cookie) => call(agent, method, url + path, cookie),
    close: async () => {
      agent.destroy();
      await close();
    },
  };
}

async function listen(app: express.Express): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function call(agent: Agent, method: string, url: string, cookie?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent, headers: cookie === undefined ? {} : { cookie } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const cookies = response.headers["set-cookie"] ?? [];
        const ours = cookies.find((each) => each.startsWith(`${COOKIE}=`));
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body, cookies, sid: ours === undefined ? undefined : sidOf(ours) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
