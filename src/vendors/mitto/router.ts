import { type Request, type Response, Router } from "express";
import { isTwoFactorError } from "../../core/errors.js";
import { basicCredentials, findAccount } from "../../express/service/credentials.js";
import { Fields, readFields } from "../../express/service/fields.js";
import { UnknownLimit } from "../../verification/named-limits.js";
import { UnknownWorkflow } from "../../verification/workflow.js";
import { type Answer, REFUSALS } from "./wire/answers.js";
import { accountFor } from "./router/accounts.js";
import { refuse } from "./router/call.js";
import { checkRouterOptions, type MittoRouterOptions, type Served } from "./router/options.js";
import { type Route, routeOf } from "./router/routes.js";

/**
 * Answers the 2FA API of Mitto (`/2fa/send`, `/2fa/verify`, `/2fa/cancel`, `/2fa/search`, `/2fa/usage`, `/2fa/limits`,
 * `/2fa/workflows`) out of a `twoFactor()` instance: by another base URL, a client of theirs becomes one of yours.
 * Works on Express 4 and 5. Mount it before any `express.json()`, as some real clients label form pairs as JSON, which
 * that parser refuses; and below a path of its own where your own `twoFactor()` answers at `/2fa`.
 * Source: docs.mitto.ch, "2FA Use Cases"; what it leaves open is an option.
 *
 * @example
 * app.use("/mitto", mittoRouter({
 *   verifications: tfa.verifications, limits: tfa.limits, workflows: tfa.workflows,
 *   accounts: { [process.env.MITTO_ACCOUNT_SID]: { token: process.env.MITTO_TOKEN } },
 * }));
 *
 * @throws TwoFactorError `misconfigured` for an option that is unknown, missing or out of bounds.
 */
export function mittoRouter(options: MittoRouterOptions): Router {
  const served = checkRouterOptions(options);
  const router = Router();
  router.use(function mittoApi(req, res, next) {
    const route = routeOf(req.path);
    if (!route || req.method === "OPTIONS") return next();
    void answerTo(served, route, req, res)
      .catch((error: unknown) => faultAnswer(served, error))
      .then((answer) => write(served, req, res, answer))
      .catch(next);
  });
  return router;
}

async function answerTo(served: Served, route: Route, req: Request, res: Response): Promise<Answer> {
  const caller = findAccount(served.accounts, basicCredentials(req), ({ token }) => token);
  if (!caller?.mayCallFrom(req.ip))
    return { ...refuse(served, "unauthorized"), headers: { "WWW-Authenticate": 'Basic realm="2fa"' } };
  const method = req.method === "HEAD" ? "GET" : req.method;
  const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
  if (!handler) return { ...refuse(served, "wrongMethod"), headers: { Allow: Object.keys(route.methods).join(", ") } };
  const { value, format } = await readFields(req, res);
  if (format === "unreadable") return refuse(served, "invalidRequest", "The body cannot be read.");
  const fields = new Fields(value, pairsOf(queryOf(req)), pairsOf(route.pairs));
  const account = accountFor(caller, served.accounts, fields);
  if (!account) return refuse(served, "unknownAccount");
  return handler({ served, caller, account, fields, id: route.id });
}

/** Read from the address itself: the two Express versions parse a query differently. */
function queryOf(req: Request): string {
  const at = req.url.indexOf("?");
  return at < 0 ? "" : req.url.slice(at + 1);
}

function pairsOf(text: string): object {
  return Object.fromEntries(new URLSearchParams(text));
}

function faultAnswer(served: Served, error: unknown): Answer {
  if (error instanceof UnknownLimit) return refuse(served, "unknownLimit");
  if (error instanceof UnknownWorkflow) return refuse(served, "unknownWorkflow");
  if (isTwoFactorError(error) && error.code === "invalid_request")
    return refuse(served, "invalidRequest", error.message);
  // whoever listens must not change the answer
  void (async () => served.onFault?.(error))().catch(() => undefined);
  const retryAfter = isTwoFactorError(error) ? error.details.retryAfter : undefined;
  return refuse(served, "unavailable", undefined, retryAfter ?? 1);
}

/** Documented codes that HTTP has no words for. */
const REASONS: ReadonlyMap<number, string> = new Map(
  Object.values(REFUSALS).flatMap(({ code, message }) => (code > 490 && code < 500 ? [[code, message] as const] : [])),
);

/** Written by hand: Express would add an ETag and answer some repeated calls with a 304. */
function write({ mirror }: Served, req: Request, res: Response, { code, body, headers = {} }: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const keeps = mirror || code === 401 || code >= 500;
  res.statusCode = keeps ? code : 200;
  const reason = keeps ? REASONS.get(code) : undefined;
  if (reason !== undefined) res.statusMessage = reason;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  const text = Buffer.from(JSON.stringify(body));
  res.setHeader("Content-Type", "application/json; charset=utf-8");
  res.setHeader("Content-Length", text.length);
  res.setHeader("Cache-Control", "no-store");
  res.end(req.method === "HEAD" ? undefined : text);
}
