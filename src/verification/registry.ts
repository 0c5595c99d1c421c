import { randomId } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import { OWN_ACCOUNT as OWN } from "./account.js";
import type { Store } from "../stores/store.js";

/** A definition that an account made at run time: a limit or a workflow. */
export interface Definition<T> {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly description?: string;
  readonly value: T;
  /** Its author's; kept and given back. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
}

export interface NewDefinition<T> {
  account?: string;
  name: string;
  description?: string;
  value: T;
  /** Yours; kept with the definition. Plain JSON of at most 4000 characters. */
  metadata?: Readonly<Record<string, unknown>>;
  /** Made by the caller where it must look a certain way. */
  id?: string;
}

export interface DefinitionPage<T> {
  readonly total: number;
  readonly found: readonly Definition<T>[];
}

export type Defined<T> =
  | { readonly ok: true; readonly definition: Definition<T> }
  | { readonly ok: false; readonly reason: "invalid_request" | "name_taken" | "not_found" | "too_many" };

const NOT_FOUND = { ok: false, reason: "not_found" } as const;
const MAX_NAME = 200;
const MAX_METADATA = 4_000;
/**
 * Keeps one account from filling the store. Read and then added, not in one step: calls at the same time may go a little
 * over it, which costs nothing, as a name is still taken once.
 */
const MAX_PER_ACCOUNT = 1_000;

/** Definitions by name and id within an account. A name is taken once; nobody sees another account's. */
export class Registry<T> {
  readonly #store: Store;
  readonly #kind: string;
  readonly #check: (value: T, where: string) => void;

  /** `check` throws `invalid_request` for a value that makes no sense. */
  constructor(store: Store, kind: string, check: (value: T, where: string) => void) {
    this.#store = store;
    this.#kind = kind;
    this.#check = check;
  }

  /** @throws TwoFactorError `invalid_request` for a value that makes no sense. */
  async create({ account = OWN, id = randomId(), ...given }: NewDefinition<T>, now: number): Promise<Defined<T>> {
    if (typeof given.name !== "string" || given.name === "" || given.name.length > MAX_NAME) {
      return { ok: false, reason: "invalid_request" };
    }
    if (!isSmall(given.metadata)) return { ok: false, reason: "invalid_request" };
    this.#check(given.value, this.#kind);
    const all = await this.#all(account);
    if (all.length >= MAX_PER_ACCOUNT) return { ok: false, reason: "too_many" };
    const definition = { ...given, id, account, createdAt: now };
    const added = await this.#store.addDocument(this.#list(account), given.name, JSON.stringify(definition));
    return added ? { ok: true, definition } : { ok: false, reason: "name_taken" };
  }

  async update(
    which: { account?: string; id: string },
    change: { value?: T; description?: string; metadata?: Readonly<Record<string, unknown>> },
  ): Promise<Defined<T>> {
    const before = await this.get(which);
    if (!before) return NOT_FOUND;
    if (change.value !== undefined) this.#check(change.value, this.#kind);
    if (!isSmall(change.metadata)) return { ok: false, reason: "invalid_request" };
    const definition = { ...before, ...defined(change) };
    const list = this.#list(before.account);
    const replaced = await this.#store.replaceDocument(list, before.name, JSON.stringify(definition));
    return replaced ? { ok: true, definition } : NOT_FOUND;
  }

  /** Answers with what was removed. */
  async remove(which: { account?: string; id: string }): Promise<Defined<T>> {
    const definition = await this.get(which);
    const removed = definition && (await this.#store.removeDocument(this.#list(definition.account), definition.name));
    return definition && removed ? { ok: true, definition } : NOT_FOUND;
  }

  async get({ account = OWN, id }: { account?: string; id: string }): Promise<Definition<T> | undefined> {
    return (await this.#all(account)).find((definition) => definition.id === id);
  }

  async named({ account = OWN, name }: { account?: string; name: string }): Promise<Definition<T> | undefined> {
    return (await this.#all(account)).find((definition) => definition.name === name);
  }

  /** In the order they were made. */
  async search(request: { account?: string; offset?: number; limit?: number } = {}): Promise<DefinitionPage<T>> {
    const { account = OWN, offset = 0, limit = 50 } = request;
    const all = await this.#all(account);
    return { total: all.length, found: all.slice(offset, offset + limit) };
  }

  async #all(account: string): Promise<Definition<T>[]> {
    const documents = await this.#store.documents(this.#list(account));
    return documents.map((document) => JSON.parse(document) as Definition<T>);
  }

  #list(account: string): string {
    return JSON.stringify([this.#kind, account]);
  }
}

function isSmall(metadata: object | undefined): boolean {
  return metadata === undefined || JSON.stringify(metadata).length <= MAX_METADATA;
}
