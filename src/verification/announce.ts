import type { Events } from "../core/events.js";
import { maskAddress } from "../core/redact.js";
import type { Pending } from "../stores/pending.js";
import { OWN_ACCOUNT } from "./account.js";
import type { Started } from "./service.js";

/** A verification as events tell it. */
export function announced({ id, tenant, service, subject, delivery }: Pending) {
  return {
    verification: id,
    channel: delivery.method,
    ...(tenant === OWN_ACCOUNT ? {} : { account: tenant }),
    ...(service === undefined ? {} : { service }),
    ...(subject === undefined ? {} : { user: subject }),
  };
}

/** What became of a start or a send. A message that failed is told of by whoever carried it. */
export function announceSend(events: Events, started: Started, user?: string): void {
  if (started.ok) {
    const { entry, delivered } = started;
    if (!delivered?.ok) return;
    const { provider, reference } = delivered;
    const to = maskAddress(entry.delivery.to ?? "");
    const known = reference === undefined ? {} : { reference };
    events.emit("verification.sent", { ...announced(entry), to, provider, ...known });
  } else if (started.reason === "limited") {
    const { name: limit, retryAt } = started.refusal;
    events.emit("limit.exceeded", { limit, retryAt, ...(user === undefined ? {} : { user }) });
  }
}
