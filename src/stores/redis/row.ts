import type { Check, Delivery, NewPending, Pending, PendingState, SendEvent } from "../pending.js";
import type { Amendment } from "../store.js";
import { fingerprint } from "../../core/crypto.js";
import { triedBy } from "../tried.js";
import { NAME_LENGTH, nameOf, nameOrNone, numberArg } from "./names.js";

const STATES: Readonly<Record<string, PendingState>> = { p: "pending", v: "verified", c: "canceled" };

/** What of a verification never changes. */
type Base = Omit<NewPending, "delivery" | "events" | "ttl" | "guardTime" | "supersede" | "offers">;

/** A verification out of the two texts of its hash, whose lines `ROWS` explains. */
export function readRow(text: string, rest: string): Pending {
  const [head = "", ...checks] = text.split("\n");
  const [state = "", attempts, revision, updatedAt, , usedAt, , createdAt, expiresAt, guardUntil] = head.split(" ", 10);
  const [, , base = "", delivery = "", ...events] = rest.split("\n");
  // Laid over what was read: to spread it into another object takes three times as long as to read it.
  return Object.assign(JSON.parse(base) as Base, {
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    expiresAt: Number(expiresAt),
    ...(guardUntil !== "-" && { guardUntil: Number(guardUntil) }),
    state: STATES[state] ?? "canceled",
    attempts: Number(attempts),
    revision: Number(revision),
    delivery: JSON.parse(delivery) as Delivery,
    checks: checks.map((json) => JSON.parse(json) as Check),
    ...(state === "v" && { usedBy: JSON.parse(afterBlanks(head, 11)) as string, usedAt: Number(usedAt) }),
    events: readEvents(events),
  });
}

/** Each event, and over it what became known of it since it was put there. */
function readEvents(lines: readonly string[]): SendEvent[] {
  const events = new Map<string, SendEvent>();
  for (const line of lines) {
    const name = line.slice(1, 1 + NAME_LENGTH);
    const told = JSON.parse(afterBlanks(line, 1)) as SendEvent;
    events.set(name, Object.assign(events.get(name) ?? {}, told));
  }
  return [...events.values()];
}

function afterBlanks(text: string, count: number): string {
  let from = 0;
  for (let left = count; left > 0; left -= 1) from = text.indexOf(" ", from) + 1;
  return text.slice(from);
}

/** The row that a new verification begins with, as `OPEN` takes it. */
export function newRowArgs(entry: NewPending, retention: number, label: string, call: string) {
  const { ttl, guardTime, supersede, offers: _offers, delivery, events, ...base } = entry;
  const [tenant, owner, purpose] = [nameOf(entry.tenant), nameOf(entry.owner), nameOf(entry.purpose)];
  const [subject, to] = [nameOrNone(entry.subject, "-"), nameOrNone(delivery.to, "-")];
  return [
    nameOf(entry.id),
    owner,
    tenant,
    purpose,
    supersede,
    numberArg(ttl),
    guardTime === undefined ? "" : numberArg(guardTime),
    numberArg(retention),
    label,
    call,
    subject,
    to,
    neverLeft(delivery),
    numberArg(entry.maxAttempts),
    [
      JSON.stringify(triedBy(delivery)),
      [tenant, owner, purpose, subject, nameOrNone(entry.service, "-"), to, "-"].join(" "),
      JSON.stringify(base),
      JSON.stringify(delivery),
      ...events.map((event) => `e${nameOf(event.id)} ${JSON.stringify(event)}`),
    ].join("\n"),
  ];
}

/** A change, as `AMEND` takes it. Its digest tells it from any other: only then may it be answered twice. */
export function changeArgs({ revision, delivery, event }: Amendment): string[] {
  return [
    numberArg(revision),
    JSON.stringify(delivery),
    JSON.stringify(triedBy(delivery)),
    neverLeft(delivery),
    nameOrNone(delivery.to, "-"),
    nameOrNone(event?.id),
    event ? JSON.stringify(event) : "",
    event ? fingerprint([revision, delivery, event]) : "-",
  ];
}

/** A check from its instant on. */
export function checkEnd(typed: string | undefined): string {
  return typed === undefined ? "}" : `,"typed":${JSON.stringify(typed)}}`;
}

function neverLeft({ status, sent }: Delivery): "1" | "0" {
  return status === "failed" && sent.length === 0 ? "1" : "0";
}
