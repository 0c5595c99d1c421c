import type { Clock } from "../core/clock.js";
import { randomId } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";
import type { Delivery, NewPending, Pending, SendEvent, Sent, Which } from "../stores/pending.js";
import type { Amended, Charge, Ended, LockRule, Opened, Refusal, Store } from "../stores/store.js";
import type { Delivered } from "./delivery.js";
import { deliveryBy, eventOf, isSameWay, nextDelivery, withoutLast } from "./delivery-state.js";
import { isSpend } from "./spend.js";
import type { Withheld } from "./toll-fraud.js";
import type { Way } from "./way.js";

/** A verification about to be opened. */
export interface Opening {
  /** Made by the caller where it must look a certain way; 256 random bits otherwise. */
  readonly id?: string;
  /** Whose failures count against it. */
  readonly account: string;
  readonly way: Way;
  readonly row: Omit<NewPending, "id" | "delivery" | "events">;
}

export type Started =
  | {
      readonly ok: true;
      readonly entry: Pending;
      readonly fresh: boolean;
      readonly delivered?: Delivered;
      /** Nothing was sent this time, and only the app may know. */
      readonly withheld?: Withheld;
    }
  | { readonly ok: false; readonly reason: "limited"; readonly refusal: Refusal }
  | { readonly ok: false; readonly reason: "full"; readonly retryAt: number }
  | { readonly ok: false; readonly reason: "locked"; readonly until: number }
  | { readonly ok: false; readonly reason: "disabled"; readonly methods: readonly string[] }
  | { readonly ok: false; readonly reason: Ended };

/** A right answer, with the counter that must grow by it where there is one. */
export interface Match {
  /** The method it proves, where that is not the one in use. */
  readonly method?: string;
  readonly step?: { readonly key: string; readonly value: number };
}

export interface Answer {
  readonly which: Which;
  /** Names this request; made by us for each one, never by a client. */
  readonly nonce: string;
  readonly account: string;
  readonly lock: LockRule;
  /** What was typed, sealed, where the record is to show it. */
  readonly typed?: string | undefined;
  /**
   * Whether the answer is right, by one of the methods that it was counted for. Runs only after the attempt was counted;
   * when it throws, nothing was compared and the attempt is given back.
   */
  readonly compare: (entry: Pending, methods: readonly string[]) => Awaitable<Match | undefined>;
}

export type Checked = { readonly ok: true; readonly entry: Pending; readonly at: number } | Unproved;

/** `reached`: methods that the answer has disabled. */
type Unproved = { readonly ok: false; readonly reached: readonly string[] } & (
  | {
      readonly reason: "wrong";
      readonly entry: Pending;
      readonly attemptsLeft: number;
      readonly lockedUntil: number;
    }
  | { readonly reason: "locked"; readonly until: number }
  | { readonly reason: Ended | "disabled" }
);

/** The life of a verification: opened once, sent again, answered, used up. Knows neither users nor Express. */
export class VerificationService {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Opens one, or finds the one that is open for this owner and purpose; sends only what it opened. */
  async open({ way, account, id = randomId(), row }: Opening): Promise<Started> {
    const now = this.#clock();
    const event = eventOf(way, now);
    // Here and wherever it happens for everybody: what is spread comes last, as fields that are added to a copy cost
    // many times what they cost in a literal.
    const entry: NewPending = { id, delivery: deliveryBy(way, NONE, now), events: event ? [event] : NONE, ...row };
    const opened: Opened = await this.#store.open(entry, account, way.charges(id), now);
    switch (opened.outcome) {
      case "limited":
        return { ok: false, reason: "limited", refusal: opened.refusal };
      case "full":
        return { ok: false, reason: "full", retryAt: opened.retryAt };
      case "locked":
        return { ok: false, reason: "locked", until: opened.until };
      case "disabled":
        return { ok: false, reason: "disabled", methods: opened.methods };
      case "exists":
        return { ok: true, entry: opened.entry, fresh: false };
      case "opened":
        // By another call that had the same id: its message is on the way, and nothing was charged for one more.
        if (event && !opened.entry.events.some(({ id: each }) => each === event.id)) {
          return { ok: true, entry: opened.entry, fresh: false };
        }
        return this.#carry(opened.entry, way, event, { at: now, sent: NONE });
    }
  }

  /** The same code again, or by another way; the attempts that are left stay what they are. */
  async send(entry: Pending, way: Way): Promise<Started> {
    const now = this.#clock();
    const event = eventOf(way, now);
    const change = { revision: entry.revision, delivery: nextDelivery(entry.delivery, way, now), event };
    const amended: Amended = await this.#store.amend(keyOf(entry), change, way.charges(entry.id), now);
    switch (amended.outcome) {
      case "limited":
        return { ok: false, reason: "limited", refusal: amended.refusal };
      case "changed":
        // Another request of the same person was first: its message is on the way.
        return { ok: true, entry: amended.entry, fresh: false };
      case "amended":
        return this.#carry(amended.entry, way, event, { at: now, sent: entry.delivery.sent });
      default:
        return { ok: false, reason: amended.outcome };
    }
  }

