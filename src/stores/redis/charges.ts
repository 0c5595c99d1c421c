import type { Charge, Limited } from "../store.js";
import type { Key, Reply } from "./caller.js";
import { nameOf, numberArg, numberOf } from "./names.js";

/** How many, then each, as the scripts read them. */
export function chargeArgs(charges: readonly Charge[]): string[] {
  return [
    String(charges.length),
    ...charges.flatMap(({ key, max, interval, gaps = [], peek = false }) => [
      nameOf(key),
      numberArg(max),
      numberArg(interval),
      gaps.map(numberArg).join(","),
      peek ? "1" : "0",
    ]),
  ];
}

export function chargeKeys(charges: readonly Charge[]): Key[] {
  return charges.map(({ key }) => ["l", nameOf(key)]);
}

/** The refusal of a reply, if it is one: which charge, and until when. */
export function limitedBy([outcome, index, retryAt]: Reply, charges: readonly Charge[]): Limited | undefined {
  const charge = outcome === "limited" ? charges[Number(index)] : undefined;
  if (!charge) return undefined;
  const { name, max, interval } = charge;
  return { outcome: "limited", refusal: { name, max, interval, retryAt: numberOf(String(retryAt)) } };
}
