import { complain, inOneLine } from "./complain.js";
import { misconfigured } from "./errors.js";
import { checkKeys, type Keys } from "./options.js";

/** Everything that happens, by name. No event carries a code, a secret or a full address. */
export interface TwoFactorEvents {
  "challenge.opened": ChallengeEvent;
  "challenge.sent": ChallengeEvent & { readonly to: string; readonly provider: string; readonly reference?: string };
  "challenge.verified": ChallengeEvent;
  "challenge.failed": ChallengeEvent & { readonly reason: string; readonly attemptsLeft: number };
  "challenge.canceled": ChallengeEvent;
  /** An answer that was not compared: to a challenge that is used, spent, over or not theirs, or while they are locked. */
  "challenge.refused": { readonly user: string; readonly reason: string };
  "verification.sent": VerificationEvent & {
    readonly to: string;
    readonly provider: string;
    readonly reference?: string;
  };
  "verification.verified": VerificationEvent;
  "verification.failed": VerificationEvent & { readonly reason: string; readonly attemptsLeft: number };
  "verification.canceled": VerificationEvent;
  /** A code was compared: the one place where a guess can be right. */
  "code.compared": { readonly challenge: string; readonly method: string };
  "account.locked": { readonly user: string; readonly until: number };
  /** The app opened it, with `tfa.unlock()`. */
  "account.unlocked": { readonly user: string };
  "limit.exceeded": { readonly user?: string; readonly limit: string; readonly retryAt: number };
  /**
   * A channel has sent as much as it may in this interval (milliseconds): somebody should look. Once in the interval and
   * process, while every message that is refused is a `limit.exceeded`.
   */
  "spend.cap": {
    readonly channel: string;
    readonly max: number;
    readonly interval: number;
    readonly retryAt: number;
  };
  /** A challenge that looks sent and was not: its number is in a country or a range that nothing is sent to. */
  "delivery.refused": ChallengeEvent & { readonly to: string; readonly reason: "country" | "range" };
  "delivery.failed": {
    readonly challenge: string;
    readonly provider: string;
    readonly outcome: "failed" | "unknown";
    readonly error: unknown;
  };
  /** A provider's webhook said what became of a message; told once for each webhook. */
  "delivery.receipt": {
    readonly challenge: string;
    readonly provider: string;
    readonly channel: string;
    readonly status: "sent" | "delivered" | "undelivered" | "failed";
    readonly errorCode?: string;
  };
  /** A webhook for receipts without a right signature: somebody is trying, or a secret is not the same on both sides. */
  "receipt.refused": { readonly provider: string };
  "factor.added": FactorEvent;
  "factor.removed": FactorEvent;
  "factor.renamed": FactorEvent;
  /**
   * As many wrong codes in a row by one method as there may ever be: nobody can use it until another method or the app
   * enables it again. Told once; somebody is trying for long, so look, and tell the person.
   */
  "factor.disabled": { readonly user: string; readonly method: string };
  /** A recovery code was good for a proof: so many are left. Tell the person, above all when there are few. */
  /** `low`: three or fewer are left, time to make new ones. */
  "recovery.used": { readonly user: string; readonly left: number; readonly low: boolean };
  "recovery.renewed": { readonly user: string };
  "device.trusted": DeviceEvent;
  "device.used": DeviceEvent;
  /** By the person or the app, or because a factor or the password changed. */
  "device.removed": DeviceEvent;
  /** A token that had been used came back: somebody has a copy. The device is trusted no more; tell the person. */
  "device.reused": DeviceEvent;
  /**
   * Somebody said that a challenge was none of theirs: whoever asked for it knows their password. `granted` where it had
   * been answered; what that had opened is shut again.
   */
  "challenge.reported": { readonly user: string; readonly challenge: string; readonly granted: boolean };
  "proof.granted": { readonly user: string; readonly methods: readonly string[]; readonly action?: string };
  "proof.revoked": { readonly user: string };
  /** A guard with `reportOnly` let something pass that it would have refused. */
  "guard.reported": {
    readonly user?: string;
    readonly method: string;
    readonly path: string;
    readonly code: string;
    readonly reason?: string;
  };
  "guard.refused": {
    readonly user?: string;
    readonly method: string;
    readonly path: string;
    readonly code: string;
    readonly reason?: string;
  };
  "store.unavailable": { readonly error: unknown };
  "store.recovered": { readonly down: number };
  /** The store came back without what it had kept; accounts are locked sooner for a day. */
  "store.emptied": { readonly store: string };
  /** A fault behind a generic answer; `error` says what really happened, and `answer` what was told of it. */
  fault: { readonly where: string; readonly error: unknown; readonly answer?: string };
}

