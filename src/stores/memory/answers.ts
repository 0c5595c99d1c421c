import type { Pending, SendEvent } from "../pending.js";
import type { Counted } from "../store.js";
import type { Reckoning } from "./accounts.js";

export function hasCounted(row: Pending, nonce: string): boolean {
  return row.checks.some((check) => check.nonce === nonce);
}

export function withEvent(events: readonly SendEvent[], event: SendEvent): SendEvent[] {
  const known = events.some(({ id }) => id === event.id);
  // Not spread into a list, which would reserve room for sixteen more.
  return known ? events.map((each) => (each.id === event.id ? event : each)) : events.concat(event);
}

export function counted(entry: Pending, reckoning: Reckoning): Counted {
  const attemptsLeft = Math.max(0, entry.maxAttempts - entry.attempts);
  return { outcome: "counted", entry, attemptsLeft, ...reckoning };
}
