import { AssertionError } from "node:assert";
import { checkKeys } from "../core/options.js";
import type { ProblemDocument, PublicChallenge } from "../express/wire.js";
import type { MethodName } from "../methods/method.js";
import type { Reason } from "../step-up/judge.js";
import type { TestAnswer } from "./agent.js";

export interface ExpectedChallenge {
  /** How the person is asked first. */
  method?: MethodName;
  /** Why the proof does not count, as in `"missing"` or `"expired"`. */
  reason?: Exclude<Reason, "not_enrolled">;
}

/** What a guard answered with, the challenge in it. */
export interface Challenged extends ProblemDocument {
  readonly challenge: PublicChallenge;
}

/**
 * That a guard has asked for a second factor, for tests of guarded routes.
 *
 * @throws AssertionError with what was answered instead, and where to look.
 */
export function expectChallenge(answer: TestAnswer, expected: ExpectedChallenge = {}): Challenged {
  checkKeys(expected, { method: true, reason: true }, "expectChallenge()");
  const problem = problemIn(answer);
  if (problem?.code !== "second_factor_required") throw failed(lessonOf(answer, problem), codeOf(answer, problem));
  const { challenge } = problem;
  if (!challenge) {
    throw failed("The guard refused without a challenge: HEAD, and requests of other sites, get none.", "no challenge");
  }
  for (const [what, wanted, found] of [
    ["method", expected.method, challenge.method],
    ["reason", expected.reason, problem.reason],
  ] as const) {
    if (wanted !== undefined && wanted !== found) {
      throw failed(`The guard asked, but its ${what} is "${found}", not "${wanted}".`, found, wanted);
    }
  }
  return { ...problem, challenge };
}

export function problemIn({ headers, body }: TestAnswer): ProblemDocument | undefined {
  const isProblem = String(headers["content-type"]).startsWith("application/problem+json");
  return isProblem && typeof body === "object" && body !== null ? (body as ProblemDocument) : undefined;
}

function codeOf({ status }: TestAnswer, problem: ProblemDocument | undefined): string {
  return problem?.code ?? `status ${status}`;
}

/** What probably went wrong, in one sentence. */
export function lessonOf({ status, headers }: TestAnswer, problem: ProblemDocument | undefined): string {
  if (problem) {
    const hint = HINTS[problem.code];
    return [`require2fa answered ${status} ${problem.code}: ${problem.detail ?? problem.title}.`, hint]
      .join(" ")
      .trim();
  }
  if (status === 303) {
    return `A redirect to ${String(headers["location"])}: the request looks like a navigation. Leave out "Accept: text/html" to get a problem document.`;
  }
  if (status < 400) {
    return `The route answered ${status} and asked for nothing. Is require2fa() before its handler, and had this agent verified before?`;
  }
  if (status === 404) return "404, and not by require2fa: is the path right, and twoFactor() mounted before the route?";
  return `${status}, and not by require2fa: something before the guard has answered.`;
}

const HINTS: Readonly<Partial<Record<ProblemDocument["code"], string>>> = {
  first_factor_required: "Log the agent in first; twoFactor({ user }) found nobody.",
  not_enrolled: "twoFactor({ contact }) has nothing for this user that the route accepts.",
  limit_exceeded: "Messages of tests count as well: move the clock on, take another user, or raise limits.sends.",
  account_locked:
    "Too many wrong codes: move the clock on, take another user or, as all tests come from one address, set limits.failures.perNetwork.",
  wrong_code: "Is there another instance with the same outbox, or was the code answered before?",
};

export function failed(
  message: string,
  actual?: unknown,
  expected: unknown = "second_factor_required",
): AssertionError {
  return new AssertionError({ message, actual, expected, operator: "expectChallenge", stackStartFn: expectChallenge });
}
