import { randomUUID } from "node:crypto";
import { type NextFunction, type Request, type Response, Router } from "express";
import { isTwoFactorError } from "../../core/errors.js";
import { defined } from "../../core/defined.js";
import { basicCredentials, type Credentials, findAccount, singleHeader } from "../../express/service/credentials.js";
import { readFields } from "../../express/service/fields.js";
import { UnknownLimit } from "../../verification/named-limits.js";
import type { NumberStatus, Verification } from "../../verification/request.js";
import type { VerificationRefused } from "../../verification/checker.js";
import { objectOf, readCreate, type WantedCode } from "./create-request.js";
import { type Account, checkOptions, type ComapiRouterOptions, type Served } from "./options.js";
import {
  type ComapiFailure,
  type ComapiNumberStatus,
  type ComapiStatus,
  type ComapiVerifyCode,
  failure,
  PATH,
  UNAUTHORIZED,
} from "./wire.js";

interface Call {
  readonly served: Served;
  readonly account: Account;
  readonly req: Request;
  readonly res: Response;
}

/** Text is plain text, nothing is nothing, anything else is JSON. */
interface Answer {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers as Comapi Verify does, at `/webapi/verify`: for clients that already speak it, from this app's own
 * verifications. Mount it before body parsers, or after them.
 *
 * @throws TwoFactorError `misconfigured` for a missing, unknown or malformed option.
 */
export function comapiRouter(options: ComapiRouterOptions): Router {
  const served = checkOptions(options);
  const router = Router();
  // the second is where one of the manual's samples sends to
  router.post([PATH, `${PATH}/sendcode`], answering(served, create));
  router.put(`${PATH}/:requestId/validate`, answering(served, validate));
  router.all([PATH, `${PATH}/sendcode`, `${PATH}/:requestId/validate`], (req, res, next) => {
    if (req.method === "OPTIONS") next();
    else send(res, { status: 405, body: "Method not allowed", headers: { Allow: allowed(req) } });
  });
  router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error);
    else send(res, refuseFault(served, error));
  });
  return router;
}

function answering(served: Served, run: (call: Call) => Promise<Answer>) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const account = findAccount(served.accounts, credentialsOf(served, req), ({ password }) => password);
    const answer = account ? run({ served, account, req, res }) : Promise.resolve(refuseCaller(served));
    answer
      .catch((error: unknown) => refuseFault(served, error))
      .then((answered) => send(res, answered))
      .catch(next);
  };
}

function credentialsOf({ readings }: Served, req: Request): Credentials | undefined {
  const basic = basicCredentials(req);
  if (basic || !readings.headerCredentials || req.headers.authorization !== undefined) return basic;
  const user = singleHeader(req, "username");
  const password = singleHeader(req, "password");
  return user === undefined || password === undefined ? undefined : { user, password };
}

async function create({ served, account, req, res }: Call): Promise<Answer> {
  const read = await readCreate(served, account, await readFields(req, res));
  if (!read.ok) return refuse(read.failures);
  if (!(await served.hasCredit(account.username))) return refuse([failure("", "InsufficientCredit")]);
  return sendCode(served, account, read.wanted);
}

async function sendCode(
  { verifications, readings, limits }: Served,
  account: Account,
  wanted: WantedCode,
): Promise<Answer> {
  const { to, from, body, validUntil } = wanted;
  const id = randomUUID();
  const started = await verifications.start({
    id,
    account: account.tenant,
    to,
    // Short codes are the vendor's; few attempts and a short life are what makes them do.
    code: { length: account.digits, minBits: 13 },
    validUntil,
    maxAttempts: readings.maxAttempts,
    supersede: "keep",
    template: body,
    syntax: "{{code}}",
    limits: Object.fromEntries(limits.map((name) => [name, to])),
    ...defined({ from }),
  });
  if (started.ok) {
    const { verification } = started;
    const status = verification.numberStatus === "dead" ? "CodeNotSent" : readings.notVerified;
    return { status: 202, body: shown(verification, status) };
  }
  const { reason, details } = started;
  // "unavailable" as a value: so many live codes are out, for this number or for everybody
  if (reason === "limit_exceeded" || reason === "unavailable") {
    const headers = { "Retry-After": String(details.retryAfter ?? 1) };
    return { ...refuse([failure("to", "Throttled")]), status: readings.throttledStatus, headers };
  }
  const undelivered = reason === "delivery_failed" && readings.undelivered === "CodeNotSent";
  const kept = undelivered ? await verifications.get({ id, account: account.tenant }) : undefined;
  return kept ? { status: 202, body: shown(kept, "CodeNotSent") } : unavailable(details.retryAfter);
}

