import { randomInt } from "node:crypto";
import type { Session } from "./session.js";

const BATCH = 1_000;
/** Not all processes at the same moment, and some room for requests between two batches; in milliseconds. */
const PAUSE = [45_000, 75_000] as const;
const NEXT_BATCH = [50, 150] as const;
const DEADLINE = 5_000;

/** What is forgotten, by its own key, once the instant in this column is past. */
const TABLES = [
  ["verifications", "id", "expires_at"],
  ["accounts", "account", "forget_at"],
  ["method_failures", "account, method", "forget_at"],
  ["limits", "key", "forget_at"],
  ["steps", "key", "forget_at"],
  ["uses", "key", "forget_at"],
  ["kept", "key", "forget_at"],
  ["revocations", "subject", "forget_at"],
] as const;

/** A few of the dead, oldest first; a row that somebody works on, or another process sweeps, is left to them. */
export function sweepOf([table, key, column]: (typeof TABLES)[number]): string {
  return `with dead as materialized (
    select ${key} from {s}.${table} where ${column} <=
      coalesce($1::double precision, floor(extract(epoch from statement_timestamp()) * 1000::numeric)) - $2::double precision
    order by ${column} limit ${BATCH} for update skip locked
  ), gone as (
    delete from {s}.${table} where (${key}) in (select ${key} from dead) returning 1
  ) select count(*)::text as result from gone`;
}

/** Buries what is dead, a little at a time, for as long as the store is used. */
export class Sweeper {
  readonly #session: Session;
  readonly #retention: number;
  readonly #clock: (() => number) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(session: Session, retention: number, clock: (() => number) | undefined) {
    this.#session = session;
    this.#retention = retention;
    this.#clock = clock;
  }

  /** Sweeps from time to time from now on. */
  start(): void {
    if (this.#timer || this.#closed) return;
    this.#after(PAUSE);
  }

  /** One batch of every table; true when there may be more. */
  async sweep(): Promise<boolean> {
    let more = false;
    for (const table of TABLES) {
      const kept = table[0] === "verifications" ? this.#retention : 0;
      const { result } = await this.#session.ask(sweepOf(table), [this.#clock?.() ?? null, kept], DEADLINE);
      more ||= Number(result) === BATCH;
    }
    return more;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #after([from, to]: readonly [number, number]): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.sweep().then(
          (more) => this.#after(more ? NEXT_BATCH : PAUSE),
          () => this.#after(PAUSE),
        );
      },
      randomInt(from, to),
    );
    this.#timer.unref();
  }
}
