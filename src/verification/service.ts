import type { Clock } from "../core/clock.js";
import { randomId } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";
import type {
  Amended,
  Charge,
  Delivery,
  Detail,
  Ended,
  LockRule,
  Opened,
  Pending,
  Refusal,
  Store,
  Which,
} from "../stores/store.js";
import type { Delivered } from "./delivery.js";

/** A verification about to be opened. */
export interface Opening {
  readonly owner: string;
  /** Whose failures count against it. */
  readonly account: string;
  readonly purpose: string;
  readonly keyId: string;
  readonly ttl: number;
  readonly maxAttempts: number;
  readonly detail: Detail;
  readonly way: Way;
}

/** How a verification reaches the person this time. Without `send` there is nothing to carry. */
export interface Way {
  readonly method: string;
  readonly to?: string | undefined;
  readonly resendIn?: number | undefined;
  /** What a message for this verification is charged to. */
  readonly charges: (id: string) => readonly Charge[];
  /** What a failed send is charged to. */
  readonly failed?: Charge | undefined;
  readonly send?: ((entry: Pending) => Promise<Delivered>) | undefined;
}

export type Started =
  | { readonly ok: true; readonly entry: Pending; readonly fresh: boolean; readonly delivered?: Delivered }
  | { readonly ok: false; readonly reason: "limited"; readonly refusal: Refusal }
  | { readonly ok: false; readonly reason: "full"; readonly retryAt: number }
  | { readonly ok: false; readonly reason: "locked"; readonly until: number }
  | { readonly ok: false; readonly reason: Ended };

/** A right answer, with the counter that must grow by it where there is one. */
export interface Match {
  readonly step?: { readonly key: string; readonly value: number };
}

export interface Answer {
  readonly which: Which;
  /** Names this request; made by us for each one, never by a client. */
  readonly nonce: string;
  readonly account: string;
  readonly lock: LockRule;
  /** Whether the answer is right. Runs only after the attempt was counted. */
  readonly compare: (entry: Pending) => Awaitable<Match | undefined>;
}

export type Checked =
  | { readonly ok: true; readonly entry: Pending; readonly at: number }
  | { readonly ok: false; readonly reason: "wrong"; readonly entry: Pending; readonly attemptsLeft: number; readonly lockedUntil: number }
  | { readonly ok: false; readonly reason: "locked"; readonly until: number }
  | { readonly ok: false; readonly reason: Ended };

/** The life of a verification: opened once, sent again, answered, used up. Knows neither users nor Express. */
export class VerificationService {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Opens one, or finds the one that is open for this owner and purpose; sends only what it opened. */
  async open({ way, account, ...opening }: Opening): Promise<Started> {
    const now = this.#clock();
    const entry = { ...opening, id: randomId(), delivery: firstDelivery(way, now) };
    const opened: Opened = await this.#store.open(entry, account, way.charges(entry.id), now);
    switch (opened.outcome) {
      case "limited":
        return { ok: false, reason: "limited", refusal: opened.refusal };
      case "full":
        return { ok: false, reason: "full", retryAt: opened.retryAt };
      case "locked":
        return { ok: false, reason: "locked", until: opened.until };
      case "exists":
        return { ok: true, entry: opened.entry, fresh: false };
      case "opened":
        return this.#carry(opened.entry, way, opened.entry.createdAt);
    }
  }

  /** The same code again, or by another way; the attempts that are left stay what they are. */
  async send(entry: Pending, way: Way): Promise<Started> {
    const now = this.#clock();
    const delivery = nextDelivery(entry.delivery, way, now);
    const change = { revision: entry.revision, delivery };
    const which = { id: entry.id, owner: entry.owner };
    const amended: Amended = await this.#store.amend(which, change, way.charges(entry.id), now);
    switch (amended.outcome) {
      case "limited":
        return { ok: false, reason: "limited", refusal: amended.refusal };
      case "changed":
        // Another request of the same person was first: its message is on the way.
        return { ok: true, entry: amended.entry, fresh: false };
      case "amended":
        return this.#carry(amended.entry, way, now);
      default:
        return { ok: false, reason: amended.outcome };
    }
  }

  /** Count, compare, consume, in that order; what elevates comes after, and only after `ok`. */
  async check({ which, nonce, account, lock, compare }: Answer): Promise<Checked> {
    const counted = await this.#store.attempt(which, { nonce, account, lock }, this.#clock());
    if (counted.outcome === "locked") return { ok: false, reason: "locked", until: counted.until };
    if (counted.outcome !== "counted") return { ok: false, reason: counted.outcome };
    const { entry, attemptsLeft, lockedUntil } = counted;
    const wrong: Checked = { ok: false, reason: "wrong", entry, attemptsLeft, lockedUntil };

    const match = await compare(entry);
    if (!match) return wrong;

    const consumed = await this.#store.consume(
      { id: entry.id, owner: entry.owner },
      { nonce, account, ...match },
      this.#clock(),
    );
    switch (consumed.outcome) {
      case "consumed":
        return { ok: true, entry, at: consumed.at };
      case "replayed":
        return wrong;
      case "locked":
        return { ok: false, reason: "locked", until: consumed.until };
      default:
        return { ok: false, reason: consumed.outcome };
    }
  }

  async #carry(entry: Pending, way: Way, chargedAt: number): Promise<Started> {
    if (!way.send) return { ok: true, entry, fresh: true };
    const delivered = await way.send(entry);
    if (delivered.ok) return { ok: true, entry, fresh: true, delivered };
    // "Unknown" may still arrive, and then its code must be right; "failed" never will.
    const sent = delivered.outcome === "failed" ? without(entry.delivery.sent, way.method) : entry.delivery.sent;
    const { resendAt: _atOnce, ...rest } = entry.delivery;
    const failed: Delivery = { ...rest, status: "failed", sent };
    const [amended] = await Promise.all([
      this.#store.amend({ id: entry.id, owner: entry.owner }, { revision: entry.revision, delivery: failed }, [], this.#clock()),
      this.#store.refund(way.charges(entry.id), chargedAt),
      way.failed ? this.#store.charge([way.failed], this.#clock()) : undefined,
    ]);
    return { ok: true, entry: amended.outcome === "amended" ? amended.entry : entry, fresh: true, delivered };
  }
}

function firstDelivery(way: Way, now: number): Delivery {
  return {
    method: way.method,
    ...(way.to === undefined ? {} : { to: way.to }),
    status: way.send ? "sent" : "none",
    sends: way.send ? 1 : 0,
    sent: way.send ? [way.method] : [],
    ...(way.resendIn === undefined ? {} : { resendAt: now + way.resendIn }),
  };
}

function nextDelivery(before: Delivery, way: Way, now: number): Delivery {
  const first = firstDelivery(way, now);
  const again = before.method === way.method && before.to === way.to;
  const alreadyThere = !way.send && before.sent.includes(way.method);
  return {
    ...first,
    ...(alreadyThere ? { status: "sent" as const, sends: 1 } : {}),
    ...(again && way.send ? { sends: before.sends + 1 } : {}),
    sent: [...without(before.sent, way.method), ...(alreadyThere ? [way.method] : first.sent)],
  };
}

function without(list: readonly string[], name: string): string[] {
  return list.filter((each) => each !== name);
}
