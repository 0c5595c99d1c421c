import { defined } from "../core/defined.js";
import { isLive } from "../stores/ended.js";
import type { SendStatus } from "../stores/pending.js";
import type { Issuer } from "./issuer.js";
import type { VerificationParts } from "./parts.js";
import { readVerification } from "./prepare.js";

/** What a provider says of a message after it has taken it. */
export interface Receipt {
  /** Only this account's; any by default. */
  readonly account?: string;
  readonly verification: string;
  /** The event of the message: see `events` of the verification. */
  readonly event: string;
  readonly status: "sent" | "delivered" | "undelivered" | "failed";
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/** Receipts come late and out of order: one that says less than is known changes nothing. */
const RANK: Readonly<Record<SendStatus, number>> = { queued: 0, sent: 1, failed: 2, undelivered: 2, delivered: 3 };

const REPORTED: readonly unknown[] = ["sent", "failed", "undelivered", "delivered"];

/** True if it was about a message we know. A message that will not arrive brings the next step of a workflow forward. */
export async function noteReceipt(parts: VerificationParts, issuer: Issuer, report: Receipt): Promise<boolean> {
  const { store, clock } = parts;
  const { verification: id, account, event, status, errorCode, errorMessage } = report;
  if (!REPORTED.includes(status)) return false;
  const entry = await store.find({ id, tenant: account }, clock());
  const known = entry?.events.find((each) => each.id === event);
  if (!entry || !known) return false;
  if (RANK[status] <= RANK[known.status]) return true;
  await store.note({ id }, { id: event, status, ...defined({ errorCode, errorMessage }) }, clock());
  const lost = RANK[status] === RANK.failed && entry.events.at(-1) === known;
  if (lost && isLive(entry, clock()) && readVerification(entry).workflow) await issuer.next(entry);
  return true;
}
