import { defined } from "../../core/defined.js";
import { isTwoFactorError } from "../../core/errors.js";
import type { Channel } from "../../providers/provider.js";
import type { Refused } from "../../verification/outcome.js";
import { recipientOf } from "../../verification/prepare.js";
import type { Served, ServedWorkflow } from "./served.js";
import type { Call, Context } from "./wire.js";

/** One call, with who makes it and what for. */
export interface Caller {
  readonly served: Served;
  readonly workflow: ServedWorkflow;
  readonly account: string;
  readonly call: Call;
}

/** What a call came to; `detail` where its own fields are at fault. */
export type Outcome =
  | { readonly ok: true; readonly context: Context }
  | { readonly ok: false; readonly detail: string }
  | Pick<Refused, "ok" | "reason" | "details">;

/** Four digits: whoever serves this API chooses between what its clients expect and what is hard to guess. */
const MIN_BITS = 13;

/** Makes a code and sends it. The answer can hold it only where the call asks for it by its path. */
export async function generate({ served, workflow, account, call }: Caller): Promise<Outcome> {
  const { names, digits, text, ttl, maxAttempts, from, subject, locale, country } = workflow;
  const receiver = await receiverOf(workflow, call);
  if (!receiver)
    return { ok: false, detail: `metadata.${names.receiver} must be a telephone number or an e-mail address.` };
  const { to, channel } = receiver;
  const kept = new Map(
    [...call.metadata].filter(([name]) => ![names.receiver, names.code, names.isValid].includes(name)),
  );
  const codePath = `incomingunit.metadata.${names.code}`;
  const started = await served.verifications.start({
    to,
    channel,
    account,
    service: workflow.id,
    code: { length: digits, minBits: MIN_BITS, reveal: call.wanted?.some(([, path]) => path === codePath) ?? false },
    unique: true,
    ttl,
    template: text,
    maxAttempts,
    subject,
    limits: Object.fromEntries(workflow.limits.map((name) => [name, to])),
    metadata: Object.fromEntries(kept),
    ...defined({ from, locale, country, recipient: workflow.recipient }),
  });
  if (!started.ok) return started;
  const { code } = started.verification;
  const unit = new Map([...kept, ...(code === undefined ? [] : [[names.code, code] as const])]);
  return { ok: true, context: { metadata: call.metadata, unit: { to, metadata: unit } } };
}

/** Says `"true"` once for a right code: its receiver's where the call names one, any that lives in the workflow otherwise. */
export async function validate({ served, workflow, account, call }: Caller): Promise<Outcome> {
  const { verifications, failures } = served;
  const { names, country, recipient } = workflow;
  const code = call.metadata.get(names.code)?.trim();
  if (!code) return { ok: false, detail: `metadata.${names.code} is missing.` };
  const which = { account, service: workflow.id, code, failures };
  const hasReceiver = call.metadata.has(names.receiver);
  const receiver = hasReceiver ? await receiverOf(workflow, call) : undefined;
  if (hasReceiver && !receiver) {
    return { ok: false, detail: `metadata.${names.receiver} must be a telephone number or an e-mail address.` };
  }
  const checked = await (receiver
    ? verifications.check({ ...which, to: receiver.to, ...defined({ country, recipient }) })
    : verifications.checkByCode(which));
  if (!checked.ok && checked.reason === "limit_exceeded") return checked;
  const metadata = new Map([...call.metadata, [names.isValid, String(checked.ok)] as const]);
  if (!checked.ok) return { ok: true, context: { metadata } };
  const { to, metadata: stored } = checked.verification;
  const unit = Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { ok: true, context: { metadata, unit: { to, metadata: new Map(unit) } } };
}

/** The receiver as the engine writes it, so that one is one whatever the spelling. */
async function receiverOf(
  { names, channel, country, recipient }: ServedWorkflow,
  { metadata }: Call,
): Promise<{ to: string; channel: Channel } | undefined> {
  // a form parser that ran before has made a space of the plus sign
  const given = (metadata.get(names.receiver) ?? "").replace(/^ (?=\d)/, "+").trim();
  const way: Channel = given.includes("@") ? "email" : channel;
  try {
    const { to } = await recipientOf({ to: given, ...defined({ country, recipient }) }, way);
    return { to, channel: way };
  } catch (error) {
    if (isTwoFactorError(error) && error.code === "invalid_request") return undefined;
    throw error;
  }
}
