import { unavailable } from "../../core/errors.js";
import type { Use } from "../store.js";
import { ExpiringMap } from "./expiring-map.js";

interface Dated<T> {
  readonly value: T;
  readonly deadAt: number;
}

/** A day: longer than any step, proof or one-shot mark can matter. */
const STEP_LIFE = 24 * 3_600_000;
const MAX_KEPT_CHARS = 16 * 1024 * 1024;

/** Small facts under a key: when last, which step, what was kept or claimed first. */
export class Registers {
  readonly #steps: ExpiringMap<Dated<number>>;
  readonly #uses: ExpiringMap<Dated<number>>;
  readonly #revocations: ExpiringMap<Dated<number>>;
  readonly #kept: ExpiringMap<Dated<string>>;
  #keptChars = 0;

  constructor(max: number) {
    this.#steps = new ExpiringMap<Dated<number>>(max, { deadAt });
    this.#uses = new ExpiringMap<Dated<number>>(max, { deadAt });
    this.#revocations = new ExpiringMap<Dated<number>>(max, { deadAt });
    this.#kept = new ExpiringMap<Dated<string>>(max, { deadAt, onDeath: ({ value }) => this.#release(value) });
  }

  /** Whether the counter would grow. */
  isNewStep(key: string, value: number, now: number): boolean {
    return value > (this.#steps.get(key, now)?.value ?? Number.NEGATIVE_INFINITY);
  }

  burnStep(key: string, value: number, now: number): void {
    mustFit(this.#steps.set(key, { value, deadAt: now + STEP_LIFE }, now));
  }

  touch({ key, since, idle, peek = false }: Use, now: number): boolean {
    const last = Math.max(since, this.#uses.get(key, now)?.value ?? 0);
    if (now - last > idle) return false;
    return peek || mustFit(this.#uses.set(key, { value: now, deadAt: now + idle + 1 }, now));
  }

  revoke(subject: string, ttl: number, now: number): void {
    // A clock that went back must not take back what was revoked.
    const value = Math.max(now, this.revokedAt(subject));
    mustFit(this.#revocations.set(subject, { value, deadAt: value + ttl }, now));
  }

  revokedAt(subject: string): number {
    return this.#revocations.size === 0 ? 0 : (this.#revocations.get(subject, Number.NEGATIVE_INFINITY)?.value ?? 0);
  }

  claim(key: string, value: string, ttl: number, now: number): string {
    const first = this.#kept.get(key, now);
    if (first) return first.value;
    this.take(key, now);
    mustFit(this.#kept.set(key, { value, deadAt: now + ttl }, now));
    this.#keptChars += value.length;
    return value;
  }

  put(key: string, value: string, ttl: number, now: number): boolean {
    // Whether or not there is room for the new one, the old one is out of date.
    this.take(key, now);
    if (this.#keptChars + value.length > MAX_KEPT_CHARS) this.#kept.sweep(now);
    if (this.#keptChars + value.length > MAX_KEPT_CHARS) return false;
    if (!this.#kept.set(key, { value, deadAt: now + ttl }, now)) return false;
    this.#keptChars += value.length;
    return true;
  }

  get(key: string, now: number): string | undefined {
    return this.#kept.get(key, now)?.value;
  }

  take(key: string, now: number): string | undefined {
    const entry = this.#kept.get(key, Number.NEGATIVE_INFINITY);
    if (!entry) return undefined;
    this.#kept.delete(key);
    this.#release(entry.value);
    return now < entry.deadAt ? entry.value : undefined;
  }

  #release(value: string): void {
    this.#keptChars -= value.length;
  }
}

function deadAt(entry: Dated<unknown>): number {
  return entry.deadAt;
}

function mustFit(stored: boolean): true {
  if (!stored) throw unavailable("A table of the memory store is full.");
  return true;
}
