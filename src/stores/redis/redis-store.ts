import { randomBytes } from "node:crypto";
import type { Awaitable } from "../../core/deadline.js";
import type { NewPending, Pending, SendEvent, Which } from "../pending.js";
import type { FoundRecords, RecordFilter, RecordPage, UsageRow } from "../records.js";
import type {
  Amended,
  Amendment,
  Charge,
  Charged,
  Consumed,
  Consumption,
  Counted,
  Counting,
  Guess,
  Opened,
  Store,
  Use,
} from "../store.js";
import { Caller, type Key, type Run, type Timing } from "./caller.js";
import { chargeArgs, chargeKeys, limitedBy } from "./charges.js";
import type { Connection } from "./connection.js";
import { accountKey, keysOf, openKeys, whichArgs } from "./keys.js";
import { nameOf, nameOrNone, numberArg } from "./names.js";
import { Pulse } from "./pulse.js";
import { Records } from "./records.js";
import { Registers } from "./registers.js";
import { countedOf, endOf, isYes, strange } from "./replies.js";
import { changeArgs, checkEnd, newRowArgs, readRow } from "./row.js";
import { ATTEMPT, CANCEL, CONSUME, FIND, FORGIVE } from "./scripts/answering.js";
import { AMEND, ERASE, NOTE, UNLOCK } from "./scripts/changing.js";
import { CHARGE, REFUND } from "./scripts/limits.js";
import { OPEN } from "./scripts/opening.js";

/** Rows erased in one call. */
const ERASED = 200;
const EPOCH: Key = ["e", "epoch"];

export interface Settings {
  readonly prefix: string;
  /** How long what has ended is remembered, in milliseconds. */
  readonly retention: number;
}

/** Every step is one script, which Redis runs from its first line to its last without anything in between. */
export class RedisStore implements Store {
  readonly name = "redis";
  readonly durable = true;
  readonly #retention: number;
  readonly #run: Run;
  readonly #pulse: Pulse;
  readonly #records: Records;
  readonly #registers: Registers;
  readonly #process = randomBytes(6).toString("base64url");
  #calls = 0;

