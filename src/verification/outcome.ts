import type { ErrorCode, ErrorDetails } from "../core/errors.js";
import { secondsUntil } from "../core/clock.js";
import type { Pending } from "../stores/pending.js";
import type { Ended, Refusal } from "../stores/store.js";
import { isShared } from "./send-charges.js";
import type { Checked, Started } from "./service.js";

/** An expected no, as a value. `entry` is there when a challenge stands and can be shown. */
export interface Refused {
  readonly ok: false;
  readonly reason: ErrorCode;
  readonly details: ErrorDetails;
  readonly entry?: Pending;
}

export function refused(reason: ErrorCode, details: ErrorDetails = {}, entry?: Pending): Refused {
  return { ok: false, reason, details, ...(entry ? { entry } : {}) };
}

const ENDED: Record<Ended, ErrorCode> = {
  missing: "challenge_not_found",
  canceled: "challenge_not_found",
  expired: "challenge_expired",
  used: "challenge_used",
  spent: "challenge_spent",
};

export function refusedAs(ended: Ended): Refused {
  return refused(ENDED[ended]);
}

/** After the hundredth wrong code in a row there is no waiting: the way back is another method, or the app. */
export function refusedAsDisabled(): Refused {
  return refused("method_not_allowed", {
    detail: "Too many wrong codes in a row: this method is off until you confirm by another one, or support helps.",
  });
}

export function refusedByLock(until: number, now: number): Refused {
  return refused("account_locked", { retryAfter: secondsUntil(until, now) });
}

/** Whoever is there is locked out, with the same words: to whom else it happens is nobody's business. */
export function refusedByNetwork(until: number, now: number): Refused {
  return refused("account_locked", {
    detail: "Too many wrong codes came from your network.",
    retryAfter: secondsUntil(until, now),
  });
}

export function refusedByLimit({ name, max, interval, retryAt }: Refusal, now: number): Refused {
  const retryAfter = secondsUntil(retryAt, now);
  const open = max !== Number.MAX_SAFE_INTEGER && !isShared(name);
  const limit = open
    ? { name, max, seconds: Math.ceil(interval / 1000) }
    : { name: isShared(name) ? "messages" : name, max: 1, seconds: retryAfter };
  return refused("limit_exceeded", { retryAfter, limit });
}

export function refusedByCrowd(retryAt: number, now: number): Refused {
  return refused("unavailable", {
    detail: "Too many verifications are pending.",
    retryAfter: secondsUntil(retryAt, now),
  });
}

/** Why a start, a send or an answer was refused. */
export function refusalOf(no: No, now: number): Refused {
  switch (no.reason) {
    case "limited":
      return refusedByLimit(no.refusal, now);
    case "full":
      return refusedByCrowd(no.retryAt, now);
    case "locked":
      return refusedByLock(no.until, now);
    case "disabled":
      return refusedAsDisabled();
    default:
      return refusedAs(no.reason);
  }
}

type No = (Started & { readonly ok: false }) | Exclude<Checked & { readonly ok: false }, { readonly reason: "wrong" }>;
