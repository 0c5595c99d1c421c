import express, { type Request, type Response } from "express";
import { TwoFactorError } from "../core/errors.js";

const LIMIT = "64kb";
const MAX_FIELDS = 100;
const MAX_DEPTH = 20;
const readText = express.text({ type: () => true, limit: LIMIT });

/** Fields of a body, whatever parser ran before, or none at all. Values are whatever the client sent. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * JSON or urlencoded, at most 64 KB.
 *
 * @throws TwoFactorError `invalid_request` for anything else.
 */
export async function readBody(req: Request, res: Response): Promise<Fields> {
  const parsed = parsedBody(req);
  if (parsed) return parsed;
  const text = await rawText(req, res);
  if (text.trim() === "") return {};
  const type = req.headers["content-type"];
  if (/^application\/x-www-form-urlencoded\b/i.test(type ?? "")) return parseForm(text);
  // Any other type that a form of another site can send is not taken for JSON, whatever it looks like.
  if (type === undefined || /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) return parseJson(text);
  throw new TwoFactorError("invalid_request", { detail: "The body must be JSON or a form." });
}

/** What a parser before us has made of the body. Parsers of Express 4 leave an empty object where they read nothing. */
export function parsedBody(req: Request): Fields | undefined {
  const body: unknown = req.body;
  if (typeof body !== "object" || body === null || Buffer.isBuffer(body)) return undefined;
  return Object.keys(body).length > 0 || req.readableEnded ? (body as Fields) : undefined;
}

const LIMIT_BYTES = 64 * 1024;
const readBytes = express.raw({ type: () => true, limit: LIMIT_BYTES, inflate: false });

/**
 * The very bytes of the body, which is what a signature covers. `"lost"` when a parser has read them and kept none:
 * one that keeps them leaves a Buffer in `req.rawBody` or `req.body`.
 *
 * @throws TwoFactorError `invalid_request` for a body that broke off.
 */
export async function bodyBytes(req: Request, res: Response): Promise<Buffer | "lost" | "too large"> {
  const { rawBody, body } = req as { rawBody?: unknown; body?: unknown };
  const kept = [rawBody, body].find((each) => Buffer.isBuffer(each));
  if (kept) return kept.length > LIMIT_BYTES ? "too large" : kept;
  if (req.readableDidRead) return "lost";
  const error = await new Promise<unknown>((resolve) => readBytes(req, res, resolve));
  if (error !== undefined) {
    if ((error as { status?: unknown }).status === 413) return "too large";
    throw unreadable(error);
  }
  const read: unknown = req.body;
  return Buffer.isBuffer(read) ? read : Buffer.alloc(0);
}

/** The body as it came, from the request or from a parser that kept it whole. */
export async function rawText(req: Request, res: Response): Promise<string> {
  const before: unknown = req.body;
  if (typeof before === "string") return before;
  if (Buffer.isBuffer(before)) return before.toString();
  await new Promise<void>((resolve, reject) => {
    readText(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(unreadable(error))));
  });
  const body: unknown = req.body;
  return typeof body === "string" ? body : "";
}

function parseJson(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value) && isShallow(value))
      return value as Fields;
  } catch {
    // told below
  }
  throw new TwoFactorError("invalid_request", { detail: "The body is not a JSON object." });
}

/** Deeper than anything that is asked for, and shallow enough for whatever walks it. */
export function isShallow(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((each) => isShallow(each, depth + 1));
}

/** A field that is given twice is a list, and a list is nowhere an answer. */
function parseForm(text: string): Fields {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name);
    if (fields.size > MAX_FIELDS || (Array.isArray(before) && before.length > MAX_FIELDS)) break;
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(fields);
}

function unreadable(cause: unknown): TwoFactorError {
  return new TwoFactorError(
    "invalid_request",
    { detail: `The body could not be read; it may be at most ${LIMIT}.` },
    { cause },
  );
}

/** One optional word out of a body: absent, or a string. */
export function word(fields: Fields, name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" && value.length <= 200) return value;
  throw new TwoFactorError("invalid_request", { detail: `"${name}" must be a single string.` });
}
