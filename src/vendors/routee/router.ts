import { randomUUID } from "node:crypto";
import { type NextFunction, type Request, type Response, Router } from "express";
import { defined } from "../../core/defined.js";
import { basicCredentials, bearerToken, findAccount } from "../../express/service/credentials.js";
import { Fields, readFields } from "../../express/service/fields.js";
import type { VerificationRefused } from "../../verification/checker.js";
import { type Answer, type Call, refuse, refuseCaller, refuseFault, refuseFields, send } from "./answer.js";
import { Bearers } from "./bearer.js";
import { type Application, checkOptions, type RouteeRouterOptions, type Served } from "./options.js";
import { reportOf, served as shown } from "./served.js";
import { readStart, type WantedCode } from "./start-request.js";
import { StatusHook } from "./status-hook.js";
import { grantError, readScopes, tokenBody } from "./wire.js";

/** What every handler works with. */
interface Parts extends Served {
  readonly bearers: Bearers;
  readonly hook: StatusHook;
}

interface ApiCall extends Call {
  readonly parts: Parts;
  readonly application: Application;
}

/**
 * Answers as Routee 2Step does, `/oauth/token` and `/2step` under one mount: for clients that already speak it, from this
 * app's own verifications. Mount it before body parsers, or after them.
 *
 * @throws TwoFactorError `misconfigured` for a missing, unknown or malformed option.
 */
export function routeeRouter(options: RouteeRouterOptions): Router {
  const served = checkOptions(options);
  const { verifications, applications, tokenLifetime, clock, onFault } = served;
  const scheduler = options.scheduler ?? verifications.scheduler;
  const parts: Parts = {
    ...served,
    bearers: new Bearers(verifications, applications.values(), tokenLifetime, clock),
    hook: new StatusHook({ scheduler, verifications, applications, clock, onFault }),
  };
  const api = (run: (call: ApiCall) => Answer | Promise<Answer>) => answering(parts, authorized(parts, run));

  const router = Router();
  router.post(
    "/oauth/token",
    answering(parts, (call) => issueToken(parts, call)),
  );
  // before `/2step/:trackingId`, which it would be a name for
  router.get("/2step/reports", api(allReports));
  router.get("/2step/reports/applications/:applicationId", api(oneReport));
  router.post("/2step", api(start));
  router.get("/2step/:trackingId", api(show));
  router.post("/2step/:trackingId", api(answer));
  router.delete("/2step/:trackingId", api(cancel));
  const known = ["/oauth/token", "/2step", "/2step/reports/applications/:applicationId", "/2step/:trackingId"];
  router.all(known, (req, res, next) => {
    if (req.method === "OPTIONS") next();
    else send({ served, req, res }, refuse(served, "405000000"));
  });
  router.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error);
    else send({ served, req, res }, refuseFault(served, error));
  });
  return router;
}

function answering(served: Served, run: (call: Call) => Promise<Answer>) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const call = { served, req, res };
    run(call)
      .catch((error: unknown) => refuseFault(served, error))
      .then((answered) => send(call, answered))
      .catch(next);
  };
}

function authorized(parts: Parts, run: (call: ApiCall) => Answer | Promise<Answer>) {
  return async (call: Call): Promise<Answer> => {
    const bearer = parts.bearers.find(bearerToken(call.req) ?? "");
    if (!bearer) return refuseCaller(call, "Bearer");
    if (!bearer.scoped) return refuse(parts, "403000000");
    return run({ ...call, parts, application: bearer.application });
  };
}

async function issueToken({ bearers, applications, readings }: Parts, call: Call): Promise<Answer> {
  const application = findAccount(applications, basicCredentials(call.req), ({ secret }) => secret);
  if (!application) return refuseCaller(call, "Basic");
  const fields = new Fields((await readFields(call.req, call.res)).value, call.req.query);
  const grant = fields.text("grant_type");
  if (grant !== "client_credentials") {
    return { status: 400, body: grantError(grant === undefined ? "invalid_request" : "unsupported_grant_type") };
  }
  const asked = readScopes(fields.text("scope"));
  if (!asked.every((scope) => readings.scopes.includes(scope)))
    return { status: 400, body: grantError("invalid_scope") };
  const scopes = asked.length === 0 ? readings.scopes : readings.scopes.filter((scope) => asked.includes(scope));
  const token = bearers.issue(application, scopes.includes("2step"));
  return { status: 200, body: tokenBody(token, scopes, readings.permissions), headers: { Pragma: "no-cache" } };
}

