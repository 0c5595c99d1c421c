import { fingerprint } from "../../core/crypto.js";

/** How long every name is. */
export const NAME_LENGTH = 32;

/**
 * The name of a key or a field for any text. A hash, so that no character matters, no two texts meet, and nobody reads
 * a phone number in a key.
 */
export function nameOf(text: string): string {
  return fingerprint([text]);
}

/** The same for what may be left out. */
export function nameOrNone(text: string | undefined, none: "" | "-" = ""): string {
  return text === undefined ? none : nameOf(text);
}

/** A number as Lua reads it, infinity included. */
export function numberArg(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
}

/** A number that Lua wrote. */
export function numberOf(text: string | undefined): number {
  return text === "inf" ? Number.POSITIVE_INFINITY : Number(text);
}

/** Any text as bytes and back: half a surrogate pair has no UTF-8 of its own. */
export function textArg(text: string): string {
  return text.isWellFormed() ? `=${text}` : `~${JSON.stringify(text)}`;
}

export function textOf(stored: string): string {
  return stored.startsWith("=") ? stored.slice(1) : String(JSON.parse(stored.slice(1)));
}
