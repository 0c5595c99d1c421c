import { maker } from "../core/called.js";
import type { inspect } from "node:util";
import { checkKeys, wholeNumber } from "../core/options.js";
import { developmentOnly } from "./development.js";
import type { Channel, DeliveryProvider, Message } from "./provider.js";

export interface OutboxOptions {
  /** How many messages are kept; the oldest give way. Default 200. */
  readonly capacity?: number;
}

export interface OutboxMessage {
  readonly to: string;
  readonly channel: Channel;
  readonly text: string;
  /** When it was sent, ISO 8601 in UTC. */
  readonly at: string;
}

interface Kept {
  /** The `idempotencyKey`: whose message it is, and which one. */
  readonly key: string;
  readonly message: OutboxMessage;
}

/** As `node:util` has it, which would load what this package has no use for. */
const INSPECT: typeof inspect.custom = Symbol.for("nodejs.util.inspect.custom") as typeof inspect.custom;

/** Keeps messages in memory instead of sending them. Neither `util.inspect` nor JSON shows what it holds. */
export class Outbox implements DeliveryProvider {
  readonly name = "outbox";
  readonly #capacity: number;
  #kept: readonly Kept[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Everything kept, newest first; a copy. */
  get messages(): OutboxMessage[] {
    return this.#kept.map(({ message }) => ({ ...message }));
  }

  /** The newest message, or the newest to this recipient. */
  last(to?: string): OutboxMessage | undefined {
    const found = this.#kept.find(({ message }) => to === undefined || message.to === to);
    return found && { ...found.message };
  }

  /** What one challenge or verification has sent, by its id; newest first. */
  sentFor(id: string): OutboxMessage[] {
    return this.#kept.filter(({ key }) => key.startsWith(`${id}:`)).map(({ message }) => ({ ...message }));
  }

  clear(): void {
    this.#kept = [];
  }

  /** Even with `getters: true`, which would run `messages`. */
  [INSPECT](): string {
    return "Outbox {}";
  }

  send({ idempotencyKey: key, to, channel, text }: Message): void {
    developmentOnly("outbox()");
    const message = { to, channel, text, at: new Date().toISOString() };
    this.#kept = [{ key, message }, ...this.#kept.slice(0, this.#capacity - 1)];
  }
}

/**
 * A provider for tests and for trying things out: what was sent can be read back.
 *
 * @throws TwoFactorError `misconfigured` when `NODE_ENV` is `production`.
 */
export function outbox(options: OutboxOptions = {}): Outbox {
  developmentOnly("outbox()");
  checkKeys(options, { capacity: true }, "outbox()");
  return new Outbox(wholeNumber(options.capacity ?? 200, 1, 100_000, "outbox({ capacity })"));
}
maker(outbox, "outbox");
