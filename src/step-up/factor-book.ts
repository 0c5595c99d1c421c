import { fingerprint, type Keyring, seal, unseal } from "../core/crypto.js";
import { unavailable } from "../core/errors.js";
import type { Awaitable } from "../core/deadline.js";
import type { Factor } from "../methods/method.js";
import type { Store } from "../stores/store.js";
import { ask } from "./ask.js";

/** A factor as it is kept: what it is stays sealed, for this user and under this id. */
export interface StoredFactor {
  readonly id: string;
  /** AES-256-GCM; opens only for the user and the id it was sealed for, with a secret of `twoFactor({ secret })`. */
  readonly sealed: string;
}

/** For apps that keep factors in a table of their own. Each call is one statement about one user's rows. */
export interface FactorStorage {
  load(userId: string): Awaitable<readonly StoredFactor[]>;
  add(userId: string, factor: StoredFactor): Awaitable<void>;
  /** False where there is none of that id any more: what was removed must not come back. */
  replace(userId: string, factor: StoredFactor): Awaitable<boolean>;
  /** True only for the one call that removed it: a recovery code must not go twice. */
  remove(userId: string, factorId: string): Awaitable<boolean>;
}

/** Everything that people have enrolled. */
export class FactorBook {
  readonly #storage: FactorStorage;
  readonly #keys: Keyring;

  constructor(storage: FactorStorage, keys: Keyring) {
    this.#storage = storage;
    this.#keys = keys;
  }

  /**
   * Oldest first. What an earlier secret sealed is sealed anew with the current one.
   *
   * @throws TwoFactorError `unavailable` where one cannot be opened: it was altered, swapped with another user's, or its
   * secret is gone. To leave it out would make the account weaker than its owner believes.
   */
  async of(user: string): Promise<readonly Factor[]> {
    const rows = await ask("Loading factors", () => this.#storage.load(user));
    return Promise.all(rows.map((row) => this.#open(user, row)));
  }

  async add(user: string, factor: Factor): Promise<void> {
    await ask("Adding a factor", () => this.#storage.add(user, this.#seal(user, factor)));
  }

  /** False where it was removed meanwhile. */
  async replace(user: string, factor: Factor): Promise<boolean> {
    return (await ask("Changing a factor", () => this.#storage.replace(user, this.#seal(user, factor)))) === true;
  }

  /** True for the one caller that removed it. */
  async remove(user: string, id: string): Promise<boolean> {
    return (await ask("Removing a factor", () => this.#storage.remove(user, id))) === true;
  }

  async forget(user: string): Promise<void> {
    for (const { id } of await ask("Loading factors", () => this.#storage.load(user))) await this.remove(user, id);
  }

  async #open(user: string, { id, sealed }: StoredFactor): Promise<Factor> {
    const plain = unseal(this.#keys, sealed, contextOf(user, id));
    const factor = plain === undefined ? undefined : (JSON.parse(plain) as Factor);
    if (factor?.id !== id) {
      const why = `The factor "${id}" could not be opened: it was altered or swapped, or its secret is gone.`;
      throw unavailable("A factor could not be read.", new Error(why));
    }
    if (!sealed.startsWith(`${this.#keys.current.id}.`)) await this.replace(user, factor);
    return factor;
  }

  #seal(user: string, factor: Factor): StoredFactor {
    return { id: factor.id, sealed: seal(this.#keys, JSON.stringify(factor), contextOf(user, factor.id)) };
  }
}

function contextOf(user: string, id: string): string {
  return fingerprint(["factor", user, id]);
}

/** Factors among everything else that the store keeps. */
export function storedFactors(store: Store): FactorStorage {
  const listOf = (user: string): string => fingerprint(["factors", user]);
  return {
    load: async (user) => (await store.documents(listOf(user))).map((row) => JSON.parse(row) as StoredFactor),
    async add(user, factor) {
      await store.addDocument(listOf(user), factor.id, JSON.stringify(factor));
    },
    replace: async (user, factor) => store.replaceDocument(listOf(user), factor.id, JSON.stringify(factor)),
    remove: async (user, id) => store.removeDocument(listOf(user), id),
  };
}
