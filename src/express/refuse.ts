import type { Request, Response } from "express";
import { isTwoFactorError, unavailable } from "../core/errors.js";
import { isProduction } from "../core/options.js";
import type { Refused } from "../verification/outcome.js";
import { RequestTwoFactor } from "./context.js";
import type { Kit } from "./kit.js";
import { navigates } from "./negotiate.js";
import { type GuardDetails, linksAt, publicChallenge, sendProblem } from "./problem.js";
import { showRefusal } from "./show.js";

/** Answers a refusal in the client's language: a page for a person, a problem document for a program. */
export async function refuse(
  kit: Kit,
  req: Request,
  res: Response,
  refusal: Refused,
  guard: GuardDetails = {},
): Promise<void> {
  if (res.headersSent) return;
  const links = linksAt(RequestTwoFactor.pathOf(req.twoFactor));
  if (navigates(req)) return showRefusal(kit, req, res, refusal, guard);
  const challenge = refusal.entry && publicChallenge(kit, refusal.entry);
  sendProblem(req, res, refusal.reason, refusal.details, { links, ...guard }, challenge);
}

/** When not even the refusal could be told: the door stays closed, and nothing that was thrown goes anywhere near `next()`. */
export function giveUp(kit: Kit, res: Response, error: unknown): void {
  kit.events.emit("fault", { where: "refusing", error });
  if (res.headersSent) res.end();
  else res.status(503).type("text/plain").send("Unavailable");
}

/** A fault, told as a refusal: generic to the outside, whole in the event. */
export function faultToRefusal(kit: Kit, where: string, thrown: unknown): Refused {
  const known = isTwoFactorError(thrown) ? thrown : unavailable("Verification failed for a reason of its own.", thrown);
  const error: unknown = known.cause ?? known;
  const answer = error === known ? {} : { answer: known.message };
  if (known.status >= 500) kit.events.emit("fault", { where, error, ...answer });
  // What a developer did wrong is a lesson in development, and nobody else's business.
  const details = known.code === "misconfigured" && isProduction() ? {} : known.details;
  return { ok: false, reason: known.code, details };
}
