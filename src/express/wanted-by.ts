import type { Request } from "express";
import { addressOf } from "./address.js";
import { misconfigured } from "../core/errors.js";
import type { MethodName } from "../methods/method.js";
import type { Wanted } from "../step-up/wanted.js";
import type { Step } from "../verification/workflow.js";
import type { Case } from "./case.js";

/** What the guard of this request has to ask for; `missing` is what is still to be proved of several methods. */
export async function wantedBy(
  { kit, policy, req, action, bound }: Pick<Case, "kit" | "policy" | "req" | "action" | "bound">,
  missing: readonly MethodName[] | undefined,
): Promise<Wanted> {
  const { methods } = policy;
  const named = typeof methods === "object" ? methods.names : undefined;
  if (named && !named.some((name) => kit.methods.some((method) => method.name === name))) {
    throw misconfigured(
      `require2fa({ methods }) asks for ${named.join(", ")}, and twoFactor({ methods }) has none of them.`,
    );
  }
  if (policy.onNotEnrolled === "enroll" && !kit.enrolled) {
    throw misconfigured(
      'require2fa({ onNotEnrolled: "enroll" }) leads to where people set up factors, which twoFactor({ factors }) turns on: write factors: true.',
    );
  }
  return {
    action,
    label: policy.action ?? (policy.oneShot && !bound ? routeName(req) : undefined),
    bound,
    allowed: missing?.slice(0, 1) ?? (methods === "phishing-resistant" ? kit.resistant : named),
    maxAge: policy.maxAge,
    limits: policy.limits,
    workflow: policy.workflow === undefined ? undefined : await workflowOf(kit, policy.workflow),
    ip: addressOf(req),
    language: req.headers["accept-language"],
  };
}

/** As the app wrote the route down: what a client has put into its path is not for showing. */
function routeName(req: Request): string | undefined {
  const path: unknown = (req.route as { path?: unknown } | undefined)?.path;
  return typeof path === "string" ? `${req.method} ${path}` : undefined;
}

/** Out of the options, or made by the app at run time. */
async function workflowOf(kit: Case["kit"], name: string): Promise<readonly Step[]> {
  const steps = kit.workflows.get(name) ?? (await kit.namedWorkflows.named({ name }))?.value;
  if (steps && !steps.some(({ channel }) => kit.methods.some((method) => method.name === channel))) {
    throw misconfigured(`require2fa({ workflow: "${name}" }): none of its channels is in twoFactor({ methods }).`);
  }
  if (steps) return steps;
  const known = [...kit.workflows.keys()].join(", ") || "none";
  throw misconfigured(
    `require2fa({ workflow: "${name}" }): neither twoFactor({ workflows }) nor tfa.workflows has one of that name. The options have: ${known}.`,
  );
}
