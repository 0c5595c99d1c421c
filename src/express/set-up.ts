import type { MethodName } from "../methods/method.js";
import type { Case } from "./case.js";
import { type Asker, ownerOf } from "../step-up/wanted.js";
import type { Kit } from "./kit.js";
import type { Spot } from "./resume.js";

/** Below the path of the instance. */
export const FACTORS_PAGE = "/factors";

/** The configured methods that a route takes, strongest first. */
export function acceptedBy(
  { methods, resistant }: Pick<Kit, "methods" | "resistant">,
  policy: Pick<Case["policy"], "methods">,
): readonly MethodName[] {
  const wanted =
    policy.methods === "all" ? undefined : policy.methods === "phishing-resistant" ? resistant : policy.methods.names;
  return methods.map(({ name }) => name).filter((name) => !wanted || wanted.includes(name));
}

/** What this person could set up to open this door: with nothing, the way there would be a circle. */
export function settableFor({ kit, policy, who }: Pick<Case, "kit" | "policy" | "who">): readonly MethodName[] {
  const { enrolled, methods } = kit;
  if (!enrolled) return [];
  const offered = methods.filter(({ name, enrolling }) => enrolling && !who.barred?.includes(name));
  return acceptedBy({ ...kit, methods: offered }, policy);
}

/** The page of factors, for somebody who was stopped; only what would open the door is on offer there. */
export function setUpPage({ methods }: Kit, settable: readonly MethodName[]): string {
  const all = methods.filter(({ enrolling }) => enrolling).length === settable.length;
  return `${FACTORS_PAGE}?required${all ? "" : `=${settable.join()}`}`;
}

/** What of the methods on offer the page was asked to show; all of them where it was asked for nothing that there is. */
export function narrowed(offered: readonly MethodName[], required: unknown): readonly MethodName[] {
  const named = typeof required === "string" ? required.split(",") : [];
  const some = offered.filter((name) => named.includes(name));
  return some.length > 0 ? some : offered;
}

/** Where a login was going when it had to set something up first. */
export function setUpSpot(asker: Asker): Spot {
  return { owner: ownerOf(asker), purpose: "#set-up" };
}
