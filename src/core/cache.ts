import { createRequire } from "node:module";
import type { LRUCache } from "lru-cache";

const require = createRequire(import.meta.url);

/**
 * A bounded cache, made when the first entry comes: lru-cache reserves its arrays at once, and an app that has no use for
 * it need not load it.
 */
export function newCache<V extends object>(max: number): LRUCache<string, V> {
  const { LRUCache: Cache } = require("lru-cache") as { LRUCache: typeof LRUCache };
  return new Cache<string, V>({ max });
}
