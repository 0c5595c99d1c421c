import type { Clock } from "../../core/clock.js";
import type { Awaitable } from "../../core/deadline.js";
import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf, wholeNumber } from "../../core/options.js";
import type { Verifications } from "../../verification/verifications.js";
import { type ComapiFailureCode, FAILURES, senderFailure } from "./wire.js";

export interface ComapiAccount {
  password: string;
  /** Sender of messages that name none. @default the provider's */
  from?: string;
  /** Digits of a code, 4 to 20. @default 4 */
  digits?: number;
}

/** What Comapi's documents leave open, and how we read it. */
export interface ComapiReadings {
  /** Whether credentials may come as the headers `username` and `password`, as in one of the manual's samples. @default false */
  headerCredentials?: boolean;
  /** @default 401 */
  unauthorizedStatus?: 401 | 403;
  /** The status of a code that was sent and is not right yet: the manual's table and its example differ. @default "CodeNotVerified" */
  notVerified?: "CodeNotVerified" | "CodeUnverified";
  /** How long a code lives that says nothing of it. @default "10m" */
  validity?: Duration;
  /** The most that may be asked for, at most `"1d"`. @default "30m" */
  longestValidity?: Duration;
  /** Wrong codes that are answered as such, 1 to 10. @default 5 */
  maxAttempts?: number;
  /** Whether the call after the last wrong code is the one that says CodeLocked, or that wrong code itself. @default "exceed" */
  lockOn?: "exceed" | "reach";
  /** How long after the end of its life a request may still say once that it is locked or has expired. @default "1d" */
  remembered?: Duration;
  /** What a `body` without `{{code}}` and a `validUntil` that is no time are called. @default "InvalidJson" */
  invalidField?: ComapiFailureCode;
  /** Whether a number may begin with `+` or `00`. @default true */
  lenientTo?: boolean;
  /** The property that a bad number is reported for: the manual's example says `from`. @default "to" */
  toProperty?: "to" | "from";
  /** @default 400 */
  throttledStatus?: 400 | 429;
  /** A code that could not be sent though nothing is wrong with its number. @default "CodeNotSent" */
  undelivered?: "CodeNotSent" | "unavailable";
}

export interface ComapiRouterOptions {
  /** `tfa.verifications`; number statuses are those of `twoFactor({ lookup })`. */
  verifications: Verifications;
  /** Accounts by their user name. In the engine, an account is `comapi:<name>`. */
  accounts: Readonly<Record<string, ComapiAccount>>;
  /** Senders that nobody may use, in any case. */
  reservedSenders?: readonly string[];
  /** Names of limits that every code is charged to, by its recipient: those of `twoFactor({ limits: { named } })`. */
  limits?: readonly string[];
  /** Whether an account may have a code sent, asked before each. @default always */
  hasCredit?: (username: string) => Awaitable<boolean>;
  readings?: ComapiReadings;
  /** Told what really happened behind a 5xx. */
  onFault?: (error: unknown) => void;
  /** Milliseconds since the epoch; the one of `twoFactor()`. @default Date.now */
  clock?: Clock;
}

/** An account, ready to be served. */
export interface Account {
  readonly username: string;
  readonly password: string;
  /** The engine's account. */
  readonly tenant: string;
  readonly from: string | undefined;
  readonly digits: number;
}

export type Readings = Omit<Required<ComapiReadings>, "validity" | "longestValidity" | "remembered"> & {
  /** Milliseconds, as the next two. */
  readonly validity: number;
  readonly longestValidity: number;
  readonly remembered: number;
};

export interface Served {
  readonly verifications: Verifications;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly reserved: ReadonlySet<string>;
  readonly limits: readonly string[];
  readonly hasCredit: (username: string) => Awaitable<boolean>;
  readonly readings: Readings;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
}

const ROUTER_KEYS = {
  verifications: true,
  accounts: true,
  reservedSenders: true,
  limits: true,
  hasCredit: true,
  readings: true,
  onFault: true,
  clock: true,
} as const;

