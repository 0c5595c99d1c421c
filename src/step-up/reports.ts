import { fingerprint, type Keyring, randomId, seal, unseal } from "../core/crypto.js";
import type { Clock } from "../core/clock.js";
import type { Events } from "../core/events.js";
import { isFirst } from "../stores/first.js";
import type { Pending } from "../stores/pending.js";
import type { Store } from "../stores/store.js";
import { stopEscalation } from "../verification/escalation.js";
import type { Scheduler } from "../verification/scheduler.js";
import type { Devices } from "./devices.js";
import { LONGEST_PROOF } from "./policy.js";
import { eventOf } from "./proved.js";
import { GUARD_TENANT, readDetail } from "./wanted.js";

/** What a link in a message is about; nobody but us can write or read one. */
export interface Reported {
  readonly challenge: string;
  readonly user: string;
  /** What the message was written in. */
  readonly locale: string;
}

export interface ReportParts {
  readonly store: Store;
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  readonly scheduler: Scheduler;
  readonly devices: Devices | undefined;
}

/** No proof lives longer, so there is nothing left to take back afterwards. */
const LINK_LIFE = LONGEST_PROOF;
const PURPOSE = "not me";

/** Makes links for messages that lead to this page; for a challenge that is none of the guard's, and without a page, none. */
export function reportLinks(keys: Keyring, page: string | undefined) {
  return (entry: Pending): string | undefined => {
    if (page === undefined || entry.tenant !== GUARD_TENANT) return undefined;
    const { user, locale } = readDetail(entry);
    const plain = JSON.stringify([entry.id, user, locale, entry.createdAt + LINK_LIFE]);
    return `${page}?t=${seal(keys, plain, PURPOSE)}`;
  };
}

/** "This was not me": whoever got the message says that somebody else asked for it. */
export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** Nothing for a link that is not ours, or too old. */
  read(token: string): Reported | undefined {
    const plain = token.length > 2_000 ? undefined : unseal(this.#parts.keys, token, PURPOSE);
    if (plain === undefined) return undefined;
    const [challenge, user, locale, until] = JSON.parse(plain) as [string, string, string, number];
    return this.#parts.clock() < until ? { challenge, user, locale } : undefined;
  }

  /** Ends the challenge, voids what it granted, and trusts no device of the user any more. Said twice, it was said once. */
  async report({ challenge, user }: Reported): Promise<void> {
    const { store, clock, events, devices, scheduler } = this.#parts;
    const name = `reported:${fingerprint([challenge, user])}`;
    if ((await store.get(name, clock())) !== undefined) return;
    const which = { id: challenge, tenant: GUARD_TENANT };
    const canceled = await store.cancel(which, clock());
    const entry = await store.find(which, clock());
    // What is not remembered any more may have been answered.
    const granted = !canceled && (!entry || entry.state === "verified");
    if (canceled && entry && readDetail(entry).workflow) await stopEscalation(scheduler, entry);
    if (granted) await store.revoke(user, LONGEST_PROOF, clock());
    await devices?.removeAll(user);
    // Only now: whatever failed on the way is done when the person tries again.
    if (!(await isFirst(store, name, randomId(), LINK_LIFE, clock()))) return;
    if (canceled && entry) events.emit("challenge.canceled", eventOf(entry));
    if (granted) events.emit("proof.revoked", { user });
    events.emit("challenge.reported", { user, challenge, granted });
  }
}
