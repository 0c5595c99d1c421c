import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, wholeNumber } from "../../core/options.js";
import { pattern } from "../../core/pattern.js";
import { credential } from "../../providers/credential.js";
import { checkedBase } from "../../providers/http.js";
import type { Message } from "../../providers/provider.js";

/** What is known of a message before it is sent. */
export type MittoMessage = Pick<Message, "channel" | "to" | "locale">;

export interface MittoOptions {
  /** Your account SID, `AC` and 32 hex digits: the user of HTTP Basic. */
  accountSid: string | undefined;
  /** Your auth token: the password. */
  token: string | undefined;
  /** What OTPs are grouped by; people may see it. */
  service: string;
  /** Sender id or number of messages and calls; Mitto wants one unless every message names its own. */
  from?: string;
  /** Sender address of e-mail. @default the message's own, then `from` */
  emailFrom?: string;
  /**
   * Where the API is: Mitto's, a white label's, or a `mittoRouter()`. https, but for this machine and outside of
   * production.
   * @default "https://cpaas.mittoapi.com"
   */
  baseUrl?: string;
  /** Your own text with `{code}` in it, in place of the package's, which is in the language of the person. */
  template?: string;
  /** For this long a newer OTP to the same recipient does not cancel an earlier one; whole seconds. */
  guardTime?: Duration;
  /** Limits made at Mitto, by name, and what each of them counts: `({ to }) => ({ limit_on_phone: to })`. */
  limits?: Readonly<Record<string, string>> | ((message: MittoMessage) => Readonly<Record<string, string>>);
  /** The sub-account on whose behalf everything is done. */
  subAccount?: string;
  /** Of calls: the engine's voice by language, as in `{ ja: "awspolly.ja-JP" }`. */
  languages?: Readonly<Record<string, string>>;
  /** Of calls. */
  voice?: "man" | "woman";
  /** Of calls: how often the text is read out; 1 to 10. */
  repeat?: number;
  /**
   * Fields that your contract has and the public documents do not name: `{ codeLength: 8 }`. Sent along with every OTP;
   * what is sent anyway stays as it is.
   */
  extra?: Readonly<Record<string, string | number>>;
  /**
   * Labels the form of a cancel as JSON, as the document's example does.
   * @default false
   */
  seedCancel?: boolean;
  /**
   * For one call, at most `"60s"`; what asks for it may have less patience.
   * @default "10s"
   */
  deadline?: Duration;
  /**
   * For events and records.
   * @default "mitto"
   */
  name?: string;
}

const WHERE = "mitto()";

/** The options, checked and ready. */
export interface ClientSettings extends Omit<MittoOptions, "accountSid" | "token" | "guardTime" | "deadline"> {
  readonly authorization: string;
  readonly base: string;
  readonly name: string;
  /** Seconds. */
  readonly guardTime?: number;
  /** Milliseconds. */
  readonly deadline: number;
}

/** @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead. */
export function checkClientOptions(options: MittoOptions): ClientSettings {
  checkKeys(options, OPTION_KEYS, WHERE);
  const { accountSid, token, guardTime, deadline: patience, ...rest } = options;
  const user = credential(
    accountSid,
    "mitto({ accountSid })",
    /^[\x21-\x39\x3b-\x7e]+$/,
    "must have neither blanks nor colons.",
  );
  const password = credential(token, "mitto({ token })", /^[\x21-\x7e]+$/, "must have no blanks.");
  for (const name of ["service", "from", "emailFrom", "subAccount", "name"] as const) checkText(options, name);
  if (options.service === undefined) throw misconfigured(`${WHERE} needs { service }: what your OTPs are grouped by.`);
  if (options.template !== undefined && !String(options.template).includes("{code}")) {
    throw misconfigured(`${WHERE} template needs {code} where the code goes.`);
  }
  if (options.voice !== undefined && options.voice !== "man" && options.voice !== "woman") {
    throw misconfigured(`${WHERE} voice is "man" or "woman".`);
  }
  if (options.repeat !== undefined) wholeNumber(options.repeat, 1, 10, `${WHERE} repeat`);
  const guard = guardTime === undefined ? undefined : milliseconds(guardTime, `${WHERE} guardTime`) / 1000;
  const deadline = milliseconds(patience ?? "10s", `${WHERE} deadline`);
  return {
    ...rest,
    name: options.name ?? "mitto",
    base: checkedBase(options.baseUrl ?? "https://cpaas.mittoapi.com", `${WHERE} baseUrl`),
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
    deadline: wholeNumber(deadline, 1, 60_000, `${WHERE} deadline in milliseconds`),
    ...(guard === undefined ? {} : { guardTime: wholeNumber(guard, 1, 86_400, `${WHERE} guardTime in seconds`) }),
  };
}

const OPTION_KEYS = {
  accountSid: true,
  token: true,
  service: true,
  from: true,
  emailFrom: true,
  baseUrl: true,
  template: true,
  guardTime: true,
  limits: true,
  subAccount: true,
  languages: true,
  voice: true,
  repeat: true,
  extra: true,
  seedCancel: true,
  deadline: true,
  name: true,
} as const;

const CONTROL = pattern(String.raw`\p{Cc}`, "u");

function checkText(options: MittoOptions, name: "service" | "from" | "emailFrom" | "subAccount" | "name"): void {
  const value: unknown = options[name];
  if (value === undefined || (typeof value === "string" && value.trim() !== "" && !CONTROL().test(value))) return;
  throw misconfigured(`${WHERE} ${name} is a text on one line.`);
}
