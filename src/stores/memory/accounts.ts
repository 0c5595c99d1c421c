import type { Consumption, Counted, Counting, Guess } from "../store.js";
import { Locks } from "./locks.js";
import { MethodFailures } from "./method-failures.js";

/** What an attempt came to on its account. */
export type Reckoning = Pick<Counted & { readonly outcome: "counted" }, "lockedUntil" | "methods" | "reached">;

/** Failures of accounts: all of them for the lock, and those by each method for the ceiling. */
export class Accounts {
  readonly #locks: Locks;
  readonly #failures: MethodFailures;

  constructor(max: number) {
    this.#locks = new Locks(max);
    this.#failures = new MethodFailures(max);
  }

  /** Until when this request is locked out, or 0. */
  lockedUntil(account: string, nonce: string, now: number): number {
    return this.#locks.lockedUntil(account, nonce, now);
  }

  /** Which of these are disabled, but by this very request. */
  disabled(account: string, methods: readonly string[], nonce: string, now: number): readonly string[] {
    return this.#failures.disabled(account, methods, nonce, now);
  }

  enabled(account: string, methods: readonly string[], nonce: string, now: number): readonly string[] {
    const disabled = this.disabled(account, methods, nonce, now);
    return methods.filter((method) => !disabled.includes(method));
  }

  count(guess: Guess, methods: readonly string[], now: number): void {
    this.#failures.count(guess, methods, now);
    this.#locks.countFailure(guess, now);
  }

  /** What this attempt has come to, which may be asked again. */
  reckoned({ account, nonce }: Guess, methods: readonly string[], now: number): Reckoning {
    const lockedUntil = this.#locks.lockOf(account, nonce, now);
    return { lockedUntil, methods, reached: this.#failures.reachedBy(account, nonce, now) };
  }

  forgive(counting: Counting, now: number): void {
    this.#locks.forgive(counting, now);
    this.#failures.forgive(counting, now);
  }

  clear(proof: Consumption, now: number): void {
    this.#locks.clearFailures(proof.account, proof.nonce, now);
    this.#failures.clear(proof, now);
  }

  erase(account: string): void {
    this.#locks.erase(account);
    this.#failures.erase(account);
  }
}
