import { CLOCK_SKEW } from "../core/clock.js";
import type { Pending, Status } from "./pending.js";
import type { Ended } from "./store.js";

/** Why a verification cannot be answered, or nothing when it can. */
export function endOf(entry: Pending | undefined, now: number): Ended | undefined {
  if (!entry) return "missing";
  if (entry.state === "verified") return "used";
  if (entry.state === "canceled") return "canceled";
  if (entry.attempts >= entry.maxAttempts) return "spent";
  // A clock that went back must not lengthen a life: what is not yet born counts as dead.
  return now >= entry.expiresAt || now < entry.createdAt - CLOCK_SKEW ? "expired" : undefined;
}

export function isLive(entry: Pending, now: number): boolean {
  return endOf(entry, now) === undefined;
}

/** What it has come to, for records and for whoever asks. */
export function statusOf(entry: Pending, now: number): Status {
  switch (endOf(entry, now)) {
    case "used":
      return "verified";
    case "canceled":
      return "canceled";
    case "spent":
      return "failed";
    case undefined:
    case "missing":
      return neverLeft(entry) ? "undeliverable" : "pending";
    case "expired":
      return neverLeft(entry) ? "undeliverable" : "expired";
  }
}

function neverLeft({ delivery }: Pending): boolean {
  return delivery.status === "failed" && delivery.sent.length === 0;
}
