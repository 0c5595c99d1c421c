import type { NewPending, Pending, SendEvent, Which } from "../pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "../records.js";
import {
  type Amended,
  type Amendment,
  type Charge,
  type Charged,
  type Consumed,
  type Consumption,
  type Counted,
  type Counting,
  type Ended,
  type Guess,
  type Opened,
  type Use,
  PER_OWNER,
} from "../store.js";
import { type CountedRow, searchQuery, usageQuery, usageRow } from "./archive.js";
import {
  type Answer,
  chargeArguments,
  countedOf,
  entryOf,
  limitedBy,
  openArguments,
  reachOf,
  type Row,
  whichArguments,
} from "./entries.js";
import { FIND_BY_ID, FIND_NEWEST } from "./finding.js";
import { ADD, DOCUMENTS, GET, REMOVE, REPLACE } from "./kept.js";
import { migrate } from "./migrate.js";
import type { PostgresStore } from "./options.js";
import { ignore, type PostgresPool } from "./pool.js";
import { Revocations } from "./revocations.js";
import { type Fields, Session, type SessionSettings } from "./session.js";
import { Sweeper } from "./sweep.js";
import { fromJson, toJson, toKey } from "./text.js";

export interface Settings extends SessionSettings {
  /** In milliseconds. */
  readonly retention: number;
  /** In the place of the database's own, for tests: nothing in the package sets it. */
  readonly clock?: () => number;
}

/**
 * Every method is one statement: what is decided is decided in the database, and TypeScript only carries it. Where one
 * may read a whole table, it stands in a transaction that ends it in time.
 */
export class ServerStore implements PostgresStore {
  readonly name = "postgres";
  readonly durable = true;
  readonly sweeper: Sweeper;
  readonly #pool: PostgresPool;
  readonly #schema: string;
  readonly #session: Session;
  readonly #revocations: Revocations;
  readonly #clock: (() => number) | undefined;

