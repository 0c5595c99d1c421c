import type { Request, Response } from "express";
import { fingerprint, randomId, seal, unseal } from "../core/crypto.js";
import type { Pending } from "../stores/pending.js";
import { parsedBody, rawText } from "./body.js";
import type { Kit } from "./kit.js";
import { sameOrigin } from "./origin.js";
import { isLocalPath } from "./page/local-path.js";

/** Where a person was going when they were stopped. */
export interface Interrupted {
  readonly url: string;
  /** Of a form POST: what was in it. Without, the way on is a plain GET. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** The page of this site that the form was on. */
  readonly from?: string;
}

/** What somebody was stopped by: a challenge, say. */
export type Spot = Pick<Pending, "owner" | "purpose">;

/** Longer forms are not kept: the person is told to send theirs again. */
const MAX_KEPT = 32 * 1024;
/** As long as a challenge can be answered, and a little for the slow. */
const KEPT_FOR = 20 * 60_000;

/** Remembers, encrypted, what the person was about to do; the newest wins. */
export async function keep(kit: Kit, req: Request, res: Response, entry: Spot): Promise<void> {
  const interrupted = await whatWasInterrupted(kit, req, res);
  const browser = browserOf(req) ?? markBrowser(req, res);
  const plain = interrupted && JSON.stringify(interrupted);
  if (plain === undefined || plain.length > MAX_KEPT) {
    // What was kept before is not what the person is about to do now.
    await kit.store.take(keyOf(entry, browser), kit.clock());
    return;
  }
  const sealed = seal(kit.keys, plain, contextOf(entry, browser));
  await kit.store.put(keyOf(entry, browser), sealed, KEPT_FOR, kit.clock());
}

/** Takes it out again, once. */
export async function resume(kit: Kit, req: Request, entry: Spot): Promise<Interrupted | undefined> {
  const browser = browserOf(req);
  if (browser === undefined) return undefined;
  const sealed = await kit.store.take(keyOf(entry, browser), kit.clock());
  return sealed === undefined ? undefined : open(kit, entry, browser, sealed);
}

/** Where "back" leads from the page, without using it up. */
export async function wayBack(kit: Kit, req: Request, entry: Spot): Promise<string | undefined> {
  const browser = browserOf(req);
  if (browser === undefined) return undefined;
  const sealed = await kit.store.get(keyOf(entry, browser), kit.clock());
  const interrupted = sealed === undefined ? undefined : open(kit, entry, browser, sealed);
  // A form's own address is no place to go back to.
  return interrupted?.fields ? interrupted.from : interrupted?.url;
}

function open(kit: Kit, entry: Spot, browser: string, sealed: string): Interrupted | undefined {
  const plain = unseal(kit.keys, sealed, contextOf(entry, browser));
  return plain === undefined ? undefined : (JSON.parse(plain) as Interrupted);
}

/** One for each purpose of a login, so that a challenge started anew still leads where the first one did. */
function keyOf({ owner, purpose }: Spot, browser: string): string {
  return `resume:${fingerprint([owner, purpose, browser])}`;
}

/** The owner names user and login: sealed for one, it opens for no other. */
function contextOf({ owner, purpose }: Spot, browser: string): string {
  return JSON.stringify([owner, purpose, browser]);
}

const COOKIE = "two-factor-resume";

/**
 * Which browser of a login this is. Somebody with a copy of the session cookie must not be able to lay a form down for
 * its owner to send, so what is kept belongs to whoever got this cookie with the redirect.
 */
function browserOf(req: Request): string | undefined {
  for (const cookie of (req.headers.cookie ?? "").split(";")) {
    const [name, value] = cookie.trim().split("=");
    if (name === COOKIE && value !== undefined && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

function markBrowser(req: Request, res: Response): string {
  const browser = randomId();
  const secure = req.secure ? "; Secure" : "";
  res.append("Set-Cookie", `${COOKIE}=${browser}; Path=/; Max-Age=${KEPT_FOR / 1000}; HttpOnly; SameSite=Lax${secure}`);
  return browser;
}

async function whatWasInterrupted(kit: Kit, req: Request, res: Response): Promise<Interrupted | undefined> {
  const url = req.originalUrl;
  if (!isLocalPath(url)) return undefined;
  if (req.method === "GET") return { url };
  // Sent again it would come from this site: a form that another site made up must not be laundered like that.
  if (!sameOrigin(req, kit.origins)) return undefined;
  const form = /^application\/x-www-form-urlencoded\b/i.test(req.headers["content-type"] ?? "");
  if (req.method !== "POST" || !form || Number(req.headers["content-length"] ?? 0) > MAX_KEPT) return undefined;
  const parsed = parsedBody(req);
  const from = pageOf(req);
  return {
    url,
    ...(from === undefined ? {} : { from }),
    fields: parsed ? [...flatten(parsed, "")] : [...new URLSearchParams(await rawText(req, res))],
  };
}

/** The path of the page that the form was sent from, if that was ours. */
function pageOf(req: Request): string | undefined {
  const { referer = "", host } = req.headers;
  if (!URL.canParse(referer) || new URL(referer).host !== host) return undefined;
  const { pathname, search } = new URL(referer);
  return isLocalPath(pathname + search) ? pathname + search : undefined;
}

/** A parsed form back into its fields, nested names in brackets as the parsers read them. */
function* flatten(value: unknown, name: string): Generator<readonly [string, string]> {
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    for (const item of value) yield [name, String(item)];
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* flatten(item, name === "" ? key : `${name}[${key}]`);
  } else {
    yield [name, String(value)];
  }
}
