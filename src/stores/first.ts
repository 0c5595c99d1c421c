import type { Store } from "./store.js";

/** Whether this nonce is the first to name the key: asked again with the same nonce, the answer stays. */
export async function isFirst(store: Store, key: string, nonce: string, ttl: number, now: number): Promise<boolean> {
  return (await store.claim(key, nonce, ttl, now)) === nonce;
}
