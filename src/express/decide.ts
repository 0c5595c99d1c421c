import type { Request, Response } from "express";
import { randomId } from "../core/crypto.js";
import { isTwoFactorError } from "../core/errors.js";
import { judge, type Verdict } from "../step-up/judge.js";
import type { Mark } from "../step-up/mark.js";
import { refused } from "../verification/outcome.js";
import { ask } from "../step-up/ask.js";
import { LONGEST_PROOF, type ParsedPolicy } from "../step-up/policy.js";
import { type Bound, bindTransaction, unreadable } from "../step-up/transaction.js";
import { isFirst } from "../stores/first.js";
import { type Case, spend } from "./case.js";
import { questionOf, RequestTwoFactor } from "./context.js";
import { demand } from "./demand.js";
import { type Identified, identify } from "./identity.js";
import type { Kit } from "./kit.js";
import { refuse } from "./refuse.js";
import { standsIn } from "./trusted-device.js";

/** True when the handler may run; otherwise the request has been answered. */
export async function decide(
  kit: Kit,
  policy: ParsedPolicy<Request>,
  req: Request,
  res: Response,
  known?: Promise<Identified>,
): Promise<boolean> {
  await kit.store.catchUp?.();
  const who = known ? await known : (await isDue(policy, req)) ? await identify(kit, req) : undefined;
  if (!who) return true;
  if (!who.ok) {
    if (who.reason === "machine" && policy.machine === "allow") return true;
    const refusal = who.reason === "machine" ? NO_PERSON : who;
    kit.events.emit("guard.refused", { method: req.method, path: req.baseUrl + req.path, code: refusal.reason });
    await refuse(kit, req, res, refusal);
    return false;
  }
  const about: Case = {
    kit,
    policy,
    req,
    res,
    who,
    action: actionOf(policy, req),
    bound: await readTransaction(policy, req),
  };
  const verdict = judge(policy, who.login.marks, questionOf(kit, who, about.action, about.bound?.digest));
  if (!verdict.ok) {
    if (await trusted(about)) return true;
    return demand(about, (await strayed(kit, verdict)) ? { ...verdict, reason: "mismatch" } : verdict);
  }
  if (!(await stillInUse(about, verdict.marks)))
    return (
      (await trusted(about)) ||
      demand(about, { ...verdict, ok: false, reason: "expired", strayed: [], missing: undefined })
    );
  if (policy.oneShot && !(await spend(about, verdict.marks))) {
    return demand(about, { ok: false, reason: "consumed", strayed: [], missing: undefined });
  }
  RequestTwoFactor.pass(req.twoFactor, verdict.marks, policy.maxAge);
  return true;
}

async function trusted(about: Case): Promise<boolean> {
  if (!about.policy.trustedDevice || !(await standsIn(about))) return false;
  RequestTwoFactor.trust(about.req.twoFactor);
  return true;
}

const NO_PERSON = refused("first_factor_required", { detail: "This token speaks for no person." });

/** Only a clear "no" waives the second factor. */
export async function isDue({ when }: ParsedPolicy<Request>, req: Request): Promise<boolean> {
  return when === undefined || (await ask("The when callback", () => when(req))) !== false;
}

/**
 * What the proof must have been given for. A proof for a single request that names no action is for that request:
 * this method on this path.
 */
export function actionOf({ action, oneShot }: ParsedPolicy<Request>, req: Request): string | undefined {
  return action ?? (oneShot ? `${req.method} ${req.baseUrl}${req.path}` : undefined);
}

export async function readTransaction({ bind }: ParsedPolicy<Request>, req: Request): Promise<Bound | undefined> {
  if (!bind) return undefined;
  try {
    return bindTransaction(await ask("The bind callback", () => bind(req)));
  } catch (error) {
    throw isTwoFactorError(error) && error.code === "invalid_request" ? error : unreadable(error);
  }
}

/** Whether every mark was used lately enough; with `peek` nothing is marked as used. */
export async function stillInUse(
  { kit, policy }: Pick<Case, "kit" | "policy">,
  marks: readonly Mark[],
  peek = false,
): Promise<boolean> {
  const { idle } = policy;
  if (idle === undefined) return true;
  for (const { id, at } of marks) {
    if (!(await kit.store.touch({ key: `idle:${id}`, since: at, idle, peek }, kit.clock()))) return false;
  }
  return true;
}

/** A proof for another transaction is void once this one was tried with it (OWASP TX cheat sheet 2.6). */
async function strayed(kit: Kit, verdict: Verdict & { ok: false }): Promise<boolean> {
  let unused = false;
  for (const mark of verdict.strayed) {
    unused = (await isFirst(kit.store, `spent:${mark.id}`, randomId(), LONGEST_PROOF, kit.clock())) || unused;
  }
  return unused;
}
