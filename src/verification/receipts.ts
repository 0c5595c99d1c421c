import { defined } from "../core/defined.js";
import { type DeliveryReport, REPORTS } from "../providers/provider.js";
import type { Pending, SendEvent, SendStatus } from "../stores/pending.js";
import { readMessageId } from "./message-id.js";
import type { VerificationParts } from "./parts.js";

/** What a provider says of a message after it has taken it. */
export interface Receipt {
  /** Only this account's; any by default. */
  readonly account?: string;
  readonly verification: string;
  /** The event of the message: see `events` of the verification. */
  readonly event: string;
  readonly status: DeliveryReport["status"];
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

export type ReceiptParts = Pick<VerificationParts, "store" | "keys" | "clock" | "advance">;

/** Receipts come late and out of order: one that says less than is known changes nothing. */
const RANK: Readonly<Record<SendStatus, number>> = { queued: 0, sent: 1, failed: 2, undelivered: 2, delivered: 3 };

const MAX_CODE = 64;
const MAX_MESSAGE = 200;

/** True if it was about a message we know. A message that will not arrive brings the next step of a workflow forward. */
export async function noteReceipt(parts: ReceiptParts, report: Receipt): Promise<boolean> {
  const { verification: id, account, event } = report;
  if (!isReport(report)) return false;
  const entry = await parts.store.find({ id, tenant: account }, parts.clock());
  const known = entry?.events.find((each) => each.id === event);
  if (entry && known) await note(parts, entry, known, report);
  return known !== undefined;
}

export type Noted =
  | { readonly outcome: "noted"; readonly entry: Pending; readonly event: SendEvent }
  /** No message of ours, or another provider's. */
  | { readonly outcome: "unknown" }
  /** The message is being handed over: what is noted now, the end of that would write over. */
  | { readonly outcome: "early" };

const UNKNOWN: Noted = { outcome: "unknown" };
/** Longer than handing a message over may take, in milliseconds. */
const HANDOVER = 10_000;

/** The same for a provider that names a message as we named it: it may speak of those that it took. */
export async function noteReport(parts: ReceiptParts, provider: string, report: DeliveryReport): Promise<Noted> {
  const { store, keys, clock } = parts;
  const named = readMessageId(report.message);
  if (!named || !isReport(report)) return UNKNOWN;
  const entry = await store.find({ id: named.id }, clock());
  const event = entry?.events[named.index];
  // a store may be shared with an installation of another secret
  if (!entry || !event || !keys.find(entry.keyId)) return UNKNOWN;
  // nobody is named where no provider was known to have taken it: then one that speaks of it has
  if ((event.provider ?? provider) !== provider) return UNKNOWN;
  if (event.status === "queued" && clock() < event.at + HANDOVER) return { outcome: "early" };
  await note(parts, entry, event, report);
  return { outcome: "noted", entry, event };
}

function isReport({ status }: { readonly status: unknown }): boolean {
  return REPORTS.some((each) => each === status);
}

type Told = Pick<Receipt, "status" | "errorCode" | "errorMessage">;

/** The workflow first: if that fails, nothing is noted, and the same receipt does both when it comes again. */
async function note(parts: ReceiptParts, entry: Pending, known: SendEvent, told: Told): Promise<void> {
  const { store, clock, advance } = parts;
  const { status, errorCode, errorMessage } = told;
  if (RANK[status] <= RANK[known.status]) return;
  const isNewest = entry.events.at(-1) === known;
  const isLost = RANK[status] === RANK.failed;
  // refused where it has ended or has no next step
  if (isLost && isNewest) await advance(entry, (entry.delivery.step ?? 0) + 1);
  const details = defined({ errorCode: cut(errorCode, MAX_CODE), errorMessage: cut(errorMessage, MAX_MESSAGE) });
  await store.note({ id: entry.id }, { id: known.id, status, ...details }, clock());
}

function cut(text: unknown, length: number): string | undefined {
  return typeof text === "string" ? text.slice(0, length) : undefined;
}
