import { createRequire } from "node:module";
import path from "node:path";
import express, { type RequestHandler, Router } from "express";
import type { Ledger } from "./ledger.js";
import { showSpa } from "./spa-page.js";
import { findUser } from "./users.js";

/** The bank as a single page, on the same routes as programs use. */
export function spa(ledger: Ledger): Router {
  const router = Router();
  router.get("/app", (req, res) => {
    const user = findUser(req.userId);
    if (user) showSpa(res, user, ledger);
    else res.redirect(303, "/");
  });
  router.use("/app/require2fa", clientFiles());
  return router;
}

/** The browser's part of the package as it is. An app with a bundler needs none of this. */
function clientFiles(): RequestHandler {
  let files: RequestHandler | undefined;
  return (req, res, next) => {
    const { resolve } = createRequire(import.meta.url);
    files ??= express.static(path.dirname(resolve("require2fa/client")), { index: false, redirect: false });
    void files(req, res, next);
  };
}
