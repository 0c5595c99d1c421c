import type { Clock } from "../../core/clock.js";
import type { Awaitable } from "../../core/deadline.js";
import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf, wholeNumber } from "../../core/options.js";
import { checkedBase } from "../../providers/http.js";
import { countryAlpha2 } from "../../verification/country.js";
import type { Scheduler } from "../../verification/scheduler.js";
import { checkTemplate } from "../../verification/template.js";
import type { Verifications } from "../../verification/verifications.js";
import { isOriginator, LONGEST } from "./wire.js";

/** One application as Routee's web console would keep it. */
export interface RouteeApplication {
  /** What it gets tokens with, together with its id. */
  secret: string;
  /** Applications of one account see each other's numbers in `GET /2step/reports`. @default the application alone */
  account?: string;
  /** What the package's own text calls the sender. */
  service?: string;
  /** Digits of a code, 4 to 20. @default 4 */
  digits?: number;
  /** Wrong answers after the first, 0 to 9. @default 3 */
  maxRetries?: number;
  /** How long a code lives, at most `"1d"`. @default "10m" */
  lifetime?: Duration;
  /** Sender id of the SMS. */
  originator?: string;
  /** Texts with `@@pin`: `default`, and translations by country (`"GR"`). @default the package's own text */
  templates?: Readonly<Record<string, string>>;
  /** Where every change of a status is posted. */
  callbackUrl?: string;
}

/** What Routee's documents leave open, and how we read it. */
export interface RouteeReadings {
  /** The code of a missing, unknown or expired token. @default "401000000" */
  unauthorized?: string;
  /** The answer to the wrong answer that was the last. @default "400011005" */
  lastWrong?: "400011005" | "400011004";
  /** Whether a property's problem is a string (2016) or a list of strings (2022). @default "string" */
  properties?: "string" | "array";
  /** Texts of errors as the live service was seen to write them, or as its manual does. @default "captured" */
  texts?: "captured" | "documented";
  /** What a code that could not be sent is answered with. @default "400005000" */
  undelivered?: "400005000" | "503000000";
  /** Scopes that a token has, and that can be asked for. @default ["contact", "2step", "sms", "report", "account"] */
  scopes?: readonly string[];
  /** @default those that the live service was seen to grant */
  permissions?: readonly string[];
}

/** Whether an application may have a code sent, asked before each. */
export type RouteeStanding = "good" | "insufficient_balance" | "account_not_found" | "application_not_found";

export interface RouteeRouterOptions {
  /** `tfa.verifications`. */
  verifications: Verifications;
  /** Applications by their id. In the engine, an application's account is `routee:<id>`. */
  applications: Readonly<Record<string, RouteeApplication>>;
  /** How long a token lives. @default "1h" */
  tokenLifetime?: Duration;
  /** What runs callbacks and expiries when they are due. @default that of `twoFactor()` */
  scheduler?: Scheduler;
  /** Names of limits that every code is charged to, by its recipient: those of `twoFactor({ limits: { named } })`. */
  limits?: readonly string[];
  /** @default everybody's is "good" */
  standing?: (applicationId: string) => Awaitable<RouteeStanding>;
  readings?: RouteeReadings;
  /** Told what really happened behind a 5xx, and of callbacks that were given up. */
  onFault?: (error: unknown) => void;
  /** Milliseconds since the epoch; the one of `twoFactor()`. @default Date.now */
  clock?: Clock;
}

/** An application, ready to be served. */
export interface Application {
  readonly id: string;
  readonly secret: string;
  /** The engine's account. */
  readonly tenant: string;
  readonly group: string;
  readonly service: string | undefined;
  readonly digits: number;
  readonly maxRetries: number;
  /** Seconds. */
  readonly lifetime: number;
  readonly originator: string | undefined;
  readonly templates: Readonly<Record<string, string>>;
  readonly callbackUrl: string | undefined;
}

export interface Served {
  readonly verifications: Verifications;
  readonly applications: ReadonlyMap<string, Application>;
  readonly tokenLifetime: number;
  readonly limits: readonly string[];
  readonly standing: (applicationId: string) => Awaitable<RouteeStanding>;
  readonly readings: Required<RouteeReadings>;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
}

const ROUTER_KEYS = {
  verifications: true,
  applications: true,
  tokenLifetime: true,
  scheduler: true,
  limits: true,
  standing: true,
  readings: true,
  onFault: true,
  clock: true,
} as const;

const APPLICATION_KEYS = {
  secret: true,
  account: true,
  service: true,
  digits: true,
  maxRetries: true,
  lifetime: true,
  originator: true,
  templates: true,
  callbackUrl: true,
} as const;

