import { unavailable } from "../../core/errors.js";
import type { Charge, Charged, Refusal } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

/**
 * The instants of what was let through, behind two numbers: where those begin that are not yet out of the interval, and
 * the interval. One list and no object around it: there are several for every person.
 */
type Log = [from: number, interval: number, ...times: number[]];

const FIRST = 2;
/** So many dead instants are worth a move of the living. */
const CUT = 64;

/** Exact sliding logs: the instants of what was let through, as far back as the interval reaches. */
export class Limiter {
  readonly #logs: ExpiringMap<Log>;

  constructor(max: number) {
    this.#logs = new ExpiringMap(max, { deadAt: (log) => newest(log, 1) + log[1] });
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
      const index = log?.lastIndexOf(at) ?? -1;
      if (log && index >= log[0]) log.splice(index, 1);
    }
  }

  #append({ key, interval }: Charge, now: number): void {
    const log = this.#logs.get(key, now);
    if (!log) {
      // With its first instant in it: most never get another, and a list that grows reserves room for sixteen.
      if (!this.#logs.set(key, [FIRST, interval, now], now)) throw unavailable("The table of limits is full.");
      return;
    }
    log[1] = interval;
    log[0] = firstWithin(log, interval, now);
    if (log[0] >= CUT && log[0] * 2 > log.length) {
      log.splice(FIRST, log[0] - FIRST);
      log[0] = FIRST;
    }
    log.push(now);
  }
}

function firstWithin(log: Log, interval: number, now: number): number {
  let [first] = log;
  while (first < log.length && (log[first] ?? 0) <= now - interval) first += 1;
  return first;
}

/** When the next one may pass, given those that did. */
function nextAllowed({ max, interval, gaps = [] }: Charge, log: Log | undefined, now: number): number {
  if (max <= 0) return Number.POSITIVE_INFINITY;
  if (!log) return Number.NEGATIVE_INFINITY;
  const begin = now - interval;
  let count = 0;
  while (count < gaps.length && newest(log, count + 1) > begin) count += 1;
  const waited = count > 0 ? newest(log, 1) + (gaps[count - 1] ?? 0) : Number.NEGATIVE_INFINITY;
  const oldest = newest(log, max);
  return oldest > begin ? Math.max(oldest + interval, waited) : waited;
}

/** The newest, the one before it, and so on from 1; long ago where there is none, or all of it was given back. */
function newest(log: Log, place: number): number {
  const index = log.length - place;
  return index < log[0] ? Number.NEGATIVE_INFINITY : (log[index] ?? Number.NEGATIVE_INFINITY);
}
