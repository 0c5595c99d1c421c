import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import { storeChecks } from "../../src/testing/store-contract.js";
import { STORE_MUTANTS } from "../helpers/store-mutants.js";

/** A check that no broken store fails proves nothing: each of these must be caught, and the real store must not. */
describe("the store contract", () => {
  it.each(STORE_MUTANTS)("catches a store that $name: $caughtBy", async ({ make, caughtBy }) => {
    const load = { arrivals: 2_000 };
    const onMutant = storeChecks(make, load).get(caughtBy);
    const onMemory = storeChecks(() => memoryStore(), load).get(caughtBy);
    if (!onMutant || !onMemory) throw new Error(`The contract has no check named "${caughtBy}".`);
    await onMemory();
    await expect(onMutant()).rejects.toThrow(Error);
  });

  it("has broken stores for at least half of its checks", () => {
    const all = [...storeChecks(() => memoryStore()).keys()];
    const caught = new Set(STORE_MUTANTS.map(({ caughtBy }) => caughtBy));
    expect(caught.size).toBeGreaterThanOrEqual(Math.floor(all.length / 2));
  });
});
