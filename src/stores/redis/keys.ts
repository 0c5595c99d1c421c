import type { NewPending, Which } from "../pending.js";
import type { Charge } from "../store.js";
import type { Key } from "./caller.js";
import { chargeKeys } from "./charges.js";
import { nameOf, nameOrNone } from "./names.js";

/** Which verification is meant, as scripts are told: id, owner, tenant. */
export function whichArgs({ id, owner, tenant }: Which): [id: string, owner: string, tenant: string] {
  return [nameOrNone(id), nameOrNone(owner), nameOrNone(tenant)];
}

export function keysOf([id, owner]: ReturnType<typeof whichArgs>): Key[] {
  if (id !== "") return [["v", id]];
  return owner === "" ? [] : [["o", owner]];
}

export function accountKey(account: string): Key {
  return ["a", nameOf(account)];
}

export function openKeys(entry: NewPending, account: string, charges: readonly Charge[]): Key[] {
  const [tenant, to, subject] = [nameOf(entry.tenant), nameOrNone(entry.delivery.to), nameOrNone(entry.subject)];
  return [
    accountKey(account),
    ["v", nameOf(entry.id)],
    ["o", nameOf(entry.owner)],
    ["i", "all"],
    ["i", "dead"],
    ["t", tenant],
    ["n", to],
    ["j", subject],
    ...chargeKeys(charges),
  ];
}
