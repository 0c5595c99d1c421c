import type { Clock } from "../core/clock.js";
import { fingerprint } from "../core/crypto.js";
import type { Store } from "../stores/store.js";

/** As long as a request may be under way at another process, in milliseconds. */
const MEMORY = 600_000;

/** What became of session ids, told to the other processes: they may be about to write one back. */
export interface Elsewhere {
  /** Told before the session is destroyed: whoever writes it after that reads this. Never rejects. */
  over(id: string): Promise<void>;
  ask(id: string, tell: (over: boolean) => void): void;
}

/** Nothing where the store is of one process: that one knows anyway. A store that is down prevents no logout. */
export function elsewhere(store: Store, clock: Clock): Elsewhere | undefined {
  if (!store.durable) return undefined;
  const keyOf = (id: string): string => fingerprint(["session over", id]);
  return {
    async over(id) {
      try {
        await store.put(keyOf(id), "", MEMORY, clock());
      } catch {
        // as below
      }
    },
    ask(id, tell) {
      const known = async (): Promise<boolean> => (await store.get(keyOf(id), clock())) !== undefined;
      // A store that is down: the old session holds no proof, so the request that wrote it need not fail for it.
      void known().then(tell, () => tell(false));
    },
  };
}
