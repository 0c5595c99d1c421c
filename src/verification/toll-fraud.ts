/**
 * Country codes of no country: satellite (+870, +881), international networks (+878, +882, +883, +888) and international
 * premium rate (+979). Calls and messages there cost the most, and a share of it goes to whoever rents the number.
 */
const NETWORKS = /^\+(?:870|878|88[1238]|979)/;

/** Kinds of numbers that pay their holder for being called, by the names of the numbering plans. */
const COSTLY: ReadonlySet<string | undefined> = new Set(["PREMIUM_RATE", "SHARED_COST"]);

/** Why a number gets no message although it is one. */
export type Withheld = "country" | "range";

/** Whether messages to this number, of this kind where that is known, pay somebody. */
export function isCostly(e164: string, kind?: string): boolean {
  return NETWORKS.test(e164) || COSTLY.has(kind);
}

/** How many digits at the end do not count. */
const TAIL = 3;

/**
 * What numbers that are rented together have in common: all but the last three digits. Carriers get their numbers by the
 * thousand, so that whoever rents from one gets neighbours, and strangers who ask in the same minute are rarely any.
 * Nothing for what is no number.
 */
export function neighbourhood(to: string): string | undefined {
  return to.startsWith("+") ? to.slice(0, -TAIL) : undefined;
}
