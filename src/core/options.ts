import type { Cluster } from "node:cluster";
import { createRequire } from "node:module";
import { misconfigured } from "./errors.js";

/** How many single-letter edits lead from one word to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The known word nearest to what was written, if any is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, Math.floor(best.name.length / 2)) ? best.name : undefined;
}

/** Names of `T`, written as a record so that the compiler notices one that is missing. */
export type Keys<T> = Record<keyof T, true>;

/**
 * Refuses anything but a plain object with known keys.
 *
 * @throws TwoFactorError `misconfigured`, naming the nearest right key.
 */
export function checkKeys<T extends object>(given: T, known: Keys<Required<T>>, where: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const what = given === null ? "null" : Array.isArray(given) ? "an array" : typeof given;
    throw misconfigured(`${where} takes an object of options, not ${what}.`);
  }
  const names = Object.keys(known);
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(known, key)) throw misconfigured(unknownName(`${where}: unknown option`, key, names));
  }
}

/** One of a fixed set of words, or `misconfigured` with the nearest of them. */
export function oneOf<T extends string | number>(value: unknown, known: readonly T[], where: string): T {
  const found = known.find((word) => word === value);
  if (found === undefined) throw misconfigured(unknownName(`${where}:`, display(value), known.map(String)));
  return found;
}

/** Whatever was passed, in words: also what has no text of its own. */
export function display(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

function unknownName(prefix: string, word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return `${prefix} "${word}". ${guess ? `Did you mean "${guess}"? ` : ""}Known: ${known.join(", ")}.`;
}

/** A list, or `misconfigured`. */
export function listOf<T>(value: readonly T[], where: string): readonly T[] {
  if (!Array.isArray(value)) throw misconfigured(`${where} must be a list, as in [...].`);
  return value;
}

/** A whole number within bounds, or `misconfigured`. */
export function wholeNumber(value: unknown, min: number, max: number, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw misconfigured(`${where}: ${display(value)} is not a whole number from ${min} to ${max}.`);
  }
  return value;
}

const require = createRequire(import.meta.url);

/** Loads the module where the answer matters only: it brings everything along that starts processes. */
export function isClusterWorker(): boolean {
  return (require("node:cluster") as Cluster).isWorker;
}

export function isProduction(): boolean {
  return process.env["NODE_ENV"] === "production";
}
