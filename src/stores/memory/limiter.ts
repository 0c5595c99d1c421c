import { unavailable } from "../../core/errors.js";
import type { Charge, Charged, Refusal } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

/** The instants of what was let through; those before `from` are out of the interval and wait to be cut off. */
interface Log {
  readonly times: number[];
  from: number;
  interval: number;
}

/** So many dead instants are worth a move of the living. */
const CUT = 64;

/** Exact sliding logs: the instants of what was let through, as far back as the interval reaches. */
export class Limiter {
  readonly #logs: ExpiringMap<Log>;

  constructor(max: number) {
    this.#logs = new ExpiringMap(max, { deadAt: ({ times, interval }) => (times.at(-1) ?? 0) + interval });
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
      const retryAt = nextAllowed(charge, this.#logs.get(charge.key, now), now);
      if (retryAt > now && retryAt > (worst?.retryAt ?? 0)) {
        worst = { name: charge.name, max: charge.max, interval: charge.interval, retryAt };
      }
    }
    return worst;
  }

  refund(charges: readonly Charge[], at: number): void {
    for (const { key, peek } of charges) {
      const log = peek ? undefined : this.#logs.get(key, at);
      const index = log?.times.lastIndexOf(at) ?? -1;
      if (log && index >= log.from) log.times.splice(index, 1);
    }
  }

  #append({ key, interval }: Charge, now: number): void {
    const log = this.#logs.get(key, now);
    if (!log) {
      // With its first instant in it: most never get another, and a list that grows reserves room for sixteen.
      if (!this.#logs.set(key, { times: [now], from: 0, interval }, now))
        throw unavailable("The table of limits is full.");
      return;
    }
    log.interval = interval;
    log.from = firstWithin(log, interval, now);
    if (log.from >= CUT && log.from * 2 > log.times.length) {
      log.times.splice(0, log.from);
      log.from = 0;
    }
    log.times.push(now);
  }
}

function firstWithin({ times, from }: Log, interval: number, now: number): number {
  let first = from;
  while (first < times.length && (times[first] ?? 0) <= now - interval) first += 1;
  return first;
}

/** When the next one may pass, given those that did. */
function nextAllowed(charge: Charge, log: Log | undefined, now: number): number {
  const count = log ? log.times.length - firstWithin(log, charge.interval, now) : 0;
  if (!log || count === 0) return charge.max > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const { times } = log;
  const full = count >= charge.max ? (times[times.length - charge.max] ?? 0) + charge.interval : 0;
  const gap = charge.gaps?.[Math.min(count, charge.gaps.length) - 1];
  return gap === undefined ? full : Math.max(full, (times.at(-1) ?? 0) + gap);
}
