import { fingerprint, type Keyring, seal, unseal } from "../core/crypto.js";
import type { Store } from "../stores/store.js";

/** A browser that its owner has declared their own. */
export interface Device {
  readonly id: string;
  /** Browser and system, as in `"Firefox, Linux"`; empty where it says neither. */
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  /** Fixed when it was trusted: no use moves it. */
  readonly expiresAt: number;
  /** Which token is the next to be used: each is good once. */
  readonly generation: number;
  /** The methods of the proof it was trusted with. */
  readonly methods: readonly string[];
  /** What the factors and the password of the user were. */
  readonly state: string;
}

interface Row {
  readonly id: string;
  readonly sealed: string;
}

/** Devices of people, each a sealed document. What cannot be opened is no device. */
export class DeviceBook {
  readonly #store: Store;
  readonly #keys: Keyring;

  constructor(store: Store, keys: Keyring) {
    this.#store = store;
    this.#keys = keys;
  }

  /** Oldest first. */
  async of(user: string): Promise<readonly Device[]> {
    const rows = await this.#rows(user);
    return rows.map(({ id, sealed }) => this.#open(user, id, sealed)).filter((device) => device !== undefined);
  }

  async add(user: string, device: Device): Promise<void> {
    await this.#store.addDocument(listOf(user), device.id, this.#row(user, device));
  }

  /** False where it was removed meanwhile: what is gone does not come back. */
  async replace(user: string, device: Device): Promise<boolean> {
    return this.#store.replaceDocument(listOf(user), device.id, this.#row(user, device));
  }

  /** True for the one caller that removed it. */
  async remove(user: string, id: string): Promise<boolean> {
    return this.#store.removeDocument(listOf(user), id);
  }

  /** How many there were, those among them that could not be opened. */
  async clear(user: string): Promise<number> {
    let removed = 0;
    for (const { id } of await this.#rows(user)) if (await this.remove(user, id)) removed += 1;
    return removed;
  }

  async #rows(user: string): Promise<readonly Row[]> {
    return (await this.#store.documents(listOf(user))).map((row) => JSON.parse(row) as Row);
  }

  #open(user: string, id: string, sealed: string): Device | undefined {
    const plain = unseal(this.#keys, sealed, contextOf(user, id));
    return plain === undefined ? undefined : (JSON.parse(plain) as Device);
  }

  #row(user: string, device: Device): string {
    const sealed = seal(this.#keys, JSON.stringify(device), contextOf(user, device.id));
    return JSON.stringify({ id: device.id, sealed } satisfies Row);
  }
}

function listOf(user: string): string {
  return fingerprint(["devices", user]);
}

function contextOf(user: string, id: string): string {
  return fingerprint(["device", user, id]);
}
