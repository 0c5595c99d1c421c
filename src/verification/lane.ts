import { randomInt } from "node:crypto";
import type { CircuitBreakerPolicy } from "cockatiel";
import { checkCalled } from "../core/called.js";
import { isPromise } from "../core/deadline.js";
import { misconfigured } from "../core/errors.js";
import {
  type Channel,
  DeliveryError,
  type Message,
  type Provider,
  type Receipt,
  type ReceiptReader,
  type RemoteStart,
  type SendContext,
  type SendFunction,
  type VerificationProvider,
} from "../providers/provider.js";
import { factsOf } from "./delivery-fault.js";

/** What a provider's way may cost; all in milliseconds. */
export interface LaneRules {
  /** The first pause before another try; each further one is twice as long, all of them jittered. */
  readonly backoff: number;
  /** How long a provider that keeps failing is left alone before one message may try it again. */
  readonly rest: number;
}

export type Carried =
  | { readonly ok: true; readonly reference?: string; readonly remote?: true; readonly code?: string }
  | { readonly ok: false; readonly outcome: "failed" | "unknown"; readonly error: unknown };

type Cockatiel = typeof import("cockatiel");

let cockatiel: Promise<Cockatiel> | undefined;

/** Loaded with the first message: an app may start without ever sending one. */
export function loadBreakers(): Promise<Cockatiel> {
  return (cockatiel ??= import("cockatiel"));
}

const MAX_RETRIES = 2;
const MAX_FAILURES = 5;

/** One provider, with everything that is remembered about it between messages. */
export class Lane {
  readonly name: string;
  readonly #idempotent: boolean;
  readonly #provider: Named;
  readonly #rules: LaneRules;
  #breaker: CircuitBreakerPolicy | undefined;
  #pausedUntil = 0;

  constructor(provider: Provider, rules: LaneRules) {
    checkCalled(provider, "A method that sends");
    this.#provider = typeof provider === "function" ? wrapped(provider) : checked(provider);
    this.name = this.#provider.name;
    this.#idempotent = "idempotent" in this.#provider && this.#provider.idempotent === true;
    this.#rules = rules;
  }

  /** The provider, if it is the one that makes codes. */
  get remote(): VerificationProvider | undefined {
    return isRemote(this.#provider) ? this.#provider : undefined;
  }

  get receipts(): ReceiptReader | undefined {
    return this.#provider.receipts;
  }

  carries(channel: Channel): boolean {
    const { channels } = this.#provider;
    return channels === undefined || channels.includes(channel);
  }

  /** Asks the provider something beside sending, for at most `ms` milliseconds. Rejects when it does not answer. */
  ask<T>(ms: number, call: (context: SendContext) => T | Promise<T>): Promise<T> {
    return beforeLate(this.name, ms, call);
  }

  /** Tries for at most `share` milliseconds. Never throws. */
  async carry(message: Message, share: number): Promise<Carried> {
    const library = await loadBreakers();
    const until = performance.now() + share;
    let maybeSent = false;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#try(library, message, this.#slice(attempt, until));
      } catch (error) {
        const { unsent, permanent, retryAfter } = factsOf(error);
        maybeSent ||= !unsent;
        if (retryAfter !== undefined) this.#pausedUntil = performance.now() + retryAfter;
        const safe = !permanent && (unsent || this.#idempotent) && this.#isHealthy(library);
        const pause = this.#rules.backoff * 2 ** attempt * (randomInt(500, 1_001) / 1_000);
        if (!safe || attempt >= MAX_RETRIES || performance.now() + pause >= until) {
          return { ok: false, outcome: maybeSent ? "unknown" : "failed", error };
        }
        await sleep(pause);
      }
    }
  }

