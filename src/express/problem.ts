import type { Request, Response } from "express";
import { type ErrorCode, type ErrorDetails, ERRORS } from "../core/errors.js";
import { maskAddress } from "../core/redact.js";
import { acrOf } from "../step-up/assurance.js";
import { isCurrent } from "../step-up/ways.js";
import type { Reason } from "../step-up/judge.js";
import { type ChallengeDetail, readDetail } from "../step-up/wanted.js";
import type { Pending } from "../stores/pending.js";
import { resendAt } from "../stores/sent.js";
import { browserRequest } from "./browser-request.js";
import { hasBearer } from "./jwt/bearer.js";
import type { Kit } from "./kit.js";
import { visible } from "./page/visible.js";
import type { Links, ProblemDocument, PublicChallenge } from "./wire.js";

/** What a guard adds to its refusal. */
export interface GuardDetails {
  readonly reason?: Reason;
  /** Seconds. */
  readonly maxAge?: number;
  readonly methods?: readonly string[];
  readonly links?: Links;
  readonly status?: number;
}

export function publicChallenge(kit: Pick<Kit, "methods" | "clock">, entry: Pending): PublicChallenge {
  const { method, to } = entry.delivery;
  const again = resendAt(entry.delivery);
  const { choices, show }: Partial<ChallengeDetail> = readDetail(entry);
  const factor = choices?.find((choice) => isCurrent(entry.delivery, choice))?.factor;
  return {
    id: entry.id,
    method,
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    expiresAt: new Date(entry.expiresAt).toISOString(),
    attemptsLeft: Math.max(0, entry.maxAttempts - entry.attempts),
    ...(again ? { resendAt: new Date(again).toISOString() } : {}),
    ...(factor === undefined ? {} : { factor }),
    ...(choices && choices.length > 1 ? { choices } : {}),
    ...browserRequest(kit, entry),
    ...(show?.length ? { show: show.map(([label, value]) => [visible(label), visible(value)] as const) } : {}),
  };
}

export function linksAt(path: string): Links {
  return { page: path, verify: `${path}/verify`, resend: `${path}/resend`, cancel: `${path}/cancel` };
}

/** Headers that every answer of ours carries, page or problem. */
export function harden(res: Response): void {
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("X-Content-Type-Options", "nosniff");
  res.setHeader("Referrer-Policy", "no-referrer");
}

/** Refuses with a problem document (RFC 9457) and the headers that go with its code. */
export function sendProblem(
  req: Request,
  res: Response,
  code: ErrorCode,
  details: ErrorDetails,
  guard: GuardDetails = {},
  challenge?: PublicChallenge,
): void {
  const status = guard.status ?? ERRORS[code].status;
  const { limit: _limit, ...open } = details;
  const { status: _status, ...about } = guard;
  harden(res);
  setHeaders(req, res, code, details, guard);
  const problem: ProblemDocument = {
    type: `urn:require2fa:${code}`,
    title: ERRORS[code].title,
    status,
    code,
    ...open,
    ...about,
    ...(challenge && { challenge }),
  };
  res.status(status).type("application/problem+json").send(JSON.stringify(problem));
}

/** Headers of a refusal, for pages as well as for problems. */
export function setHeaders(
  req: Request,
  res: Response,
  code: ErrorCode,
  { retryAfter, limit }: ErrorDetails,
  guard: GuardDetails = {},
): void {
  if (retryAfter !== undefined) res.setHeader("Retry-After", String(retryAfter));
  if (limit) {
    res.setHeader("RateLimit-Policy", `"${limit.name}";q=${limit.max};w=${limit.seconds}`);
    res.setHeader("RateLimit", `"${limit.name}";r=0;t=${retryAfter ?? limit.seconds}`);
  }
  if (code === "second_factor_required") res.setHeader("WWW-Authenticate", stepUpChallenge(guard));
  if (code === "first_factor_required") {
    res.setHeader("WWW-Authenticate", hasBearer(req) ? 'Bearer error="invalid_token"' : "Bearer");
  }
}

/** RFC 9470 section 3: what an OAuth client reads. */
function stepUpChallenge({ maxAge, methods = [] }: GuardDetails): string {
  return [
    'Bearer error="insufficient_user_authentication"',
    `error_description="${ERRORS.second_factor_required.title}"`,
    `acr_values="${acrOf(methods.length === 1 ? methods : [])}"`,
    ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`]),
  ].join(", ");
}
