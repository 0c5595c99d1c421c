import { describe, it } from "vitest";
import type { Store } from "../../src/stores/store.js";
import { fakeClock } from "../helpers/clock.js";
import { Bench, type Check, type Load, type StoreTime } from "./bench.js";
import { accountChecks } from "./checks/accounts.js";
import { attemptChecks } from "./checks/attempts.js";
import { limitChecks } from "./checks/limits.js";
import { pendingChecks } from "./checks/pending.js";
import { documentChecks, recordChecks } from "./checks/records.js";
import { registerChecks } from "./checks/registers.js";

export interface ContractOptions extends Partial<Load> {
  /** The time the store goes by; made anew for each check. A clock that the test owns by default. */
  time?: () => StoreTime;
}

/** A store with nothing in it: of its own for every check. */
export type MakeStore = () => Promise<Store> | Store;

const DEFAULTS: Load = { arrivals: 100_000, parallel: 50 };

const CHECKS = {
  ...pendingChecks,
  ...attemptChecks,
  ...accountChecks,
  ...limitChecks,
  ...registerChecks,
  ...recordChecks,
  ...documentChecks,
};

/** Every promise of the `Store` interface by its sentence; each runs on a new store and rejects where it is broken. */
export function storeChecks(
  makeStore: MakeStore,
  options: ContractOptions = {},
): ReadonlyMap<string, () => Promise<void>> {
  const { time = callersTime, ...load } = options;
  const run = (check: Check) => async (): Promise<void> => {
    const store = await makeStore();
    try {
      await check(new Bench(store, time(), { ...DEFAULTS, ...load }));
    } finally {
      await store.close?.();
    }
  };
  return new Map(Object.entries(CHECKS).map(([name, check]) => [name, run(check)]));
}

/** The same as a suite. */
export function storeContract(name: string, makeStore: MakeStore, options: ContractOptions = {}): void {
  describe(`${name} keeps the store contract: it`, () => {
    for (const [sentence, check] of storeChecks(makeStore, options)) it(sentence, check);
  });
}

/** For a store that goes by the `now` it is given. */
function callersTime(): StoreTime {
  const clock = fakeClock();
  return { now: clock, advance: clock.tick, tolerance: 0 };
}
