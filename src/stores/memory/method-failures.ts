import { unavailable } from "../../core/errors.js";
import { type Consumption, type Counting, FAILURES_KEPT, type Guess, NEVER } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

/** Failures in a row by one method, and the request that reached the ceiling with it: from then on it is disabled. */
interface Failures {
  readonly count: number;
  readonly reachedBy?: string;
}

interface Account {
  readonly methods: ReadonlyMap<string, Failures>;
  readonly touchedAt: number;
}

/** What the ceiling goes by (NIST SP 800-63B-4 section 3.2.2): apart from locks, which are forgotten sooner. */
export class MethodFailures {
  readonly #accounts: ExpiringMap<Account>;

  constructor(max: number) {
    this.#accounts = new ExpiringMap(max, { deadAt: ({ touchedAt }) => touchedAt + FAILURES_KEPT });
  }

  /** Which of these are disabled, but by this very request. */
  disabled(account: string, methods: readonly string[], nonce: string, now: number): readonly string[] {
    const known = this.#of(account, now);
    return methods.filter((method) => (known.get(method)?.reachedBy ?? nonce) !== nonce);
  }

  /** Which this very request has disabled. */
  reachedBy(account: string, nonce: string, now: number): readonly string[] {
    return [...this.#of(account, now)].flatMap(([method, { reachedBy }]) => (reachedBy === nonce ? [method] : []));
  }

  /** Counts a failure by each of these ahead of the compare. */
  count({ account, nonce, lock }: Guess, methods: readonly string[], now: number): void {
    if (lock.ceiling === NEVER) return;
    this.#change(account, now, (known) => {
      for (const method of methods) {
        const count = (known.get(method)?.count ?? 0) + 1;
        known.set(method, count < lock.ceiling ? { count } : { count, reachedBy: nonce });
      }
    });
  }

  /** A failure that was none. */
  forgive({ account, nonce, methods }: Counting, now: number): void {
    if (this.#of(account, now).size > 0) this.#change(account, now, (known) => takeBack(known, nonce, methods));
  }

  /** A right answer: only the method that was proved starts anew, and whatever had been disabled beside it. */
  clear({ account, nonce, method: proved, methods }: Consumption, now: number): void {
    if (this.#of(account, now).size === 0) return;
    this.#change(account, now, (known) => {
      takeBack(known, nonce, methods);
      known.delete(proved);
      for (const [method, { reachedBy }] of known) if (reachedBy !== undefined) known.delete(method);
    });
  }

  erase(account: string): void {
    this.#accounts.delete(account);
  }

  #of(account: string, now: number): ReadonlyMap<string, Failures> {
    return this.#accounts.get(account, now)?.methods ?? NONE;
  }

  #change(account: string, now: number, change: (known: Map<string, Failures>) => void): void {
    const known = new Map(this.#of(account, now));
    change(known);
    if (known.size === 0) this.#accounts.delete(account);
    else if (!this.#accounts.set(account, { methods: known, touchedAt: now }, now)) {
      throw unavailable("The table of failures is full.");
    }
  }
}

const NONE: ReadonlyMap<string, Failures> = new Map();

/** What another request has disabled stays so. */
function takeBack(known: Map<string, Failures>, nonce: string, methods: readonly string[]): void {
  for (const method of methods) {
    const { count, reachedBy = nonce } = known.get(method) ?? { count: 0 };
    if (reachedBy !== nonce) continue;
    if (count > 1) known.set(method, { count: count - 1 });
    else known.delete(method);
  }
}
