import type { NextFunction, Request, Response } from "express";
import { refused } from "../verification/outcome.js";
import { readBody } from "./body.js";
import { RequestTwoFactor } from "./context.js";
import { identify } from "./identity.js";
import { once } from "./idempotency.js";
import type { Kit } from "./kit.js";
import { navigates } from "./negotiate.js";
import { sameOrigin } from "./origin.js";
import { harden } from "./problem.js";
import { faultToRefusal, giveUp, refuse } from "./refuse.js";
import { cancelRoute } from "./routes/cancel.js";
import { challengeRoute } from "./routes/challenge.js";
import { DEVICE_ROUTES } from "./routes/devices.js";
import { FACTOR_ROUTES } from "./routes/factors/routes.js";
import { pageRoute } from "./routes/page.js";
import type { Answered, Call, Reply, Route } from "./routes/reply.js";
import { resendRoute } from "./routes/resend.js";
import { statusRoute } from "./routes/status.js";
import { verifyRoute } from "./routes/verify.js";

const ROUTES: Readonly<Record<string, Route>> = {
  "": pageRoute,
  "/challenge": challengeRoute,
  "/verify": verifyRoute,
  "/resend": resendRoute,
  "/cancel": cancelRoute,
  "/status": statusRoute,
};

/** The route below our path that a request is for, if it is for one. */
export function routeFor(kit: Kit, req: Request): Route | undefined {
  const { path } = req;
  if (!path.startsWith(kit.path)) return undefined;
  const rest = path.slice(kit.path.length);
  const name = rest === "/" ? "" : rest;
  if (Object.hasOwn(ROUTES, name)) return ROUTES[name];
  if (kit.devices && Object.hasOwn(DEVICE_ROUTES, name)) return DEVICE_ROUTES[name];
  return kit.enrolled && Object.hasOwn(FACTOR_ROUTES, name) ? FACTOR_ROUTES[name] : undefined;
}

/** Answers a request for one of our own routes. */
export async function serve(kit: Kit, route: Route, req: Request, res: Response, next: NextFunction): Promise<void> {
  const method = req.method === "HEAD" ? "GET" : req.method;
  if (method === "OPTIONS") return next();
  try {
    if (method === route.method) await answer(kit, route, req, res);
    else await answerMisdirected(kit, route, method, req, res);
  } catch (error) {
    await refuse(kit, req, res, faultToRefusal(kit, `${route.method} ${req.path}`, error)).catch((fault: unknown) =>
      giveUp(kit, res, fault),
    );
  }
}

async function answerMisdirected(kit: Kit, route: Route, method: string, req: Request, res: Response): Promise<void> {
  // Somebody who sends the address of a form's answer once more wants to see the page.
  if (method === "GET" && navigates(req)) return toThePage(req, res, route);
  res.setHeader("Allow", route.method);
  const detail = `This is answered to ${route.method} only.`;
  return refuse(kit, req, res, refused("invalid_request", { detail }), { status: 405 });
}

async function answer(kit: Kit, route: Route, req: Request, res: Response): Promise<void> {
  if (route.method === "POST" && !sameOrigin(req, kit.origins)) return refuse(kit, req, res, refused("origin_refused"));
  await kit.store.catchUp?.();
  const who = await identify(kit, req);
  if (!who.ok) {
    const nobody = refused("first_factor_required", { detail: "This token speaks for no person." });
    return refuse(kit, req, res, who.reason === "machine" ? nobody : who);
  }
  const fields = route.method === "POST" ? await readBody(req, res) : {};
  const call: Call = { kit, req, res, who, fields };
  if (route.permit && !(await route.permit(call))) return;
  const answered = await (route.idempotent ? once(call, route) : route.handle(call));
  if (answered !== "answered") await send(call, route, answered);
}

async function send(call: Call, route: Route, answered: Answered): Promise<void> {
  const { kit, req, res } = call;
  const isPage = navigates(req);
  if (answered.onward && isPage) {
    harden(res);
    return answered.onward(call);
  }
  if (!answered.ok) return refuse(kit, req, res, answered);
  harden(res);
  if (isPage) return toThePage(req, res, route);
  sendReply(res, answered);
}

function toThePage(req: Request, res: Response, { page = "" }: Route): void {
  res.redirect(303, RequestTwoFactor.pathOf(req.twoFactor) + page);
}

function sendReply(res: Response, { status, body }: Reply): void {
  res.statusCode = status;
  if (!body) return void res.end();
  res.setHeader("Content-Type", "application/json; charset=utf-8");
  // Not `res.json()`: the answer is not to be stored, and so needs no ETag.
  res.end(JSON.stringify(body));
}
