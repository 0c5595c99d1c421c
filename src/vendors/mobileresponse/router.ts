import { randomUUID } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import { type ErrorCode, type ErrorDetails, ERRORS, isTwoFactorError } from "../../core/errors.js";
import { accountOfKey, singleHeader } from "../../express/service/credentials.js";
import { readFields } from "../../express/service/fields.js";
import { UnknownLimit } from "../../verification/named-limits.js";
import { generate, type Outcome, validate } from "./carry-out.js";
import { checkServed, type MobileResponseRouterOptions, type Served } from "./served.js";
import { acceptedReply, type Call, dataReply, readCall, valueAt } from "./wire.js";

interface Reply {
  readonly status: number;
  /** What is said, or `message`: why not. */
  readonly body?: object;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATH = /^\/[12]\/workflows\/?$/i;

/**
 * Answers `POST /1/workflows` and `POST /2/workflows` as MobileResponse (Bosbec) does, with codes of our own engine: mount
 * it before any body parser, as clients label their JSON `json/application`.
 *
 * A wrong code is an answer (`"false"`), never an error. What goes wrong otherwise is answered with
 * `{ errors: [{ errorMessage }] }`: 400, 401, 404, 429, 502 when a message could not be sent, 503 when a store is down.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option or a value out of bounds.
 */
export function mobileresponseRouter(options: MobileResponseRouterOptions): RequestHandler {
  const served = checkServed(options);
  return function mobileresponseRoutes(req, res, next) {
    if (!PATH.test(req.path) || req.method === "OPTIONS") return next();
    reply(served, req, res)
      .then((replied) => send(served, res, replied))
      .catch(next);
  };
}

async function reply(served: Served, req: Request, res: Response): Promise<Reply> {
  try {
    return await answer(served, req, res);
  } catch (error) {
    // a limit that the options name and nobody defined is the operator's affair, not the caller's
    const isRefusal = isTwoFactorError(error) && error.status < 500 && !(error instanceof UnknownLimit);
    if (isRefusal) return refusal(served, error.code, error.details);
    tell(served, error);
    return refusal(served, "unavailable", isTwoFactorError(error) ? error.details : {});
  }
}

async function answer(served: Served, req: Request, res: Response): Promise<Reply> {
  const { statuses, accounts, workflows, clock } = served;
  const since = performance.now();
  if (req.method !== "POST") return { ...no(405, "Only POST is answered here."), headers: { Allow: "POST" } };
  const token = singleHeader(req, "api-token") ?? singleHeader(req, "api-key");
  const account = accountOfKey(accounts, token);
  if (account === undefined) return no(statuses.unauthorized, "The api-token is missing or unknown.");
  const call = readCall((await readFields(req, res)).value);
  if (typeof call === "string") return no(statuses.invalid, call);
  const workflow = workflows.get(call.workflowId);
  if (!workflow) return no(statuses.notFound, "There is no workflow with this id.");

  const { names } = workflow;
  const asked = new Set(
    call.triggers.length === 0 ? [names.generate] : call.triggers.filter((name) => isOne(name, names)),
  );
  if (asked.size !== 1) return no(statuses.invalid, `triggernames must be "${names.generate}" or "${names.validate}".`);
  const caller = { served, workflow, account, call };
  const outcome = await (asked.has(names.generate) ? generate(caller) : validate(caller));
  if (!outcome.ok) {
    return "detail" in outcome
      ? no(statuses.invalid, outcome.detail)
      : refusal(served, outcome.reason, outcome.details);
  }
  const processId = randomUUID();
  const body = call.wanted
    ? dataReply(dataOf(served, call.wanted, outcome), processId, performance.now() - since)
    : acceptedReply(processId, new Date(clock()));
  return { status: 200, body };
}

/** Whoever listens must not change the answer. */
function tell({ onFault }: Served, error: unknown): void {
  try {
    onFault(error);
  } catch {
    // it had its chance
  }
}

function isOne(trigger: string, names: { readonly generate: string; readonly validate: string }): boolean {
  return trigger === names.generate || trigger === names.validate;
}

function dataOf(
  { unknownPath }: Served,
  wanted: NonNullable<Call["wanted"]>,
  { context }: Outcome & { readonly ok: true },
): Record<string, string | null> {
  const data = wanted.map(([name, path]) => [name, valueAt(path, context)] as const);
  const kept = unknownPath === "absent" ? data.filter(([, value]) => value !== undefined) : data;
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? (unknownPath === "empty" ? "" : null)]));
}

function no(status: number, message: string): Reply {
  return { status, message };
}

/** Says no more than the kind of refusal: details speak of options, and of our own names. */
function refusal({ statuses }: Served, code: ErrorCode, { retryAfter }: ErrorDetails): Reply {
  const kinds: Partial<Record<ErrorCode, number>> = {
    invalid_request: statuses.invalid,
    limit_exceeded: statuses.limited,
  };
  const status = kinds[code] ?? ERRORS[code].status;
  const message = code === "limit_exceeded" ? "Too many calls: wait before the next one" : ERRORS[code].title;
  const headers = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return { ...no(status, `${message}.`), headers };
}

function send({ errorBody }: Served, res: Response, { status, body, message = "", headers = {} }: Reply): void {
  res.set({ "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", ...headers });
  res.status(status).json(body ?? errorBody(message));
}
