import type { Amendment } from "../store.js";
import type { Check, Delivery, NewPending, Pending, PendingState, SendEvent } from "../pending.js";
import { fingerprint } from "../../core/crypto.js";
import { nameOf, nameOrNone, numberArg } from "./names.js";

const STATES: Readonly<Record<string, PendingState>> = { p: "pending", v: "verified", c: "canceled" };

/** What of a verification never changes. */
type Base = Omit<NewPending, "delivery" | "events" | "ttl" | "guardTime" | "supersede" | "offers">;

/** A verification out of the fields of its hash: name, value, name, value. */
export function readRow(fields: readonly string[]): Pending {
  const row: Record<string, string> = {};
  const lists: Record<string, Listed[]> = { c: [], e: [], p: [] };
  for (let index = 0; index < fields.length; index += 2) {
    const [field, text] = [fields[index] ?? "", fields[index + 1] ?? ""];
    if (field[1] === ":") lists[field[0] ?? ""]?.push({ name: field.slice(2), text });
    else row[field] = text;
  }
  const { c: checks = [], e: events = [], p: notes = [] } = lists;
  const [, , , , , , createdAt, expiresAt, guardUntil] = (row["im"] ?? "").split(" ");
  const used = checks.find(({ name }) => name === row["ub"]);
  return {
    ...(JSON.parse(row["base"] ?? "") as Base),
    createdAt: Number(createdAt),
    updatedAt: Number(row["up"]),
    expiresAt: Number(expiresAt),
    ...(guardUntil === "-" ? {} : { guardUntil: Number(guardUntil) }),
    state: STATES[row["st"] ?? ""] ?? "canceled",
    attempts: Number(row["at"]),
    revision: Number(row["rv"]),
    delivery: JSON.parse(row["dl"] ?? "") as Delivery,
    checks: inOrder(checks.map(({ text }) => placed<Check>(text))),
    ...(used ? { usedBy: placed<Check>(used.text).value.nonce, usedAt: Number(row["ua"]) } : {}),
    events: readEvents(events, notes),
  };
}

/** A field of a list: its name without that of the list. */
interface Listed {
  readonly name: string;
  readonly text: string;
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

/** Each event, and over it what became known of it since it was put there. */
function readEvents(events: readonly Listed[], notes: readonly Listed[]): SendEvent[] {
  const read = events.map(({ name, text }) => {
    const fence = text.indexOf(" ");
    const event = placed<SendEvent>(text.slice(fence + 1));
    const later = notes
      .filter((note) => note.name.startsWith(`${name}:`))
      .map((note) => placed<Partial<SendEvent>>(note.text))
      .filter(({ place }) => place > event.place);
    return { place: Number(text.slice(0, fence)), value: Object.assign(event.value, ...inOrder(later)) as SendEvent };
  });
  return inOrder(read);
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
