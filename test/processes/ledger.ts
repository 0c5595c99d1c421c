/** What a process has told, by name. */
export type Event = readonly [name: string, ...facts: readonly string[]];

export interface Sent {
  readonly code: string;
  readonly key: string;
}

/** What the processes of a cluster have done, by their own word. It outlives them. */
export class Ledger {
  /** Messages by recipient, oldest first. */
  readonly #sent = new Map<string, Sent[]>();
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  /** How many users there have been: nobody is met twice. */
  users = 0;
  readonly faults: string[] = [];
  readonly rejections: string[] = [];
  readonly warnings: string[] = [];

  note([name, first = "", second = "", third = ""]: Event): void {
    this.#add(name, first);
    if (name === "verified") this.#add("verifiedBy", second);
    if (name === "sent") this.#noteSent(first, { code: second, key: third });
    if (name === "fault") this.faults.push(`${first}: ${second}`);
    if (name === "rejection") this.rejections.push(first);
    if (name === "warning") this.warnings.push(first);
  }

  /** How often something was told of one user, challenge, path; or at all. */
  count(name: string, about?: string): number {
    return this.#counts.get(about === undefined ? name : `${name} ${about}`) ?? 0;
  }

  /** Those of whom something was told more than `most` times. */
  above(name: string, most: number): number {
    let found = 0;
    for (const [key, count] of this.#counts) if (key.startsWith(`${name} `) && count > most) found += 1;
    return found;
  }

  sent(to: string): readonly Sent[] {
    return this.#sent.get(to) ?? [];
  }

  /** The message after so many to this recipient; nothing if it does not come within `patience` milliseconds. */
  async nextSent(to: string, before: number, patience: number): Promise<Sent | undefined> {
    const until = performance.now() + patience;
    while (this.sent(to).length <= before) {
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        const list = this.#waiting.get(to) ?? [];
        list.push(() => {
          clearTimeout(timer);
          resolve();
        });
        this.#waiting.set(to, list);
      });
    }
    return this.sent(to).at(-1);
  }

  #noteSent(to: string, sent: Sent): void {
    const list = this.#sent.get(to) ?? [];
    list.push(sent);
    this.#sent.set(to, list);
    this.#add("message", sent.key);
    for (const wake of this.#waiting.get(to) ?? []) wake();
    this.#waiting.delete(to);
  }

  #add(name: string, about: string): void {
    for (const key of [name, `${name} ${about}`]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
