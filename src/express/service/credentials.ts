import { createHash, timingSafeEqual } from "node:crypto";
import type { Request } from "express";
import { fingerprint } from "../../core/crypto.js";
import { misconfigured } from "../../core/errors.js";

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

/** Accounts that one key each opens: `{ acme: "key" }`, or the keys alone, each then an account of its own. */
export type KeyedAccounts = readonly string[] | Readonly<Record<string, string>>;

/**
 * Accounts and their keys. An account without a name is called after a hash of its key, as the name is kept with records.
 *
 * @throws TwoFactorError `misconfigured` for none at all, a key that no header can carry, or the same key twice.
 */
export function keyedAccounts(given: KeyedAccounts, prefix: string, where: string): ReadonlyMap<string, string> {
  const named: [account: string, key: unknown][] = Array.isArray(given)
    ? given.map((key: unknown) => [`${prefix}:${fingerprint([key]).slice(0, 16)}`, key])
    : Object.entries(Object(given) as Record<string, unknown>);
  const accounts = new Map<string, string>();
  for (const [account, key] of named) {
    if (typeof key !== "string" || !/^[\x21-\x7e]{1,512}$/.test(key)) {
      throw misconfigured(`${where} takes keys of 1 to 512 printable characters.`);
    }
    if ([...accounts.values()].includes(key)) throw misconfigured(`${where} has the same key twice.`);
    accounts.set(account, key);
  }
  if (accounts.size === 0) throw misconfigured(`${where} needs at least one key: { acme: "..." }, or ["..."].`);
  return accounts;
}

/** The account that this key opens. Every one is looked at, as by `findAccount`. */
export function accountOfKey(accounts: ReadonlyMap<string, string>, given: string | undefined): string | undefined {
  let found: string | undefined;
  for (const [account, key] of accounts) {
    if (sameSecret(given ?? "", key) && given !== undefined) found = account;
  }
  return found;
}
