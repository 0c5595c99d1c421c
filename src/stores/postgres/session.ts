import { createHash, randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { misconfigured } from "../../core/errors.js";
import { Connections, type PostgresPool, type Statement } from "./pool.js";
import { quote } from "./migrate.js";
import { SCHEMA } from "./sql/parts.js";

/** Just before the deadline that every call of a store has: whoever asked is told, and nothing happens afterwards. */
const DEADLINE = 240;
const RETRIES = 3;
/** Two transactions were in each other's way, and ours was undone: asked again it finds them out of it. */
const IN_THE_WAY = new Set(["40001", "40P01"]);
const CANCELED = "57014";
const NOT_MIGRATED = new Set(["42P01", "42883", "3F000", "42703"]);

export interface SessionSettings {
  readonly schema: string;
  readonly prepared: boolean;
  /** Milliseconds for one call; another than the usual is for tests. */
  readonly deadline?: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Statements of one schema, through one pool. */
export class Session {
  readonly #connections: Connections;
  readonly #schema: string;
  readonly #prepared: boolean;
  readonly #deadline: number;
  readonly #statements = new Map<string, Statement>();
  readonly #calls = new Map<string, string>();
  /** An instant of the database's time, and when that was here at the latest. */
  #known: { readonly time: number; readonly at: number } | undefined;

  constructor(pool: PostgresPool, { schema, prepared, deadline = DEADLINE }: SessionSettings) {
    this.#connections = new Connections(pool);
    this.#schema = schema;
    this.#prepared = prepared;
    this.#deadline = deadline;
  }

  /** The database's time at a moment that lies not before `at` here. */
  learn(time: number, at: number): void {
    this.#known = { time, at };
  }

  /** Calls a procedure: one statement, one answer. */
  async call(name: string, values: readonly unknown[]): Promise<string> {
    let text = this.#calls.get(name);
    if (text === undefined) {
      const places = values.map((_, index) => `$${index + 1}, `).join("");
      text = `call ${SCHEMA}.${name}(${places}$${values.length + 1}, $${values.length + 2}, null)`;
      this.#calls.set(name, text);
    }
    const timed = (left: number): unknown[] => [...values, Math.max(1, left), this.#deadlineAfter(left)];
    const { result } = await this.#retried(timed, text, this.#deadline);
    return String(result);
  }

  /** The one row that a statement answers with; no fields if it has none. */
  ask(text: string, values: readonly unknown[], ms = this.#deadline): Promise<Fields> {
    return this.#retried(() => [...values], text, ms);
  }

  /** The same for what may read a whole table: the server stops when nobody waits for it any more. */
  read(text: string, values: readonly unknown[]): Promise<Fields> {
    return this.#retried(() => [...values], text, this.#deadline, true);
  }

  /** The values may tell how long the answer is still waited for, when at last there is a connection for it. */
  async #retried(values: (left: number) => unknown[], text: string, ms: number, stops = false): Promise<Fields> {
    const until = performance.now() + ms;
    const statement = this.#statement(text);
    const bound = (left: number): Statement => ({ ...statement, values: values(left) });
    for (let retries = 0; ; retries += 1) {
      try {
        const [row] = await this.#connections.run(bound, until - performance.now(), stops);
        return (row ?? {}) as Fields;
      } catch (error) {
        const code = String((error as { code?: unknown } | null)?.code);
        // Too late, it says: or its clock was set forward.
        if (code === CANCELED) this.#known = undefined;
        const wait = randomInt(5, 20);
        if (!IN_THE_WAY.has(code) || retries === RETRIES || performance.now() + wait >= until) {
          throw this.#explained(code, error);
        }
        await pause(wait);
      }
    }
  }

  /** By the database's clock, where that is known; no later than it is here. */
  #deadlineAfter(left: number): number | null {
    return this.#known ? this.#known.time + (performance.now() - this.#known.at) + left : null;
  }

  #statement(text: string): Statement {
    const known = this.#statements.get(text);
    if (known) return known;
    const full = text.replaceAll(SCHEMA, quote(this.#schema));
    const name = `require2fa_${createHash("sha256").update(full).digest("hex").slice(0, 16)}`;
    const statement = this.#prepared ? { name, text: full } : { text: full };
    this.#statements.set(text, statement);
    return statement;
  }

  #explained(code: string, error: unknown): unknown {
    if (NOT_MIGRATED.has(code)) {
      return misconfigured(
        `postgresStore(): the schema "${this.#schema}" is not there, or not of this version. Run await store.migrate() before the app starts, as a user who may create it.`,
      );
    }
    if (code !== "42501") return error;
    return misconfigured(
      `postgresStore(): this user may not use the schema "${this.#schema}". It needs USAGE on the schema and its sequences, SELECT, INSERT, UPDATE and DELETE on its tables, and EXECUTE on its functions and procedures.`,
    );
  }
}