async function validate({ served, account, req, res }: Call): Promise<Answer> {
  const code = objectOf(await readFields(req, res))
    ?.text("code")
    ?.trim();
  if (code === undefined || code === "" || code.length > 64) return refuse([failure("code", "InvalidJson")]);
  const { verifications, readings } = served;
  const id = String(req.params["requestId"]);
  const checked = await verifications.check({ id, account: account.tenant, code });
  const { verification } = checked;
  if (!verification) return GONE;
  if (checked.ok) {
    return {
      status: 200,
      body: { ...shown(verification, "CodeVerified"), verified: verification.updatedAt.toISOString() },
    };
  }
  const status = statusOf(checked, readings.lockOn === "reach");
  if (status === undefined) return GONE;
  if (status === "open") return { status: 200, body: shown(verification, readings.notVerified) };
  return (await isFirst(served, account, verification)) ? { status: 200, body: shown(verification, status) } : GONE;
}

const GONE: Answer = { status: 204 };

/** What a no says of the request: open still, at its end, or discarded. */
function statusOf({ reason, details }: VerificationRefused, locksAtOnce: boolean): ComapiStatus | "open" | undefined {
  switch (reason) {
    case "wrong_code":
      return locksAtOnce && details.attemptsLeft === 0 ? "CodeLocked" : "open";
    case "challenge_spent":
      return "CodeLocked";
    case "challenge_expired":
      return "CodeExpired";
    default:
      return undefined;
  }
}

const DAY = 86_400_000;

/**
 * Whether the end of this request was not told yet. Who is first is decided by the store, for all processes and over
 * restarts; the claim outlives the time in which the end is told at all, so that it is never told twice.
 */
async function isFirst(
  { verifications, readings, clock }: Served,
  { tenant }: Account,
  { id, expiresAt }: Verification,
): Promise<boolean> {
  if (clock() > expiresAt.getTime() + readings.remembered) return false;
  const ttl = readings.longestValidity + readings.remembered + DAY;
  return verifications.claim({ account: tenant, name: `comapi:ended:${id}`, ttl: `${ttl}ms` });
}

const NUMBER_STATUS: Record<NumberStatus, ComapiNumberStatus> = {
  on: "On",
  off: "Off",
  dead: "Dead",
  landline: "NotProvisioned",
};

function shown({ id, to, createdAt, numberStatus }: Verification, status: ComapiStatus): ComapiVerifyCode {
  return {
    requestId: id,
    phoneNumber: to.replace(/^\+/, ""),
    status,
    numberStatus: NUMBER_STATUS[numberStatus ?? "on"],
    created: createdAt.toISOString(),
  };
}

function refuse(failures: readonly ComapiFailure[]): Answer {
  return { status: 400, body: failures };
}

function refuseCaller({ readings }: Served): Answer {
  return {
    status: readings.unauthorizedStatus,
    body: UNAUTHORIZED,
    headers: { "WWW-Authenticate": 'Basic realm="verify"' },
  };
}

/** A fault, typed: what really happened is for the operator. */
function refuseFault(served: Served, error: unknown): Answer {
  const isTheirs = isTwoFactorError(error) && error.code === "invalid_request" && !(error instanceof UnknownLimit);
  // Express' own complaint about a path that cannot be decoded is the other one
  if (isTheirs || error instanceof URIError) return refuse([failure("", "InvalidJson")]);
  served.onFault(error);
  return unavailable(isTwoFactorError(error) ? error.details.retryAfter : undefined);
}

function unavailable(retryAfter = 1): Answer {
  return { status: 503, body: "The service is not available.", headers: { "Retry-After": String(retryAfter) } };
}

function allowed(req: Request): string {
  return req.path.toLowerCase().endsWith("/validate") ? "PUT" : "POST";
}

function send(res: Response, { status, body, headers = {} }: Answer): void {
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("X-Content-Type-Options", "nosniff");
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status);
  if (body === undefined) res.end();
  else if (typeof body === "string") res.type("text/plain").send(body);
  else res.json(body);
}
