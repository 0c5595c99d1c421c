import type { Factor, MethodName } from "./method.js";

/** Those of a method, the one used last before the others. */
export function factorsOf(factors: readonly Factor[], method: MethodName): readonly Factor[] {
  return factors
    .filter((factor) => factor.method === method)
    .toSorted((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt));
}
