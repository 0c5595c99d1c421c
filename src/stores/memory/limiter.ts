import type { Charge, Charged, Refusal } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";
import { unavailable } from "../../core/errors.js";

interface Log {
  readonly times: readonly number[];
  readonly interval: number;
}

/** Exact sliding logs: the instants of what was let through, as far back as the interval reaches. */
export class Limiter {
  readonly #logs: ExpiringMap<Log>;

  constructor(max: number) {
    this.#logs = new ExpiringMap(max, { deadAt: (log) => (log.times.at(-1) ?? 0) + log.interval });
  }

  /** Charges all or none. */
  charge(charges: readonly Charge[], now: number): Charged {
    const refusal = this.refusal(charges, now);
    if (refusal) return { outcome: "limited", refusal };
    const counted: Charge[] = [];
    try {
      for (const charge of charges) {
        if (charge.peek) continue;
        this.#append(charge, now);
        counted.push(charge);
      }
    } catch (error) {
      this.refund(counted, now);
      throw error;
    }
    return { outcome: "charged" };
  }

  /** The refusal that lasts longest, so that waiting for it is enough. */
  refusal(charges: readonly Charge[], now: number): Refusal | undefined {
    let worst: Refusal | undefined;
    for (const charge of charges) {
      const retryAt = nextAllowed(charge, this.#times(charge, now));
      if (retryAt > now && retryAt > (worst?.retryAt ?? 0)) {
        worst = { name: charge.name, max: charge.max, interval: charge.interval, retryAt };
      }
    }
    return worst;
  }

  refund(charges: readonly Charge[], at: number): void {
    for (const charge of charges) {
      if (charge.peek) continue;
      const times = [...this.#times(charge, at)];
      const index = times.lastIndexOf(at);
      if (index < 0) continue;
      times.splice(index, 1);
      this.#logs.set(charge.key, { times, interval: charge.interval }, at);
    }
  }

  #times(charge: Charge, now: number): readonly number[] {
    const times = this.#logs.get(charge.key, now)?.times ?? [];
    const first = times.findIndex((time) => time > now - charge.interval);
    return first <= 0 ? (first === 0 ? times : []) : times.slice(first);
  }

  #append(charge: Charge, now: number): void {
    const log = { times: [...this.#times(charge, now), now], interval: charge.interval };
    if (!this.#logs.set(charge.key, log, now)) throw unavailable("The table of limits is full.");
  }
}

/** When the next one may pass, given those that did. */
function nextAllowed(charge: Charge, times: readonly number[]): number {
  const last = times.at(-1);
  if (last === undefined) return charge.max > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const full = times.length >= charge.max ? (times[times.length - charge.max] ?? 0) + charge.interval : 0;
  const gap = charge.gaps?.[Math.min(times.length, charge.gaps.length) - 1];
  return gap === undefined ? full : Math.max(full, last + gap);
}
