import type { Delivery } from "./pending.js";

/** When another message may be asked for by the way in use; nothing for methods that send none. */
export function resendAt({ method, to, sent, status }: Delivery): number | undefined {
  return status === "none" ? undefined : sent.find((each) => each.method === method && each.to === to)?.resendAt;
}
