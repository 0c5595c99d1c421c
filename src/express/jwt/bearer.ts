import type { Request } from "express";
import { TwoFactorError } from "../../core/errors.js";

const SCHEME = /^bearer(?: +|$)/i;
const USUAL = "Bearer ";

/** Whether the request presents a bearer token, well-formed or not (RFC 6750 section 2.1). */
export function hasBearer(req: Request): boolean {
  const value = req.headers.authorization;
  return value !== undefined && (value.startsWith(USUAL) || SCHEME.test(value));
}

/**
 * The one bearer token of a request.
 *
 * @throws TwoFactorError `first_factor_required` for a second `Authorization` header (Node keeps the first and another
 * reader may keep the last), and for a scheme without a token. Whether it is one is for the verifier to say.
 */
export function bearerOf(req: Request): string {
  const value = req.headers.authorization ?? "";
  const token =
    value.startsWith(USUAL) && value[USUAL.length] !== " " ? value.slice(USUAL.length) : value.replace(SCHEME, "");
  if (token === "" || isRepeated(req)) throw invalidToken();
  return token;
}

/** What every refused token is answered with: why is nobody's business but the log's. */
export function invalidToken(cause?: unknown): TwoFactorError {
  return new TwoFactorError("first_factor_required", { detail: "The bearer token is not valid." }, { cause });
}

const NAME = "authorization";

function isRepeated(req: Request): boolean {
  const raw = req.rawHeaders;
  let seen = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at];
    if (name?.length === NAME.length && name.toLowerCase() === NAME) seen += 1;
  }
  return seen > 1;
}
