import type { MethodName } from "./method.js";

/** One second factor that a person has set up: an authenticator app, a number, a passkey, one recovery code. */
export interface Factor {
  readonly id: string;
  readonly method: MethodName;
  /** What the person calls it. */
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  /** Where it reaches them, for methods that send: canonical. */
  readonly to?: string;
  /** What the method keeps of it: a seed, a credential, a hash. Only the method reads it. */
  readonly secret: string;
}

/** Those of a method, the one used last before the others. */
export function factorsOf(factors: readonly Factor[], method: MethodName): readonly Factor[] {
  return factors
    .filter((factor) => factor.method === method)
    .toSorted((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt));
}
