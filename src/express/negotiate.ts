import type { Request } from "express";
import { hasBearer } from "./jwt/bearer.js";

/**
 * Whether a person is looking at where this answer goes. The browser says so itself in `Sec-Fetch-Mode`; where it does
 * not, an `Accept` that names `text/html` does, and the `*\/*` of a program does not.
 */
export function navigates(req: Request): boolean {
  const mode = req.headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return /(?:^|[,\s])text\/html(?:[;,\s]|$)/i.test(req.headers.accept ?? "");
}

/** A request that nobody made: a prefetch, a link preview, a HEAD. It must change nothing. */
export function isIdle(req: Request): boolean {
  const purpose = `${header(req, "sec-purpose")} ${header(req, "purpose")} ${header(req, "x-moz")}`;
  return req.method === "HEAD" || /prefetch|prerender|preview/i.test(purpose);
}

/**
 * A subresource of another site's page, such as an image: nobody there can answer, and it must not send. A link that a
 * person followed from there is a navigation, and is none.
 */
export function isForeign(req: Request, allowed: ReadonlySet<string>): boolean {
  const { origin } = req.headers;
  const known = origin !== undefined && allowed.has(origin);
  return req.headers["sec-fetch-site"] === "cross-site" && !navigates(req) && !hasBearer(req) && !known;
}

function header(req: Request, name: string): string {
  const value = req.headers[name];
  return typeof value === "string" ? value : "";
}
