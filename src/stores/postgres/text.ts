import { createHash } from "node:crypto";

/**
 * Postgres takes neither U+0000 nor half of a surrogate pair into a text. In JSON both are written as an escape, and so
 * is U+001A: it stands before the four digits of what could not be written.
 */
const ESCAPE = /\\(?:u(0000|001a|d[89a-f][0-9a-f]{2})|.)/g;
const ESCAPED = /\\(?:u001a([0-9a-f]{4})|.)/g;
/** An index refuses what is much longer. */
const LONGEST_KEY = 200;

/** JSON that Postgres takes, whatever characters it holds. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.includes("\\u")
    ? json.replace(ESCAPE, (all, code?: string) => (code === undefined ? all : `\\u001a${code}`))
    : json;
}

/** What `toJson` was given. */
export function fromJson(json: string): unknown {
  const right = json.includes("\\u001a")
    ? json.replace(ESCAPED, (all, code?: string) => (code === undefined ? all : `\\u${code}`))
    : json;
  return JSON.parse(right);
}

/** A text to be found again by, never to be read: what is long is as good as its hash. */
export function toKey(text: string): string {
  const key = toJson(text).slice(1, -1);
  if (key.length <= LONGEST_KEY && !key.startsWith("sha256:")) return key;
  return `sha256:${createHash("sha256").update(key).digest("base64url")}`;
}
