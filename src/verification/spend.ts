import type { Clock } from "../core/clock.js";
import type { Events } from "../core/events.js";
import { checkKeys } from "../core/options.js";
import type { Channel } from "../providers/provider.js";
import type { Charge } from "../stores/store.js";
import { type Bucket, type ParsedBucket, parseBucket } from "./bucket.js";

/** How many messages go out by a channel over all users and recipients; `false` for as many as are asked for. */
export interface SpendLimits {
  /**
   * A thousand an hour is more than most apps send, and some tens of dollars: what an attack may cost before somebody
   * looks. If you send more, say how much. The event `spend.cap` tells when it is reached.
   * @default { max: 1000, interval: "1h" }
   */
  sms?: Bucket | false;
  /** @default { max: 1000, interval: "1h" } */
  voice?: Bucket | false;
  /**
   * E-mail costs next to nothing.
   * @default false
   */
  email?: Bucket | false;
}

const CAP: Bucket = { max: 1_000, interval: "1h" };
const DEFAULTS = { sms: CAP, voice: CAP, email: false } as const satisfies Record<Channel, Bucket | false>;

/** Limits by such names are ours. */
const NAME = "spend.";

export function isSpend(name: string): boolean {
  return name.startsWith(NAME);
}

export type SpendCaps = ReadonlyMap<string, Charge>;

/** @throws TwoFactorError `misconfigured` for unknown channels and values out of bounds. */
export function parseSpend(given: SpendLimits = {}): SpendCaps {
  checkKeys(given, { sms: true, voice: true, email: true }, "limits.spend");
  const caps = new Map<string, Charge>();
  for (const channel of ["sms", "voice", "email"] as const) {
    const bucket = given[channel] ?? DEFAULTS[channel];
    if (bucket !== false) caps.set(channel, capOf(channel, parseBucket(bucket, `limits.spend.${channel}`)));
  }
  return caps;
}

function capOf(channel: Channel, { max, interval }: ParsedBucket): Charge {
  return { name: NAME + channel, key: JSON.stringify(["spend", channel, interval]), max, interval };
}

/** Says that a cap was reached, once in its interval however many messages it refuses. */
export function watchSpend(events: Events, caps: SpendCaps, clock: Clock): void {
  const quietUntil = new Map<string, number>();
  events.on("limit.exceeded", ({ limit, retryAt }) => {
    const channel = limit.slice(NAME.length);
    const cap = isSpend(limit) ? caps.get(channel) : undefined;
    const now = clock();
    if (!cap || now < (quietUntil.get(channel) ?? 0)) return;
    const { max, interval } = cap;
    quietUntil.set(channel, now + interval);
    events.emit("spend.cap", { channel, max, interval, retryAt });
  });
}
