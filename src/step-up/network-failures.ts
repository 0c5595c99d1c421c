import type { LRUCache } from "lru-cache";
import { newCache } from "../core/cache.js";
import type { Clock } from "../core/clock.js";
import type { Store } from "../stores/store.js";
import type { Limits } from "../verification/limits.js";

/** Networks that this process keeps out at a time. Of one that is forgotten one more code is compared: the store still counts. */
const MAX_BLOCKED = 10_000;

/**
 * Wrong codes from one network over all accounts, so that a few guesses at each of many accounts are bounded too. They are
 * counted in the store after each wrong one; a process that learns that there were too many takes no more from there
 * for a while. So one more than allowed is compared for each process, and whoever has the right code costs no call.
 */
export class NetworkFailures {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #chargeOf: Limits["networkCharge"];
  /** By the key of its charge, which does not tell the address. */
  #blocked: LRUCache<string, { readonly until: number }> | undefined;

  constructor(store: Store, clock: Clock, chargeOf: Limits["networkCharge"]) {
    this.#store = store;
    this.#clock = clock;
    this.#chargeOf = chargeOf;
  }

  /** Until when nothing is taken from there, or 0. */
  blockedUntil(ip: string | undefined): number {
    if (ip === undefined || !this.#blocked) return 0;
    const until = this.#blocked.get(this.#chargeOf(ip)?.key ?? "")?.until ?? 0;
    return until > this.#clock() ? until : 0;
  }

  async count(ip: string | undefined): Promise<void> {
    const charge = ip === undefined ? undefined : this.#chargeOf(ip);
    if (!charge) return;
    const charged = await this.#store.charge([charge], this.#clock());
    if (charged.outcome === "charged") return;
    this.#blocked ??= newCache(MAX_BLOCKED);
    this.#blocked.set(charge.key, { until: charged.refusal.retryAt });
  }
}
