import { type ErrorRequestHandler, type Request, type RequestHandler, Router } from "express";
import { require2fa } from "require2fa";
import { showHome } from "./home-page.js";
import { wantsPage } from "./layout.js";
import { type Ledger, OrderError, plain, readOrder } from "./ledger.js";
import { showLogin } from "./login-page.js";
import { showStatement } from "./statement-page.js";
import { findUser, type User } from "./users.js";
import { showVault } from "./vault-page.js";

/** What the bank does, for people with a session and for programs with a bearer token alike. */
export function bank(ledger: Ledger): Router {
  const router = Router();

  router.get("/", (req, res) => {
    const user = findUser(req.userId);
    if (user) showHome(res, { user, ledger, done: Number(req.query["done"]) });
    else showLogin(res);
  });

  router.get(["/vault", "/api/vault"], toLogin, require2fa({ maxAge: "15m" }), (req, res) => {
    const user = userOf(req);
    const { methods, verifiedAt, expiresAt } = req.twoFactor;
    if (wantsPage(req)) showVault(res, user, req.twoFactor);
    else res.set("Cache-Control", "no-store").json({ vault: user.vault, methods, verifiedAt, expiresAt });
  });

  // To look at what was done takes less than to do it: a device that its owner trusts will do.
  router.get("/statement", toLogin, require2fa({ maxAge: "15m", trustedDevice: true }), (req, res) => {
    showStatement(res, userOf(req), ledger);
  });

  // Nobody is asked to approve what could not be done anyway.
  const possible: RequestHandler = (req, _res, next) => {
    if (req.userId !== undefined) ledger.check(req.userId, readOrder(req.body));
    next();
  };
  const approved = require2fa({
    action: "transfer",
    maxAge: "5m",
    bind: (req) => {
      const { cents, payee } = readOrder(req.body);
      return { amount: `€${plain(cents)}`, payee };
    },
  });
  router.post(["/transfer", "/api/transfer"], toLogin, possible, approved, (req, res) => {
    const user = userOf(req);
    const { id, cents, payee, at } = ledger.transfer(user.id, readOrder(req.body));
    // A redirect, so that a refresh transfers nothing.
    if (wantsPage(req)) return res.redirect(303, `/?done=${id}`);
    const balance = plain(ledger.balanceOf(user.id));
    res.json({ transfer: { id, amount: plain(cents), payee, at }, balance });
  });

  // Where somebody ends up who goes back to a transfer that was stopped.
  router.get("/transfer", (_req, res) => res.redirect(303, "/"));

  router.use(orderRefused(ledger));
  return router;
}

/** A person who is not logged in gets the login; a program gets the guard's own answer. */
const toLogin: RequestHandler = (req, res, next) => {
  if (req.userId === undefined && wantsPage(req)) res.redirect(303, "/");
  else next();
};

/** Behind a guard there is always somebody. */
function userOf(req: Request): User {
  const user = findUser(req.userId);
  if (!user) throw new Error("Nobody is logged in.");
  return user;
}

function orderRefused(ledger: Ledger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (!(error instanceof OrderError)) return next(error);
    if (!wantsPage(req)) return void res.status(400).json({ error: error.message });
    showHome(res, { user: userOf(req), ledger, problem: error.message, typed: req.body });
  };
}
