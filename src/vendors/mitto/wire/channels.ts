import { Fields } from "../../../express/service/fields.js";
import { invalid } from "../../../verification/prepare.js";
import type { Step, WorkflowStep } from "../../../verification/workflow.js";
import { readChannel } from "./values.js";

/** A step as it was submitted and is answered: both are strings. */
export interface ChannelText {
  readonly channel: string;
  readonly interval: string;
}

export interface ChannelsRead {
  readonly channels: readonly ChannelText[];
  readonly steps: readonly WorkflowStep[];
}

const MAX_STEPS = 10;
const A_DAY = 86_400;

/**
 * The steps of a workflow: a list, or the JSON of one in a string. Each waits so many seconds after the one before.
 *
 * @throws TwoFactorError `invalid_request` for anything else.
 */
export function readChannels(fields: Fields): ChannelsRead | undefined {
  if (fields.get("channels") === undefined) return undefined;
  const list = fields.list("channels");
  if (!list || list.length < 1 || list.length > MAX_STEPS) {
    throw invalid(`"channels" is a list of 1 to ${MAX_STEPS} steps.`);
  }
  const read = list.map(readStep);
  // An OTP has one recipient, and that is either a telephone or a mailbox.
  const mails = read.filter(({ step }) => step.channel === "email").length;
  if (mails > 0 && mails < read.length) throw invalid("A workflow keeps to telephones or to e-mail.");
  return { channels: read.map(({ text }) => text), steps: read.map(({ step }) => step) };
}

function readStep(each: unknown): { text: ChannelText; step: WorkflowStep } {
  const fields = new Fields(each);
  const word = fields.text("channel") ?? "";
  const interval = fields.whole("interval") ?? 0;
  if (!(interval >= 0 && interval <= A_DAY)) throw invalid('"interval" is a number of seconds, at most a day.');
  const text = { channel: word.trim().toLowerCase(), interval: String(interval) };
  return { text, step: { channel: readChannel(word), interval: `${interval}s` } };
}

/** Steps that were not made through this API. */
export function channelTexts(steps: readonly Step[]): ChannelText[] {
  return steps.map(({ channel, interval }) => ({ channel, interval: String(interval / 1000) }));
}
