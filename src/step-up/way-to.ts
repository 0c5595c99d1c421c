import type { Clock } from "../core/clock.js";
import type { Limits } from "../verification/limits.js";
import type { Way } from "../verification/way.js";
import type { Usable } from "./people.js";

/** Whom a message is for, and what else counts it. */
export interface Addressee {
  readonly user: string;
  readonly ip?: string | undefined;
  readonly limits: readonly string[];
  readonly locale: string;
}

/** How a method reaches a person, with every limit on the way. */
export function wayTo(
  { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
  { method, to, factor, withheld }: Usable,
  { user, ip, limits: named, locale }: Addressee,
  until?: number,
): Way {
  const send = method.send?.bind(method);
  if (!send || to === undefined) return { method: method.name, charges: () => [] };
  const subject = { user, to, channel: method.name, ip, named, free: withheld !== undefined };
  return {
    method: method.name,
    to,
    factor,
    gapAfter: limits.gapAfter,
    withheld,
    charges: (id) => limits.sendCharges({ id, ...subject }),
    failed: () => limits.failedCharge(subject),
    send: (entry) => send({ entry, locale, now: clock(), until }),
  };
}
