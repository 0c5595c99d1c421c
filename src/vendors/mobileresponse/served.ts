import type { Clock } from "../../core/clock.js";
import { type Duration, milliseconds } from "../../core/durations.js";
import { isTwoFactorError, misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf, wholeNumber } from "../../core/options.js";
import { type KeyedAccounts, keyedAccounts } from "../../express/service/credentials.js";
import type { FailureLimit } from "../../verification/failure-limit.js";
import { checkTemplate, type Template } from "../../verification/template.js";
import type { Verifications } from "../../verification/verifications.js";
import { errorReply } from "./wire.js";
import { checkNames, type WorkflowNames } from "./names.js";

/** How one workflow sends: with this vendor that is set up in its console and no part of a call. */
export interface MobileResponseWorkflow {
  /** With a place for the code: `{code}`. @default "Your verification code is {code}" */
  text?: Template;
  /** 4 to 20. @default 5 */
  digits?: number;
  /** At most `"1d"`. @default "5m" */
  ttl?: Duration;
  /** For a receiver that is a telephone number; an address gets an e-mail. @default "sms" */
  channel?: "sms" | "voice";
  /** Sender id or number. */
  from?: string;
  /** Of an e-mail. @default "Your verification code" */
  subject?: string;
  /** Picks a translation of `text`. */
  locale?: string;
  /** Of numbers without a country code, ISO 3166-1 alpha-2 or alpha-3. */
  country?: string;
  /** `"digits"` takes any number of up to 15 digits. @default "strict" */
  recipient?: "strict" | "digits";
  /** Wrong codes that a receiver may send for one code, 1 to 100. @default 5 */
  maxAttempts?: number;
  /** Named limits, each counted by receiver. */
  limits?: readonly string[];
  names?: WorkflowNames;
}

export interface MobileResponseRouterOptions {
  /** `tfa.verifications`. Behind a provider that makes codes of its own, a code is found with its receiver only. */
  verifications: Verifications;
  /** The tokens that may call, by account: `{ acme: "token" }`; or only tokens, each then an account of its own. */
  tokens: KeyedAccounts;
  /** What is installed, by id. Every account has codes of its own in each. */
  workflows: Readonly<Record<string, MobileResponseWorkflow>>;
  /**
   * Wrong codes, counted before anything is compared: by token and workflow, as a code without its receiver is a guess
   * at all that live there, and by receiver where the call names one.
   * @default { max: 20, interval: "10m" }
   */
  failures?: FailureLimit;
  /** What a path that leads nowhere is answered with: the vendor does not say. @default "null" */
  unknownPath?: "null" | "empty" | "absent";
  /** The vendor publishes no statuses of errors. @default { unauthorized: 401, notFound: 404, invalid: 400, limited: 429 } */
  statuses?: { unauthorized?: number; notFound?: number; invalid?: number; limited?: number };
  /** The body of an error: the vendor publishes none. @default (message) => ({ errors: [{ errorMessage: message }] }) */
  errorBody?: (message: string) => object;
  /** Told what really happened behind a 5xx. */
  onFault?: (error: unknown) => void;
  /** Milliseconds since the epoch; the one of `twoFactor()`. @default Date.now */
  clock?: Clock;
}

const STATUSES = { unauthorized: 401, notFound: 404, invalid: 400, limited: 429 } as const;

/** A workflow, ready to use. */
export type ServedWorkflow = Omit<MobileResponseWorkflow, "names"> &
  Required<
    Pick<MobileResponseWorkflow, "text" | "subject" | "digits" | "ttl" | "channel" | "maxAttempts" | "limits">
  > & {
    readonly id: string;
    /** In lower case, as names in calls are read. */
    readonly names: Required<WorkflowNames>;
  };

/** The options, checked and made ready. */
export interface Served extends Required<
  Pick<MobileResponseRouterOptions, "verifications" | "failures" | "unknownPath">
> {
  readonly accounts: ReadonlyMap<string, string>;
  readonly workflows: ReadonlyMap<string, ServedWorkflow>;
  readonly statuses: Readonly<Record<keyof typeof STATUSES, number>>;
  readonly errorBody: (message: string) => object;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
}

