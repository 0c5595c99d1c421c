import { type Request, type Response, Router } from "express";
import { field } from "./fields.js";
import { wantsPage } from "./layout.js";
import { showLogin } from "./login-page.js";
import { checkPassword, type User } from "./users.js";

declare module "express-session" {
  interface SessionData {
    userId: string;
  }
}

/** The first factor: a password, kept as a session. */
export function login(): Router {
  const router = Router();

  router.post("/login", (req, res, next) => {
    logIn(req, res).catch(next);
  });

  router.post("/logout", (req, res, next) => {
    req.session.destroy((error: unknown) => {
      if (error) next(error);
      else if (wantsPage(req)) res.redirect(303, "/");
      else res.status(204).end();
    });
  });

  return router;
}

async function logIn(req: Request, res: Response): Promise<void> {
  const user = await checkPassword(req.body);
  if (user) await newSession(req, user);
  if (isForm(req)) {
    if (user) res.redirect(303, "/");
    else showLogin(res, { username: field(req.body, "username") });
  } else if (user) {
    res.json({ username: user.id, name: user.name });
  } else {
    res.status(401).json({ error: "Wrong username or password." });
  }
}

function isForm(req: Request): boolean {
  return Boolean(req.is("urlencoded"));
}

/** A session of its own for every login: nobody can have chosen its id beforehand. */
function newSession(req: Request, user: User): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.regenerate((error?: Error | null) => {
      if (error) return reject(error);
      req.session.userId = user.id;
      resolve();
    });
  });
}
