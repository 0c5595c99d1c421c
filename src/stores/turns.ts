import { isPromise } from "../core/deadline.js";

/** Lets so many run at a time. The others wait in the order in which they came, and are left out when they came too late. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** `late` is thrown in the place of running after `until` (`performance.now()`). What answers at once takes no turn. */
  take<T>(run: () => T, until: number, late: () => Error): T | Promise<Awaited<T>> {
    if (this.#free === 0) return this.#wait(run, until, late);
    const result = run();
    if (!isPromise(result)) return result;
    this.#free -= 1;
    return this.#leaveAfter(result as Promise<Awaited<T>>);
  }

  async #wait<T>(run: () => T, until: number, late: () => Error): Promise<Awaited<T>> {
    await new Promise<void>((enter) => void this.#waiting.push(enter));
    const inTime = async (): Promise<Awaited<T>> => {
      if (performance.now() >= until) throw late();
      return await run();
    };
    return this.#leaveAfter(inTime());
  }

  async #leaveAfter<T>(running: Promise<T>): Promise<Awaited<T>> {
    try {
      return await running;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
