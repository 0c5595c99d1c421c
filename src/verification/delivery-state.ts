import { randomId } from "../core/crypto.js";
import type { Delivery, SendEvent, Sent } from "../stores/pending.js";
import type { Way } from "./way.js";

type Place = Pick<Way, "method" | "to">;

/** By the same method to the same recipient. */
export function isSameWay(a: Place, b: Place): boolean {
  return a.method === b.method && a.to === b.to;
}

/** How it stands once this way is taken: what went out before by other ways stays valid. */
export function deliveryBy(way: Way, before: readonly Sent[], now: number): Delivery {
  const { method, to, factor, step, send } = way;
  const known = before.find((sent) => isSameWay(sent, way));
  const others = known ? before.filter((sent) => sent !== known) : before;
  const sends = (known?.sends ?? 0) + 1;
  const mine = to !== undefined && send ? { method, to, sends, resendAt: now + (way.gapAfter?.(sends) ?? 0) } : known;
  return {
    method,
    status: send || known ? "sent" : "none",
    // Not spread into a list, which would reserve room for sixteen more.
    sent: mine ? others.concat(mine) : others,
    ...(to === undefined ? {} : { to }),
    ...(factor === undefined ? {} : { factor }),
    ...(step === undefined ? {} : { step }),
  };
}

/** A code of a provider's making is known to that provider only, and by the way in use: the next message makes it worthless. */
export function nextDelivery(before: Delivery, way: Way, now: number): Delivery {
  const ours = before.remote ? before.sent.filter((each) => !isSameWay(each, before)) : before.sent;
  return deliveryBy({ ...way, step: way.step ?? before.step }, ours, now);
}

/** The message did not get out: as it stood before, but for whose turn it is. */
export function withoutLast(sent: readonly Sent[], before: readonly Sent[], way: Place): Sent[] {
  const earlier = before.find((each) => isSameWay(each, way));
  return [...sent.filter((each) => !isSameWay(each, way)), ...(earlier ? [{ ...earlier, resendAt: 0 }] : [])];
}

/** The message that this way is about to send; nothing where it sends none. */
export function eventOf(way: Way, at: number): SendEvent | undefined {
  const { method: channel, to, country, from, withheld } = way;
  if (!way.send || to === undefined) return undefined;
  return {
    id: randomId(),
    at,
    channel,
    to,
    status: withheld ? "failed" : "queued",
    ...(country === undefined ? {} : { country }),
    ...(from === undefined ? {} : { from }),
    ...(withheld ? { errorCode: `refused_${withheld}` } : {}),
  };
}