  /** Where a repeat is safe no single try may eat up all the time: what hangs once often answers the second time. */
  #slice(attempt: number, until: number): number {
    const left = until - performance.now();
    return this.#idempotent && attempt < MAX_RETRIES ? left / 2 : left;
  }

  async #try(library: Cockatiel, message: Message, ms: number): Promise<Carried> {
    this.#breaker ??= newBreaker(library, this.#rules.rest);
    // cockatiel lets everybody wait for the outcome of the probe; a person at the door should not
    const isProbed = this.#breaker.state === library.CircuitState.HalfOpen;
    if (isProbed || performance.now() < this.#pausedUntil) throw this.#resting();
    try {
      return await this.#breaker.execute(() => this.#once(message, ms));
    } catch (error) {
      throw library.isBrokenCircuitError(error) ? this.#resting() : error;
    }
  }

  #isHealthy({ CircuitState }: Cockatiel): boolean {
    return this.#breaker?.state === CircuitState.Closed && performance.now() >= this.#pausedUntil;
  }

  #resting(): DeliveryError {
    return new DeliveryError(`${this.name} is left alone for a while: it kept failing, or asked for a pause.`, {
      unsent: true,
      permanent: true,
    });
  }

  async #once(message: Message, ms: number): Promise<Carried> {
    const provider = this.#provider;
    if (!isRemote(provider))
      return accepted(await beforeLate(this.name, ms, (context) => provider.send(message, context)));
    const { text: _text, html: _html, ...rest } = message;
    return started(this.name, await beforeLate(this.name, ms, (context) => provider.start(rest, context)));
  }
}

/** Calls a provider with a deadline: aborts it when that has passed, and waits one turn for what it knows. */
async function beforeLate<T>(name: string, ms: number, call: (context: SendContext) => T | Promise<T>): Promise<T> {
  const deadline = new AbortController();
  // A signal costs as much as a hash: made for a provider that looks at it.
  const context: SendContext = {
    get signal() {
      return deadline.signal;
    },
  };
  const begin = performance.now();
  const answer = call(context);
  if (!isPromise(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new DeliveryError(`${name} did not answer in time.`, { unsent: false }));
    timer = setTimeout(
      () => {
        deadline.abort();
        // one turn of the loop for a provider that knows whether the message had left
        setImmediate(giveUp);
        // what the call took before it gave way is a part of its time
      },
      ms - (performance.now() - begin),
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Refusals of one message and requests for a pause say nothing about the provider's health. */
function newBreaker({ circuitBreaker, ConsecutiveBreaker, handleWhen }: Cockatiel, rest: number): CircuitBreakerPolicy {
  const isOutage = (error: unknown): boolean => {
    const { permanent, retryAfter } = factsOf(error);
    return !permanent && retryAfter === undefined;
  };
  return circuitBreaker(handleWhen(isOutage), { halfOpenAfter: rest, breaker: new ConsecutiveBreaker(MAX_FAILURES) });
}

type Named = Exclude<Provider, SendFunction>;

function wrapped(send: SendFunction): Named {
  return { name: send.name === "" ? "custom" : send.name, send };
}

function isRemote(provider: Named): provider is VerificationProvider {
  return "kind" in provider;
}

function checked(provider: Named): Named {
  const named = typeof provider?.name === "string" && provider.name !== "";
  const able = named && (isRemote(provider) ? typeof provider.check : typeof provider.send) === "function";
  if (able) return provider;
  throw misconfigured(
    "A provider is a function (message) => ..., or an object with a name and a send(message, { signal }) method.",
  );
}

function accepted(receipt: Receipt | void): Carried {
  const reference = nameIn(receipt?.reference);
  return reference === undefined ? { ok: true } : { ok: true, reference };
}

/** A vendor's code can be checked only under the vendor's name for it. */
function started(name: string, start: RemoteStart): Carried {
  const reference = nameIn(start?.reference);
  if (reference === undefined) throw new DeliveryError(`${name} gave its verification no name.`, { unsent: false });
  return { ok: true, reference, remote: true, ...(typeof start.code === "string" ? { code: start.code } : {}) };
}

function nameIn(reference: unknown): string | undefined {
  return typeof reference === "string" && reference !== "" && reference.length <= 256 ? reference : undefined;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
