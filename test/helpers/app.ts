import express, { type Express, type Request } from "express";
import session from "express-session";
import request from "supertest";
import {
  outbox,
  require2fa,
  type RoutePolicy,
  sms,
  email,
  totp,
  twoFactor,
  type TwoFactor,
  type TwoFactorOptions,
} from "../../src/index.js";
import { type FakeClock, fakeClock } from "./clock.js";

declare module "express-session" {
  interface SessionData {
    userId: string;
    cart: string[];
  }
}

export const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
export const ORIGIN = "https://shop.example";

/** Users of the fixture: ada by SMS and e-mail, grace by TOTP as well, tom by nothing at all. */
export const CONTACTS: Record<string, { phone?: string; email?: string; locale?: string } | null> = {
  ada: { phone: "+46707123456", email: "ada@example.com" },
  grace: { phone: "+447979080215", email: "grace@example.com" },
  bob: { phone: "+46707123457" },
  tom: {},
};

/** What happened behind the answers. */
export interface Counters {
  compares: number;
  grants: number;
  handlerHits: number;
  faults: unknown[];
}

export interface Fixture {
  app: Express;
  tfa: TwoFactor;
  clock: FakeClock;
  box: ReturnType<typeof outbox>;
  counters: Counters;
  contacts: typeof CONTACTS;
  sessions: session.MemoryStore;
  /** The newest code sent, or sent to this recipient. */
  code(to?: string): string;
  /** A wrong code of the same shape. */
  wrong(to?: string): string;
  /** A client with a session of its own, logged in by the first factor. */
  login(user: string): Promise<ReturnType<typeof request.agent>>;
  /** What a thief of the session would have: the cookie of this client. */
  sessionCookie(agent: ReturnType<typeof request.agent>): Promise<string | undefined>;
  /** Counts and answers: the protected handler. */
  handler: express.RequestHandler;
  /** A guarded GET, at "/vault" with no policy by default. */
  guard(path: string, policy?: RoutePolicy): void;
}

/** An app with a login and the middleware, on whichever Express the project runs; routes are added by the test. */
export function fixture(
  options: Partial<TwoFactorOptions> = {},
  sessionOptions: Partial<session.SessionOptions> = {},
): Fixture {
  const app = express();
  const clock = fakeClock();
  const box = outbox();
  const sessions = new session.MemoryStore();
  const counters: Counters = { compares: 0, grants: 0, handlerHits: 0, faults: [] };
  const contacts = structuredClone(CONTACTS);

  app.use(
    session({
      secret: "first factor, not ours",
      resave: false,
      saveUninitialized: false,
      store: sessions,
      ...sessionOptions,
    }),
  );
  app.post("/login", express.json(), (req: Request, res) => {
    req.session.userId = String(req.body.user);
    res.json({ loggedIn: req.session.userId });
  });
  app.get("/cookie", (req, res) => {
    res.json({ cookie: req.headers.cookie });
  });
  app.post("/logout", (req, res) => {
    req.session.destroy(() => res.status(204).end());
  });

  const tfa = twoFactor({
    secret: "a secret of the fixture, 32 bytes and more",
    user: (req) => req.session.userId,
    contact: (userId) => contacts[userId],
    methods: [totp({ secret: (userId) => (userId === "grace" ? TOTP_SECRET : null) }), sms(box), email(box)],
    origin: ORIGIN,
    service: "Shop",
    clock,
    ...options,
    // Everybody comes from one address here.
    limits: { ...options.limits, failures: { perNetwork: false, ...options.limits?.failures } },
  });
  tfa.events
    .on("code.compared", () => (counters.compares += 1))
    .on("proof.granted", () => (counters.grants += 1))
    .on("fault", ({ error }) => counters.faults.push(error));
  app.use(tfa);

  const handler: express.RequestHandler = (req, res) => {
    counters.handlerHits += 1;
    res.json({ ok: true, methods: req.twoFactor.methods });
  };

  const code = (to?: string): string => {
    const text = box.messages.find((message) => to === undefined || message.to === to)?.text ?? "";
    const found = /^\d{6,8}/.exec(text)?.[0];
    if (found === undefined) throw new Error(`No code was sent${to === undefined ? "" : ` to ${to}`}.`);
    return found;
  };

  return {
    app,
    tfa,
    clock,
    box,
    counters,
    contacts,
    sessions,
    code,
    wrong: (to) => [...code(to)].map((digit) => (Number(digit) + 1) % 10).join(""),
    handler,
    guard: (path, policy) => void app.get(path, require2fa(policy), handler),
    sessionCookie: async (agent) => ((await agent.get("/cookie")).body as { cookie?: string }).cookie,
    async login(user) {
      const agent = request.agent(app);
      await agent.post("/login").send({ user }).expect(200);
      return agent;
    },
  };
}
