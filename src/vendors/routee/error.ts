import { defined } from "../../core/defined.js";
import { type BoundedAnswer, hintFor, refusal } from "../../providers/http.js";
import { DeliveryError, type DeliveryFacts } from "../../providers/provider.js";
import { documented, readErrorCode } from "./wire.js";

/** What Routee answered instead of doing it. The message quotes its manual and never its answer, which may echo the recipient. */
export class RouteeError extends DeliveryError {
  override readonly name = "RouteeError";
  /** The vendor's nine digits, as in `"400001009"`; absent where it gave none. */
  readonly code: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  constructor(
    message: string,
    facts: DeliveryFacts & { readonly code?: string; readonly status?: number },
    options?: ErrorOptions,
  ) {
    super(message, facts, options);
    this.code = facts.code;
    this.status = facts.status;
  }
}

/** An answer outside of 2xx. */
export function vendorError(who: string, answer: BoundedAnswer): RouteeError {
  const { unsent, permanent, retryAfter } = refusal(who, answer);
  const { status } = answer;
  const code = readErrorCode(answer.text);
  const words = code === undefined ? "" : ` (${[code, documented(code)].filter(Boolean).join(": ")})`;
  const facts = { unsent, permanent, retryAfter, status };
  return new RouteeError(
    `${who} answered with status ${status}${words}${hintFor(status)}.`,
    code === undefined ? facts : { ...facts, code },
  );
}

/** An answer that is none: the call may have been carried out all the same. */
export function unreadable(who: string, { status }: BoundedAnswer): RouteeError {
  return new RouteeError(`${who} answered with something that is not of its API (status ${status}).`, {
    unsent: false,
    status,
  });
}

/** A failure before the call itself was made: whatever became of that one, this one never left. */
export function neverCalled(error: unknown): unknown {
  if (!(error instanceof DeliveryError) || error.unsent) return error;
  const { message, permanent, retryAfter } = error;
  const facts = { unsent: true, permanent, retryAfter };
  if (!(error instanceof RouteeError)) return new DeliveryError(message, facts, { cause: error });
  const { code, status } = error;
  return new RouteeError(message, { ...facts, ...defined({ code, status }) }, { cause: error });
}
