import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured, TwoFactorError } from "../core/errors.js";
import { checkKeys } from "../core/options.js";

/** One step of a workflow: this channel, so long after the step before. */
export interface WorkflowStep {
  channel: string;
  interval: Duration;
}

/** The same, ready to use; milliseconds. */
export interface Step {
  readonly channel: string;
  readonly interval: number;
}

const MAX_STEPS = 10;
const CHANNELS = ["sms", "voice", "email"];

/** @throws TwoFactorError `misconfigured` for no steps, too many, an unknown channel or something that is no duration. */
export function parseWorkflow(steps: readonly WorkflowStep[], where: string): Step[] {
  if (!Array.isArray(steps))
    throw misconfigured(`${where} is a list of steps: [{ channel: "sms", interval: 0 }, ...].`);
  for (const step of steps) checkKeys(step, { channel: true, interval: true }, where);
  const parsed = steps.map(({ channel, interval }) => ({
    channel,
    interval: milliseconds(interval, `${where}.interval`),
  }));
  try {
    checkSteps(parsed);
  } catch (error) {
    throw misconfigured(`${where}: ${error instanceof Error ? error.message : "no workflow"}`);
  }
  return parsed;
}

/** @throws TwoFactorError `invalid_request` for a definition that came in at run time and makes no sense. */
export function checkSteps(steps: readonly Step[]): void {
  const invalid = (detail: string): TwoFactorError => new TwoFactorError("invalid_request", { detail });
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > MAX_STEPS) {
    throw invalid(`A workflow has 1 to ${MAX_STEPS} steps.`);
  }
  for (const { channel, interval } of steps) {
    if (!CHANNELS.includes(channel)) throw invalid(`A step goes by one of ${CHANNELS.join(", ")}.`);
    if (!Number.isFinite(interval) || interval < 0 || interval > 24 * 3_600_000) {
      throw invalid("The interval of a step is at most a day.");
    }
  }
}

/** Told apart from other bad requests: vendors have a code of its own for it. */
export class UnknownWorkflow extends TwoFactorError {
  constructor(name: string) {
    super("invalid_request", { detail: `There is no workflow "${name}".` });
  }
}