/** @throws TwoFactorError `misconfigured` for an unknown option or a value out of bounds. */
export function checkServed(options: MobileResponseRouterOptions): Served {
  const where = "mobileresponseRouter()";
  const keys = { verifications: true, tokens: true, workflows: true, failures: true, unknownPath: true } as const;
  checkKeys(options, { ...keys, statuses: true, errorBody: true, onFault: true, clock: true }, where);
  const { verifications, failures = { max: 20, interval: "10m" }, unknownPath = "null" } = options;
  if (typeof verifications?.checkByCode !== "function")
    throw misconfigured(`${where} needs { verifications: tfa.verifications }.`);
  checkKeys(failures, { max: true, interval: true }, `${where} failures`);
  wholeNumber(failures.max, 1, 1_000_000, `${where} failures.max`);
  if (milliseconds(failures.interval, `${where} failures.interval`) <= 0)
    throw misconfigured(`${where} failures.interval is 0.`);
  const workflows = Object.entries(Object(options.workflows) as MobileResponseRouterOptions["workflows"]);
  if (workflows.length === 0) throw misconfigured(`${where} needs { workflows: { "<id>": {} } }.`);
  const { statuses = {} } = options;
  checkKeys(statuses, { unauthorized: true, notFound: true, invalid: true, limited: true }, `${where} statuses`);
  for (const [name, status] of Object.entries(statuses)) wholeNumber(status, 400, 499, `${where} statuses.${name}`);
  return {
    verifications,
    failures,
    unknownPath: oneOf(unknownPath, ["null", "empty", "absent"], `${where} unknownPath`),
    errorBody: options.errorBody ?? errorReply,
    onFault: options.onFault ?? ignore,
    clock: options.clock ?? Date.now,
    accounts: keyedAccounts(options.tokens, "mobileresponse", `${where} tokens`),
    workflows: new Map(workflows.map(([id, workflow]) => [id.toLowerCase(), checkWorkflow(id, workflow)])),
    statuses: { ...STATUSES, ...statuses },
  };
}

const WORKFLOW = {
  text: true,
  digits: true,
  ttl: true,
  channel: true,
  from: true,
  subject: true,
  locale: true,
  country: true,
  recipient: true,
  maxAttempts: true,
  limits: true,
  names: true,
} as const;

function checkWorkflow(id: string, given: MobileResponseWorkflow): ServedWorkflow {
  const where = `mobileresponseRouter() workflows["${id}"]`;
  checkKeys(given, WORKFLOW, where);
  const { text = "Your verification code is {code}", ttl = "5m", channel = "sms", recipient = "strict" } = given;
  const { names, ...rest } = given;
  const life = milliseconds(ttl, `${where}.ttl`);
  if (life <= 0 || life > 24 * 3_600_000)
    throw misconfigured(`${where}.ttl: a code lives longer than 0 and at most "1d".`);
  checkText(text, `${where}.text`);
  const lower = Object.entries(checkNames(names ?? {}, `${where}.names`)).map(([use, name]) => [
    use,
    name.toLowerCase(),
  ]);
  return {
    ...rest,
    id: id.toLowerCase(),
    text,
    subject: given.subject ?? "Your verification code",
    ttl,
    channel: oneOf(channel, ["sms", "voice"], `${where}.channel`),
    recipient: oneOf(recipient, ["strict", "digits"], `${where}.recipient`),
    digits: wholeNumber(given.digits ?? 5, 4, 20, `${where}.digits`),
    maxAttempts: wholeNumber(given.maxAttempts ?? 5, 1, 100, `${where}.maxAttempts`),
    limits: given.limits ?? [],
    names: Object.fromEntries(lower) as Required<WorkflowNames>,
  };
}

function checkText(text: Template, where: string): void {
  const texts: unknown[] = typeof text === "string" ? [text] : Object.values(Object(text) as Record<string, unknown>);
  if (texts.length === 0) throw misconfigured(`${where} has no text.`);
  for (const each of texts) {
    if (typeof each !== "string") throw misconfigured(`${where} is a text, or one for each locale or country.`);
    try {
      checkTemplate(each);
    } catch (error) {
      throw misconfigured(`${where}: ${isTwoFactorError(error) ? error.message : "no template"}`);
    }
  }
}

function ignore(): void {}
