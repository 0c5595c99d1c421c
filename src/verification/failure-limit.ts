import { fingerprint } from "../core/crypto.js";
import type { Clock } from "../core/clock.js";
import { type Duration, milliseconds } from "../core/durations.js";
import { wholeNumber } from "../core/options.js";
import type { Charge, Store } from "../stores/store.js";
import { refusedByLimit, type Refused } from "./outcome.js";

/** How many wrong codes are taken, by whatever they are counted. */
export interface FailureLimit {
  max: number;
  interval: Duration;
}

/** Guesses at no verification in particular have every live code to hit. */
export const CODE_FAILURES: FailureLimit = { max: 20, interval: "10m" };

/**
 * Answers within a limit on failures: charged before anything is compared, so that guesses at the same time cannot
 * share one place, and given back for a right answer or none at all.
 *
 * @throws TwoFactorError `misconfigured` for a limit that is none.
 */
export async function withinFailures<T extends { readonly ok: boolean }>(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  countedBy: readonly string[],
  limit: FailureLimit,
  answer: () => Promise<T>,
): Promise<T | Refused> {
  const charge = chargeOf(countedBy, limit);
  const at = clock();
  const charged = await store.charge([charge], at);
  if (charged.outcome === "limited") return refusedByLimit(charged.refusal, at);
  const refund = async (): Promise<void> => store.refund([charge], at);
  try {
    const answered = await answer();
    if (answered.ok) await refund();
    return answered;
  } catch (error) {
    // what could not be compared was no guess; the fault is the news, and not that of a refund
    await refund().catch(() => undefined);
    throw error;
  }
}

function chargeOf(countedBy: readonly string[], { max, interval }: FailureLimit): Charge {
  const span = milliseconds(interval, "failures.interval");
  const most = wholeNumber(max, 1, 1_000_000, "failures.max");
  return { name: "failures", key: fingerprint(["failures", ...countedBy, span]), max: most, interval: span };
}
