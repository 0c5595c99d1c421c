import type { Request } from "express";
import { hasBearer } from "./jwt/bearer.js";

/**
 * Whether a POST comes from a page of this site, by what the browser itself says: `Origin`, then `Sec-Fetch-Site`.
 * A request with neither was not made by a browser, and one that brings its own bearer token proves by it that
 * nobody else's cookies are being used.
 */
export function sameOrigin(req: Request, allowed: ReadonlySet<string>): boolean {
  const { origin, host } = req.headers;
  const site = req.headers["sec-fetch-site"];
  if (hasBearer(req)) return true;
  // Under `no-referrer` a browser hides the origin of our own page's form as well, but not whose page it was.
  if (origin === "null") return site === "same-origin";
  if (origin !== undefined) return allowed.size > 0 ? allowed.has(origin) : originIsHost(origin, host);
  return site === undefined || site === "same-origin" || site === "none";
}

/** Without a configured origin, the host the browser believes it talks to has to do. */
function originIsHost(origin: string, host: string | undefined): boolean {
  try {
    return host !== undefined && new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}
