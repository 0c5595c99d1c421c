import { unavailable } from "../../core/errors.js";
import type { Session } from "./session.js";
import { toKey } from "./text.js";

/** What was known longer ago than this is not known any more, in milliseconds. */
const STALE = 1_000;
const PAUSE = 400;
/** Nobody asks for so long: then nothing is learned until somebody does. And so often what is over is forgotten. */
const QUIET = 60_000;

/** Rows of one look; after a look of so many there may be more. */
const PAGE = 5_000;

/**
 * Rows of transactions that were not over at the last look, or came after it. A row's time would not do: who commits
 * late shows up behind others. `xmin` is the oldest transaction that may still show something new.
 */
const LOOK = `select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(xid::text, subject, at, forget_at))::text from (
      select * from {s}.revocations where (xid, subject) >= ($1::text::xid8, $2::text)
      order by xid, subject limit ${PAGE}
    ) page
  ) as news, floor(extract(epoch from statement_timestamp()) * 1000::numeric)::text as now`;

type From = readonly [xid: string, key: string];
type News = readonly (readonly [xid: string, key: string, at: number, forgetAt: number])[];

interface Revocation {
  readonly at: number;
  readonly forgetAt: number;
}

/** Who was revoked, as this process knows it: it looks for news often, and says so when it could not. */
export class Revocations {
  readonly #session: Session;
  readonly #clock: (() => number) | undefined;
  readonly #known = new Map<string, Revocation>();
  #xmin = "0";
  #knownAt = Number.NEGATIVE_INFINITY;
  #forgotAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(session: Session, clock: (() => number) | undefined) {
    this.#session = session;
    this.#clock = clock;
  }

  /** @throws TwoFactorError `unavailable` where the last look is too long ago. */
  at(subject: string): number {
    this.#askedAt = performance.now();
    if (!this.#isFresh()) throw unavailable("Who was revoked elsewhere is not known right now.");
    return this.#known.size === 0 ? 0 : (this.#known.get(toKey(subject))?.at ?? 0);
  }

  catchUp(): Promise<void> | undefined {
    this.#askedAt = performance.now();
    if (this.#isFresh()) return undefined;
    return this.#look();
  }

  learn(subject: string, at: number, forgetAt: number): void {
    this.#note(toKey(subject), at, forgetAt);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #isFresh(): boolean {
    return performance.now() - this.#knownAt <= STALE;
  }

  /** However many ask at once, one look is enough. */
  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
      this.#schedule();
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    const began = performance.now();
    try {
      const first = await this.#page([this.#xmin, ""]);
      this.#session.learn(first.now, began);
      if (BigInt(first.xmin) < BigInt(this.#xmin)) {
        // Another cluster took over, one that counts from elsewhere: everything is read anew.
        this.#xmin = "0";
        return await this.#read();
      }
      // What comes in between two pages is later than the first of them, and read at the next look.
      for (let { next } = first; next;) ({ next } = await this.#page(next));
      this.#xmin = first.xmin;
      this.#knownAt = began;
      this.#forget(this.#clock?.() ?? first.now);
    } catch (error) {
      this.#xmin = "0";
      throw error;
    }
  }

  async #page(from: From): Promise<{ xmin: string; now: number; next?: From | undefined }> {
    const { xmin, news, now } = await this.#session.ask(LOOK, from);
    const rows = typeof news === "string" ? (JSON.parse(news) as News) : [];
    for (const [, key, at, forgetAt] of rows) this.#note(key, at, forgetAt);
    const [xid = "", key = ""] = rows.at(-1) ?? [];
    return { xmin: String(xmin), now: Number(now), next: rows.length === PAGE ? [xid, key] : undefined };
  }

  #forget(now: number): void {
    if (performance.now() - this.#forgotAt < QUIET) return;
    this.#forgotAt = performance.now();
    for (const [key, { forgetAt }] of this.#known) if (forgetAt <= now) this.#known.delete(key);
  }

  #note(key: string, at: number, forgetAt: number): void {
    const before = this.#known.get(key);
    this.#known.set(key, {
      at: Math.max(at, before?.at ?? 0),
      forgetAt: Math.max(forgetAt, before?.forgetAt ?? 0),
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closed || performance.now() - this.#askedAt > QUIET) return;
    this.#timer = setTimeout(() => {
      // The next one who asks hears of it.
      this.#look().catch(() => undefined);
    }, PAUSE);
    this.#timer.unref();
  }
}
