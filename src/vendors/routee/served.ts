import type { Status } from "../../stores/pending.js";
import type { Verification } from "../../verification/request.js";
import type { UsageRecord } from "../../verification/usage.js";
import type { Application } from "./options.js";
import {
  type RouteeCallback,
  type RouteeReport,
  type RouteeStatus,
  type RouteeVerification,
  totalsOf,
} from "./wire.js";

/** The engine's words for a status, in Routee's; it has none for a code that never left. */
const STATUS: Record<Status, RouteeStatus> = {
  pending: "Pending",
  verified: "Verified",
  canceled: "Cancelled",
  expired: "Expired",
  failed: "Failed",
  undeliverable: "Failed",
};

export function served(verification: Verification): RouteeVerification {
  return {
    trackingId: verification.id,
    status: STATUS[verification.status],
    updatedAt: updatedAt(verification).toISOString(),
    maxRetries: verification.maxAttempts - 1,
    expiresAt: verification.expiresAt.toISOString(),
    timesTried: verification.attempts,
  };
}

export function callbackOf({ id }: Application, verification: Verification): RouteeCallback {
  const { trackingId, status, updatedAt: at } = served(verification);
  return { applicationId: id, trackingId, recipient: verification.to, status, updatedAt: at };
}

/** Totals over the records of one application, or of all that share an account. */
export function reportOf(records: readonly UsageRecord[]): RouteeReport {
  const all: Counts = {};
  const countries = new Map<string, Counts>();
  for (const { byStatus, byCountry } of records) {
    add(all, byStatus);
    for (const [country, counts] of Object.entries(byCountry)) {
      const there = countries.get(country) ?? {};
      add(there, counts);
      countries.set(country, there);
    }
  }
  const totals = totalsOf(all);
  const perCountry = Object.fromEntries([...countries].map(([country, counts]) => [country, totalsOf(counts)]));
  return { total: Object.values(totals).reduce((sum, count) => sum + count, 0), totals, perCountry };
}

type Counts = Partial<Record<RouteeStatus, number>>;

function add(counts: Counts, byStatus: Readonly<Record<string, number>>): void {
  for (const [status, count] of Object.entries(byStatus)) {
    const name = Object.hasOwn(STATUS, status) ? STATUS[status as Status] : undefined;
    if (name) counts[name] = (counts[name] ?? 0) + count;
  }
}

/** Nothing is written when a code dies of age: it changed at that moment all the same. */
function updatedAt({ status, updatedAt: at, expiresAt }: Verification): Date {
  return status === "expired" ? expiresAt : at;
}
