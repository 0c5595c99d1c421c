import type { Store } from "../stores/store.js";
import { Bench, type Check, type Load, type StoreTime } from "./bench.js";
import { accountChecks } from "./checks/accounts.js";
import { attemptChecks } from "./checks/attempts.js";
import { ceilingChecks } from "./checks/ceiling.js";
import { changingChecks } from "./checks/changing.js";
import { documentChecks } from "./checks/documents.js";
import { erasureChecks } from "./checks/erasure.js";
import { findingChecks } from "./checks/finding.js";
import { limitChecks } from "./checks/limits.js";
import { openingChecks } from "./checks/opening.js";
import { recordChecks } from "./checks/records.js";
import { registerChecks } from "./checks/registers.js";
import { fakeClock } from "./clock.js";

export interface ContractOptions extends Partial<Load> {
  /** The time the store goes by; made anew for each check. A clock that the test owns by default. */
  time?: () => StoreTime;
}

/** A store with nothing in it: of its own for every check. */
export type MakeStore = () => Promise<Store> | Store;

const DEFAULTS: Load = { arrivals: 100_000, parallel: 50 };

const CHECKS = {
  ...openingChecks,
  ...findingChecks,
  ...changingChecks,
  ...attemptChecks,
  ...accountChecks,
  ...ceilingChecks,
  ...limitChecks,
  ...registerChecks,
  ...recordChecks,
  ...erasureChecks,
  ...documentChecks,
};

/**
 * Every promise of the `Store` interface by its sentence; each runs on a new store and rejects where it is broken. Any
 * test runner does: `for (const [sentence, check] of storeChecks(makeStore)) test(sentence, check)`.
 */
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

/** For a store that goes by the `now` it is given. */
function callersTime(): StoreTime {
  const clock = fakeClock();
  return { now: clock, advance: (ms) => clock.tick(ms), tolerance: 0 };
}
