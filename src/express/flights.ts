/** What is under way, so that closing can wait for it. */
export class Flights {
  readonly #all = new Set<Promise<unknown>>();

  track<T>(flight: Promise<T>): Promise<T> {
    this.#all.add(flight);
    const landed = (): void => void this.#all.delete(flight);
    flight.then(landed, landed);
    return flight;
  }

  /** Resolves when everything that began before has ended, well or not. */
  async landed(): Promise<void> {
    while (this.#all.size > 0) await Promise.allSettled(this.#all);
  }
}
