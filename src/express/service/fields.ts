import express, { type Request, type Response } from "express";
import { TwoFactorError } from "../../core/errors.js";
import { isShallow } from "../body.js";

const readText = express.text({ type: () => true, limit: "64kb" });

/** The body of a call to a served API: what it holds, however it was labelled. */
export interface Body {
  /** A JSON value, or the pairs of a form as an object; `undefined` for an empty body and for one that is neither. */
  readonly value: unknown;
  readonly format: "json" | "form" | "empty" | "unreadable";
}

/**
 * Reads a body by its first character and not by its content type, which real clients of these APIs set wrongly: form
 * pairs as JSON, JSON as form pairs, JSON with a GET. JSON that does not parse gets a second, lenient reading. A parser
 * that ran before is respected, and a JSON text that it took for the name of a form field is put right.
 *
 * @throws TwoFactorError `invalid_request` for more than 64 KB or a body that breaks off.
 */
export async function readFields(req: Request, res: Response): Promise<Body> {
  const before: unknown = req.body;
  const isParsed = typeof before === "object" && before !== null && !Buffer.isBuffer(before);
  // an empty object is what parsers make of "{}", and what those of Express 4 leave where they read nothing
  if (isParsed && (Object.keys(before).length > 0 || req.readableEnded)) return parsedBefore(before);
  const text =
    typeof before === "string" ? before : Buffer.isBuffer(before) ? before.toString() : await drain(req, res);
  return readBody(text);
}

/** The same for a text at hand. */
export function readBody(text: string): Body {
  const trimmed = text.trim();
  if (trimmed === "") return { value: undefined, format: "empty" };
  if (/^[{["]/.test(trimmed)) {
    const value = parseJson(trimmed) ?? parseJson(lenient(trimmed));
    return value === undefined || !isShallow(value)
      ? { value: undefined, format: "unreadable" }
      : { value, format: "json" };
  }
  return { value: Object.fromEntries(new URLSearchParams(trimmed)), format: "form" };
}

async function drain(req: Request, res: Response): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    readText(req, res, (error?: unknown) => {
      if (error === undefined) return resolve();
      reject(new TwoFactorError("invalid_request", { detail: "The body could not be read." }, { cause: error }));
    });
  });
  const body: unknown = req.body;
  return typeof body === "string" ? body : "";
}

function parsedBefore(body: object): Body {
  const names = Object.keys(body);
  const [only = ""] = names;
  // urlencoded() makes `{"a":1}` a field of that name without a value, cut at every "=" and "&"
  if (/^\s*[{[]/.test(only)) {
    return readBody(
      Object.entries(body)
        .map(([name, value]) => (value === "" ? name : `${name}=${String(value)}`))
        .join("&"),
    );
  }
  return isShallow(body) ? { value: body, format: "json" } : { value: undefined, format: "unreadable" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * What manuals print and people paste: a backslash before a line break or a brace, curly quotes, line breaks inside of
 * strings, a comma too many.
 */
function lenient(text: string): string {
  return text
    .replace(/\\(?=[\s{}])/g, "")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[\r\n]+/g, " ")
    .replace(/,(?=\s*[}\]])/g, "");
}

/** Fields whatever the case of their names; the first of several spellings wins. Inherited names are nobody's. */
export class Fields {
  readonly #values = new Map<string, unknown>();

  constructor(...sources: readonly unknown[]) {
    for (const source of sources) {
      if (typeof source !== "object" || source === null || Array.isArray(source)) continue;
      for (const [name, value] of Object.entries(source)) {
        const key = name.toLowerCase();
        if (!this.#values.has(key) && value !== undefined) this.#values.set(key, value);
      }
    }
  }

  /** The first of these names that is there. */
  get(...names: readonly string[]): unknown {
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase());
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  /** A string, or a number written as one; anything else is `undefined`. */
  text(...names: readonly string[]): string | undefined {
    const value = this.get(...names);
    if (typeof value === "number" && Number.isFinite(value)) return String(value);
    return typeof value === "string" ? value : undefined;
  }

  /** A whole number, or one written as a string; `NaN` for anything else that is there. */
  whole(...names: readonly string[]): number | undefined {
    const value = this.get(...names);
    if (value === undefined || value === "") return undefined;
    const text = typeof value === "number" ? String(value) : value;
    return typeof text === "string" && /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
  }

  /** An object, or one written as JSON in a string. */
  record(...names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
    const value = this.get(...names);
    const read = typeof value === "string" ? parseJson(value) : value;
    return typeof read === "object" && read !== null && !Array.isArray(read)
      ? (read as Record<string, unknown>)
      : undefined;
  }

  /** A list, or one written as JSON in a string. */
  list(...names: readonly string[]): readonly unknown[] | undefined {
    const value = this.get(...names);
    const read = typeof value === "string" ? (parseJson(value) ?? parseJson(lenient(value))) : value;
    return Array.isArray(read) ? read : undefined;
  }
}
