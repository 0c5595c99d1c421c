import type { Request, Response } from "express";
import { judge } from "../step-up/judge.js";
import type { Mark } from "../step-up/mark.js";
import type { ParsedPolicy } from "../step-up/policy.js";
import { questionOf } from "./context.js";
import { browserName, deviceCookie, dropDeviceCookie, setDeviceCookie } from "./device-cookie.js";
import type { Case } from "./case.js";
import type { Identity } from "./identity.js";
import type { Kit } from "./kit.js";
import { isIdle } from "./negotiate.js";

/**
 * Whether a device that the person trusts stands in for the proof that is missing. It proves nothing and leaves no mark.
 * A route that it cannot open does not wear it out, and nor does `peek`.
 */
export async function standsIn(about: Omit<Case, "bound">, peek = isIdle(about.req)): Promise<boolean> {
  const { kit, req, res, who, policy, action } = about;
  const token = policy.trustedDevice ? deviceCookie(req, who.user) : undefined;
  if (!kit.devices || token === undefined) return false;
  let unfit = false;
  const used = await kit.devices.use(who.user, token, {
    name: browserName(req),
    peek,
    fits: ({ methods }) => !(unfit = !fits(kit, policy, who, methods, action)),
  });
  if (!used) {
    if (!peek && !unfit) dropDeviceCookie(req, res, who.user);
    return false;
  }
  if (used.token !== token) carry(kit, req, res, who.user, used.token, used.device.expiresAt);
  return true;
}

function fits(
  kit: Kit,
  policy: ParsedPolicy<Request>,
  who: Identity,
  methods: readonly string[],
  action: string | undefined,
): boolean {
  if (policy.oneShot || policy.methods === "phishing-resistant") return false;
  const question = questionOf(kit, who, action);
  const asIf: Mark = { id: "", user: who.user, at: question.now, methods, ...(action === undefined ? {} : { action }) };
  return judge(policy, [asIf], { ...question, revokedAt: 0 }).ok;
}

/** After a right code, where the person asked for it. */
export async function trustDevice(kit: Kit, req: Request, res: Response, mark: Mark): Promise<boolean> {
  // A recovery code says that something was lost, and a transaction is approved for itself.
  if (!kit.devices || mark.bind !== undefined || mark.methods.includes("recovery-code")) return false;
  const before = deviceCookie(req, mark.user);
  const trusted = await kit.devices.trust(mark, browserName(req), before);
  if (!trusted) return false;
  carry(kit, req, res, mark.user, trusted.token, trusted.device.expiresAt);
  return true;
}

function carry(kit: Kit, req: Request, res: Response, user: string, token: string, until: number): void {
  setDeviceCookie(req, res, user, token, (until - kit.clock()) / 1000);
}
