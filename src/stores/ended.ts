import { CLOCK_SKEW } from "../core/clock.js";
import type { Ended, Pending } from "./store.js";

/** Why a verification cannot be answered, or nothing when it can. */
export function endOf(entry: Pending | undefined, now: number): Ended | undefined {
  if (!entry) return "missing";
  if (entry.state === "verified") return "used";
  if (entry.state === "canceled") return "canceled";
  // A clock that went back must not lengthen a life: what is not yet born counts as dead.
  if (now >= entry.expiresAt || now < entry.createdAt - CLOCK_SKEW) return "expired";
  return entry.attempts >= entry.maxAttempts ? "spent" : undefined;
}

export function isLive(entry: Pending, now: number): boolean {
  return endOf(entry, now) === undefined;
}