const DEFAULTS: Required<ComapiReadings> = {
  headerCredentials: false,
  unauthorizedStatus: 401,
  notVerified: "CodeNotVerified",
  validity: "10m",
  longestValidity: "30m",
  maxAttempts: 5,
  lockOn: "exceed",
  remembered: "1d",
  invalidField: "InvalidJson",
  lenientTo: true,
  toProperty: "to",
  throttledStatus: 400,
  undelivered: "CodeNotSent",
};

const DAY = 86_400_000;

/** @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead. */
export function checkOptions(options: ComapiRouterOptions): Served {
  checkKeys(options, ROUTER_KEYS, "comapiRouter()");
  const { verifications, accounts, reservedSenders = [], limits = [], hasCredit = () => true } = options;
  if (typeof verifications?.start !== "function") {
    throw misconfigured("comapiRouter({ verifications }) takes the verifications of an instance: tfa.verifications.");
  }
  const entries = Object.entries(accounts ?? {});
  if (entries.length === 0) throw misconfigured("comapiRouter({ accounts }) needs one: { [username]: { password } }.");
  return {
    verifications,
    accounts: new Map(entries.map(([username, each]) => [username, checkAccount(username, each)])),
    reserved: new Set(reservedSenders.map((sender) => sender.toLowerCase())),
    limits,
    hasCredit,
    readings: checkReadings(options.readings ?? {}),
    onFault: options.onFault ?? ignore,
    clock: options.clock ?? Date.now,
  };
}

function checkAccount(username: string, given: ComapiAccount): Account {
  const where = `comapiRouter({ accounts: { "${username}" } })`;
  checkKeys(given, { password: true, from: true, digits: true }, where);
  const { password, from, digits = 4 } = given;
  if (typeof password !== "string" || password === "") throw misconfigured(`${where} needs a password.`);
  if (username === "" || username.includes(":"))
    throw misconfigured(`${where}: a name is not empty and has no colon, for HTTP Basic.`);
  const wrong = from === undefined ? undefined : senderFailure(from);
  if (wrong) throw misconfigured(`${where} from: "${from}" is no sender: ${wrong}.`);
  return {
    username,
    password,
    tenant: `comapi:${username}`,
    from,
    digits: wholeNumber(digits, 4, 20, `${where} digits`),
  };
}

function checkReadings(given: ComapiReadings): Readings {
  const where = "comapiRouter({ readings })";
  const known = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, true])) as Record<
    keyof ComapiReadings,
    true
  >;
  checkKeys(given, known, where);
  const readings = { ...DEFAULTS, ...given };
  oneOf(readings.notVerified, ["CodeNotVerified", "CodeUnverified"], `${where} notVerified`);
  oneOf(readings.lockOn, ["exceed", "reach"], `${where} lockOn`);
  oneOf(readings.toProperty, ["to", "from"], `${where} toProperty`);
  oneOf(readings.undelivered, ["CodeNotSent", "unavailable"], `${where} undelivered`);
  oneOf(readings.invalidField, Object.keys(FAILURES), `${where} invalidField`);
  oneOf(String(readings.unauthorizedStatus), ["401", "403"], `${where} unauthorizedStatus`);
  oneOf(String(readings.throttledStatus), ["400", "429"], `${where} throttledStatus`);
  wholeNumber(readings.maxAttempts, 1, 10, `${where} maxAttempts`);
  const longestValidity = span(readings.longestValidity, DAY, `${where} longestValidity`);
  const validity = span(readings.validity, longestValidity, `${where} validity`);
  return {
    ...readings,
    validity,
    longestValidity,
    remembered: span(readings.remembered, 30 * DAY, `${where} remembered`),
  };
}

function span(value: Duration, longest: number, where: string): number {
  return wholeNumber(milliseconds(value, where), 1_000, longest, `${where}, in milliseconds`);
}

function ignore(): void {}
