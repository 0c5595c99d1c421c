import { type Keyring, unseal } from "../core/crypto.js";
import { statusOf } from "../stores/ended.js";
import type { Pending } from "../stores/pending.js";
import { OWN_ACCOUNT } from "./account.js";
import { readVerification } from "./prepare.js";
import type { Verification } from "./request.js";

/** A stored verification as its account sees it; typed codes are opened for it and for nobody else. */
export function viewOf(entry: Pending, keys: Keyring, now: number): Verification {
  const { method, to = "" } = entry.delivery;
  const { metadata, numberStatus } = readVerification(entry);
  return {
    id: entry.id,
    status: statusOf(entry, now),
    channel: method,
    to,
    ...(entry.service === undefined ? {} : { service: entry.service }),
    ...(entry.tenant === OWN_ACCOUNT ? {} : { account: entry.tenant }),
    createdAt: new Date(entry.createdAt),
    updatedAt: new Date(entry.updatedAt),
    expiresAt: new Date(entry.expiresAt),
    attempts: entry.attempts,
    maxAttempts: entry.maxAttempts,
    checks: entry.checks.map(({ nonce, at, typed }) => {
      const code = typed === undefined ? undefined : unseal(keys, typed, entry.id);
      return { id: nonce, at: new Date(at), valid: nonce === entry.usedBy, ...(code === undefined ? {} : { code }) };
    }),
    events: entry.events.map(({ at, ...event }) => ({ ...event, at: new Date(at) })),
    metadata,
    ...(numberStatus === undefined ? {} : { numberStatus }),
  };
}
