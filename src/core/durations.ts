import { misconfigured } from "./errors.js";

/** A length of time with its unit: `"30s"`, `"5m"`, `"1h"`, `"30d"`, `"250ms"`. The only bare number is `0`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}` | 0;

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SHAPE = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/**
 * A duration in milliseconds, or `undefined` for anything else: also the door for durations from a query string.
 */
export function parseDuration(value: unknown): number | undefined {
  if (value === 0) return 0;
  if (typeof value !== "string") return undefined;
  const match = SHAPE.exec(value);
  if (!match) return undefined;
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
}

/** The same for options: throws `misconfigured` and names the option. */
export function milliseconds(value: Duration, option: string): number {
  const ms = parseDuration(value);
  if (ms === undefined) {
    const given: unknown = value;
    if (typeof given === "number" && given > 0)
      throw misconfigured(`${option}: ${given} is not a duration: it has no unit. ${withUnit(given)}`);
    throw misconfigured(
      `${option}: ${typeof value === "string" ? JSON.stringify(value) : typeof value} is not a duration. Write a number with its unit, as in "30s", "5m", "1h" or "30d"; the only bare number is 0.`,
    );
  }
  return ms;
}

/** What a bare number may have meant: seconds, or milliseconds where there are many. */
function withUnit(given: number): string {
  const minutes = Number.isInteger(given / 60) ? `"${given / 60}m"` : `"${given}ms"`;
  return `Write "${given}s" or ${given < 10_000 ? minutes : `"${given}ms"`}; the only bare number is 0.`;
}
