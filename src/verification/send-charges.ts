import { fingerprint } from "../core/crypto.js";
import { misconfigured } from "../core/errors.js";
import { networkOf } from "../core/network.js";
import type { Charge } from "../stores/store.js";
import type { ParsedBucket } from "./bucket.js";
import { countedBy, hidden } from "./charges.js";
import { isSpend, type SpendCaps } from "./spend.js";
import { neighbourhood } from "./toll-fraud.js";

/** For whom a message is about to be sent. */
export interface SendSubject {
  /** The verification: its messages are spaced. */
  readonly id: string;
  /** Whose it is, where there is somebody. */
  readonly user?: string | undefined;
  readonly to: string;
  readonly channel: string;
  readonly ip?: string | undefined;
  /** Named limits the route asks for. */
  readonly named: readonly string[];
  /** It looks like a message and will be none: it is limited like one and costs nothing. */
  readonly free?: boolean;
}

export interface ParsedNamedLimit {
  readonly by: "user" | "destination" | "ip";
  readonly buckets: readonly ParsedBucket[];
}

/** Milliseconds throughout. */
export interface SendRules {
  readonly gaps: readonly number[];
  readonly perUser: readonly ParsedBucket[];
  readonly perDestination: readonly ParsedBucket[];
  readonly perPrefix: readonly ParsedBucket[];
  readonly failed: ParsedBucket;
  readonly spend: SpendCaps;
  readonly named: ReadonlyMap<string, ParsedNamedLimit>;
}

export interface SendCharges {
  /** What one more message is charged to, all of it in one step. */
  sendCharges(subject: SendSubject): Charge[];
  /** What a failed message is charged to, after its other charges were given back. */
  failedCharge(subject: Pick<SendSubject, "user" | "to">): Charge;
}

/** After this long without a message the spacing starts again from its first step. */
const QUIET = 10 * 60_000;

export function createSendCharges({ gaps, spend, named: byName, ...rules }: SendRules): SendCharges {
  const user = countedBy("user", "user", rules.perUser);
  const destination = countedBy("destination", "to", rules.perDestination);
  const prefix = countedBy(PREFIX, "prefix", rules.perPrefix);
  const failed = countedBy("failed_sends", "failed", [rules.failed]);
  const named = new Map(
    [...byName].map(([name, { by, buckets }]) => [name, { by, count: countedBy(name, `named ${name}`, buckets) }]),
  );

  return {
    failedCharge: ({ user: who, to }) =>
      failed(who === undefined ? hidden("to", to) : hidden("user", who))[0] as Charge,
    sendCharges: (subject) => {
      const { id, to, channel, ip = "unknown" } = subject;
      const spacing = { name: "spacing", key: fingerprint(["gap", id, to]), max: NO_MAX, interval: QUIET, gaps };
      const [who, where] = [subject.user === undefined ? undefined : hidden("user", subject.user), hidden("to", to)];
      const block = neighbourhood(to);
      const cap = spend.get(channel);
      return [
        spacing,
        ...(who === undefined ? [] : user(who)),
        ...destination(where),
        ...(block === undefined ? [] : prefix(hidden("prefix", block))),
        ...failed(who ?? where).map(looking),
        ...(cap ? [subject.free ? looking(cap) : cap] : []),
        ...subject.named.flatMap((name) => {
          const limit = named.get(name);
          if (!limit) throw misconfigured(unknownLimit(name, [...named.keys()]));
          const counted = {
            user: () => who ?? hidden("user", ""),
            destination: () => where,
            ip: () => hidden("ip", networkOf(ip)),
          };
          return limit.count(counted[limit.by]());
        }),
      ];
    },
  };
}

function looking({ name, key, max, interval }: Charge): Charge {
  return { name, key, max, interval, peek: true };
}

const NO_MAX = Number.MAX_SAFE_INTEGER;
const PREFIX = "prefix";

/** Limits that everybody shares: what they are is nobody's business but the app's. */
export function isShared(name: string): boolean {
  return name === PREFIX || isSpend(name);
}

function unknownLimit(name: string, known: readonly string[]): string {
  return `require2fa({ limits: ["${name}"] }): twoFactor({ limits: { named } }) has no limit of that name. It has: ${known.join(", ") || "none"}.`;
}
