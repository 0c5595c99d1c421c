import type { Clock } from "../core/clock.js";
import { fingerprint, type Keyring, seal, unseal } from "../core/crypto.js";
import { within } from "../core/deadline.js";
import type { Store } from "../stores/store.js";

/** As long as a request may be under way at another process, in milliseconds. */
const MEMORY = 600_000;

/** The person waits for this, and can do without it; in milliseconds. */
const PATIENCE = 250;

/**
 * What became of session ids, told to the other processes: they may be about to write one back, or to end one that has
 * moved. Nothing here rejects: a store that is down prevents no logout, and the session store is still looked at.
 */
export interface Elsewhere {
  /**
   * Says that this id is over, or has moved to another, before the session is destroyed: whoever writes it after that
   * reads this. The first who says so is right, and this is what they said: `""` for over.
   */
  say(id: string, to: string): Promise<string>;
  /** What was said and did not come true. */
  takeBack(id: string): Promise<void>;
  ask(id: string, tell: (over: boolean) => void): void;
}

/** Nothing where the store is of one process: that one knows anyway. */
export function elsewhere(store: Store, clock: Clock, keys: Keyring): Elsewhere | undefined {
  if (!store.durable) return undefined;
  const keyOf = (id: string): string => fingerprint(["session over", id]);
  return {
    async say(id, to) {
      const key = keyOf(id);
      try {
        // A living session's id is as good as a login: whoever reads the store gets none.
        const value = to === "" ? "" : seal(keys, to, key);
        const said = await within(store.claim(key, value, MEMORY, clock()), PATIENCE, () => new Error("too late"));
        return said === "" ? "" : (unseal(keys, said, key) ?? "");
      } catch {
        return to;
      }
    },
    async takeBack(id) {
      try {
        await store.take(keyOf(id), clock());
      } catch {
        // Then a slow request at another process may end this session: a login lost, no door opened.
      }
    },
    ask(id, tell) {
      const known = async (): Promise<boolean> => (await store.get(keyOf(id), clock())) !== undefined;
      // A store that is down: the old session holds no proof, so the request that wrote it need not fail for it.
      void known().then(tell, () => tell(false));
    },
  };
}