const READINGS: Required<RouteeReadings> = {
  unauthorized: "401000000",
  lastWrong: "400011005",
  properties: "string",
  texts: "captured",
  undelivered: "400005000",
  scopes: ["contact", "2step", "sms", "report", "account"],
  permissions: ["MT_ROLE_ACCOUNT_FINANCE", "MT_ROLE_SMS", "MT_ROLE_REPORT", "MT_ROLE_2STEP", "MT_ROLE_CONTACT"],
};

/** @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead. */
export function checkOptions(options: RouteeRouterOptions): Served {
  checkKeys(options, ROUTER_KEYS, "routeeRouter()");
  const {
    verifications,
    applications,
    standing = () => "good",
    onFault = ignore,
    clock = Date.now,
    limits = [],
  } = options;
  if (typeof verifications?.start !== "function") {
    throw misconfigured("routeeRouter({ verifications }) takes the verifications of an instance: tfa.verifications.");
  }
  const entries = Object.entries(applications ?? {});
  if (entries.length === 0)
    throw misconfigured("routeeRouter({ applications }) needs one: { [applicationId]: { secret } }.");
  const tokenLifetime = milliseconds(options.tokenLifetime ?? "1h", "routeeRouter({ tokenLifetime })");
  if (tokenLifetime < 1_000) throw misconfigured("routeeRouter({ tokenLifetime }): a token lives a second or longer.");
  return {
    verifications,
    applications: new Map(entries.map(([id, each]) => [id, checkApplication(id, each)])),
    tokenLifetime,
    limits,
    standing,
    readings: checkReadings(options.readings ?? {}),
    onFault,
    clock,
  };
}

function checkApplication(id: string, given: RouteeApplication): Application {
  const where = `routeeRouter({ applications: { "${id}" } })`;
  checkKeys(given, APPLICATION_KEYS, where);
  const { secret, account, service, digits = 4, maxRetries = 3, lifetime = "10m", originator, templates = {} } = given;
  if (typeof secret !== "string" || secret === "") throw misconfigured(`${where} needs a secret.`);
  if (id === "" || id.includes(":"))
    throw misconfigured(`${where}: an id is not empty and has no colon, for HTTP Basic.`);
  if (originator !== undefined && !isOriginator(originator)) {
    throw misconfigured(`${where} originator: up to 11 letters and digits, or a number of up to 15 digits.`);
  }
  for (const [country, text] of Object.entries(templates)) {
    if (country !== "default" && countryAlpha2(country) !== country) {
      throw misconfigured(`${where} templates: "${country}" is neither "default" nor an ISO 3166-1 alpha-2 code.`);
    }
    if (!isTemplate(text))
      throw misconfigured(`${where} templates: the text for "${country}" needs @@pin where the code goes.`);
  }
  const seconds = milliseconds(lifetime, `${where} lifetime`) / 1_000;
  return {
    id,
    secret,
    tenant: `routee:${id}`,
    group: account === undefined ? `application:${id}` : `account:${account}`,
    service,
    digits: wholeNumber(digits, 4, 20, `${where} digits`),
    maxRetries: wholeNumber(maxRetries, 0, 9, `${where} maxRetries`),
    lifetime: wholeNumber(seconds, 1, LONGEST, `${where} lifetime, in seconds`),
    originator,
    templates,
    callbackUrl: given.callbackUrl === undefined ? undefined : checkedCallback(given.callbackUrl, where),
  };
}

function isTemplate(text: unknown): boolean {
  try {
    checkTemplate(String(text), "@@pin");
    return typeof text === "string" && text.length <= 1_000;
  } catch {
    return false;
  }
}

/** Unlike a base, a callback may have a query. */
function checkedCallback(value: string, where: string): string {
  const bare = value.split("?")[0] ?? "";
  checkedBase(bare, `${where} callbackUrl`);
  return value;
}

function checkReadings(given: RouteeReadings): Required<RouteeReadings> {
  const where = "routeeRouter({ readings })";
  checkKeys(
    given,
    {
      unauthorized: true,
      lastWrong: true,
      properties: true,
      texts: true,
      undelivered: true,
      scopes: true,
      permissions: true,
    },
    where,
  );
  const readings = { ...READINGS, ...given };
  if (!/^\d{9}$/.test(readings.unauthorized)) throw misconfigured(`${where} unauthorized: nine digits.`);
  oneOf(readings.lastWrong, ["400011005", "400011004"], `${where} lastWrong`);
  oneOf(readings.properties, ["string", "array"], `${where} properties`);
  oneOf(readings.texts, ["captured", "documented"], `${where} texts`);
  oneOf(readings.undelivered, ["400005000", "503000000"], `${where} undelivered`);
  return readings;
}

function ignore(): void {}
