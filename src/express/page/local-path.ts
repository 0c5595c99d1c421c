import { pattern } from "../../core/pattern.js";

const MAX_LENGTH = 4096;
const HOST = "http://host.invalid";

/** Browsers drop tabs and newlines from a URL and read a backslash as a slash: neither has a place in a path. */
const FORBIDDEN = pattern(String.raw`[\p{Cc}\\]`, "u");
const UNPAIRED_SURROGATE = pattern(String.raw`\p{Surrogate}`, "u");

/**
 * Whether `value` leads to this origin and nowhere else, whoever reads it: as a `Location`, an `href` or the
 * target of a form.
 */
export function isLocalPath(value: unknown): value is string {
  if (typeof value !== "string" || value.length > MAX_LENGTH) return false;
  if (!value.startsWith("/") || value.startsWith("//")) return false;
  if (FORBIDDEN().test(value) || UNPAIRED_SURROGATE().test(value)) return false;
  try {
    const url = new URL(value, HOST);
    // "/.//evil.example" stays here as written, but resolves to a path that would not if it were sent on
    return url.origin === HOST && !url.pathname.startsWith("//");
  } catch {
    return false;
  }
}
