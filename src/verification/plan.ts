import { within } from "../core/deadline.js";
import { unavailable } from "../core/errors.js";
import type { Channel } from "../providers/provider.js";
import { outOfBandOf, type VerificationParts } from "./parts.js";
import { invalid } from "./prepare.js";
import { costlyPhone } from "./recipient.js";
import type { NumberStatus } from "./request.js";
import { isCostly } from "./toll-fraud.js";
import { type Step, UnknownWorkflow } from "./workflow.js";

/** How long a number lookup may take, in milliseconds. */
const LOOKUP_DEADLINE = 3_500;

/**
 * Every channel that may be used has a provider, and one that may reach this country and knows such a code.
 *
 * @throws TwoFactorError `invalid_request` where one has not.
 */
export function checkWays(
  parts: VerificationParts,
  channels: readonly Channel[],
  country: string | undefined,
  ownCode: boolean,
): void {
  for (const channel of channels) {
    const { countries, hasRemote } = outOfBandOf(parts, channel);
    if (countries && !countries.has(country ?? "")) throw invalid(`Nothing is sent to that country by ${channel}.`);
    if (ownCode && hasRemote) throw invalid(`A provider for ${channel} makes its own codes: it cannot send yours.`);
  }
}

/** @throws TwoFactorError `invalid_request` for a number that pays its holder for being called, however it was given. */
export async function checkRange(to: string): Promise<void> {
  if (isCostly(to) || (await costlyPhone(to)) !== undefined)
    throw invalid("Nothing is sent to satellite, international-network or premium-rate numbers.");
}

/** @throws TwoFactorError `unavailable` when the lookup fails or is late: nothing is sent to a number that nobody knows. */
export async function lookUp({ lookup }: VerificationParts, to: string): Promise<NumberStatus | undefined> {
  if (!lookup) return undefined;
  try {
    return await within(lookup(to), LOOKUP_DEADLINE, () => new Error("The lookup did not answer in time."));
  } catch (error) {
    throw unavailable("The number could not be looked up.", error);
  }
}

/** @throws TwoFactorError `invalid_request` for a workflow that nobody defined, or that wants two recipients. */
export async function stepsOf(
  { workflows, configuredWorkflows }: VerificationParts,
  account: string,
  workflow: string | undefined,
): Promise<readonly Step[] | undefined> {
  if (workflow === undefined) return undefined;
  const found =
    (await workflows.named({ account, name: workflow })) ?? (await workflows.get({ account, id: workflow }));
  const steps = found?.value ?? configuredWorkflows.get(workflow);
  if (!steps) throw new UnknownWorkflow(workflow);
  const byMail = steps.filter(({ channel }) => channel === "email").length;
  if (byMail > 0 && byMail < steps.length) {
    throw invalid("A verification has one recipient: its workflow goes by telephone or by e-mail, not by both.");
  }
  return steps;
}
