/** Entries looked at for every entry added: enough to keep the dead below half of the table. */
const SWEEP_STEP = 2;
const FULL_SWEEP_PAUSE = 1_000;

/** When an entry dies, and when it may be given up for a newcomer although somebody might still ask for it. */
export interface Lifetimes<V> {
  deadAt(value: V): number;
  endsAt?(value: V): number;
  onDeath?(value: V): void;
}

/**
 * A map whose values die at a time of their own. It never evicts what is alive: when it is full of live entries a new
 * one is refused. (A cache that evicts would let an attacker flush a victim's lock by filling it.)
 */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #lifetimes: Lifetimes<V>;
  readonly #max: number;
  #cursor = this.#entries.entries();
  #lastFruitless = Number.NEGATIVE_INFINITY;
  #lastSweep = Number.NEGATIVE_INFINITY;
  #roomAt = 0;

  constructor(max: number, lifetimes: Lifetimes<V>) {
    this.#max = max;
    this.#lifetimes = lifetimes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** When a full map can have room again. Worked out anew only when the last answer lies in the past. */
  roomAt(now: number): number {
    if (Number.isFinite(this.#roomAt) && this.#roomAt > now) return this.#roomAt;
    this.#roomAt = Number.POSITIVE_INFINITY;
    for (const value of this.#entries.values()) this.#roomAt = Math.min(this.#roomAt, this.#endsAt(value));
    return this.#roomAt;
  }

  #endsAt(value: V): number {
    return this.#lifetimes.endsAt?.(value) ?? this.#lifetimes.deadAt(value);
  }

  get(key: string, now: number): V | undefined {
    const value = this.#entries.get(key);
    return value !== undefined && now < this.#lifetimes.deadAt(value) ? value : undefined;
  }

  /** False when the key is new and there is no room. */
  set(key: string, value: V, now: number): boolean {
    const before = this.#entries.size;
    this.#entries.set(key, value);
    if (this.#entries.size === before) return true;
    this.#sweepSome(now);
    if (this.#entries.size <= this.#max || this.#makeRoom(now)) return true;
    this.#entries.delete(key);
    return false;
  }

  /** What is alive, oldest first. */
  *values(now: number): Generator<V> {
    for (const value of this.#entries.values()) if (now < this.#lifetimes.deadAt(value)) yield value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** Buries all of the dead; it walks through the whole table, and so at most once a second. */
  sweep(now: number): void {
    if (Math.abs(now - this.#lastSweep) < FULL_SWEEP_PAUSE) return;
    this.#lastSweep = now;
    for (const [key, value] of this.#entries) if (now >= this.#lifetimes.deadAt(value)) this.#bury(key, value);
  }

  #sweepSome(now: number): void {
    for (let step = 0; step < SWEEP_STEP; step += 1) {
      const next = this.#cursor.next();
      if (next.done) {
        this.#cursor = this.#entries.entries();
        return;
      }
      const [key, value] = next.value;
      if (now >= this.#lifetimes.deadAt(value)) this.#bury(key, value);
    }
  }

  #makeRoom(now: number): boolean {
    if (Math.abs(now - this.#lastFruitless) < FULL_SWEEP_PAUSE) return false;
    const enough = this.#max - Math.ceil(this.#max / 10);
    for (const [key, value] of this.#entries) {
      if (this.#entries.size <= enough) break;
      if (now >= this.#endsAt(value)) this.#bury(key, value);
    }
    if (this.#entries.size <= this.#max) return true;
    this.#lastFruitless = now;
    return false;
  }

  #bury(key: string, value: V): void {
    this.#entries.delete(key);
    this.#lifetimes.onDeath?.(value);
  }
}
