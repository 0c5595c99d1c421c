import type { Clock } from "../../core/clock.js";
import { callBounded } from "../../providers/http.js";
import { neverCalled, RouteeError, unreadable, vendorError } from "./error.js";
import { readToken, TOKEN_REQUEST } from "./wire.js";

export interface TokenRules {
  readonly who: string;
  readonly url: string;
  readonly applicationId: string;
  readonly applicationSecret: string;
  readonly clock: Clock;
}

/** A token is given up this long before it expires, in milliseconds, so that none dies on its way. */
const MARGIN = 30_000;
/** For the token alone, which several calls may wait for: each of them has a deadline of its own as well. */
const DEADLINE = 5_000;

/** One token for all calls. Whoever needs one while it is asked for waits for the same answer. */
export class TokenSource {
  readonly #rules: TokenRules;
  #live: { readonly token: string; readonly until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(rules: TokenRules) {
    this.#rules = rules;
  }

  /** @throws RouteeError or DeliveryError, with `unsent: true`: the call that it is for was never made. */
  async token(signal: AbortSignal): Promise<string> {
    if (this.#live && this.#rules.clock() < this.#live.until) return this.#live.token;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    try {
      return await untilAborted(this.#asking, signal, this.#rules.who);
    } catch (error) {
      throw neverCalled(error);
    }
  }

  /** Forgets a token that was refused, unless somebody already got another. */
  discard(token: string): void {
    if (this.#live?.token === token) this.#live = undefined;
  }

  async #ask(): Promise<string> {
    const { who, url, applicationId, applicationSecret, clock } = this.#rules;
    const basic = Buffer.from(`${applicationId}:${applicationSecret}`).toString("base64");
    const answer = await callBounded("POST", {
      who,
      url,
      body: TOKEN_REQUEST,
      headers: {
        authorization: `Basic ${basic}`,
        "content-type": "application/x-www-form-urlencoded",
        accept: "application/json",
      },
      signal: AbortSignal.timeout(DEADLINE),
    });
    if (answer.status < 200 || answer.status > 299) throw vendorError(who, answer);
    const given = readToken(answer.text);
    if (!given) throw unreadable(who, answer);
    const life = given.expiresIn * 1_000;
    this.#live = { token: given.token, until: clock() + life - Math.min(MARGIN, life / 2) };
    return given.token;
  }
}

async function untilAborted<T>(value: Promise<T>, signal: AbortSignal, who: string): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new RouteeError(`${who} gave no token in time.`, { unsent: true }));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
