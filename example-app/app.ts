import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import session from "express-session";
import { passkey, recoveryCodes, sessionProof, totp, twoFactor, type TwoFactor } from "require2fa";
import { api } from "./api.js";
import { bank } from "./bank.js";
import { html, sendPage, wantsPage } from "./layout.js";
import { Ledger } from "./ledger.js";
import { login } from "./login.js";
import { messagesBy } from "./messages.js";
import { showOutbox } from "./outbox-page.js";
import type { Settings } from "./settings.js";
import type { Shared } from "./shared.js";
import { spa } from "./spa.js";
import { THEME } from "./style.js";
import { findUser } from "./users.js";

declare global {
  namespace Express {
    interface Request {
      /** Who is logged in by the first factor, be it with a session or with a bearer token. */
      userId?: string | undefined;
    }
  }
}

const PLENTY = [{ max: 500, interval: "1h" }] as const;

export interface AppOptions {
  readonly settings: Settings;
  /** What other copies of the bank use as well; this process has a store of its own without it. */
  readonly shared?: Shared | undefined;
  /** Milliseconds since the epoch; tests bring their own. */
  readonly clock?: () => number;
}

export interface BankApp {
  readonly app: Express;
  readonly tfa: TwoFactor;
}

/** The whole bank, ready to listen. */
export function createApp({ settings, shared, clock = Date.now }: AppOptions): BankApp {
  const { secrets, origin, passkeysAt } = settings;
  const messages = messagesBy(settings);
  const bearer = api(secrets.token, clock);

  const tfa = twoFactor({
    secret: secrets.twoFactor,
    user: (req) => req.userId,
    contact: (userId) => findUser(userId) ?? null,
    methods: [
      ...(passkeysAt === undefined ? [] : [passkey({ origins: [passkeysAt] })]),
      totp({ secret: (userId) => findUser(userId)?.totpSecret }),
      ...messages.methods,
      recoveryCodes(),
    ],
    factors: true,
    // For the statement alone: a route that says nothing of devices wants a proof.
    trustedDevices: { maxAge: "14d" },
    proof: [bearer.proof, sessionProof()],
    service: "Fjord Bank",
    ...(origin !== undefined && { origin }),
    // Alone, its books are in memory too.
    ...(shared ? { store: shared.store } : { allowMemoryStore: true }),
    // Messages cost nothing here, so that one can play for an hour. Leave the defaults where they do.
    limits: { sends: { perUser: PLENTY, perDestination: PLENTY, perPrefix: false } },
    page: { theme: THEME },
    events: { fault: ({ where, error }) => console.error(`${where}:`, error) },
    clock,
  });

  const app = express();
  app.disable("x-powered-by");
  app.use(
    session({
      name: "fjord",
      secret: secrets.session,
      resave: false,
      saveUninitialized: false,
      ...(shared && { store: shared.sessions }),
      cookie: { httpOnly: true, sameSite: "lax", secure: "auto" },
    }),
  );
  app.use(express.json({ limit: "16kb" }), express.urlencoded({ extended: false, limit: "16kb" }));
  app.use((req, _res, next) => {
    req.userId = bearer.userOf(req) ?? req.session.userId;
    next();
  });
  app.use(tfa);

  const ledger = new Ledger(clock);
  app.use(login(), bearer.router, bank(ledger), spa(ledger));
  if (messages.outbox) app.get("/outbox", showOutbox(messages.outbox));
  app.locals["outbox"] = messages.outbox !== undefined;
  app.use(notFound, failed);
  return { app, tfa };
}

const notFound: RequestHandler = (req, res) => {
  if (!wantsPage(req)) return void res.status(404).json({ error: "There is nothing here." });
  sendPage(res, { title: "Not found", status: 404, body: html`<h1>There is nothing here</h1>` });
};

const failed: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) return next(error);
  const status = statusOf(error);
  if (status >= 500) console.error(error);
  const title = status >= 500 ? "Something went wrong" : "The request could not be read";
  if (!wantsPage(req)) return void res.status(status).json({ error: `${title}.` });
  sendPage(res, { title, status, body: html`<h1>${title}</h1>` });
};

/** Express and its parsers put the status on the error. */
function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
