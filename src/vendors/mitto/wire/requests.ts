import type { Message, MessageHints } from "../../../providers/provider.js";
import { bareNumber, CHANNEL_WORD } from "./values.js";

/** What every call of a client says the same way. */
export interface ClientFields {
  readonly service: string;
  readonly from?: string;
  readonly emailFrom?: string;
  readonly template?: string;
  /** Seconds. */
  readonly guardTime?: number;
  readonly subAccount?: string;
  readonly languages?: Readonly<Record<string, string>>;
  readonly voice?: "man" | "woman";
  readonly repeat?: number;
  readonly extra?: Readonly<Record<string, string | number>>;
}

type Outgoing = Omit<Message, "text" | "html">;
type Pairs = Record<string, unknown>;

/** The JSON of a send. Text messages are Mitto's default, and name no channel; what is undefined is left out. */
export function sendBody(fields: ClientFields, message: Outgoing, limits?: Readonly<Record<string, string>>): string {
  const { service, template, guardTime, extra } = fields;
  const { channel } = message;
  const body = template ?? message.template;
  const where = channel === "email" ? mailed(fields, message) : phoned(fields, message);
  return JSON.stringify({ ...extra, service, ...where, body, limits, guardTime, accountSid: fields.subAccount });
}

function phoned({ from, languages, voice, repeat }: ClientFields, message: Outgoing): Pairs {
  const numbers = { from: message.from ?? from, to: bareNumber(message.to) };
  if (message.channel === "sms") return numbers;
  const { locale, hints = {} } = message;
  const spoken = languages?.[locale] ?? languages?.[locale.split("-")[0] ?? ""];
  return {
    ...numbers,
    channel: CHANNEL_WORD[message.channel],
    language: spoken,
    voice,
    repeat,
    ...hinted(hints, ["language", "voice", "repeat"]),
  };
}

/** What this message is to have in place of what all of them have. */
function hinted(hints: MessageHints, names: readonly string[]): Pairs {
  return Object.fromEntries(Object.entries(hints).filter(([name]) => names.includes(name)));
}

function mailed({ from, emailFrom }: ClientFields, message: Outgoing): Pairs {
  const sender = message.from ?? emailFrom ?? from;
  // where the recipient goes is not documented for e-mail: both places say the same
  return { channel: "email", emailFrom: sender, to: message.to, emailTo: message.to, subject: message.subject };
}

export function verifyBody({ service, subAccount }: ClientFields, requestId: string, code: string): string {
  return JSON.stringify({ service, requestId, code, accountSid: subAccount });
}

/** The pairs of a cancel, which is the one call that the document sends as a form. */
export function cancelForm({ subAccount }: ClientFields, requestId: string): string {
  const form = new URLSearchParams({ requestId });
  if (subAccount !== undefined) form.set("accountSid", subAccount);
  return form.toString();
}
