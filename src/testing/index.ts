import { refuseProduction } from "./not-in-production.js";

export type { TestAgent, TestAnswer, TestCall } from "./agent.js";
export type { Load, StoreTime } from "./bench.js";
export { type FakeClock, fakeClock } from "./clock.js";
export { type Challenged, type ExpectedChallenge, expectChallenge } from "./expect-challenge.js";
export {
  type FaultyProvider,
  faultyProvider,
  type FaultyProviderOptions,
  type ProviderFault,
} from "./faulty-provider.js";
export { type MakeProvider, type ProviderBench, providerChecks } from "./provider-contract.js";
export { type ContractOptions, type MakeStore, storeChecks } from "./store-contract.js";
export { type MarkOptions, type Solution, type TestKit, testKit, type TestKitOptions } from "./test-kit.js";

refuseProduction();
