import type { Delivery, Sent } from "../stores/pending.js";
import type { Way } from "./way.js";

/** How it stands once this way is taken: what went out before by other methods stays valid. */
export function deliveryBy(way: Way, before: readonly Sent[], now: number): Delivery {
  const { method, to, step, send } = way;
  const known = before.find((sent) => sent.method === method && sent.to === to);
  const others = before.filter((sent) => sent.method !== method);
  const sends = (known?.sends ?? 0) + 1;
  const mine =
    to === undefined ? [] : send ? [{ method, to, sends, resendAt: now + (way.gapAfter?.(sends) ?? 0) }] : [known];
  return {
    method,
    ...(to === undefined ? {} : { to }),
    status: send || known ? "sent" : "none",
    sent: [...others, ...mine.filter((sent) => sent !== undefined)],
    ...(step === undefined ? {} : { step }),
  };
}

/** A code of a provider's making is known to that provider only: the next message makes it worthless. */
export function nextDelivery({ sent, step, remote }: Delivery, way: Way, now: number): Delivery {
  const ours = remote ? [] : sent;
  return deliveryBy({ ...way, step: way.step ?? step }, ours, now);
}

/** The message did not get out: as it stood before, but for whose turn it is. */
export function withoutLast(sent: readonly Sent[], before: readonly Sent[], method: string): Sent[] {
  const earlier = before.find((each) => each.method === method);
  return [...sent.filter((each) => each.method !== method), ...(earlier ? [{ ...earlier, resendAt: 0 }] : [])];
}
