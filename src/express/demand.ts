import type { Request } from "express";
import type { MethodName } from "../methods/method.js";
import type { Mark } from "../step-up/mark.js";
import { judge, type Reason, type Verdict } from "../step-up/judge.js";
import { refused, type Refused } from "../verification/outcome.js";
import type { ParsedPolicy } from "../step-up/policy.js";
import { readDetail } from "../step-up/wanted.js";
import type { Pending } from "../stores/pending.js";
import { type Case, spend } from "./case.js";
import { questionOf, RequestTwoFactor } from "./context.js";
import { elevate } from "./elevate.js";
import { askerIn } from "./identity.js";
import { isForeign, isIdle, navigates } from "./negotiate.js";
import { type GuardDetails, harden, linksAt } from "./problem.js";
import { refuse } from "./refuse.js";
import { keep } from "./resume.js";
import { FACTORS_PAGE, settableFor, setUpPage, setUpSpot } from "./set-up.js";
import { wantedBy } from "./wanted-by.js";

type Shortfall = Verdict & { readonly ok: false };

/** Opens the challenge, or finds the open one, and tells the client; true only if an inline code answered it. */
export async function demand(about: Case, shortfall: Shortfall): Promise<boolean> {
  const { kit, policy, req, res, who } = about;
  // Nobody is there to answer, and reading must not send.
  if (isIdle(req) || isForeign(req, kit.origins))
    return tell(about, shortfall.reason, refused("second_factor_required"));

  who.proof.anchor?.(req);
  const asker = askerIn(who);
  const started = await kit.challenges.start(asker, await wantedBy(about, shortfall.missing));
  if (!started.ok && started.reason === "not_enrolled") {
    if (policy.onNotEnrolled === "allow") return true;
    const settable = policy.onNotEnrolled === "enroll" ? settableFor(about) : [];
    if (settable.length > 0) return sendToSetUp(about, started, settable);
    return tell(about, "not_enrolled", started);
  }
  const code = req.headers["two-factor-code"];
  if (typeof code === "string" && started.ok && (!started.fresh || started.entry.delivery.status === "none")) {
    return answerInline(about, started.entry, code);
  }
  const { entry } = started;
  if (entry && policy.resume && navigates(req)) await keep(kit, req, res, entry);
  const stands = started.ok || started.reason === "delivery_failed";
  if (stands && navigates(req)) return showTheWay(about, shortfall.reason);
  return tell(about, shortfall.reason, started.ok ? refused("second_factor_required", {}, started.entry) : started);
}

/** `Two-Factor-Code`: verified in the request that needs it. */
async function answerInline(about: Case, entry: Pending, code: string): Promise<boolean> {
  const { kit, policy, req, res, who, action, bound } = about;
  const asker = askerIn(who);
  const proved = await kit.challenges.verify(asker, { id: entry.id }, code);
  if (!proved.ok) return tell(about, undefined, proved);

  const marks: readonly Mark[] = [...who.login.marks, proved.mark];
  const verdict = judge(policy, marks, questionOf(kit, who, action, bound?.digest));
  const done = verdict.ok && (!policy.oneShot || (await spend(about, verdict.marks)));
  if (!done || !policy.oneShot) {
    const { token } = await elevate(kit, req, res, who, proved.mark);
    if (token !== undefined) res.setHeader("Two-Factor-Token", token);
  }
  if (!done) return demandRest(about, proved.mark);
  RequestTwoFactor.pass(req.twoFactor, verdict.marks, policy.maxAge);
  return true;
}

/** Of several methods one is proved; the header can carry only one code, so the rest is asked for. */
async function demandRest(about: Case, mark: Mark): Promise<boolean> {
  const { kit, policy, who, action, bound, req } = about;
  const login = { ...who.login, marks: [...who.login.marks, mark] };
  const verdict = judge(policy, login.marks, questionOf(kit, who, action, bound?.digest));
  if (verdict.ok) return tell(about, "consumed", refused("second_factor_required"));
  delete req.headers["two-factor-code"];
  return demand({ ...about, who: { ...who, login } }, verdict);
}

/** To where people set a method up, and from there back to where they were going. */
async function sendToSetUp(about: Case, refusal: Refused, settable: readonly MethodName[]): Promise<false> {
  const { kit, policy, req, res, who } = about;
  const path = RequestTwoFactor.pathOf(req.twoFactor);
  if (!navigates(req)) {
    return tell(about, "not_enrolled", refusal, { ...linksAt(path), enroll: path + FACTORS_PAGE });
  }
  if (policy.resume) await keep(kit, req, res, setUpSpot(askerIn(who)));
  return showTheWay(about, "not_enrolled", setUpPage(kit, settable));
}

async function tell(
  about: Case,
  reason: Reason | undefined,
  refusal: Refused,
  links?: GuardDetails["links"],
): Promise<false> {
  const { kit, policy, req, res, who } = about;
  const { user } = who;
  const why = reason === undefined ? {} : { reason };
  kit.events.emit("guard.refused", {
    user,
    method: req.method,
    path: req.baseUrl + req.path,
    code: refusal.reason,
    ...why,
  });
  await refuse(kit, req, res, refusal, {
    ...guardDetails(policy, refusal, why),
    ...(links && { links }),
  });
  return false;
}

function guardDetails(policy: ParsedPolicy<Request>, refusal: Refused, why: { reason?: Reason }): GuardDetails {
  const required = refusal.reason === "second_factor_required";
  return {
    ...(required || refusal.reason === "not_enrolled" ? why : {}),
    ...(required ? { maxAge: policy.maxAgeSeconds, status: policy.status } : {}),
    ...(refusal.entry ? { methods: readDetail(refusal.entry).methods } : {}),
  };
}

/** A person is shown the page; 303, so that whatever they sent is not sent there. */
function showTheWay({ kit, req, res, who }: Case, reason: Reason, page = ""): false {
  const { user } = who;
  const code = reason === "not_enrolled" ? reason : "second_factor_required";
  const [method, path] = [req.method, req.baseUrl + req.path];
  kit.events.emit("guard.refused", { user, method, path, code, reason });
  harden(res);
  res.redirect(303, RequestTwoFactor.pathOf(req.twoFactor) + page);
  return false;
}
