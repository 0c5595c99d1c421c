import { problemOf, type Post, type Refusal } from "./asking.js";
import type { Fetch } from "./options.js";

export const KEY = "Idempotency-Key";

/** The refusal of one of our guards, if that is what the answer is. */
export async function refusalOf(response: Response, origin: string): Promise<Refusal | false> {
  const { code, challenge, links, methods } = await problemOf(response);
  if (response.ok || code !== "second_factor_required" || !challenge || !links) return false;
  const verify = new URL(links.verify, response.url || origin);
  // a code goes to nobody but whom the request went to
  return verify.origin === origin && { challenge, methods, verify };
}

/** Posts to the routes beside `verify` as whoever made the request. */
export function poster(fetch: Fetch, verify: URL, { headers: given, credentials }: Request): Post {
  const headers = new Headers(given);
  headers.delete(KEY);
  headers.delete("Content-Type");
  return (route, fields, signal = null) =>
    fetch(new URL(route, verify), {
      method: "POST",
      headers,
      credentials,
      // it could carry the code to somebody else
      redirect: "error",
      body: new URLSearchParams(fields),
      signal,
    });
}

/** The token in its place: in that of the login's own, or beside it. */
export function bring(headers: Headers, token: string | undefined): void {
  if (!token) return;
  // "2fa+jwt", as it stands in the head of such a token
  if (token.includes("IjJmYStqd3Qi")) headers.set("Two-Factor-Token", token);
  else headers.set("Authorization", `Bearer ${token}`);
}
