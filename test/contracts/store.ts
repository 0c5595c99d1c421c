import { describe, it } from "vitest";
import { type ContractOptions, type MakeStore, storeChecks } from "../../src/testing/store-contract.js";

/** The store contract as a suite. */
export function storeContract(name: string, makeStore: MakeStore, options: ContractOptions = {}): void {
  describe(`${name} keeps the store contract: it`, () => {
    for (const [sentence, check] of storeChecks(makeStore, options)) it(sentence, check);
  });
}
