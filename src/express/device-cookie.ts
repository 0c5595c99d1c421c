import type { Request, Response } from "express";
import { fingerprint } from "../core/crypto.js";

const NAME = "two-factor-device-";
/** People who share a browser; whoever comes after these takes the place of one. */
const MOST_COOKIES = 8;

/** The token this browser holds for a user. One cookie for each, so that nobody overwrites another's. */
export function deviceCookie(req: Request, user: string): string | undefined {
  const name = nameFor(req, user);
  return cookiesOf(req).find(([each]) => each === name)?.[1];
}

export function setDeviceCookie(req: Request, res: Response, user: string, token: string, seconds: number): void {
  const name = nameFor(req, user);
  const others = cookiesOf(req).filter(([each]) => each.startsWith(prefixFor(req)) && each !== name);
  for (const [each] of others.slice(0, Math.max(0, others.length + 1 - MOST_COOKIES))) {
    append(req, res, `${each}=; Max-Age=0`);
  }
  append(req, res, `${name}=${token}; Max-Age=${Math.max(0, Math.floor(seconds))}`);
}

export function dropDeviceCookie(req: Request, res: Response, user: string): void {
  if (deviceCookie(req, user) !== undefined) append(req, res, `${nameFor(req, user)}=; Max-Age=0`);
}

function append(req: Request, res: Response, cookie: string): void {
  res.append("Set-Cookie", `${cookie}; Path=/; HttpOnly; SameSite=Lax${isBare(req) ? "" : "; Secure"}`);
}

/** On this machine without TLS; anywhere else a browser has to have come over TLS to keep the cookie at all. */
function isBare(req: Request): boolean {
  const host = (req.headers.host ?? "").replace(/:\d+$/, "");
  return !req.secure && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

function prefixFor(req: Request): string {
  return isBare(req) ? NAME : `__Host-${NAME}`;
}

function nameFor(req: Request, user: string): string {
  return prefixFor(req) + fingerprint(["device cookie", user]).slice(0, 12);
}

function cookiesOf(req: Request): (readonly [name: string, value: string])[] {
  return (req.headers.cookie ?? "").split(";").flatMap((cookie) => {
    const [name, value] = cookie.trim().split("=");
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
}

const BROWSERS = [
  ["Edge", /\bEdgA?(?:iOS)?\//],
  ["Opera", /\bOPR\//],
  ["Samsung Internet", /\bSamsungBrowser\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:Chrome|CriOS|HeadlessChrome)\//],
  ["Safari", /\bSafari\//],
] as const;
const SYSTEMS = [
  ["Android", /\bAndroid\b/],
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["Mac", /\bMac(?:intosh| OS X)\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
] as const;

/**
 * Browser and system in words of ours: nothing that a client wrote is kept, and no update of either changes it. A copied
 * cookie is worth nothing in another one.
 */
export function browserName(req: Request): string {
  const agent = (req.headers["user-agent"] ?? "").slice(0, 512);
  const found = [BROWSERS, SYSTEMS].map((known) => known.find(([, sign]) => sign.test(agent))?.[0]);
  return found.filter((name) => name !== undefined).join(", ");
}
