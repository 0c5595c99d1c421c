import { BlockList, isIP } from "node:net";
import { misconfigured } from "../../../core/errors.js";
import { checkKeys, display, listOf } from "../../../core/options.js";
import type { Fields } from "../../../express/service/fields.js";
import { invalid } from "../../../verification/prepare.js";

/** One that may call, by its account SID. */
export interface MittoAccount {
  /** Its auth token: the password of HTTP Basic. */
  token: string;
  /** Shown in its workflows. */
  email?: string;
  /** The account SID of the one it is a sub-account of, which may then act for it. */
  parent?: string;
  /**
   * Addresses and networks that it may call from, `["203.0.113.7", "2001:db8::/32"]`, by `req.ip`: behind a proxy, set
   * Express' `trust proxy`. Calls from elsewhere are answered as a wrong token is.
   * @default any
   */
  allowIps?: readonly string[];
}

export interface Account extends Omit<MittoAccount, "allowIps"> {
  readonly sid: string;
  readonly mayCallFrom: (ip: string | undefined) => boolean;
}

/** @throws TwoFactorError `misconfigured` for an account that nobody could use, or a parent that is none. */
export function checkAccounts(given: Readonly<Record<string, MittoAccount>>, where: string): Map<string, Account> {
  if (typeof given !== "object" || given === null || Object.keys(given).length === 0) {
    throw misconfigured(`${where} needs { accounts }, at least one: { AC...: { token: process.env.MITTO_TOKEN } }.`);
  }
  const checked = new Map<string, Account>();
  for (const [sid, account] of Object.entries(given)) {
    const place = `${where} accounts.${sid}`;
    checkKeys(account, { token: true, email: true, parent: true, allowIps: true }, place);
    if (!/^[\x21-\x39\x3b-\x7e]{1,64}$/.test(sid))
      throw misconfigured(`${place}: an account SID has neither blanks nor colons.`);
    const { token, email } = account;
    if (typeof token !== "string" || token === "" || token !== token.trim()) {
      throw misconfigured(`${place}: the token is missing, or has blanks around it.`);
    }
    if (email !== undefined && typeof email !== "string")
      throw misconfigured(`${place}: the e-mail address is no text.`);
    const { allowIps, ...rest } = account;
    checked.set(sid, { ...rest, sid, mayCallFrom: ipFilter(allowIps, place) });
  }
  for (const account of checked.values()) checkParents(account, checked, where);
  return checked;
}

function ipFilter(allowed: readonly string[] | undefined, place: string): Account["mayCallFrom"] {
  if (allowed === undefined) return () => true;
  const list = new BlockList();
  for (const each of listOf(allowed, `${place}.allowIps`)) {
    const [address = "", bits, ...more] = String(each).split("/");
    const family = familyOf(address);
    const prefix = bits === undefined ? WIDTH[family ?? "ipv4"] : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (!family || more.length > 0 || !(prefix <= WIDTH[family])) {
      throw misconfigured(
        `${place}.allowIps: "${display(each)}" is neither an address nor a network such as 203.0.113.0/24.`,
      );
    }
    list.addSubnet(address, prefix, family);
  }
  return (ip = "") => {
    // an IPv4 caller of a server that listens on both
    const plain = ip.replace(/^::ffff:(?=\d+\.)/i, "");
    const family = familyOf(plain);
    return family !== undefined && list.check(plain, family);
  };
}

const WIDTH = { ipv4: 32, ipv6: 128 } as const;

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}

function checkParents(account: Account, accounts: ReadonlyMap<string, Account>, where: string): void {
  const seen = new Set<string>();
  for (let each: Account | undefined = account; each?.parent !== undefined; each = accounts.get(each.parent)) {
    const known = accounts.has(each.parent);
    if (known && !seen.has(each.sid)) seen.add(each.sid);
    else
      throw misconfigured(
        `${where} accounts.${account.sid}: its parent is ${known ? "below it" : "not one of the accounts"}.`,
      );
  }
}

/**
 * The account that a call is for. Somebody else's and one that does not exist are the same: there is none.
 *
 * @throws TwoFactorError `invalid_request` for an `accountSid` that is no text.
 */
export function accountFor(
  caller: Account,
  accounts: ReadonlyMap<string, Account>,
  fields: Fields,
): Account | undefined {
  const given = fields.get("accountSid");
  if (given === undefined || given === "") return caller;
  const sid = fields.text("accountSid")?.trim();
  if (sid === undefined) throw invalid('"accountSid" is a text.');
  const found = accounts.get(sid);
  for (let each = found; each; each = each.parent === undefined ? undefined : accounts.get(each.parent)) {
    if (each === caller) return found;
  }
  return undefined;
}
