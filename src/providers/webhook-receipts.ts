import { TwoFactorError } from "../core/errors.js";
import { type DeliveryReport, REPORTS, type ReceiptReader } from "./provider.js";
import { verifiedId, type WebhookKeys } from "./standard-webhooks.js";

const MAX_REPORTS = 100;

/** Reads what the service behind `webhook()` posts back: `{ id, status, errorCode?, errorMessage? }`, or a list of these. */
export function webhookReceipts(keys: WebhookKeys): ReceiptReader {
  return (post) => {
    // JSON is UTF-8 (RFC 8259); a header that says otherwise is not signed
    if (!/^utf-?8$/i.test(charsetOf(post.headers["content-type"]))) return undefined;
    const id = verifiedId(keys, post);
    return id === undefined ? undefined : { id, receipts: reportsIn(post.body) };
  };
}

function charsetOf(type: string | undefined): string {
  return /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type ?? "")?.[1] ?? "utf-8";
}

function reportsIn(body: Uint8Array): DeliveryReport[] {
  const value = parsed(body);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_REPORTS) throw unreadable();
  return list.map(reportIn).filter((report) => report !== undefined);
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw unreadable();
  }
}

/** A status of the service's own, such as "queued", tells us nothing. */
function reportIn(value: unknown): DeliveryReport | undefined {
  const { id, status, errorCode, errorMessage } = Object(value) as Record<string, unknown>;
  if (typeof id !== "string" || typeof status !== "string") throw unreadable();
  const known = REPORTS.find((each) => each === status);
  return known && { message: id, status: known, ...short({ errorCode, errorMessage }) };
}

function short(
  details: Record<"errorCode" | "errorMessage", unknown>,
): Pick<DeliveryReport, "errorCode" | "errorMessage"> {
  const told = Object.entries(details).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
}

function unreadable(): TwoFactorError {
  const detail = `A receipt is { "id", "status" }, with the id of the message; or a list of at most ${MAX_REPORTS}.`;
  return new TwoFactorError("invalid_request", { detail });
}
