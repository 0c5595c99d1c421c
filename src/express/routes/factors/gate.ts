import type { Request } from "express";
import { ask } from "../../../step-up/ask.js";
import { type ParsedPolicy, parsePolicy } from "../../../step-up/policy.js";
import { refused } from "../../../verification/outcome.js";
import { RequestTwoFactor } from "../../context.js";
import { decide } from "../../decide.js";
import { refuse } from "../../refuse.js";
import type { Call } from "../reply.js";
import { enrolledOf } from "./call.js";

/** What a change of factors asks for: any proof of the last five minutes. */
const RECENT = parsePolicy<Request>({ maxAge: "5m" });
/** Somebody who can prove nothing yet may begin. */
const OR_FIRST = parsePolicy<Request>({ maxAge: "5m", onNotEnrolled: "allow" });
/** What was begun with a proof lives for ten minutes at most, and is to be finished without another. */
const BEGUN = parsePolicy<Request>({ maxAge: "15m", onNotEnrolled: "allow" });

function passes({ kit, req, res, who }: Call, policy: ParsedPolicy<Request>): Promise<boolean> {
  return decide(kit, policy, req, res, Promise.resolve(who));
}

export function withProof(call: Call): Promise<boolean> {
  return passes(call, RECENT);
}

/** With a proof, or for the first factor of all: then by a login that is fresh enough for the app. */
export async function toEnroll(call: Call): Promise<boolean> {
  if (!(await passes(call, OR_FIRST))) return false;
  const { fresh } = enrolledOf(call);
  if (isProved(call) || !fresh) return true;
  const { kit, req, res } = call;
  if ((await ask("The fresh callback", () => fresh(req))) === true) return true;
  await refuse(kit, req, res, refused("first_factor_required", { detail: "Log in again to set this up." }));
  return false;
}

/** What was no first factor any more when it was confirmed needs a proof after all. */
export function toConfirm(call: Call): Promise<boolean> {
  return passes(call, BEGUN);
}

/** Whether a proof opened this route, rather than that there was nothing to prove. */
export function isProved({ req }: Call): boolean {
  return RequestTwoFactor.passedOf(req.twoFactor) !== undefined;
}
