import { createHash, timingSafeEqual } from "node:crypto";
import type { Request } from "express";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** HTTP Basic (RFC 7617), blanks around either half left out as real clients send some. */
export function basicCredentials(req: Request): Credentials | undefined {
  const match = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(req.headers.authorization ?? "");
  const text = Buffer.from(match?.[1] ?? "", "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon).trim(), password: text.slice(colon + 1).trim() };
}

export function bearerToken(req: Request): string | undefined {
  return /^bearer +(\S+) *$/i.exec(req.headers.authorization ?? "")?.[1];
}

/** One header, once. */
export function singleHeader(req: Request, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === "string" && value !== "" ? value.trim() : undefined;
}

/** In a time that tells neither where two secrets differ nor how long they are. */
export function sameSecret(given: string, known: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(known));
}

/**
 * The entry of the account that these credentials open. Every account is looked at, whichever fits: the time taken says
 * nothing about which names exist.
 */
export function findAccount<A>(
  accounts: ReadonlyMap<string, A>,
  given: Credentials | undefined,
  secretOf: (account: A) => string,
): A | undefined {
  let found: A | undefined;
  for (const [name, account] of accounts) {
    const fits = sameSecret(given?.user ?? "", name) && sameSecret(given?.password ?? "", secretOf(account));
    if (fits && given) found = account;
  }
  return found;
}
