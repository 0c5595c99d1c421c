import { unavailable } from "../../core/errors.js";
import { factorsOf } from "../factor.js";
import type { Factor, PasskeyKind, Person } from "../method.js";
import type { PasskeyDescriptor } from "./json.js";

/** What is kept of a passkey, in the sealed secret of its factor. Byte strings as base64url. */
export interface Credential {
  readonly id: string;
  /** COSE (RFC 9052 section 7). */
  readonly publicKey: string;
  /** How often it has signed, if it counts; it may only grow. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** The `user.id` it was made for: kept, so that a new secret of the app locks nobody out. */
  readonly handle: string;
  readonly deviceType: PasskeyKind["deviceType"];
  readonly backedUp: boolean;
}

/** A passkey of a person: its factor, read. */
export interface Passkey {
  readonly factor: Factor;
  readonly credential: Credential;
}

/** The one used last before the others. */
export function passkeysOf({ factors }: Pick<Person, "factors">): readonly Passkey[] {
  return factorsOf(factors, "passkey").map((factor) => ({ factor, credential: read(factor) }));
}

export function kept(credential: Credential): { readonly secret: string; readonly passkey: PasskeyKind } {
  const { deviceType, backedUp } = credential;
  return { secret: JSON.stringify(credential), passkey: { deviceType, backedUp } };
}

export function descriptorOf({ id, transports }: Credential): PasskeyDescriptor {
  return { id, type: "public-key", ...(transports.length > 0 && { transports: [...transports] }) };
}

/** Nothing but `kept()` writes them, and they are sealed: one that cannot be read is a fault, not an answer. */
function read({ secret }: Factor): Credential {
  try {
    const { id, publicKey, handle } = JSON.parse(secret) as Partial<Credential>;
    if (id && publicKey && handle) return JSON.parse(secret) as Credential;
  } catch {
    // told below
  }
  throw unavailable("A passkey could not be read.");
}
