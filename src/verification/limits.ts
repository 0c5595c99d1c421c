import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { networkOf } from "../core/network.js";
import { checkKeys, display, listOf, wholeNumber } from "../core/options.js";
import type { Charge, LockRule } from "../stores/store.js";
import { type Bucket, type ParsedBucket, parseBucket, parseBuckets } from "./bucket.js";
import { countedBy, hidden } from "./charges.js";
import { createSendCharges, type ParsedNamedLimit, type SendCharges } from "./send-charges.js";
import { isSpend, parseSpend, type SpendCaps, type SpendLimits } from "./spend.js";

/** Messages of the guard and of `tfa.verifications` alike; `false` where you have limits of your own. */
export interface SendLimits {
  /**
   * The wait before each further message of one verification to the same address.
   * @default ["30s", "60s", "120s", "300s"]
   */
  spacing?: readonly Duration[];
  /**
   * For one user, where there is one.
   * @default [{ max: 5, interval: "10m" }, { max: 10, interval: "1d" }]
   */
  perUser?: readonly Bucket[] | false;
  /**
   * To one number or address, over all users and accounts.
   * @default [{ max: 5, interval: "1h" }, { max: 10, interval: "1d" }]
   */
  perDestination?: readonly Bucket[] | false;
  /**
   * To all telephone numbers that differ in their last three digits only, over all users and accounts: numbers that are
   * rented to be paid for messages lie side by side. `false` where many of your users have such numbers, as in one company.
   * @default [{ max: 10, interval: "1m" }]
   */
  perPrefix?: readonly Bucket[] | false;
  /**
   * Sends that failed may be tried again at once, but not for ever: for one user or, where there is none, one address.
   * @default { max: 3, interval: "1m" }
   */
  failed?: Bucket;
}

export interface FailureLimits {
  /**
   * Compares for one challenge, 1 to 10. PSD2 RTS article 4(3)(b) allows five.
   * @default 5
   */
  perChallenge?: number;
  /**
   * Failures in a row over all challenges and methods of an account before it is locked, 1 to 100
   * (NIST SP 800-63B-4 section 3.2.2).
   * @default 10
   */
  perAccount?: number;
  /**
   * Failures in a row by one method, whatever locks lay between them, before it is disabled, 1 to 100 (NIST SP 800-63B-4
   * section 3.2.2). It is enabled again by a right answer by another method (a recovery code, say) or by `tfa.unlock()`.
   * @default 100
   */
  perMethod?: number;
  /**
   * Wrong codes from one network (an IPv4 address, or an IPv6 network of 64 bits) over all accounts, before no more codes
   * are taken from there; each process takes one more. `false` where many of your users share an address. Express has to
   * know the client's: see `trust proxy`.
   * @default { max: 50, interval: "10m" }
   */
  perNetwork?: Bucket | false;
  /**
   * The first lock; every further one within a day is twice as long.
   * @default "15m"
   */
  lock?: Duration;
  /** @default "24h" */
  longestLock?: Duration;
}

/** A limit that routes can ask for by name: `require2fa({ limits: ["payouts"] })`. */
export interface NamedLimit {
  /** What it counts by: the user, the address the code goes to, or the client's IP address. */
  by: "user" | "destination" | "ip";
  /** One or two buckets. */
  buckets: readonly Bucket[];
}

export interface LimitOptions {
  sends?: SendLimits;
  spend?: SpendLimits;
  failures?: FailureLimits;
  named?: Readonly<Record<string, NamedLimit>>;
}

/** The limits, ready to use. */
export interface Limits extends SendCharges {
  readonly maxAttempts: number;
  readonly lock: LockRule;
  /** What a wrong code from this address is charged to, where networks are limited. */
  readonly networkCharge: (ip: string) => Charge | undefined;
  readonly spend: SpendCaps;
  /** The buckets of a named limit out of the options. */
  bucketsOf(name: string): readonly ParsedBucket[] | undefined;
  /** The wait after so many messages, in milliseconds. */
  readonly gapAfter: (sends: number) => number;
}

const SPACING: readonly Duration[] = ["30s", "60s", "120s", "300s"];
const PER_DAY: Bucket = { max: 10, interval: "1d" };
const PER_USER: readonly Bucket[] = [{ max: 5, interval: "10m" }, PER_DAY];
const PER_DESTINATION: readonly Bucket[] = [{ max: 5, interval: "1h" }, PER_DAY];
const PER_NETWORK: Bucket = { max: 50, interval: "10m" };
const PER_PREFIX: readonly Bucket[] = [{ max: 10, interval: "1m" }];

