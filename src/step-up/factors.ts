import type { Clock } from "../core/clock.js";
import type { Events } from "../core/events.js";
import type { Factor } from "../methods/method.js";
import { newRecoveryCodes } from "../methods/recovery-codes.js";
import type { FactorBook } from "./factor-book.js";

/** What a person has enrolled, and what they may do with it. Who may is for the caller to see to. */
export class Factors {
  readonly #book: FactorBook;
  readonly #clock: Clock;
  readonly #events: Events;

  constructor(book: FactorBook, clock: Clock, events: Events) {
    this.#book = book;
    this.#clock = clock;
    this.#events = events;
  }

  list(user: string): Promise<readonly Factor[]> {
    return this.#book.of(user);
  }

  /** False where there is none of that id. */
  async rename(user: string, id: string, name: string): Promise<boolean> {
    const factor = (await this.#book.of(user)).find((each) => each.id === id);
    if (!factor || !(await this.#book.replace(user, { ...factor, name }))) return false;
    this.#events.emit("factor.renamed", { user, method: factor.method, factor: id });
    return true;
  }

  /** False where there is none of that id. */
  async remove(user: string, id: string): Promise<boolean> {
    const factor = (await this.#book.of(user)).find((each) => each.id === id);
    if (!factor || !(await this.#book.remove(user, id))) return false;
    this.#events.emit("factor.removed", { user, method: factor.method, factor: id });
    return true;
  }

  async forget(user: string): Promise<void> {
    await this.#book.forget(user);
  }

  /** Ten new ones in the place of all earlier ones; told this once. */
  async newRecoveryCodes(user: string): Promise<readonly string[]> {
    const old = (await this.#book.of(user)).filter(({ method }) => method === "recovery-code");
    const made = await newRecoveryCodes(this.#clock());
    // The old ones first: were it the other way round, a crash in between would leave twenty.
    for (const { id } of old) await this.#book.remove(user, id);
    for (const { factor } of made) await this.#book.add(user, factor);
    this.#events.emit("recovery.renewed", { user });
    return made.map(({ code }) => code);
  }
}
