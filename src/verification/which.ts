import { defined } from "../core/defined.js";
import type { Channel } from "../providers/provider.js";
import type { Which } from "../stores/pending.js";
import { OWN_ACCOUNT } from "./account.js";
import * as prepare from "./prepare.js";
import type { VerificationWhich } from "./request.js";

type Written = Pick<VerificationWhich, "to" | "country" | "recipient">;

/** Owner and recipient stand for a missing id: then the newest is meant. */
export async function whichOf({ id, service, account = OWN_ACCOUNT, ...written }: VerificationWhich): Promise<Which> {
  if (id !== undefined) return { id, tenant: account };
  const to = await canonicalTo(written);
  if (to === undefined) throw prepare.invalid('Name a verification by "id" or by "to".');
  return { owner: prepare.ownerOf(account, service, to), tenant: account };
}

/** A recipient as records have it, however it was written; an address by its `@`. */
export async function canonicalTo({ to, country, recipient }: Written): Promise<string | undefined> {
  if (to === undefined) return undefined;
  const channel: Channel = to.includes("@") ? "email" : "sms";
  return (await prepare.recipientOf({ to, ...defined({ country, recipient }) }, channel)).to;
}