  constructor(connection: Connection, { prefix, retention }: Settings, timing: Timing) {
    const caller = new Caller(connection, prefix, timing);
    this.#retention = retention;
    this.#pulse = new Pulse(caller);
    this.#run = async (script, keys, args) => {
      await this.#pulse.ready();
      return caller.run(script, keys, args);
    };
    this.#records = new Records(this.#run);
    this.#registers = new Registers(this.#run, () => this.#call());
  }

  async open(entry: NewPending, account: string, charges: readonly Charge[], now: number): Promise<Opened> {
    const row = newRowArgs(entry, this.#retention, numberArg(now), this.#call());
    const args = [...row, ...chargeArgs(charges), ...(entry.offers ?? [])];
    const reply = await this.#run(OPEN, openKeys(entry, account, charges), args);
    const [outcome, value, rest] = reply;
    switch (outcome) {
      case "opened":
      case "exists":
        return { outcome, entry: readRow(String(value), String(rest)) };
      case "locked":
        return { outcome, until: Number(value) };
      case "disabled":
        return { outcome, methods: value as readonly string[] };
      case "full":
        return { outcome, retryAt: Number(value) };
      default:
        return limitedBy(reply, charges) ?? strange(reply);
    }
  }

  async find(which: Which): Promise<Pending | undefined> {
    const args = whichArgs(which);
    const [outcome, row, rest] = await this.#run(FIND, keysOf(args), args);
    return outcome === "found" ? readRow(String(row), String(rest)) : undefined;
  }

  async attempt(which: Which, { nonce, account, lock, typed }: Guess): Promise<Counted> {
    await this.#pulse.ready();
    const meant = whichArgs(which);
    const rule = [lock.after, lock.first, lock.longest, lock.ceiling].map(numberArg);
    const args = [...meant, JSON.stringify(nonce), ...rule, checkEnd(typed), this.#pulse.epoch];
    return countedOf(await this.#run(ATTEMPT, [accountKey(account), EPOCH, ...keysOf(meant)], args));
  }

  async forgive(which: Which, { nonce, account, lock, methods }: Counting): Promise<void> {
    await this.#pulse.ready();
    const meant = whichArgs(which);
    const args = [...meant, JSON.stringify(nonce), numberArg(lock.after), this.#pulse.epoch, ...methods];
    await this.#run(FORGIVE, [accountKey(account), EPOCH, ...keysOf(meant)], args);
  }

  async consume(which: Which, { nonce, account, step, method, methods }: Consumption): Promise<Consumed> {
    const meant = whichArgs(which);
    const burnt = nameOrNone(step?.key);
    const args = [...meant, JSON.stringify(nonce), burnt, step ? numberArg(step.value) : "", method, ...methods];
    const keys: Key[] = [accountKey(account), ...keysOf(meant), ...(step ? [["s", burnt] as const] : [])];
    const [outcome, at] = await this.#run(CONSUME, keys, args);
    if (outcome === "consumed") return { outcome, at: Number(at) };
    if (outcome === "locked") return { outcome, until: Number(at) };
    return { outcome: outcome === "replayed" || outcome === "disabled" ? outcome : endOf(outcome) };
  }

  async amend(which: Which, change: Amendment, charges: readonly Charge[], now: number): Promise<Amended> {
    const meant = whichArgs(which);
    const args = [...meant, ...changeArgs(change), numberArg(now), this.#call(), ...chargeArgs(charges)];
    const reply = await this.#run(AMEND, [...keysOf(meant), ...chargeKeys(charges)], args);
    const [outcome, row, rest] = reply;
    if (outcome === "amended" || outcome === "changed") return { outcome, entry: readRow(String(row), String(rest)) };
    return limitedBy(reply, charges) ?? { outcome: endOf(outcome) };
  }

  async cancel(which: Which): Promise<boolean> {
    const meant = whichArgs(which);
    return isYes(await this.#run(CANCEL, keysOf(meant), [...meant, this.#call()]));
  }

  async note(which: Which, event: Partial<SendEvent> & { readonly id: string }): Promise<boolean> {
    const told = Object.keys(event).sort().join(",");
    const meant = whichArgs(which);
    const args = [...meant, nameOf(event.id), nameOf(told), JSON.stringify(event)];
    return isYes(await this.#run(NOTE, keysOf(meant), args));
  }

  async charge(charges: readonly Charge[], now: number): Promise<Charged> {
    const args = [numberArg(now), this.#call(), ...chargeArgs(charges)];
    const reply = await this.#run(CHARGE, chargeKeys(charges), args);
    return reply[0] === "charged" ? { outcome: "charged" } : (limitedBy(reply, charges) ?? strange(reply));
  }

  async refund(charges: readonly Charge[], at: number): Promise<void> {
    const counted = charges.filter(({ peek }) => !peek);
    const args = [numberArg(at), this.#call(), ...counted.map(({ key }) => nameOf(key))];
    if (counted.length > 0) await this.#run(REFUND, chargeKeys(counted), args);
  }

  claim(key: string, value: string, ttl: number): Promise<string> {
    return this.#registers.claim(key, value, ttl);
  }

  touch(use: Use): Promise<boolean> {
    return this.#registers.touch(use);
  }

  put(key: string, value: string, ttl: number): Promise<boolean> {
    return this.#registers.put(key, value, ttl);
  }

  get(key: string): Promise<string | undefined> {
    return this.#registers.get(key);
  }

  take(key: string): Promise<string | undefined> {
    return this.#registers.take(key);
  }

  search(filter: RecordFilter, page: RecordPage): Promise<FoundRecords> {
    return this.#records.search(filter, page);
  }

  usage(filter: RecordFilter, now: number): Promise<readonly UsageRow[]> {
    return this.#records.usage(filter, now);
  }

  async unlock(account: string): Promise<void> {
    await this.#run(UNLOCK, [accountKey(account)], []);
  }

  async erase(subject: string): Promise<void> {
    const name = nameOf(subject);
    for (;;) {
      const [erased] = await this.#run(ERASE, [["j", name], accountKey(subject)], [name, String(ERASED)]);
      if (Number(erased) < ERASED) return;
    }
  }

  addDocument(list: string, name: string, document: string): Promise<boolean> {
    return this.#registers.add(list, name, document);
  }

  replaceDocument(list: string, name: string, document: string): Promise<boolean> {
    return this.#registers.replace(list, name, document);
  }

  removeDocument(list: string, name: string): Promise<boolean> {
    return this.#registers.remove(list, name);
  }

  documents(list: string): Promise<readonly string[]> {
    return this.#registers.documents(list);
  }

  async revoke(subject: string, ttl: number): Promise<void> {
    await this.#pulse.ready();
    await this.#pulse.revoke(subject, ttl);
  }

  revokedAt(subject: string): number {
    return this.#pulse.revokedAt(subject);
  }

  catchUp(): Awaitable<void> {
    return this.#pulse.isFresh ? undefined : this.#pulse.beat();
  }

  /** Whom to tell, beside a process warning, when Redis was found to have lost what was kept there. */
  onEmptied(listener: () => void): void {
    this.#pulse.onEmptied = listener;
  }

  /** Ends what runs in the background; the client stays as it is, it is the caller's. */
  close(): void {
    this.#pulse.stop();
  }

  /** A name for one call. */
  #call(): string {
    return `${this.#process}${(this.#calls += 1).toString(36)}`;
  }
}
