import type { Request, Response } from "express";
import { isTwoFactorError } from "../../core/errors.js";
import { UnknownLimit } from "../../verification/named-limits.js";
import type { Served } from "./options.js";
import { errorBody, type ErrorExtras, type RouteeCode, statusOfCode, unauthorizedBody } from "./wire.js";

/** A call of the served API. */
export interface Call {
  readonly served: Served;
  readonly req: Request;
  readonly res: Response;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refuse({ readings }: Served, code: RouteeCode, extras: ErrorExtras = {}): Answer {
  return { status: statusOfCode(code), body: errorBody(code, readings.texts, extras) };
}

/** A request with fields that make no sense, each with what is wrong with it. */
export function refuseFields(served: Served, problems: Readonly<Record<string, string>>): Answer {
  const entries = Object.entries(problems).map(([name, problem]) => {
    return [name, served.readings.properties === "array" ? [problem] : problem] as const;
  });
  return refuse(served, "400000000", { entity: "TwoStepVerification", properties: Object.fromEntries(entries) });
}

export function refuseCaller({ served, req }: Call, scheme: "Basic" | "Bearer"): Answer {
  const [message, code] =
    scheme === "Basic"
      ? ["Bad credentials", "401000000"]
      : ["Invalid or expired access token", served.readings.unauthorized];
  return {
    status: 401,
    body: unauthorizedBody(req.path, message, code, served.clock()),
    headers: { "WWW-Authenticate": `${scheme} realm="routee"` },
  };
}

/** A fault, typed: what really happened is for the operator. */
export function refuseFault(served: Served, error: unknown): Answer {
  const isTheirs = isTwoFactorError(error) && error.code === "invalid_request" && !(error instanceof UnknownLimit);
  if (isTheirs || isMalformed(error)) return refuse(served, "400000000");
  served.onFault(error);
  if (!isTwoFactorError(error) || error.code !== "unavailable") return refuse(served, "500000000");
  return { ...refuse(served, "503000000"), headers: { "Retry-After": String(error.details.retryAfter ?? 1) } };
}

export function send({ res }: Call, { status, body, headers = {} }: Answer): void {
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("X-Content-Type-Options", "nosniff");
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.status(status).json(body);
}

/** Express' own complaint about a path that cannot be decoded. */
function isMalformed(error: unknown): boolean {
  return error instanceof URIError;
}
