import { unavailable } from "../../core/errors.js";
import type { Counted, Ended } from "../store.js";
import type { Reply } from "./caller.js";
import { readRow } from "./row.js";

const ENDS: ReadonlySet<unknown> = new Set<Ended>(["missing", "expired", "used", "spent", "canceled"]);

export function countedOf([outcome, until, methods, reached, row, rest]: Reply): Counted {
  if (outcome === "locked") return { outcome, until: Number(until) };
  if (outcome === "disabled") return { outcome };
  if (outcome !== "counted") return { outcome: endOf(outcome) };
  const entry = readRow(String(row), String(rest));
  const attemptsLeft = Math.max(0, entry.maxAttempts - entry.attempts);
  const told = { methods: listOf(methods), reached: listOf(reached) };
  return { outcome, entry, attemptsLeft, lockedUntil: Number(until), ...told };
}

function listOf(json: Reply[number] | undefined): readonly string[] {
  return JSON.parse(String(json)) as readonly string[];
}

export function isYes(reply: Reply): boolean {
  return reply[0] === "1";
}

export function endOf(outcome: Reply[number] | undefined): Ended {
  return ENDS.has(outcome) ? (outcome as Ended) : strange([String(outcome)]);
}

/** What no script says: nothing may be concluded from it. */
export function strange(reply: Reply): never {
  throw unavailable("Redis gave an answer that is none.", new Error(`"${String(reply[0])}"`));
}
