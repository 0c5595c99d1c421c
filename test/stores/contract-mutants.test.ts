import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import { storeChecks } from "../../src/testing/store-contract.js";
import { STORE_MUTANTS } from "../helpers/store-mutants.js";

const LOAD = { arrivals: 2_000 };
const memory = storeChecks(() => memoryStore(), LOAD);
/** The checks that the real store has been through: once each, however many mutants they catch. */
const sound = new Map<string, Promise<void>>();

/** A check that no broken store fails proves nothing: each of these must be caught, and the real store must not. */
describe("the store contract", () => {
  it.each(STORE_MUTANTS)("catches a store that $name: $caughtBy", async ({ make, caughtBy }) => {
    const onMutant = storeChecks(make, LOAD).get(caughtBy);
    const onMemory = memory.get(caughtBy);
    if (!onMutant || !onMemory) throw new Error(`The contract has no check named "${caughtBy}".`);
    const passed = sound.get(caughtBy) ?? onMemory();
    sound.set(caughtBy, passed);
    await passed;
    await expect(onMutant()).rejects.toThrow(Error);
  });

  it("has broken stores for at least half of its checks", () => {
    const all = [...storeChecks(() => memoryStore()).keys()];
    const caught = new Set(STORE_MUTANTS.map(({ caughtBy }) => caughtBy));
    expect(caught.size).toBeGreaterThanOrEqual(Math.floor(all.length / 2));
  });
});
