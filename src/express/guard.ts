import type { NextFunction, Request, RequestHandler, Response } from "express";
import { isPromise } from "../core/deadline.js";
import { misconfigured } from "../core/errors.js";
import { judge } from "../step-up/judge.js";
import { type ParsedPolicy, parsePolicy, type Policy } from "../step-up/policy.js";
import { questionOf, RequestTwoFactor } from "./context.js";
import { decide } from "./decide.js";
import { type Identified, identify } from "./identity.js";
import type { Kit } from "./kit.js";
import { faultToRefusal, giveUp, refuse } from "./refuse.js";
import { report } from "./report.js";

export type RoutePolicy = Policy<Request>;

/** Marks a handler as a guard, for the inventory of routes: its policy as the app wrote it. */
export const GUARD = Symbol.for("require2fa.guard");
/** The same, checked: for routes that answer for a guard before it is asked. */
export const POLICY = Symbol.for("require2fa.policy");

/**
 * Lets a request pass whose login has proved a second factor as the policy wants it; any other gets a challenge.
 * Works on a route, on a router and on `app.use("/admin", ...)`, before any body parser (with `bind`, after it).
 *
 * @example
 * app.post("/transfer", require2fa({ maxAge: "5m" }), transfer);
 *
 * @throws TwoFactorError `misconfigured` for an unknown option or a value that makes no sense.
 */
export function require2fa(policy: RoutePolicy = {}): RequestHandler {
  if (isRequest(policy))
    throw misconfigured("require2fa was given to the router without being called: write require2fa().");
  const parsed = parsePolicy(policy);
  const simple = !parsed.when && !parsed.oneShot && parsed.idle === undefined && !parsed.reportOnly;

  const guard: RequestHandler = function twoFactorGuard(req, res, next) {
    // A CORS preflight carries no credentials; the request it asks for is stopped when it comes.
    if (req.method === "OPTIONS") return next();
    const kit = RequestTwoFactor.kitOf(req.twoFactor);
    if (!kit) return next(noContext());
    const passed = simple ? passesAtOnce(kit, parsed, req) : false;
    if (passed === true) return next();
    void kit.flights.track(decideAndAnswer(kit, parsed, req, res, next, passed || undefined));
  };
  return Object.assign(guard, { [GUARD]: policy, [POLICY]: parsed });
}

/**
 * The hot path: no promise, no store, no allocation that the answer does not need. Where the app's `user` answers later,
 * its promise is handed on: nobody is asked twice, and nobody's rejection is lost.
 */
function passesAtOnce(kit: Kit, policy: ParsedPolicy<Request>, req: Request): boolean | Promise<Identified> {
  try {
    const who = identify(kit, req);
    if (isPromise(who)) return who;
    if (!who.ok) return false;
    const verdict = judge(policy, who.login.marks, questionOf(kit, who, policy.action));
    if (verdict.ok) RequestTwoFactor.pass(req.twoFactor, verdict.marks, policy.maxAge);
    return verdict.ok;
  } catch {
    // Not a pass, whatever it was; the slow path meets the same fault again and answers it.
    return false;
  }
}

async function decideAndAnswer(
  kit: Kit,
  policy: ParsedPolicy<Request>,
  req: Request,
  res: Response,
  next: NextFunction,
  known: Promise<Identified> | undefined,
): Promise<void> {
  if (policy.reportOnly) {
    await report(kit, policy, req, res);
    return next();
  }
  let pass = false;
  try {
    pass = await decide(kit, policy, req, res, known);
  } catch (error) {
    await refuse(kit, req, res, faultToRefusal(kit, "require2fa()", error)).catch((fault: unknown) =>
      giveUp(kit, res, fault),
    );
  }
  if (pass) next();
}

/** `app.get("/", require2fa, handler)`: then Express calls us with a request for a policy. */
function isRequest(policy: object | null): boolean {
  return typeof policy === "object" && policy !== null && "headers" in policy && "method" in policy;
}

function noContext(): Error {
  return misconfigured(
    "require2fa() found no twoFactor() before it. Add app.use(twoFactor({ ... })) after the session and before the guarded routes.",
  );
}
