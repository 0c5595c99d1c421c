import { defined } from "../core/defined.js";
import { maskAddress } from "../core/redact.js";
import { refusalOf, refused } from "../verification/outcome.js";
import type { Started } from "../verification/service.js";
import type { Way } from "../verification/way.js";
import type { ChallengeParts, ChallengeStarted } from "./challenge-parts.js";
import { eventOf } from "./proved.js";

/** What became of a start or a send, told as an outcome and as events. */
export function told(
  { clock, events }: Pick<ChallengeParts, "clock" | "events">,
  user: string,
  started: Started,
  way: Way,
): ChallengeStarted {
  if (!started.ok) {
    if (started.reason === "limited") {
      const { name: limit, retryAt } = started.refusal;
      events.emit("limit.exceeded", { user, limit, retryAt });
    }
    return refusalOf(started, clock());
  }
  const { entry, fresh, delivered, withheld } = started;
  if (delivered?.ok === false) {
    return refused(
      "delivery_failed",
      { detail: "The code could not be sent. Try again, or choose another method." },
      entry,
    );
  }
  const about = () => ({ to: maskAddress(way.to ?? ""), ...eventOf(entry) });
  if (withheld) events.emit("delivery.refused", { reason: withheld, ...about() });
  if (delivered) {
    // Nothing else of it: the code that a vendor told us, say.
    const { provider, reference } = delivered;
    events.emit("challenge.sent", { provider, ...defined({ reference }), ...about() });
  }
  return { ok: true, entry, fresh };
}
