import { within } from "../../core/deadline.js";
import { misconfigured } from "../../core/errors.js";

/** As much of a `pg` Pool as is used: another driver's fits if it looks the same. */
export interface PostgresPool {
  /** A connection of its own, given back by `release()`. */
  connect(): Promise<PostgresClient>;
  readonly options?: { readonly max?: number | undefined; readonly connectionTimeoutMillis?: number | undefined };
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

export interface PostgresClient {
  query(statement: Statement): Promise<{ readonly rows: readonly unknown[] }>;
  /** With `true` it is thrown away. */
  release(destroy?: boolean): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  removeListener?(event: "error", listener: (error: Error) => void): unknown;
}

export interface Statement {
  /** Prepared once for each connection under this name. */
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** The default of `pg`. */
const POOL_MAX = 10;

export function checkPool(pool: PostgresPool): PostgresPool {
  if (typeof (pool as Partial<PostgresPool> | undefined)?.connect !== "function") {
    throw misconfigured(
      'postgresStore(pool) takes a Pool of the package pg: new Pool({ connectionString, connectionTimeoutMillis: 1_000 }), with import { Pool } from "pg".',
    );
  }
  const patience = pool.options?.connectionTimeoutMillis;
  if (pool.options && (typeof patience !== "number" || patience <= 0)) {
    process.emitWarning(
      "Without a time limit for connecting, a pool never gives up a connection that a broken network swallowed. Write new Pool({ ..., connectionTimeoutMillis: 1_000 }).",
      { type: "require2fa", code: "REQUIRE2FA_POOL_TIMEOUT" },
    );
  }
  return pool;
}

/**
 * Connections of the pool, each for one statement and with a deadline. A pool's own queue knows no deadline: what stands
 * in it is run long after its answer was given up. So no more calls than there are connections ever ask the pool; the
 * others wait here, and leave when their time is over.
 */
export class Connections {
  readonly #pool: PostgresPool;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
    this.#free = Math.max(1, pool.options?.max ?? POOL_MAX);
  }

  /**
   * The rows of one statement, made when there is a connection for it, knowing how much of `ms` is left. When all of it
   * takes longer, it rejects, and the connection is thrown away.
   *
   * A server goes on with what nobody waits for any more. `stops` is for reading at length: there it is told to stop.
   */
  async run(statement: (left: number) => Statement, ms: number, stops = false): Promise<readonly unknown[]> {
    const until = performance.now() + ms;
    const inTime = <T>(value: Promise<T>): Promise<T> =>
      within(value, until - performance.now(), () => new Error(`Postgres did not answer within ${Math.round(ms)} ms.`));
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(inTime);
    const client = await this.#connect(inTime);
    let destroy = true;
    try {
      if (stops) await inTime(client.query({ text: readingFor(until - performance.now()) }));
      const { rows } = await inTime(client.query(statement(until - performance.now())));
      if (stops) await inTime(client.query({ text: "commit" }));
      destroy = false;
      return rows;
    } catch (error) {
      destroy = stops || !isAnswer(error);
      throw error;
    } finally {
      if (!destroy) client.removeListener?.("error", ignore);
      client.release(destroy);
      this.#leave();
    }
  }

  /** Waits for whoever leaves next. */
  async #turn(inTime: InTime): Promise<void> {
    let enter = ignore;
    const turn = new Promise<void>((resolve) => {
      enter = resolve;
    });
    this.#waiting.add(enter);
    try {
      await inTime(turn);
    } catch (error) {
      // Told to enter in the very moment that it gave up: then the next one may.
      if (!this.#waiting.delete(enter)) this.#leave();
      throw error;
    }
  }

  async #connect(inTime: InTime): Promise<PostgresClient> {
    const asked = (async () => this.#pool.connect())();
    try {
      const client = await inTime(asked);
      // What is wrong with it, the statement under way hears as well.
      client.on?.("error", ignore);
      return client;
    } catch (error) {
      const giveBack = asked.then((client) => client.release(), ignore);
      void giveBack.then(() => this.#leave());
      throw error;
    }
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next();
    } else {
      this.#free += 1;
    }
  }
}

/** A transaction that holds no statement longer than this, in milliseconds; and no names but those of Postgres. */
function readingFor(ms: number): string {
  const patience = Math.max(1, Math.floor(ms));
  return `begin isolation level read committed read only; set local search_path = pg_catalog;
    set local statement_timeout = ${patience}`;
}

type InTime = <T>(value: Promise<T>) => Promise<T>;

/** The server refused in so many words, and stays: nothing is wrong with the connection. */
function isAnswer(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(?!57P|08)(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

export function ignore(): void {}
