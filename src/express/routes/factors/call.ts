import { ERRORS, misconfigured } from "../../../core/errors.js";
import { METHOD_NAMES, type MethodName } from "../../../methods/method.js";
import { type Fields, word } from "../../body.js";
import { RequestTwoFactor } from "../../context.js";
import type { Kit } from "../../kit.js";
import type { PageFactors, PageProblem } from "../../page/view.js";
import { setHeaders } from "../../problem.js";
import { FACTORS_PAGE } from "../../set-up.js";
import { showPage } from "../../show.js";
import type { Refused } from "../../../verification/outcome.js";
import type { Call } from "../reply.js";

export function enrolledOf({ kit }: Pick<Call, "kit">): NonNullable<Kit["enrolled"]> {
  // Without it these routes are not there.
  if (kit.enrolled) return kit.enrolled;
  throw misconfigured("twoFactor({ factors }) is off.");
}

/** `undefined` for what is no name of a method. */
export function methodIn(fields: Fields): MethodName | undefined {
  const name = word(fields, "method");
  return METHOD_NAMES.find((known) => known === name);
}

export function show({ kit, req, res }: Call, status: number, factors: PageFactors, back?: string): Promise<void> {
  return showPage(kit, req, res, status, { state: "factors", factors, back });
}

/** The page once more, with what went wrong. */
export async function showAgain(
  { kit, req, res }: Call,
  { reason, details }: Refused,
  factors: PageFactors,
  method?: MethodName,
): Promise<void> {
  const { attemptsLeft, retryAfter } = details;
  const error: PageProblem = {
    code: reason,
    ...(method === undefined ? {} : { method }),
    ...(attemptsLeft === undefined ? {} : { attemptsLeft }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  setHeaders(req, res, reason, details);
  await showPage(kit, req, res, ERRORS[reason].status, { state: "factors", factors, error });
}

/** Back to the list by a redirect, so that a refresh changes nothing. */
export function toTheList({ req, res }: Call, done: "added" | "removed" | "renamed"): void {
  res.redirect(303, `${RequestTwoFactor.pathOf(req.twoFactor)}${FACTORS_PAGE}?done=${done}`);
}
