import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, display, listOf, wholeNumber } from "../core/options.js";
import type { Charge, LockRule } from "../stores/store.js";

/** At most `max` within any span of `interval`. */
export interface Bucket {
  max: number;
  interval: Duration;
}

export interface SendLimits {
  /**
   * The wait before each further message of one verification to the same address.
   * @default ["30s", "60s", "120s", "300s"]
   */
  spacing?: readonly Duration[];
  /** @default [{ max: 5, interval: "10m" }, { max: 10, interval: "1d" }] */
  perUser?: readonly Bucket[];
  /** @default [{ max: 5, interval: "10m" }, { max: 10, interval: "1d" }] */
  perDestination?: readonly Bucket[];
  /**
   * Sends that failed may be tried again at once, but not for ever.
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
  failures?: FailureLimits;
  named?: Readonly<Record<string, NamedLimit>>;
}

/** For whom a message is about to be sent. */
export interface SendSubject {
  /** The verification: its messages are spaced. */
  readonly id: string;
  readonly user: string;
  readonly to: string;
  readonly ip?: string | undefined;
  /** Named limits the route asks for. */
  readonly named: readonly string[];
}

/** The limits, ready to use. */
export interface Limits {
  readonly maxAttempts: number;
  readonly lock: LockRule;
  /** The buckets of a named limit out of the options. */
  bucketsOf(name: string): readonly { readonly max: number; readonly interval: number }[] | undefined;
  /** Keeps the messages of one verification to one address apart. */
  spacing(id: string, to: string): Charge;
  /** What one more message is charged to. */
  sendCharges(subject: SendSubject): Charge[];
  /** What a failed message is charged to, after its other charges were given back. */
  failedCharge(user: string): Charge;
  /** The wait after so many messages, in milliseconds. */
  readonly gapAfter: (sends: number) => number;
}

const CAPS: readonly Bucket[] = [
  { max: 5, interval: "10m" },
  { max: 10, interval: "1d" },
];
const SPACING: readonly Duration[] = ["30s", "60s", "120s", "300s"];
/** After this long without a message the spacing starts again from its first step. */
const QUIET = 10 * 60_000;

/** @throws TwoFactorError `misconfigured` for unknown keys and values out of bounds. */
export function createLimits(options: LimitOptions = {}): Limits {
  checkKeys(options, { sends: true, failures: true, named: true }, "limits");
  const { sends = {}, failures = {}, named = {} } = options;
  checkKeys(sends, { spacing: true, perUser: true, perDestination: true, failed: true }, "limits.sends");
  checkKeys(failures, { perChallenge: true, perAccount: true, lock: true, longestLock: true }, "limits.failures");

  if (typeof named !== "object" || named === null)
    throw misconfigured("limits.named must be an object of limits by name.");
  const gaps = listOf(sends.spacing ?? SPACING, "limits.sends.spacing").map((gap) =>
    milliseconds(gap, "limits.sends.spacing"),
  );
  const perUser = buckets(sends.perUser ?? CAPS, "limits.sends.perUser");
  const perDestination = buckets(sends.perDestination ?? CAPS, "limits.sends.perDestination");
  const [failed] = buckets([sends.failed ?? { max: 3, interval: "1m" }], "limits.sends.failed");
  const byName = new Map(Object.entries(named).map(([name, limit]) => [name, namedLimit(name, limit)] as const));
  const lock = {
    after: wholeNumber(failures.perAccount ?? 10, 1, 100, "limits.failures.perAccount"),
    first: lockLength(failures.lock ?? "15m", "limits.failures.lock"),
    longest: lockLength(failures.longestLock ?? "24h", "limits.failures.longestLock"),
  };
  if (lock.longest < lock.first) throw misconfigured("limits.failures.longestLock must not be shorter than lock.");
  const spacing = (id: string, to: string): Charge => {
    return { name: "spacing", key: key(["gap", id, to]), max: Number.MAX_SAFE_INTEGER, interval: QUIET, gaps };
  };
  const failedCharge = (user: string): Charge => charge(failed, "failed_sends", ["failed", user]);

  return {
    maxAttempts: wholeNumber(failures.perChallenge ?? 5, 1, 10, "limits.failures.perChallenge"),
    lock,
    bucketsOf: (name) => byName.get(name)?.buckets,
    spacing,
    failedCharge,
    gapAfter: (count) => gaps[Math.min(count, gaps.length) - 1] ?? 0,
    sendCharges: ({ id, user, to, ip, named: asked }) => [
      spacing(id, to),
      ...perUser.map((bucket) => charge(bucket, "user", ["user", user])),
      ...perDestination.map((bucket) => charge(bucket, "destination", ["to", to])),
      { ...failedCharge(user), peek: true },
      ...asked.flatMap((name) => {
        const limit = byName.get(name);
        if (!limit) throw misconfigured(unknownLimit(name, [...byName.keys()]));
        const value = { user, destination: to, ip: ip ?? "unknown" }[limit.by];
        return limit.buckets.map((bucket) => charge(bucket, name, ["named", name, value]));
      }),
    ],
  };
}

/** NIST SP 800-63B-4 section 3.2.2 asks for waits of 30 seconds at the least. */
function lockLength(lock: Duration, where: string): number {
  const length = milliseconds(lock, where);
  if (length < 30_000) throw misconfigured(`${where}: a lock lasts at least "30s".`);
  return length;
}

interface ParsedBucket {
  readonly max: number;
  readonly interval: number;
}

function buckets(list: readonly Bucket[], where: string): [ParsedBucket, ...ParsedBucket[]] {
  const parsed = listOf(list, where).map((bucket) => {
    checkKeys(bucket, { max: true, interval: true }, where);
    const interval = milliseconds(bucket.interval, `${where}.interval`);
    if (interval <= 0) throw misconfigured(`${where}.interval must be longer than 0.`);
    return { max: wholeNumber(bucket.max, 1, 1_000_000, `${where}.max`), interval };
  });
  const [first, ...rest] = parsed;
  if (!first) throw misconfigured(`${where} needs at least one bucket, as in [{ max: 5, interval: "10m" }].`);
  return [first, ...rest];
}

function namedLimit(name: string, limit: NamedLimit): { by: NamedLimit["by"]; buckets: ParsedBucket[] } {
  const where = `limits.named.${name}`;
  // Clients read the name in a header.
  if (!/^[\w.-]{1,64}$/.test(name))
    throw misconfigured(`${where}: a name has 1 to 64 letters, digits, dots, dashes or underscores.`);
  checkKeys(limit, { by: true, buckets: true }, where);
  if (!["user", "destination", "ip"].includes(limit.by)) {
    throw misconfigured(`${where}.by: "${display(limit.by)}". Known: user, destination, ip.`);
  }
  const parsed = buckets(limit.buckets, `${where}.buckets`);
  if (parsed.length > 2) throw misconfigured(`${where}.buckets: a named limit has one or two.`);
  return { by: limit.by, buckets: parsed };
}

function charge(bucket: ParsedBucket, name: string, parts: readonly string[]): Charge {
  return { name, key: key([...parts, String(bucket.interval)]), max: bucket.max, interval: bucket.interval };
}

/** No two lists of parts may share a key, whatever characters an id holds. */
function key(parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function unknownLimit(name: string, known: readonly string[]): string {
  return `require2fa({ limits: ["${name}"] }): twoFactor({ limits: { named } }) has no limit of that name. It has: ${known.join(", ") || "none"}.`;
}
