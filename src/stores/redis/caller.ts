import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { within } from "../../core/deadline.js";
import { unavailable } from "../../core/errors.js";
import type { Connection } from "./connection.js";
import type { Script } from "./script.js";

/** What a script answers: texts, and lists of texts. */
export type Reply = readonly (string | readonly string[] | readonly (readonly string[])[])[];

/** A key that is known: its kind and its name. */
export type Key = readonly [kind: string, name: string];
/** Runs a script. Scripts build other keys themselves, all under the same root. */
export type Run = (script: Script, keys: readonly Key[], args: readonly string[]) => Promise<Reply>;

export interface Timing {
  /** How long after it was asked for something may still be done, in milliseconds. */
  readonly patience: number;
  /** Only in a test: the time to go by instead of that of Redis. */
  readonly now?: (() => number) | undefined;
  /** Only in a test: what time has passed here. */
  readonly elapsed?: (() => number) | undefined;
}

/** More calls than this without an answer, and Redis is taken for dead: a queue must not grow with the wait. */
const MAX_WAITING = 4_096;
/** For so long after it was last connected a client is expected back, in milliseconds; and how often it is looked at. */
const RECONNECTING = 1_000;
const LOOK = 10;

/**
 * Runs scripts, in one round trip each. A call carries the instant until which it may be carried out, in Redis' own
 * time, so that nothing happens long after its caller was told that it did not: neither what a driver queues or sends
 * again, nor what lies in a socket of a server that hangs.
 */
export class Caller {
  readonly #connection: Connection;
  readonly #timing: Timing;
  /** A clock that nobody sets, in milliseconds. */
  readonly elapsed: () => number;
  /** Goes first into every key; its braces keep all of them on one node of a cluster. */
  readonly root: string;
  #waiting = 0;
  /** When the client was last seen connected, here. */
  #lastReady = Number.NEGATIVE_INFINITY;
  /** An instant of Redis' time, and when that was here at the latest. */
  #known: { readonly time: number; readonly at: number } | undefined;

  constructor(connection: Connection, prefix: string, timing: Timing) {
    this.#connection = connection;
    this.#timing = timing;
    this.elapsed = timing.elapsed ?? (() => performance.now());
    this.root = `{${prefix}}`;
  }

  /** Redis' time at a moment that lies not before `at` here. */
  learn(time: number, at: number): void {
    this.#known = { time, at };
  }

  async run(script: Script, keys: readonly Key[], args: readonly string[]): Promise<Reply> {
    const declared = [this.root, ...keys.map(([kind, name]) => `${this.root}:${kind}:${name}`)];
    const asked = this.elapsed();
    const reply = await this.#send(script, declared, args);
    if (reply[0] !== "late") return reply;
    // Either it was, or the clock of Redis was set forward: then it is asked again by the new time.
    this.learn(Number(reply[1]), asked);
    const again = this.elapsed() - asked < this.#timing.patience && (await this.#send(script, declared, args));
    if (!again || again[0] === "late") throw unavailable("Redis was too late: nothing was done.");
    return again;
  }

  async #send(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    if (!this.#connection.isReady()) await this.#reconnected();
    this.#lastReady = this.elapsed();
    if (this.#waiting >= MAX_WAITING) throw unavailable("Redis does not answer.");
    const { patience, now } = this.#timing;
    const all = [this.#deadline(), now ? String(now()) : "", ...args];
    this.#waiting += 1;
    // Until the client is done with it, and not only until its caller is: before that it waits in a queue.
    const answer = this.#evaluate(script, keys, all).finally(() => (this.#waiting -= 1));
    const late = () => new Error(`Redis did not answer for ${2 * patience} ms.`);
    return (await within(answer, 2 * patience, late)) as Reply;
  }

  /**
   * A connection that was cut is usually back in a moment, and then the step whose reply was lost can be asked for again.
   * One that has been away for longer is not waited for.
   */
  async #reconnected(): Promise<void> {
    const { patience } = this.#timing;
    const until = this.elapsed() + (this.elapsed() - this.#lastReady < RECONNECTING ? patience - LOOK : 0);
    while (!this.#connection.isReady()) {
      if (this.elapsed() >= until || this.#waiting >= MAX_WAITING) {
        throw unavailable("The Redis client is not connected.");
      }
      this.#waiting += 1;
      await pause(LOOK);
      this.#waiting -= 1;
    }
  }

  async #evaluate({ sha, lua }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await this.#connection.byName(sha, keys, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#connection.byText(lua, keys, args);
    }
  }

  #deadline(): string {
    if (!this.#known) return "";
    return String(Math.ceil(this.#known.time + this.elapsed() - this.#known.at + this.#timing.patience));
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
