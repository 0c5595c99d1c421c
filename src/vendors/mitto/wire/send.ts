import { defined } from "../../../core/defined.js";
import { pattern } from "../../../core/pattern.js";
import type { Fields } from "../../../express/service/fields.js";
import { invalid } from "../../../verification/prepare.js";
import type { CodeRequest, VerificationStart } from "../../../verification/request.js";
import { readChannel } from "./values.js";

/** What a send means where it does not say. */
export interface SendDefaults {
  readonly codeLength: number;
  /** Seconds. */
  readonly expiry: number;
  readonly maxAttempts: number;
}

/** Four digits have 13.29 bits: little, and what clients of this API are used to. */
const MIN_BITS = 13.2;
const MIN_LENGTH = 4;
const MAX_LENGTH = 10;
const A_DAY = 86_400;
const MAX_LIMITS = 10;

const CONTROL = pattern(String.raw`\p{Cc}`, "u");
const CONTROL_IN_LINES = pattern(String.raw`[^\P{Cc}\n\r\t]`, "u");

/**
 * The fields of a send. Code length, own code, life and workflow have no published names; all that are in use are read.
 *
 * @throws TwoFactorError `invalid_request` for a field that is missing or makes no sense.
 */
export function readSend(fields: Fields, defaults: SendDefaults): Omit<VerificationStart, "account" | "id"> {
  const workflow = textOf(fields, ["workflow", "workflowSid", "workflowId"], 200);
  const channel = channelOf(fields, workflow !== undefined);
  const byMail = channel === "email";
  const to = byMail ? textOf(fields, ["emailTo", "to"], 254) : phoneOf(textOf(fields, ["to"], 80, false));
  if (to === undefined) throw invalid('"to" is missing.');
  const from = byMail ? textOf(fields, ["emailFrom", "from"], 254) : senderOf(textOf(fields, ["from"], 64, false));
  if (from === undefined && !byMail) throw invalid('"from" is missing.');
  const guardTime = secondsOf(fields, ["guardTime"], 0);
  const subject = textOf(fields, ["subject"], 200);
  const limits = limitsOf(fields);
  return {
    to,
    channel,
    service: required(fields, "service", 100),
    template: messageOf(fields),
    syntax: "{code}",
    recipient: "client",
    code: codeOf(fields, defaults),
    ttl: `${secondsOf(fields, ["expiry"], 1) ?? defaults.expiry}s`,
    maxAttempts: defaults.maxAttempts,
    ...(from === undefined ? {} : { from }),
    ...(subject === undefined ? {} : { subject }),
    ...(guardTime === undefined || guardTime === 0 ? {} : { guardTime: `${guardTime}s` as const }),
    ...(limits === undefined ? {} : { limits }),
    ...(workflow === undefined ? {} : { workflow }),
    ...spokenOf(fields),
  };
}

/** A field with a text on one line, tidied; an empty one counts as left out. */
export function textOf(fields: Fields, names: readonly string[], max: number, trim = true): string | undefined {
  if (fields.get(...names) === undefined) return undefined;
  const text = fields.text(...names);
  if (text === undefined || text.length > max || CONTROL().test(text)) {
    throw invalid(`"${names[0]}" is a text of at most ${max} characters on one line.`);
  }
  if (text.trim() === "") return undefined;
  return trim ? text.trim() : text;
}

export function required(fields: Fields, name: string, max: number): string {
  const text = textOf(fields, [name], max);
  if (text === undefined) throw invalid(`"${name}" is missing.`);
  return text;
}

/**
 * A telephone number without the marks people write in it, or `client:<nickname>` as it is. The plus sign of a number in a
 * form arrives as a blank.
 */
export function phoneOf(text: string | undefined): string | undefined {
  if (text === undefined || text.trim().startsWith("client:")) return text?.trim();
  return plusOf(text).replace(/[ ().-]/g, "");
}

function plusOf(text: string): string {
  return text.replace(/^ (?=\d{4,15}$)/, "+");
}

function senderOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : plusOf(text).trim();
}

/** A workflow brings channels of its own; whether they go by phone, the recipient tells. */
function channelOf(fields: Fields, hasWorkflow: boolean): "sms" | "voice" | "email" {
  const word = textOf(fields, ["channel"], 20);
  if (word !== undefined) return readChannel(word);
  const byMail = hasWorkflow && (textOf(fields, ["to", "emailTo"], 254) ?? "").includes("@");
  return byMail ? "email" : "sms";
}

function messageOf(fields: Fields): string {
  const text = fields.text("body");
  if (text === undefined || text.trim() === "") throw invalid('"body" is missing.');
  if (CONTROL_IN_LINES().test(text)) throw invalid('"body" has control characters.');
  return text;
}

function codeOf(fields: Fields, { codeLength }: SendDefaults): CodeRequest {
  const value = textOf(fields, ["code"], 64);
  if (value !== undefined) {
    if (!/^[A-Za-z0-9]{4,10}$/.test(value)) throw invalid("A code of your own has 4 to 10 letters and digits.");
    const alphabet = /^\d+$/.test(value) ? "numeric" : LETTERS_AND_DIGITS;
    return { value, alphabet };
  }
  const length = fields.whole("codeLength", "length", "digits") ?? codeLength;
  if (!(length >= MIN_LENGTH && length <= MAX_LENGTH)) {
    throw invalid(`A code has ${MIN_LENGTH} to ${MAX_LENGTH} digits.`);
  }
  return { length, minBits: MIN_BITS };
}

const LETTERS_AND_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function secondsOf(fields: Fields, names: readonly string[], min: number): number | undefined {
  const seconds = fields.whole(...names);
  if (seconds === undefined || (seconds >= min && seconds <= A_DAY)) return seconds;
  throw invalid(`"${names[0]}" is a number of seconds, at most a day.`);
}

/** Which limits count this send, and by what. Anything unreadable is refused: leaving it out would protect nobody. */
function limitsOf(fields: Fields): Record<string, string> | undefined {
  if (fields.get("limits") === undefined) return undefined;
  const named = fields.record("limits");
  const wrong = invalid(`"limits" is an object of at most ${MAX_LIMITS} names of limits and the texts they count.`);
  if (!named || Object.keys(named).length > MAX_LIMITS) throw wrong;
  const entries = Object.entries(named).map(([name, value]) => {
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string" || text.length > 200) throw wrong;
    return [name, plusOf(text)] as const;
  });
  return Object.fromEntries(entries);
}

/** How a call is spoken. The language is an engine's voice, `awspolly.ja-JP`; what follows the dot names the tongue. */
function spokenOf(fields: Fields): Pick<VerificationStart, "locale" | "hints" | "metadata"> {
  const language = textOf(fields, ["language"], 60);
  const voice = textOf(fields, ["voice"], 20)?.toLowerCase();
  const repeat = fields.whole("repeat");
  if (voice !== undefined && voice !== "man" && voice !== "woman") throw invalid('"voice" is man or woman.');
  if (repeat !== undefined && !(repeat >= 0 && repeat <= 10)) throw invalid('"repeat" is a number up to 10.');
  const locale = language?.slice(language.lastIndexOf(".") + 1);
  const spoken = defined({ language, voice, repeat });
  return {
    ...(locale === undefined ? {} : { locale }),
    ...(Object.keys(spoken).length === 0 ? {} : { hints: spoken, metadata: spoken }),
  };
}