async function start({ parts, application, req, res }: ApiCall): Promise<Answer> {
  const { value, format } = await readFields(req, res);
  if (format === "unreadable" || Array.isArray(value)) return refuse(parts, "400000000");
  const read = await readStart(new Fields(value), application);
  if (!read.ok) return read.properties ? refuseFields(parts, read.properties) : refuse(parts, read.code);
  switch (await parts.standing(application.id)) {
    case "good":
      return sendCode(parts, application, read.wanted);
    case "insufficient_balance":
      return refuse(parts, "400001009");
    case "account_not_found":
      return refuse(parts, "404001001");
    case "application_not_found":
      return refuse(parts, "404010002");
  }
}

async function sendCode(parts: Parts, application: Application, wanted: WantedCode): Promise<Answer> {
  const { method, recipient, template, args, originator, lifetime, maxRetries, digits, restrictions } = wanted;
  const started = await parts.verifications.start({
    id: randomUUID(),
    account: application.tenant,
    to: recipient,
    channel: method,
    // Short codes are the vendor's; few attempts and a short life are what makes them do.
    code: { length: digits, minBits: 13 },
    ttl: `${lifetime}s`,
    maxAttempts: maxRetries + 1,
    supersede: "keep",
    syntax: "@@pin",
    args,
    limits: Object.fromEntries(parts.limits.map((name) => [name, recipient])),
    metadata: restrictions ? { restrictions } : {},
    ...defined({
      template,
      from: originator,
      service: application.service,
      hints: restrictions && { ...restrictions },
    }),
  });
  if (started.ok) {
    await parts.hook.watch(application, started.verification).catch(parts.onFault);
    return { status: 200, body: shown(started.verification) };
  }
  const { reason, details } = started;
  if (reason === "delivery_failed") return refuse(parts, parts.readings.undelivered);
  // "unavailable" as a value: so many live codes are out, for this number or for everybody
  if (reason !== "limit_exceeded" && reason !== "unavailable") return refuse(parts, "400000000");
  return { ...refuse(parts, "429000000"), headers: { "Retry-After": String(details.retryAfter ?? 1) } };
}

async function show({ parts, application, req }: ApiCall): Promise<Answer> {
  const found = await parts.verifications.get({ id: idOf(req), account: application.tenant });
  return found ? { status: 200, body: shown(found) } : unknownId(parts);
}

/** The answer comes as a form, in the query or as JSON, and is text in all of them: `0984` is not 984. */
async function answer({ parts, application, req, res }: ApiCall): Promise<Answer> {
  const { value } = await readFields(req, res);
  const code = new Fields(value, req.query).text("answer")?.trim() ?? "";
  if (code === "" || code.length > 64) return refuseFields(parts, { answer: "may not be empty" });
  const checked = await parts.verifications.check({ id: idOf(req), account: application.tenant, code });
  return checked.ok ? { status: 200, body: shown(checked.verification) } : refuseAnswer(parts, checked);
}

function refuseAnswer(parts: Parts, { reason, details, verification }: VerificationRefused): Answer {
  switch (reason) {
    case "wrong_code":
      return refuse(parts, details.attemptsLeft === 0 ? parts.readings.lastWrong : "400011005");
    case "challenge_expired":
      return refuse(parts, "400011003");
    case "challenge_used":
    case "challenge_spent":
      return refuse(parts, "400011002");
    case "challenge_not_found":
      return verification ? refuse(parts, "400011002") : unknownId(parts);
    default:
      return refuse(parts, "400000000");
  }
}

async function cancel({ parts, application, req }: ApiCall): Promise<Answer> {
  const which = { id: idOf(req), account: application.tenant };
  const before = await parts.verifications.get(which);
  if (!before) return unknownId(parts);
  // The engine would end one whose attempts are used up as well; here it has failed, and stays so.
  const canceled = before.status !== "failed" && (await parts.verifications.cancel(which));
  const after = canceled ? await parts.verifications.get(which) : undefined;
  return after ? { status: 200, body: shown(after) } : refuse(parts, "400011002");
}

async function allReports({ parts, application }: ApiCall): Promise<Answer> {
  const theirs = [...parts.applications.values()].filter(({ group }) => group === application.group);
  const records = await Promise.all(theirs.map(({ tenant }) => parts.verifications.usage({ account: tenant })));
  return { status: 200, body: reportOf(records.flat()) };
}

async function oneReport({ parts, application, req }: ApiCall): Promise<Answer> {
  const wanted = parts.applications.get(String(req.params["applicationId"]));
  if (wanted?.group !== application.group) return refuse(parts, "404010002");
  const records = await parts.verifications.usage({ account: wanted.tenant });
  return { status: 200, body: { ...reportOf(records), applicationId: wanted.id } };
}

function idOf(req: Request): string {
  return String(req.params["trackingId"]);
}

function unknownId(parts: Parts): Answer {
  return refuse(parts, "404011006", { entity: "verification", property: "trackingId" });
}
