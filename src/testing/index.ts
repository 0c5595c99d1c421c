export type { Load, StoreTime } from "./bench.js";
export { type FakeClock, fakeClock } from "./clock.js";
export { type ContractOptions, type MakeStore, storeChecks } from "./store-contract.js";