  constructor(pool: PostgresPool, settings: Settings) {
    const { schema, retention, clock } = settings;
    this.#pool = pool;
    this.#schema = schema;
    this.#clock = clock;
    this.#session = new Session(pool, settings);
    this.#revocations = new Revocations(this.#session, clock);
    this.sweeper = new Sweeper(this.#session, retention, clock);
    // An idle connection that the server cuts must not end the process: the next call hears of it.
    pool.on?.("error", ignore);
  }

  migrate(): Promise<void> {
    return migrate(this.#pool, this.#schema);
  }

  async open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Promise<Opened> {
    const asked = [...openArguments(entry, account, PER_OWNER), ...chargeArguments(charges, now)];
    const answer = await this.#call("open", [...asked, entry.offers ?? []]);
    const { outcome, row, until = 0, retryAt, methods = [] } = answer;
    if (row) return { outcome: outcome === "exists" ? "exists" : "opened", entry: entryOf(row) };
    if (outcome === "limited") return limitedBy(charges, answer);
    if (outcome === "full") return { outcome, retryAt: retryAt ?? 0 };
    return outcome === "disabled" ? { outcome, methods } : { outcome: "locked", until };
  }

  async find(which: Which): Promise<Pending | undefined> {
    const [id, owner, tenant] = whichArguments(which);
    const [text, values] =
      id === null ? [FIND_NEWEST, [owner, tenant, this.#now()]] : [FIND_BY_ID, [id, owner, tenant]];
    const { result } = await this.#ask(text, values);
    return typeof result === "string" ? entryOf(fromJson(result) as Row) : undefined;
  }

  async attempt(which: Which, { nonce, account, lock, typed }: Guess): Promise<Counted> {
    const check = toJson({ nonce, typed });
    const rule = [lock.after, lock.first, lock.longest, lock.ceiling];
    return countedOf(await this.#call("attempt", [...whichArguments(which), check, toKey(account), ...rule]));
  }

  async forgive(which: Which, { nonce, account, lock, methods }: Counting): Promise<void> {
    await this.#call("forgive", [...whichArguments(which), toJson(nonce), toKey(account), lock.after, methods]);
  }

  async consume(which: Which, { nonce, account, step, method, methods }: Consumption): Promise<Consumed> {
    const burnt = step ? [toKey(step.key), step.value] : [null, null];
    const proof = [toJson(nonce), toKey(account), ...burnt, method, methods];
    const answer = await this.#call("consume", [...whichArguments(which), ...proof]);
    const { outcome, at, until = 0 } = answer;
    if (outcome === "consumed" && typeof at === "number") return { outcome, at };
    return outcome === "locked" ? { outcome, until } : { outcome: outcome as Ended | "replayed" | "disabled" };
  }

  async amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Promise<Amended> {
    const { revision, delivery, event } = change;
    const { to, lost } = reachOf(delivery);
    const changed = [revision, toJson(delivery), to, lost, event ? toJson(event) : null];
    const asked = [...whichArguments(which), ...changed, ...chargeArguments(charges, now)];
    const answer = await this.#call("amend", asked);
    const { outcome, row } = answer;
    if (row) return { outcome: outcome === "amended" ? "amended" : "changed", entry: entryOf(row) };
    return outcome === "limited" ? limitedBy(charges, answer) : { outcome: outcome as Ended };
  }

  cancel(which: Which): Promise<boolean> {
    return this.#isTrue("cancel", whichArguments(which));
  }

  note(which: Which, event: Partial<SendEvent> & { readonly id: string }): Promise<boolean> {
    return this.#isTrue("note", [...whichArguments(which), toJson(event)]);
  }

  async charge(charges: readonly Charge[], now: number): Promise<Charged> {
    const answer = await this.#call("charge", chargeArguments(charges, now));
    return answer.outcome === "charged" ? { outcome: "charged" } : limitedBy(charges, answer);
  }

  async refund(charges: readonly Charge[], at: number): Promise<void> {
    const keys = charges.filter(({ peek }) => !peek).map(({ key }) => toKey(key));
    if (keys.length > 0) await this.#call("refund", [keys, at]);
  }

  async claim(key: string, value: string, ttl: number): Promise<string> {
    return fromJson(await this.#tell("claim", [toKey(key), toJson(value), ttl])) as string;
  }

  touch({ key, since, idle, peek = false }: Use): Promise<boolean> {
    return this.#isTrue("touch", [toKey(key), since, idle, peek]);
  }

  put(key: string, value: string, ttl: number): Promise<boolean> {
    return this.#isTrue("put", [toKey(key), toJson(value), ttl]);
  }

  async get(key: string): Promise<string | undefined> {
    const { result } = await this.#ask(GET, [toKey(key), this.#now()]);
    return typeof result === "string" ? (fromJson(result) as string) : undefined;
  }

  async take(key: string): Promise<string | undefined> {
    return (fromJson(await this.#tell("take", [toKey(key)])) as string | null) ?? undefined;
  }

  async search(filter: RecordFilter, page: RecordPage): Promise<FoundRecords> {
    const { text, values } = searchQuery(filter, page, this.#now());
    const { total, entries } = await this.#session.read(text, values);
    const rows = typeof entries === "string" ? (fromJson(entries) as readonly Row[]) : [];
    return { total: Number(total), entries: rows.map(entryOf) };
  }

  async usage(filter: RecordFilter): Promise<readonly UsageRow[]> {
    const { text, values } = usageQuery(filter, this.#now());
    const { result } = await this.#session.read(text, values);
    return typeof result === "string" ? (fromJson(result) as readonly CountedRow[]).map(usageRow) : [];
  }

  async unlock(account: string): Promise<void> {
    await this.#call("unlock", [toKey(account)]);
  }

  async erase(subject: string): Promise<void> {
    await this.#call("erase", [toKey(subject)]);
  }

  async addDocument(list: string, name: string, document: string): Promise<boolean> {
    return this.#isDone(ADD, [toKey(list), toKey(name), toJson(document)]);
  }

  async replaceDocument(list: string, name: string, document: string): Promise<boolean> {
    return this.#isDone(REPLACE, [toKey(list), toKey(name), toJson(document)]);
  }

  async removeDocument(list: string, name: string): Promise<boolean> {
    return this.#isDone(REMOVE, [toKey(list), toKey(name)]);
  }

  async documents(list: string): Promise<readonly string[]> {
    const { result } = await this.#ask(DOCUMENTS, [toKey(list)]);
    return typeof result === "string" ? (fromJson(result) as readonly string[]) : [];
  }

  async revoke(subject: string, ttl: number): Promise<void> {
    const [at, forgetAt] = fromJson(await this.#tell("revoke", [toKey(subject), ttl])) as [number, number];
    this.#revocations.learn(subject, at, forgetAt);
  }

  revokedAt(subject: string): number {
    return this.#revocations.at(subject);
  }

  catchUp(): Promise<void> | undefined {
    return this.#revocations.catchUp();
  }

  async close(): Promise<void> {
    this.#revocations.close();
    this.sweeper.close();
    this.#pool.removeListener?.("error", ignore);
  }

  #now(): number | null {
    return this.#clock?.() ?? null;
  }

  #ask(text: string, values: readonly unknown[]): Promise<Fields> {
    this.sweeper.start();
    return this.#session.ask(text, values);
  }

  /** What a procedure says, as it says it. */
  #tell(procedure: string, values: readonly unknown[]): Promise<string> {
    this.sweeper.start();
    return this.#session.call(procedure, [...values, this.#now()]);
  }

  async #call(procedure: string, values: readonly unknown[]): Promise<Answer> {
    return fromJson(await this.#tell(procedure, values)) as Answer;
  }

  async #isTrue(procedure: string, values: readonly unknown[]): Promise<boolean> {
    return (await this.#tell(procedure, values)) === "true";
  }

  async #isDone(text: string, values: readonly unknown[]): Promise<boolean> {
    return (await this.#ask(text, values))["result"] === "1";
  }
}
