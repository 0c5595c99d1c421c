import express, { type Express, type Request, type RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import { require2fa } from "require2fa";
import { elevatedRequest } from "../identities.js";
import { instance } from "../instance.js";
import { alternating } from "../pairs.js";
import type { Case, Part } from "../part.js";
import { codeAt } from "../totp.js";

/** One guard drowns in the noise of a request. */
const MOUNTED = 20;
const MAX_AGE = 15 * 60_000;

/** What a session middleware would have put there, without its own cost. */
const session = (): RequestHandler => {
  const elevated = elevatedRequest("ada") as Request & { session: object; sessionID: string; sessionStore: object };
  const { session: kept, sessionID, sessionStore } = elevated;
  return (req, _res, next) => {
    Object.assign(req, { session: kept, sessionID, sessionStore });
    next();
  };
};

function appWith(handlers: readonly RequestHandler[]): Express {
  const app = express();
  app.disable("x-powered-by");
  for (const handler of handlers) app.use(handler);
  app.get("/", (_req, res) => void res.json({ ok: true }));
  return app;
}

const twenty =
  (guard: () => RequestHandler): Case =>
  () => {
    const before = [session(), instance()];
    return alternating({
      bare: appWith(before),
      ours: appWith([...before, ...Array.from({ length: MOUNTED }, guard)]),
      calls: () => [{ method: "GET", path: "/" }],
      times: 4_000,
    });
  };

const byHand: RequestHandler = (req, res, next) => {
  const { mfaAt } = (req as unknown as { session: { mfaAt: number } }).session;
  if (!(Date.now() - mfaAt <= MAX_AGE)) return void res.status(401).end();
  next();
};

/** A session for each person, in a map: what the routes cost is not to drown in what a session middleware costs. */
const sessions = (): RequestHandler => {
  const all = new Map<string, object>();
  return (req, _res, next) => {
    const user = String(req.headers["x-user"]);
    const known = all.get(user) ?? { userId: user };
    all.set(user, known);
    Object.assign(req, { session: known });
    next();
  };
};

const routes: Case = () => {
  const ours = express().use(sessions(), instance());
  const bare = express().use(sessions(), express.json());
  for (const path of ["/challenge", "/verify"]) bare.post(path, (_req, res) => void res.json({ ok: true }));
  return alternating({
    ours,
    bare,
    calls: (which) => {
      const base = which === "ours" ? "/2fa" : "";
      return [
        { method: "POST", path: `${base}/challenge`, body: "{}" },
        { method: "POST", path: `${base}/verify`, body: JSON.stringify({ code: codeAt(Date.now()) }) },
      ];
    },
    times: 300,
  });
};

export const http: Part = {
  peers: ["express", "express-rate-limit"],
  cases: {
    "twenty require2fa()": twenty(() => require2fa({ maxAge: "15m" })),
    "twenty by hand": twenty(() => byHand),
    "twenty express-rate-limit": twenty(() => rateLimit({ limit: Number.MAX_SAFE_INTEGER, validate: false })),
    "challenge and verify": routes,
  },
  rows: [
    {
      what: "session guard over HTTP, mounted twenty times",
      beside: "express-rate-limit",
      value: (m) => m("twenty require2fa()", "added") / m("twenty express-rate-limit", "added"),
      target: { most: 0.1 },
    },
    {
      what: "session guard over HTTP, mounted twenty times",
      beside: "check written by hand",
      value: (m) => m("twenty require2fa()", "added") / m("twenty by hand", "added"),
    },
    {
      what: "POST challenge and POST verify",
      beside: "two empty JSON POSTs",
      value: (m) => m("challenge and verify", "ours") / m("challenge and verify", "bare"),
      target: { most: 1.35 },
    },
    {
      what: "what they add, CPU",
      beside: "two empty JSON POSTs",
      value: (m) => m("challenge and verify", "added"),
      unit: "µs",
      target: { most: 60 },
    },
  ],
};
