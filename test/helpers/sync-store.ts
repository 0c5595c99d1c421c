import { memoryStore, type MemoryStoreOptions } from "../../src/stores/memory/memory-store.js";
import type { Store } from "../../src/stores/store.js";

type Settled<T> = T extends Promise<unknown> ? never : T;

/** A store that answers at once, as memory does: without promises to wait for. */
export type SyncStore = {
  readonly [K in keyof Store]: Store[K] extends (...args: infer A) => infer R ? (...args: A) => Settled<R> : Store[K];
};

export function syncStore(options?: MemoryStoreOptions): SyncStore {
  return memoryStore(options) as SyncStore;
}
