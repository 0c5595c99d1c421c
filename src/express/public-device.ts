import type { Device } from "../step-up/device-book.js";

/** A device as its owner sees it. Instants in ISO 8601. */
export interface PublicDevice {
  readonly id: string;
  /** Browser and system, as in `"Firefox, Linux"`; empty where it says neither. */
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

export function publicDevice({ id, name, createdAt, lastUsedAt, expiresAt }: Device): PublicDevice {
  return {
    id,
    name,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: new Date(lastUsedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
