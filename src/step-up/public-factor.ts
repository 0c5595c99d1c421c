import { maskAddress } from "../core/redact.js";
import type { Factor } from "../methods/method.js";
import type { Begun, MethodName, PasskeyKind } from "../methods/method.js";
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
  /** For a passkey: where its key is. */
  readonly passkey?: PasskeyKind;
}

/**
 * What was begun. `secret` and `uri` are shown to the person this once: a QR code of `uri`, and the secret to type.
 * `publicKey` is for `navigator.credentials.create()`.
 */
export interface Enrollment extends NonNullable<Begun["shown"]> {
  readonly id: string;
  readonly method: MethodName;
  /** Where the code went, masked. */
  readonly to?: string;
  readonly expiresAt: Date;
}

export function publicFactor({ id, method, name, to, createdAt, lastUsedAt, passkey }: Factor): PublicFactor {
  return {
    id,
    method,
    name,
    ...(to === undefined ? {} : { to: maskAddress(to) }),
    createdAt: new Date(createdAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }),
    ...(passkey && { passkey }),
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
