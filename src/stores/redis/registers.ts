import type { Use } from "../store.js";
import type { Run } from "./caller.js";
import { nameOf, numberArg, textArg, textOf } from "./names.js";
import {
  ADD_DOCUMENT,
  CLAIM,
  DOCUMENTS,
  GET,
  PUT,
  REMOVE_DOCUMENT,
  REPLACE_DOCUMENT,
  TAKE,
  TOUCH,
} from "./scripts/registers.js";
import type { Script } from "./script.js";

/** Small facts under a key, and lists of documents. */
export class Registers {
  readonly #run: Run;
  /** Names one call, so that no driver makes two of it. */
  readonly #call: () => string;

  constructor(run: Run, call: () => string) {
    this.#run = run;
    this.#call = call;
  }

  async claim(key: string, value: string, ttl: number): Promise<string> {
    const name = nameOf(key);
    const [held] = await this.#run(CLAIM, [["k", name]], [name, textArg(value), numberArg(ttl)]);
    return textOf(String(held));
  }

  async touch({ key, since, idle, peek = false }: Use): Promise<boolean> {
    const name = nameOf(key);
    const args = [name, numberArg(since), numberArg(idle), peek ? "1" : "0"];
    return (await this.#run(TOUCH, [["u", name]], args))[0] === "1";
  }

  async put(key: string, value: string, ttl: number): Promise<boolean> {
    const name = nameOf(key);
    try {
      await this.#run(PUT, [["k", name]], [name, textArg(value), numberArg(ttl)]);
      return true;
    } catch (error) {
      if (isOutOfMemory(error)) return false;
      throw error;
    }
  }

  async get(key: string): Promise<string | undefined> {
    const name = nameOf(key);
    const [found, value] = await this.#run(GET, [["k", name]], [name]);
    return found === "1" ? textOf(String(value)) : undefined;
  }

  async take(key: string): Promise<string | undefined> {
    const name = nameOf(key);
    const [found, value] = await this.#run(TAKE, [["k", name]], [name, this.#call()]);
    return found === "1" ? textOf(String(value)) : undefined;
  }

  async add(list: string, name: string, document: string): Promise<boolean> {
    return this.#change(ADD_DOCUMENT, list, name, document);
  }

  async replace(list: string, name: string, document: string): Promise<boolean> {
    return this.#change(REPLACE_DOCUMENT, list, name, document);
  }

  async remove(list: string, name: string): Promise<boolean> {
    return this.#change(REMOVE_DOCUMENT, list, name, "");
  }

  async documents(list: string): Promise<readonly string[]> {
    const name = nameOf(list);
    const placed = (await this.#run(DOCUMENTS, [["d", name]], [name])).map((each) => {
      const text = String(each);
      const fence = text.indexOf(" ");
      return { place: Number(text.slice(0, fence)), document: textOf(text.slice(fence + 1)) };
    });
    return placed.sort((a, b) => a.place - b.place).map(({ document }) => document);
  }

  async #change(script: Script, list: string, name: string, document: string): Promise<boolean> {
    const key = nameOf(list);
    const args = [key, nameOf(name), textArg(document), this.#call()];
    return (await this.#run(script, [["d", key]], args))[0] === "1";
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("OOM");
}
