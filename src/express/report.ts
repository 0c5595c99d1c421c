import type { Request, Response } from "express";
import { judge } from "../step-up/judge.js";
import type { ParsedPolicy } from "../step-up/policy.js";
import { questionOf } from "./context.js";
import { actionOf, isDue, readTransaction, stillInUse } from "./decide.js";
import { identify } from "./identity.js";
import type { Kit } from "./kit.js";
import { faultToRefusal } from "./refuse.js";
import { standsIn } from "./trusted-device.js";

/** Report-only: works out what the guard would have said, tells it, and changes nothing. Never throws. */
export async function report(kit: Kit, policy: ParsedPolicy<Request>, req: Request, res: Response): Promise<void> {
  const found = await finding(kit, policy, req, res).catch((error: unknown) => ({
    code: faultToRefusal(kit, "require2fa({ reportOnly })", error).reason,
  }));
  if (!found) return;
  const { code, reason } = found as Finding;
  res.setHeader("Two-Factor-Report", reason === undefined ? code : `${code}; reason=${reason}`);
  kit.events.emit("guard.reported", { method: req.method, path: req.baseUrl + req.path, ...found });
}

interface Finding {
  readonly code: string;
  readonly reason?: string;
  readonly user?: string;
}

async function finding(
  kit: Kit,
  policy: ParsedPolicy<Request>,
  req: Request,
  res: Response,
): Promise<Finding | undefined> {
  await kit.store.catchUp?.();
  if (!(await isDue(policy, req))) return undefined;
  const who = await identify(kit, req);
  if (!who.ok) {
    if (who.reason !== "machine") return { code: who.reason };
    return policy.machine === "allow" ? undefined : { code: "first_factor_required" };
  }
  const bound = await readTransaction(policy, req);
  const action = actionOf(policy, req);
  const verdict = judge(policy, who.login.marks, questionOf(kit, who, action, bound?.digest));
  if (verdict.ok && (await stillInUse({ kit, policy }, verdict.marks, true))) return undefined;
  if (policy.trustedDevice && (await standsIn({ kit, policy, req, res, who, action }, true))) return undefined;
  return { code: "second_factor_required", user: who.user, reason: verdict.ok ? "expired" : verdict.reason };
}
