import type { Clock } from "../../../core/clock.js";
import { type Duration, milliseconds } from "../../../core/durations.js";
import { misconfigured } from "../../../core/errors.js";
import { checkKeys, oneOf, wholeNumber } from "../../../core/options.js";
import type { FailureLimit } from "../../../verification/failure-limit.js";
import type { Bucket } from "../../../verification/bucket.js";
import type { LimitValue } from "../../../verification/named-limits.js";
import type { Defined, Definition, DefinitionPage } from "../../../verification/registry.js";
import type { Verifications } from "../../../verification/verifications.js";
import type { Step, WorkflowStep } from "../../../verification/workflow.js";
import { type Account, checkAccounts, type MittoAccount } from "./accounts.js";
import { type InferredRefusal, type Refusal, REFUSALS } from "../wire/answers.js";
import type { SendDefaults } from "../wire/send.js";
import type { UsageKeys } from "../wire/usage.js";

type Metadata = Readonly<Record<string, unknown>>;

/** What the router needs of `tfa.limits` and `tfa.workflows`. */
export interface MittoDefinitions<Stored, Given> {
  create(
    definition: { account?: string; name: string; description?: string; metadata?: Metadata; id?: string } & Given,
  ): Promise<Defined<Stored>>;
  update(
    change: { account?: string; id: string; description?: string; metadata?: Metadata } & Partial<Given>,
  ): Promise<Defined<Stored>>;
  remove(which: { account?: string; id: string }): Promise<Defined<Stored>>;
  get(which: { account?: string; id: string }): Promise<Definition<Stored> | undefined>;
  search(page?: { account?: string; offset?: number; limit?: number }): Promise<DefinitionPage<Stored>>;
}

export type LimitDefinitions = MittoDefinitions<LimitValue, { buckets: readonly Bucket[] }>;
export type WorkflowDefinitions = MittoDefinitions<readonly Step[], { steps: readonly WorkflowStep[] }>;

export interface MittoRouterOptions {
  /** `tfa.verifications` */
  verifications: Pick<Verifications, "start" | "check" | "cancel" | "get" | "search" | "usage">;
  /** `tfa.limits` */
  limits: LimitDefinitions;
  /** `tfa.workflows` */
  workflows: WorkflowDefinitions;
  /** By account SID, usually `AC` and 32 hex digits. */
  accounts: Readonly<Record<string, MittoAccount>>;
  /**
   * Whether the HTTP status is the `code` of the body, or always 200; the documents do not say. A missing login and a
   * fault of ours keep their own status either way.
   * @default "mirror"
   */
  httpStatus?: "mirror" | "always200";
  /**
   * Names of the fields of a usage record: all that the two examples of the document use, or those of the example that
   * fits the call.
   * @default "union"
   */
  usageKeys?: UsageKeys;
  /**
   * Shows asterisks in place of the codes that people typed. Mitto shows the codes.
   * @default false
   */
  maskCodes?: boolean;
  /** Other codes for the refusals that no document names: `{ wrongCode: 400 }`; 400 to 599. */
  errorCodes?: Readonly<Partial<Record<InferredRefusal, number>>>;
  /**
   * What a send answers when no provider took the message: `notSent`, so that the caller can try another way, or OK, so
   * that only the record tells.
   * @default "refuse"
   */
  undelivered?: "refuse" | "accept";
  /**
   * How many digits a code has where the send does not say; 4 to 10.
   * @default 6
   */
  codeLength?: number;
  /**
   * How long a code lives where the send does not say, in whole seconds; at most `"1d"`.
   * @default "5m"
   */
  expiry?: Duration;
  /**
   * How many codes may be tried for one OTP; 1 to 10.
   * @default 5
   */
  maxAttempts?: number;
  /**
   * Wrong codes over all OTPs of one recipient and service, beside the attempts of each: new codes are no new guesses.
   * @default { max: 20, interval: "10m" }
   */
  failures?: FailureLimit;
  /**
   * How long a page is where the call does not say; 1 to 100.
   * @default 10
   */
  pageSize?: number;
  /** Told of every fault behind a 503: a store that is down, a callback that threw. */
  onFault?: (error: unknown) => void;
  /** For dates such as `-30days`; give the one `twoFactor()` has. @default Date.now */
  clock?: Clock;
}