  /** Count, compare, consume, in that order; what elevates comes after, and only after `ok`. */
  async check({ which, nonce, account, lock, typed, compare }: Answer): Promise<Checked> {
    const guess = { nonce, account, lock, typed };
    const counted = await this.#store.attempt(which, guess, this.#clock());
    if (counted.outcome === "locked") return { ok: false, reason: "locked", until: counted.until, reached: NONE };
    if (counted.outcome !== "counted") return { ok: false, reason: counted.outcome, reached: NONE };
    const { entry, attemptsLeft, lockedUntil, methods, reached } = counted;
    const wrong: Checked = { ok: false, reason: "wrong", entry, attemptsLeft, lockedUntil, reached };

    let match: Match | undefined;
    try {
      match = await compare(entry, methods);
    } catch (error) {
      await this.#store.forgive(keyOf(entry), { ...guess, methods }, this.#clock());
      throw error;
    }
    if (!match) return wrong;

    const proof = { nonce, account, methods, method: entry.delivery.method, ...match };
    const consumed = await this.#store.consume(keyOf(entry), proof, this.#clock());
    switch (consumed.outcome) {
      case "consumed":
        return { ok: true, entry, at: consumed.at };
      case "replayed":
        return wrong;
      case "locked":
        return { ok: false, reason: "locked", until: consumed.until, reached };
      default:
        return { ok: false, reason: consumed.outcome, reached };
    }
  }

  #carry(entry: Pending, way: Way, event: SendEvent | undefined, before: Before): Awaitable<Started> {
    if (!way.send || !event) return { ok: true, entry, fresh: true };
    if (way.withheld) return { ok: true, entry, fresh: true, withheld: way.withheld };
    return this.#deliver(entry, way, event, before, way.send(entry));
  }

  async #deliver(
    entry: Pending,
    way: Way,
    event: SendEvent,
    before: Before,
    sending: Promise<Delivered>,
  ): Promise<Started> {
    const delivered = await sending;
    const told = await (delivered.ok
      ? this.#noteSent(entry, event, delivered)
      : this.#noteFailed(entry, event, way, delivered.outcome, before));
    return { ok: true, entry: told, fresh: true, delivered };
  }

  async #noteSent(entry: Pending, event: SendEvent, delivered: Delivered & { ok: true }): Promise<Pending> {
    const { provider, reference, remote, code } = delivered;
    const known = { status: "sent" as const, provider, ...(reference === undefined ? {} : { reference }) };
    const now = this.#clock();
    if (!remote || reference === undefined) {
      await this.#store.note(keyOf(entry), { id: event.id, ...known }, now);
      return {
        ...entry,
        events: entry.events.map((each) => (each.id === event.id ? Object.assign({}, each, known) : each)),
      };
    }
    // Only the provider knows the code: without its reference no answer could ever be checked.
    const maker = code === undefined ? { provider, reference } : { provider, reference, code };
    const delivery: Delivery = { ...entry.delivery, remote: maker };
    const change = { revision: entry.revision, delivery, event: { ...event, ...known } };
    return amendedOr(entry, await this.#store.amend(keyOf(entry), change, [], now));
  }

  async #noteFailed(
    entry: Pending,
    event: SendEvent,
    way: Way,
    outcome: "failed" | "unknown",
    before: Before,
  ): Promise<Pending> {
    const { sent } = entry.delivery;
    // "Unknown" may still arrive, and then its code must be right; "failed" never will. Either may be tried again at once.
    const atOnce = sent.map((each) => (isSameWay(each, way) ? { ...each, resendAt: 0 } : each));
    const left = outcome === "failed" ? withoutLast(sent, before.sent, way) : atOnce;
    const delivery: Delivery = { ...entry.delivery, status: "failed", sent: left };
    const now = this.#clock();
    const change = { revision: entry.revision, delivery, event: { ...event, status: "failed" as const } };
    const [amended] = await Promise.all([
      this.#store.amend(keyOf(entry), change, [], now),
      this.#store.refund(refundable(way.charges(entry.id), outcome), before.at),
      way.failed ? this.#store.charge([way.failed()], now) : undefined,
    ]);
    return amendedOr(entry, amended);
  }
}

const NONE: readonly never[] = [];

/** How it stood before a message was tried. */
interface Before {
  /** When it was charged. */
  readonly at: number;
  readonly sent: readonly Sent[];
}

/** A message that may have left has been paid for. */
function refundable(charges: readonly Charge[], outcome: "failed" | "unknown"): readonly Charge[] {
  return outcome === "failed" ? charges : charges.filter(({ name }) => !isSpend(name));
}

function keyOf({ id, owner }: Pending): Which {
  return { id, owner };
}

function amendedOr(before: Pending, amended: Amended): Pending {
  return amended.outcome === "amended" ? amended.entry : before;
}
