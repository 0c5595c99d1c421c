/** What this process knows of revocations. */
export class Revocations {
  readonly #known = new Map<string, { readonly at: number; readonly dead: number }>();
  #swept = 0;

  at(subject: string): number {
    return this.#known.size === 0 ? 0 : (this.#known.get(subject)?.at ?? 0);
  }

  add(subject: string, at: number, dead: number): void {
    const before = this.#known.get(subject);
    this.#known.set(subject, { at: Math.max(at, before?.at ?? 0), dead: Math.max(dead, before?.dead ?? 0) });
  }

  /** Forgets those that are over; it walks through all of them, and so at most once a minute. */
  sweep(now: number): void {
    if (Math.abs(now - this.#swept) < 60_000) return;
    this.#swept = now;
    for (const [subject, { dead }] of this.#known) if (now >= dead) this.#known.delete(subject);
  }

  get size(): number {
    return this.#known.size;
  }
}
