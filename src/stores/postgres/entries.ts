import type { Delivery, NewPending, Pending, Which } from "../pending.js";
import type { Charge, Counted, Ended, Limited } from "../store.js";
import { toJson, toKey } from "./text.js";

/** What a procedure answers, before it is what the contract says. */
export interface Answer {
  readonly outcome: string;
  readonly row?: Row;
  readonly until?: number;
  readonly at?: number | null;
  /** Which of the charges, counted from 1. */
  readonly refused?: number | null;
  /** Null for never. */
  readonly retryAt?: number | null;
  readonly methods?: readonly string[];
  readonly reached?: readonly string[];
}

/** A verification as `rowOf()` gives it. */
export interface Row extends Pick<Pending, "delivery" | "checks" | "events" | "state" | "attempts" | "revision"> {
  readonly fixed: Omit<NewPending, "ttl" | "guardTime" | "supersede" | "offers" | "delivery" | "events">;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number;
  readonly guardUntil: number | null;
  readonly usedBy: string | null;
  readonly usedAt: number | null;
}

export function entryOf({ fixed, guardUntil, usedBy, usedAt, ...row }: Row): Pending {
  // Laid over what was read: to spread it into another object takes three times as long as to read it.
  return Object.assign(fixed, row, {
    ...(guardUntil !== null && { guardUntil }),
    ...(usedBy !== null && { usedBy }),
    ...(usedAt !== null && { usedAt }),
  });
}

/** What came of an attempt. */
export function countedOf({ outcome, row, until = 0, methods = [], reached = [] }: Answer): Counted {
  if (outcome === "locked") return { outcome, until };
  if (outcome === "disabled") return { outcome };
  if (!row) return { outcome: outcome as Ended };
  const entry = entryOf(row);
  const attemptsLeft = Math.max(0, entry.maxAttempts - entry.attempts);
  return { outcome: "counted", entry, attemptsLeft, lockedUntil: until, methods, reached };
}

/** The arguments of `open` up to its charges. */
export function openArguments(entry: NewPending, account: string, perOwner: number): unknown[] {
  const { ttl, guardTime, supersede, offers: _offers, delivery, events, ...fixed } = entry;
  const keys = [entry.tenant, entry.owner, entry.purpose].map(toKey);
  const { to, lost } = reachOf(delivery);
  const told = [keyOrNull(entry.service), to, keyOrNull(entry.subject), toJson(fixed), toJson(delivery), lost];
  const rules = [toJson(events), entry.maxAttempts, ttl, guardTime ?? null, supersede, toKey(account), perOwner];
  return [toKey(entry.id), ...keys, ...told, ...rules];
}

/** What a delivery is searched by: its recipient, and whether nothing of it ever left. */
export function reachOf({ to, status, sent }: Delivery): { to: string | null; lost: boolean } {
  return { to: keyOrNull(to), lost: status === "failed" && sent.length === 0 };
}

export function whichArguments({ id, owner, tenant }: Which): unknown[] {
  return [keyOrNull(id), keyOrNull(owner), keyOrNull(tenant)];
}

export function keyOrNull(text: string | undefined): string | null {
  return text === undefined ? null : toKey(text);
}

/** Side by side, as arrays; `at` is the caller's clock, which a refund will name. */
export function chargeArguments(charges: readonly Charge[], at: number): unknown[] {
  return [
    charges.map(({ key }) => toKey(key)),
    charges.map(({ max }) => max),
    charges.map(({ interval }) => interval),
    JSON.stringify(charges.map(({ gaps = [] }) => gaps)),
    charges.map(({ peek = false }) => peek),
    at,
  ];
}

export function limitedBy(charges: readonly Charge[], { refused, retryAt }: Answer): Limited {
  const charge = charges[(refused ?? 0) - 1];
  if (!charge) throw new Error(`There is no charge ${refused} to be refused.`);
  const { name, max, interval } = charge;
  return { outcome: "limited", refusal: { name, max, interval, retryAt: retryAt ?? Number.POSITIVE_INFINITY } };
}
