import type { LRUCache } from "lru-cache";
import { newCache } from "../../core/cache.js";

const MAX_TOKENS = 10_000;
/** Characters of the signature: 128 bits of it, and a short key hashes faster than a whole token. */
const TAIL = 22;

export interface CachedToken {
  readonly token: string;
}

/**
 * Verified tokens, found by the end of their signature and then compared whole. Nothing is ever deleted: lru-cache
 * clears all its arrays when its last entry goes, so what has expired waits for its turn to be pushed out.
 */
export class TokenCache<V extends CachedToken> {
  #entries: LRUCache<string, V> | undefined;

  get(token: string): V | undefined {
    const found = this.#entries?.get(token.slice(-TAIL));
    return found?.token === token ? found : undefined;
  }

  add(entry: V): V {
    this.#entries ??= newCache<V>(MAX_TOKENS);
    this.#entries.set(entry.token.slice(-TAIL), entry);
    return entry;
  }
}