/** The options, checked and ready. */
export interface Served extends Pick<MittoRouterOptions, "verifications" | "limits" | "workflows" | "onFault"> {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly mirror: boolean;
  readonly usageKeys: UsageKeys;
  readonly maskCodes: boolean;
  readonly acceptUndelivered: boolean;
  readonly defaults: SendDefaults;
  readonly failures: FailureLimit;
  readonly pageSize: number;
  readonly clock: Clock;
  codeOf(refusal: Refusal): number;
}

const WHERE = "mittoRouter()";

/** @throws TwoFactorError `misconfigured`, with a sentence that says what to write instead. */
export function checkRouterOptions(options: MittoRouterOptions): Served {
  checkKeys(options, OPTION_KEYS, WHERE);
  const { verifications, limits, workflows, maskCodes = false, errorCodes = {}, onFault, clock = Date.now } = options;
  for (const [name, part] of Object.entries({ verifications, limits, workflows })) {
    if (typeof part !== "object" || part === null) {
      throw misconfigured(`${WHERE} needs { ${name} }: that of your twoFactor(), as in { ${name}: tfa.${name} }.`);
    }
  }
  if (typeof maskCodes !== "boolean") throw misconfigured(`${WHERE} maskCodes is true or false.`);
  if (onFault !== undefined && typeof onFault !== "function") throw misconfigured(`${WHERE} onFault is a function.`);
  if (typeof clock !== "function") throw misconfigured(`${WHERE} clock is a function.`);
  const codes = checkCodes(errorCodes);
  const expiry = milliseconds(options.expiry ?? "5m", `${WHERE} expiry`) / 1000;
  return {
    verifications,
    limits,
    workflows,
    accounts: checkAccounts(options.accounts, WHERE),
    mirror: oneOf(options.httpStatus ?? "mirror", ["mirror", "always200"], `${WHERE} httpStatus`) === "mirror",
    usageKeys: oneOf(options.usageKeys ?? "union", ["union", "seed"], `${WHERE} usageKeys`),
    maskCodes,
    acceptUndelivered:
      oneOf(options.undelivered ?? "refuse", ["refuse", "accept"], `${WHERE} undelivered`) === "accept",
    defaults: {
      codeLength: wholeNumber(options.codeLength ?? 6, 4, 10, `${WHERE} codeLength`),
      expiry: wholeNumber(expiry, 1, 86_400, `${WHERE} expiry in seconds`),
      maxAttempts: wholeNumber(options.maxAttempts ?? 5, 1, 10, `${WHERE} maxAttempts`),
    },
    failures: checkFailures(options.failures ?? { max: 20, interval: "10m" }),
    pageSize: wholeNumber(options.pageSize ?? 10, 1, 100, `${WHERE} pageSize`),
    clock,
    ...(onFault === undefined ? {} : { onFault }),
    codeOf: (refusal) => codes.get(refusal) ?? REFUSALS[refusal].code,
  };
}

const OPTION_KEYS = {
  verifications: true,
  limits: true,
  workflows: true,
  accounts: true,
  httpStatus: true,
  usageKeys: true,
  maskCodes: true,
  errorCodes: true,
  undelivered: true,
  codeLength: true,
  expiry: true,
  maxAttempts: true,
  failures: true,
  pageSize: true,
  onFault: true,
  clock: true,
} as const;

function checkFailures(failures: FailureLimit): FailureLimit {
  checkKeys(failures, { max: true, interval: true }, `${WHERE} failures`);
  const max = wholeNumber(failures.max, 1, 100_000, `${WHERE} failures.max`);
  if (milliseconds(failures.interval, `${WHERE} failures.interval`) > 0) return { max, interval: failures.interval };
  throw misconfigured(`${WHERE} failures.interval must be longer than 0.`);
}

const INFERRED = {
  invalidRequest: true,
  unknownRequest: true,
  unknownAccount: true,
  unknownResource: true,
  notPending: true,
  expired: true,
  wrongCode: true,
  attemptsSpent: true,
  limitExceeded: true,
  notSent: true,
} as const satisfies Record<InferredRefusal, true>;

function checkCodes(errorCodes: NonNullable<MittoRouterOptions["errorCodes"]>): Map<string, number> {
  checkKeys(errorCodes, INFERRED, `${WHERE} errorCodes`);
  const codes = Object.entries(errorCodes);
  return new Map(codes.map(([name, code]) => [name, wholeNumber(code, 400, 599, `${WHERE} errorCodes.${name}`)]));
}
