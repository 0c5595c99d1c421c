import type { NewPending, Which } from "../pending.js";
import type { Charge } from "../store.js";
import type { Key } from "./caller.js";
import { chargeKeys } from "./charges.js";
import { nameOf, nameOrNone } from "./names.js";

/** Which verification is meant, as scripts are told: id, owner, tenant. */
export function whichArgs({ id, owner, tenant }: Which): [string, string, string] {
  return [nameOrNone(id), nameOrNone(owner), nameOrNone(tenant)];
}

export function keysOf({ id, owner }: Which): Key[] {
  return id === undefined ? (owner === undefined ? [] : [["o", nameOf(owner)]]) : [["v", nameOf(id)]];
}

/** What is kept of an account: its lock, and the failures by each of its methods. */
export function accountKeys(name: string): Key[] {
  return [
    ["a", name],
    ["f", name],
  ];
}

export function openKeys(entry: NewPending, account: string, charges: readonly Charge[]): Key[] {
  const [tenant, to, subject] = [nameOf(entry.tenant), nameOrNone(entry.delivery.to), nameOrNone(entry.subject)];
  return [
    ["v", nameOf(entry.id)],
    ["o", nameOf(entry.owner)],
    ...accountKeys(nameOf(account)),
    ["i", "all"],
    ["i", "dead"],
    ["t", tenant],
    ["n", to],
    ["j", subject],
    ...chargeKeys(charges),
  ];
}
