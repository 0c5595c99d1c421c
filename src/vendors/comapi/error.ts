import { type BoundedAnswer, hintFor, refusal } from "../../providers/http.js";
import { DeliveryError, type DeliveryFacts } from "../../providers/provider.js";
import { readFailureCodes } from "./wire.js";

/** What Comapi answered instead of doing it. The message holds its codes and never its words, which may quote the request. */
export class ComapiError extends DeliveryError {
  override readonly name = "ComapiError";
  /** The vendor's first failure code, as in `"ToInvalid"`, or `"CodeNotSent"`; absent where it gave none. */
  readonly code: string | undefined;
  /** All of its failure codes. */
  readonly failures: readonly string[];
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  constructor(
    message: string,
    facts: DeliveryFacts & { readonly failures?: readonly string[]; readonly status?: number },
  ) {
    super(message, facts);
    this.failures = facts.failures ?? [];
    this.code = this.failures[0];
    this.status = facts.status;
  }
}

/** An answer outside of 2xx. */
export function vendorError(who: string, answer: BoundedAnswer): ComapiError {
  const { unsent, permanent, retryAfter } = refusal(who, answer);
  const failures = readFailureCodes(answer.text);
  const words = failures.length === 0 ? "" : ` (${failures.join(", ")})`;
  const facts = { unsent, permanent, retryAfter, failures, status: answer.status };
  return new ComapiError(`${who} answered with status ${answer.status}${words}${hintFor(answer.status)}.`, facts);
}

/** An answer that is none: the call may have been carried out all the same. */
export function unreadable(who: string, { status }: BoundedAnswer): ComapiError {
  return new ComapiError(`${who} answered with something that is not of its API (status ${status}).`, {
    unsent: false,
    status,
  });
}
