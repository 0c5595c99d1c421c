import { maskAddress } from "../core/redact.js";
import type { Factor } from "../methods/method.js";
import type { MethodName } from "../methods/method.js";
import type { EnrollmentStarted } from "./enrollment.js";

/** A factor as its owner may see it. */
export interface PublicFactor {
  readonly id: string;
  readonly method: MethodName;
  /** What its owner calls it; empty for one without a name. */
  readonly name: string;
  /** Where it reaches them, masked. */
  readonly to?: string;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
}

/** What was begun. `secret` and `uri` are shown to the person this once: a QR code of `uri`, and the secret to type. */
export interface Enrollment {
  readonly id: string;
  readonly method: MethodName;
  /** Where the code went, masked. */
  readonly to?: string;
  readonly expiresAt: Date;
  readonly secret?: string;
  readonly uri?: string;
}

export function publicFactor({ id, method, name, to, createdAt, lastUsedAt }: Factor): PublicFactor {
  return {
    id,
    method,
    name,
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    createdAt: new Date(createdAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }),
  };
}

export function publicEnrollment(
  { entry, shown }: Extract<EnrollmentStarted, { readonly ok: true }>,
  method: MethodName,
): Enrollment {
  const { to } = entry.delivery;
  return {
    id: entry.id,
    method,
    expiresAt: new Date(entry.expiresAt),
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    ...shown,
  };
}

/** What people see as their factors, and how many recovery codes stand behind them. */
export function splitFactors(factors: readonly Factor[]) {
  const codes = factors.filter(({ method }) => method === "recovery-code");
  return { own: factors.filter(({ method }) => method !== "recovery-code"), codesLeft: codes.length };
}
