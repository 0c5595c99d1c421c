import type { NextFunction, Request, Response } from "express";
import { refused } from "../../verification/outcome.js";
import { readBody } from "../body.js";
import type { Kit } from "../kit.js";
import { navigates } from "../negotiate.js";
import { sameOrigin } from "../origin.js";
import { harden } from "../problem.js";
import { faultToRefusal, giveUp, refuse } from "../refuse.js";
import { showPage } from "../show.js";

/** Whether this is the page that links in messages lead to. */
export function isNotMe(kit: Kit, { path }: Request): boolean {
  return kit.reports !== undefined && path === `${kit.path}/not-me`;
}

/**
 * `GET /2fa/not-me?t=...` asks once more, and changes nothing: mail programs look behind every link. `POST` means it. No
 * login is needed, as the person may be anywhere: the token is all there is.
 */
export async function serveNotMe(kit: Kit, req: Request, res: Response, next: NextFunction): Promise<void> {
  if (req.method === "OPTIONS") return next();
  try {
    if (req.method === "GET" || req.method === "HEAD") return await confirming(kit, req, res);
    if (req.method === "POST") return await reporting(kit, req, res);
    res.setHeader("Allow", "GET, POST");
    const detail = "This is answered to GET and POST only.";
    await refuse(kit, req, res, refused("invalid_request", { detail }), { status: 405 });
  } catch (error) {
    await refuse(kit, req, res, faultToRefusal(kit, "not-me", error)).catch((fault: unknown) =>
      giveUp(kit, res, fault),
    );
  }
}

async function confirming(kit: Kit, req: Request, res: Response): Promise<void> {
  const { t: token } = req.query;
  const reported = typeof token === "string" ? kit.reports?.read(token) : undefined;
  if (!reported || typeof token !== "string") return showInvalid(kit, req, res);
  await showPage(kit, req, res, 200, { state: "report", report: { step: "confirm", token }, locale: reported.locale });
}

async function reporting(kit: Kit, req: Request, res: Response): Promise<void> {
  if (!sameOrigin(req, kit.origins)) return refuse(kit, req, res, refused("origin_refused"));
  const { t: token } = await readBody(req, res);
  const reported = typeof token === "string" ? kit.reports?.read(token) : undefined;
  if (!reported) {
    if (navigates(req)) return showInvalid(kit, req, res);
    return refuse(kit, req, res, refused("invalid_request", { detail: "This link is not valid, or too old." }));
  }
  await kit.reports?.report(reported);
  // The same whatever there was to take back: who holds the link learns nothing about the account.
  if (navigates(req)) {
    return showPage(kit, req, res, 200, { state: "report", report: { step: "done" }, locale: reported.locale });
  }
  harden(res);
  res.status(200).json({ reported: true });
}

function showInvalid(kit: Kit, req: Request, res: Response): Promise<void> {
  return showPage(kit, req, res, 400, { state: "report", report: { step: "invalid" } });
}
