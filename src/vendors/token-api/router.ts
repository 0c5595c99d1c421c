import type { Request, RequestHandler, Response } from "express";
import { defined } from "../../core/defined.js";
import { type ErrorCode, isTwoFactorError } from "../../core/errors.js";
import { accountOfKey, singleHeader } from "../../express/service/credentials.js";
import { type Body, Fields, readFields } from "../../express/service/fields.js";
import { UnknownLimit } from "../../verification/named-limits.js";
import { recipientOf } from "../../verification/prepare.js";
import { checkServed, type Served, type TokenApiRouterOptions } from "./served.js";
import { readPath, type TokenPath, type TokenRequest } from "./wire.js";

/** Codes of this API do not disturb those of another that the same account uses. */
const SERVICE = "token-api";
/** Four digits: whoever serves this API chooses between what its clients expect and what is hard to guess. */
const MIN_BITS = 13;

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const YES: Reply = { status: 200 };
const NO: Reply = { status: 400 };

/**
 * Answers `POST /v1/token/{type}/{identifier}` and `GET /v1/token/{type}/{identifier}/{token}` with tokens of our own
 * engine. The API says yes with 200 and no with 400, both without a body; 503 is for a store or a provider that is down.
 * Its `GET` uses a right token up: it is kept out of caches, and `HEAD` and prefetching are refused.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option or a value out of bounds.
 */
export function tokenApiRouter(options: TokenApiRouterOptions): RequestHandler {
  const served = checkServed(options);
  return function tokenApiRoutes(req, res, next) {
    const path = readPath(req.path);
    if (path === undefined || req.method === "OPTIONS") return next();
    reply(served, path, req, res)
      .then((replied) => send(res, replied))
      .catch(next);
  };
}

async function reply(served: Served, path: TokenPath | "malformed", req: Request, res: Response): Promise<Reply> {
  try {
    return await answer(served, path, req, res);
  } catch (error) {
    // a limit that the options name and nobody defined is the operator's affair, not the caller's
    const isRefusal = isTwoFactorError(error) && error.status < 500 && !(error instanceof UnknownLimit);
    if (isRefusal) return refusal(error.code, error.details.retryAfter);
    tell(served, error);
    return refusal("unavailable", isTwoFactorError(error) ? error.details.retryAfter : undefined);
  }
}

async function answer(served: Served, path: TokenPath | "malformed", req: Request, res: Response): Promise<Reply> {
  if (path === "malformed") return NO;
  const method = path.token === undefined ? "POST" : "GET";
  if (req.method !== method || isPrefetch(req)) return { status: 405, headers: { Allow: method } };
  const account = accountOfKey(served.accounts, singleHeader(req, "apikey"));
  if (account === undefined) return { status: served.unauthorized };
  const { identifier } = path;
  const channel = path.type;
  if (channel !== "sms" && channel !== "email") return NO;
  if ((channel === "email") !== identifier.includes("@")) return NO;
  const { country, recipient } = served;
  const { to } = await recipientOf({ to: identifier, ...defined({ country, recipient }) }, channel);
  const whose = { account, service: SERVICE, to, ...defined({ country, recipient }) };
  if (path.token !== undefined) {
    const checked = await served.verifications.check({ ...whose, code: path.token });
    return checked.ok ? YES : refusal(checked.reason, checked.details.retryAfter);
  }
  const wanted = readRequest(served, await readFields(req, res));
  if (!wanted) return NO;
  const { type, length, text, expiry } = wanted;
  const started = await served.verifications.start({
    ...whose,
    channel,
    code: { length, alphabet: served.alphabets.get(type) ?? "numeric", minBits: MIN_BITS },
    ttl: `${expiry}s`,
    template: text,
    syntax: "{token}",
    maxAttempts: served.maxAttempts,
    limits: Object.fromEntries(served.limits.map((name) => [name, to])),
    subject: served.subject,
    ...defined({ from: served.from }),
  });
  return started.ok ? YES : refusal(started.reason, started.details.retryAfter);
}

/** Whoever listens must not change the answer. */
function tell({ onFault }: Served, error: unknown): void {
  try {
    onFault(error);
  } catch {
    // it had its chance
  }
}

/** What a body asks for, with defaults for what it leaves out; nothing where it makes no sense. */
function readRequest(
  { defaults, alphabets, shortest, longest }: Served,
  body: Body,
): Required<TokenRequest> | undefined {
  const isRecord = typeof body.value === "object" && body.value !== null && !Array.isArray(body.value);
  if (body.format !== "empty" && !(body.format === "json" && isRecord)) return undefined;
  const fields = new Fields(body.value);
  const type = fields.get("type") ?? defaults.type;
  const text = fields.get("text") ?? defaults.text;
  const length = fields.whole("length") ?? defaults.length;
  const expiry = fields.whole("expiry") ?? defaults.expiry;
  if (typeof type !== "string" || !alphabets.has(type) || typeof text !== "string") return undefined;
  if (!(length >= shortest && length <= 20) || !(expiry >= 1 && expiry <= longest)) return undefined;
  return { type, length, text, expiry };
}

/** What fetches ahead for somebody who may never come (`Sec-Purpose`, and `Purpose` and `X-Moz` before it). */
function isPrefetch(req: Request): boolean {
  return ["sec-purpose", "purpose", "x-moz"].some((name) =>
    /prefetch|prerender|preview/i.test(singleHeader(req, name) ?? ""),
  );
}

/** A message that could not be sent is a no like any other; only what is broken on our side is something else. */
function refusal(code: ErrorCode, retryAfter: number | undefined): Reply {
  const headers = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return { status: code === "unavailable" ? 503 : 400, headers };
}

function send(res: Response, { status, headers = {} }: Reply): void {
  res.set({ "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...headers });
  res.status(status).end();
}
