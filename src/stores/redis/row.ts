import type { Amendment } from "../store.js";
import type { Check, Delivery, NewPending, Pending, PendingState, SendEvent } from "../pending.js";
import { fingerprint } from "../../core/crypto.js";
import { nameOf, nameOrNone, numberArg } from "./names.js";

const STATES: Readonly<Record<string, PendingState>> = { p: "pending", v: "verified", c: "canceled" };

/** What of a verification never changes. */
type Base = Omit<NewPending, "delivery" | "events" | "ttl" | "guardTime" | "supersede" | "offers">;

/** A verification out of the fields of its hash: name, value, name, value. */
export function readRow(fields: readonly string[]): Pending {
  const row = new Map<string, string>();
  for (let index = 0; index < fields.length; index += 2) row.set(fields[index] ?? "", fields[index + 1] ?? "");
  const number = (field: string): number => Number(row.get(field));
  const [, , , , , , createdAt, expiresAt, guardUntil] = (row.get("im") ?? "").split(" ");
  const usedBy = row.get("ub");
  const used = usedBy === undefined ? undefined : placed<Check>(row.get(`c:${usedBy}`) ?? "").value;
  return {
    ...(JSON.parse(row.get("base") ?? "") as Base),
    createdAt: Number(createdAt),
    updatedAt: number("up"),
    expiresAt: Number(expiresAt),
    ...(guardUntil === "-" ? {} : { guardUntil: Number(guardUntil) }),
    state: STATES[row.get("st") ?? ""] ?? "canceled",
    attempts: number("at"),
    revision: number("rv"),
    delivery: JSON.parse(row.get("dl") ?? "") as Delivery,
    checks: readChecks(row),
    ...(used ? { usedBy: used.nonce, usedAt: number("ua") } : {}),
    events: readEvents(row),
  };
}

interface Placed<T> {
  readonly place: number;
  readonly value: T;
}

/** `<place> <json>` */
function placed<T>(text: string): Placed<T> {
  const fence = text.indexOf(" ");
  return { place: Number(text.slice(0, fence)), value: JSON.parse(text.slice(fence + 1)) as T };
}

function inOrder<T>(list: readonly Placed<T>[]): T[] {
  return list.toSorted((a, b) => a.place - b.place).map(({ value }) => value);
}

function readChecks(row: ReadonlyMap<string, string>): Check[] {
  const checks = [...row].filter(([field]) => field.startsWith("c:"));
  return inOrder(checks.map(([, text]) => placed<Check>(text)));
}

/** Each event, and over it what became known of it since it was put there. */
function readEvents(row: ReadonlyMap<string, string>): SendEvent[] {
  const events: Placed<SendEvent>[] = [];
  for (const [field, text] of row) {
    if (!field.startsWith("e:")) continue;
    const fence = text.indexOf(" ");
    const event = placed<SendEvent>(text.slice(fence + 1));
    const later = [...row]
      .filter(([each]) => each.startsWith(`p:${field.slice(2)}:`))
      .map(([, note]) => placed<Partial<SendEvent>>(note))
      .filter(({ place }) => place > event.place);
    events.push({ place: Number(text.slice(0, fence)), value: Object.assign(event.value, ...inOrder(later)) });
  }
  return inOrder(events);
}

/** The row that a new verification begins with, as `OPEN` takes it. */
export function newRowArgs(entry: NewPending, retention: number, label: string, call: string, account: string) {
  const { ttl, guardTime, supersede, offers: _offers, delivery, events, ...base } = entry;
  return [
    nameOf(entry.id),
    nameOf(entry.owner),
    nameOf(entry.tenant),
    nameOf(entry.purpose),
    nameOf(account),
    supersede,
    numberArg(ttl),
    guardTime === undefined ? "" : numberArg(guardTime),
    numberArg(retention),
    label,
    call,
    nameOrNone(entry.subject),
    nameOrNone(entry.service),
    nameOrNone(delivery.to),
    neverLeft(delivery),
    numberArg(entry.maxAttempts),
    JSON.stringify(base),
    JSON.stringify(delivery),
    String(events.length),
    ...events.flatMap((event) => [nameOf(event.id), JSON.stringify(event)]),
  ];
}

/** A change, as `AMEND` takes it. Its digest tells it from any other: only then may it be answered twice. */
export function changeArgs({ revision, delivery, event }: Amendment): string[] {
  return [
    numberArg(revision),
    JSON.stringify(delivery),
    neverLeft(delivery),
    nameOrNone(delivery.to),
    nameOrNone(event?.id),
    event ? JSON.stringify(event) : "",
    event ? fingerprint([revision, delivery, event]) : "",
  ];
}

/** A check up to its instant, and from there on. */
export function checkArgs(nonce: string, typed: string | undefined): [string, string] {
  const end = typed === undefined ? "}" : `,"typed":${JSON.stringify(typed)}}`;
  return [`{"nonce":${JSON.stringify(nonce)},"at":`, end];
}

function neverLeft({ status, sent }: Delivery): "1" | "0" {
  return status === "failed" && sent.length === 0 ? "1" : "0";
}