/** @throws TwoFactorError `misconfigured` for unknown keys and values out of bounds. */
export function createLimits(options: LimitOptions = {}): Limits {
  checkKeys(options, { sends: true, spend: true, failures: true, named: true }, "limits");
  const { sends = {}, failures = {}, named = {} } = options;
  checkKeys(
    sends,
    { spacing: true, perUser: true, perDestination: true, perPrefix: true, failed: true },
    "limits.sends",
  );
  checkKeys(
    failures,
    { perChallenge: true, perAccount: true, perMethod: true, perNetwork: true, lock: true, longestLock: true },
    "limits.failures",
  );
  if (typeof named !== "object" || named === null)
    throw misconfigured("limits.named must be an object of limits by name.");

  const gaps = listOf(sends.spacing ?? SPACING, "limits.sends.spacing").map((gap) =>
    milliseconds(gap, "limits.sends.spacing"),
  );
  const byName = new Map(Object.entries(named).map(([name, limit]) => [name, namedLimit(name, limit)] as const));
  const spend = parseSpend(options.spend);
  const charges = createSendCharges({
    gaps,
    perUser: bucketsOrNone(sends.perUser ?? PER_USER, "limits.sends.perUser"),
    perDestination: bucketsOrNone(sends.perDestination ?? PER_DESTINATION, "limits.sends.perDestination"),
    perPrefix: bucketsOrNone(sends.perPrefix ?? PER_PREFIX, "limits.sends.perPrefix"),
    failed: parseBucket(sends.failed ?? { max: 3, interval: "1m" }, "limits.sends.failed"),
    spend,
    named: byName,
  });
  return {
    ...charges,
    maxAttempts: wholeNumber(failures.perChallenge ?? 5, 1, 10, "limits.failures.perChallenge"),
    lock: lockRule(failures),
    networkCharge: networkCharge(failures.perNetwork ?? PER_NETWORK),
    spend,
    bucketsOf: (name) => byName.get(name)?.buckets,
    gapAfter: (count) => gaps[Math.min(count, gaps.length) - 1] ?? 0,
  };
}

function bucketsOrNone(buckets: readonly Bucket[] | false, where: string): readonly ParsedBucket[] {
  return buckets === false ? [] : parseBuckets(buckets, where);
}

function networkCharge(bucket: Bucket | false): Limits["networkCharge"] {
  const buckets = bucket === false ? [] : [parseBucket(bucket, "limits.failures.perNetwork")];
  const count = countedBy("failures", "failures", buckets);
  return (ip) => count(hidden("ip", networkOf(ip)))[0];
}

function lockRule({ perAccount = 10, perMethod = 100, lock = "15m", longestLock = "24h" }: FailureLimits): LockRule {
  const first = lockLength(lock, "limits.failures.lock");
  const longest = lockLength(longestLock, "limits.failures.longestLock");
  if (longest < first) throw misconfigured("limits.failures.longestLock must not be shorter than lock.");
  const after = wholeNumber(perAccount, 1, 100, "limits.failures.perAccount");
  return { after, first, longest, ceiling: wholeNumber(perMethod, 1, 100, "limits.failures.perMethod") };
}

/** NIST SP 800-63B-4 section 3.2.2 asks for waits of 30 seconds at the least. */
function lockLength(lock: Duration, where: string): number {
  const length = milliseconds(lock, where);
  if (length < 30_000) throw misconfigured(`${where}: a lock lasts at least "30s".`);
  return length;
}

function namedLimit(name: string, limit: NamedLimit): ParsedNamedLimit {
  const where = `limits.named.${name}`;
  // Clients read the name in a header.
  if (!/^[\w.-]{1,64}$/.test(name))
    throw misconfigured(`${where}: a name has 1 to 64 letters, digits, dots, dashes or underscores.`);
  if (isSpend(name)) throw misconfigured(`${where}: names that begin so are taken.`);
  checkKeys(limit, { by: true, buckets: true }, where);
  if (!["user", "destination", "ip"].includes(limit.by)) {
    throw misconfigured(`${where}.by: "${display(limit.by)}". Known: user, destination, ip.`);
  }
  const buckets = parseBuckets(limit.buckets, `${where}.buckets`);
  if (buckets.length > 2) throw misconfigured(`${where}.buckets: a named limit has one or two.`);
  return { by: limit.by, buckets };
}
