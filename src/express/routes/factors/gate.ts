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

/** For what takes a way into the account, or makes one. */
export async function toChange(call: Call): Promise<boolean> {
  return passes(call, await asStrong(call, RECENT));
}

/**
 * Whoever has a passkey changes their factors by passkey, or by a recovery code (NIST SP 800-63B-4 section 4.1.2.1). By
 * anything less, somebody who got a code out of them could make a passkey of their own, and pass where only one will do.
 */
async function asStrong(call: Call, policy: ParsedPolicy<Request>): Promise<ParsedPolicy<Request>> {
  const { kit, who } = call;
  // What this login began with proves nothing more.
  const resistant = kit.resistant.filter((name) => !who.barred?.includes(name));
  const factors = resistant.length > 0 ? await enrolledOf(call).factors.list(who.user) : [];
  if (!factors.some(({ method }) => resistant.includes(method))) return policy;
  // Removed in this moment it is no reason to let anybody pass.
  return { ...policy, onNotEnrolled: "deny", methods: { kind: "anyOf", names: [...resistant, "recovery-code"] } };
}

/** With a proof, or for the first factor of all: then by a login that is fresh enough for the app. */
export async function toEnroll(call: Call): Promise<boolean> {
  if (!(await passes(call, await asStrong(call, OR_FIRST)))) return false;
  const { fresh } = enrolledOf(call);
  if (isProved(call) || !fresh) return true;
  const { kit, req, res } = call;
  if ((await ask("The fresh callback", () => fresh(req))) === true) return true;
  await refuse(kit, req, res, refused("first_factor_required", { detail: "Log in again to set this up." }));
  return false;
}

/** What was no first factor any more when it was confirmed needs a proof after all. */
export async function toConfirm(call: Call): Promise<boolean> {
  return passes(call, await asStrong(call, BEGUN));
}

/** Whether a proof opened this route, rather than that there was nothing to prove. */
export function isProved({ req }: Call): boolean {
  return RequestTwoFactor.passedOf(req.twoFactor) !== undefined;
}