interface DeviceEvent {
  readonly user: string;
  readonly device: string;
}

interface FactorEvent {
  readonly user: string;
  readonly method: string;
  readonly factor: string;
}

interface ChallengeEvent {
  readonly challenge: string;
  readonly user: string;
  readonly method: string;
  readonly action?: string;
}

/** One of `tfa.verifications`, which need no user. */
interface VerificationEvent {
  readonly verification: string;
  readonly channel: string;
  readonly account?: string;
  readonly service?: string;
  readonly user?: string;
}

export type EventName = keyof TwoFactorEvents;
export type EventListener<N extends EventName> = (event: TwoFactorEvents[N]) => void;
export type EventListeners = { readonly [N in EventName]?: EventListener<N> };

const EVENT_NAMES: Keys<TwoFactorEvents> = {
  "challenge.opened": true,
  "challenge.sent": true,
  "challenge.verified": true,
  "challenge.failed": true,
  "challenge.canceled": true,
  "challenge.refused": true,
  "verification.sent": true,
  "verification.verified": true,
  "verification.failed": true,
  "verification.canceled": true,
  "code.compared": true,
  "account.locked": true,
  "account.unlocked": true,
  "limit.exceeded": true,
  "spend.cap": true,
  "delivery.refused": true,
  "delivery.failed": true,
  "delivery.receipt": true,
  "receipt.refused": true,
  "factor.added": true,
  "factor.removed": true,
  "factor.renamed": true,
  "factor.disabled": true,
  "recovery.used": true,
  "recovery.renewed": true,
  "device.trusted": true,
  "device.used": true,
  "device.removed": true,
  "device.reused": true,
  "challenge.reported": true,
  "proof.granted": true,
  "proof.revoked": true,
  "guard.reported": true,
  "guard.refused": true,
  "store.unavailable": true,
  "store.recovered": true,
  "store.emptied": true,
  fault: true,
};

/** What must not happen in silence, in one line: it is said on the console as long as nobody listens for it. */
const LOUD: { readonly [N in EventName]?: (event: TwoFactorEvents[N]) => string } = {
  fault: ({ where, answer = "", error }) => `fault in ${where}: ${answer && `${answer} `}${inOneLine(error)}`,
  "delivery.failed": ({ provider, outcome, error }) =>
    `delivery.failed at ${provider} (${outcome}): ${inOneLine(error)}`,
  "store.unavailable": ({ error }) => `store.unavailable: ${inOneLine(error)}`,
};

/**
 * Typed events. A listener that throws is its own problem: it never changes an answer. `fault`, `delivery.failed` and
 * `store.unavailable` go to `console.error` where the app has no listener for them.
 */
export class Events {
  /** Each list is replaced and never changed: whoever is being told is told to the end. */
  readonly #listeners = new Map<EventName, readonly Listener[]>();

  /** @throws TwoFactorError `misconfigured` for a name that no event has, with the nearest one, or for no function. */
  constructor(listeners: EventListeners = {}) {
    checkKeys(listeners, EVENT_NAMES, "twoFactor({ events })");
    for (const [name, listener] of Object.entries(listeners)) {
      if (typeof listener !== "function")
        throw misconfigured(`twoFactor({ events: { "${name}" } }) must be a function.`);
      this.#add(name as EventName, listener);
    }
  }

  on<N extends EventName>(name: N, listener: EventListener<N>): this {
    this.#add(name, listener);
    return this;
  }

  off<N extends EventName>(name: N, listener: EventListener<N>): this {
    const known = this.#of(name);
    const last = known.lastIndexOf(listener);
    if (last >= 0) this.#listeners.set(name, known.toSpliced(last, 1));
    return this;
  }

  emit<N extends EventName>(name: N, event: TwoFactorEvents[N]): void {
    const listeners = this.#of(name);
    if (listeners.length === 0) return this.#say(name, event);
    for (const listener of listeners) {
      try {
        void Promise.resolve(listener(event as never)).catch(ignore);
      } catch {
        // see above: the person at the door must not suffer for a broken log line
      }
    }
  }

  #say<N extends EventName>(name: N, event: TwoFactorEvents[N]): void {
    try {
      const line = LOUD[name]?.(event);
      if (line !== undefined) complain(line);
    } catch {
      // a console that throws changes no answer either
    }
  }

  #add(name: EventName, listener: Listener): void {
    this.#listeners.set(name, [...this.#of(name), listener]);
  }

  #of(name: EventName): readonly Listener[] {
    return this.#listeners.get(name) ?? NONE;
  }
}

type Listener = (event: never) => unknown;

const NONE: readonly never[] = [];

function ignore(): void {}
