import { randomId, seal } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import type { Channel } from "../providers/provider.js";
import type { Pending } from "../stores/pending.js";
import { NEVER } from "../stores/store.js";
import { OWN_ACCOUNT } from "./account.js";
import { announced } from "./announce.js";
import { stopEscalation } from "./escalation.js";
import { CODE_FAILURES, type FailureLimit, withinFailures } from "./failure-limit.js";
import { refused, refusedAs, type Refused } from "./outcome.js";
import { outOfBandOf, type VerificationParts } from "./parts.js";
import * as prepare from "./prepare.js";
import type { Verification, VerificationWhich } from "./request.js";
import { VerificationService } from "./service.js";
import { viewOf } from "./view.js";
import { whichOf } from "./which.js";

export type VerificationChecked = { readonly ok: true; readonly verification: Verification } | VerificationRefused;
/** A no, with how the verification stands where there is one. */
export type VerificationRefused = Refused & { readonly verification?: Verification };

/** A code alone, within an account and service. */
export interface CodeAlone {
  code: string;
  service?: string;
  account?: string;
  failures?: FailureLimit;
}

/** Holds codes against the verifications that they may be of. */
export class Checker {
  readonly #parts: VerificationParts;
  readonly #service: VerificationService;
  readonly #ended: (entry: Pending) => Promise<void>;

  /** `ended` is told of every verification that an answer has ended, before the answer goes out. */
  constructor(parts: VerificationParts, ended: (entry: Pending) => Promise<void>) {
    this.#parts = parts;
    this.#service = new VerificationService(parts.store, parts.clock);
    this.#ended = ended;
  }

  async check(request: VerificationWhich & { code: string; failures?: FailureLimit }): Promise<VerificationChecked> {
    const { clock, store } = this.#parts;
    if (!isCode(request.code)) return refused("invalid_request", { detail: '"code" must be a string.' });
    const found = await store.find(await whichOf(request), clock());
    if (!found || found.tenant !== (request.account ?? OWN_ACCOUNT)) return refusedAs("missing");
    const answer = () => this.#answer(found, request.code);
    return request.failures ? withinFailures(this.#parts, ["owner", found.owner], request.failures, answer) : answer();
  }

  async checkByCode({ code, account = OWN_ACCOUNT, service, failures }: CodeAlone): Promise<VerificationChecked> {
    if (!isCode(code)) return refused("invalid_request");
    return withinFailures(this.#parts, ["code", account, service ?? ""], failures ?? CODE_FAILURES, async () => {
      const id = await this.#findByCode(account, service, code);
      return id === undefined ? refusedAs("missing") : this.check({ id, account, code });
    });
  }

  async #answer(found: Pending, code: string): Promise<VerificationChecked> {
    const { keys, clock, store, events } = this.#parts;
    const checked = await this.#service.check({
      which: { id: found.id, owner: found.owner },
      nonce: randomId(),
      account: found.id,
      lock: NO_LOCK,
      typed: seal(keys, code, found.id),
      compare: (entry) => this.#compare(entry, code),
    });
    const after = (await store.find({ id: found.id }, clock())) ?? found;
    const verification = viewOf(after, keys, clock());
    if (checked.ok) {
      await freeUp(this.#parts, after);
      events.emit("verification.verified", announced(after));
      await this.#ended(after);
      return { ok: true, verification };
    }
    if (checked.reason !== "wrong") {
      // Neither locked nor disabled: see below.
      const isEnd = checked.reason !== "locked" && checked.reason !== "disabled";
      return { ...refusedAs(isEnd ? checked.reason : "spent"), verification };
    }
    const { attemptsLeft } = checked;
    events.emit("verification.failed", { ...announced(after), reason: "wrong_code", attemptsLeft });
    if (attemptsLeft === 0) await this.#ended(after);
    return { ...refused("wrong_code", { attemptsLeft }), verification };
  }

  #compare(entry: Pending, typed: string) {
    const { method } = entry.delivery;
    // What never left cannot be known; a number that answers for it is a guess.
    if (entry.delivery.sent.length === 0) return undefined;
    this.#parts.events.emit("code.compared", { challenge: entry.id, method });
    return outOfBandOf(this.#parts, method as Channel).compare(entry, prepare.readVerification(entry).shape, typed);
  }

  /** Codes from before a rotation of the secret are listed under the key that made them. */
  async #findByCode(account: string, service: string | undefined, code: string): Promise<string | undefined> {
    const { keys, clock, store } = this.#parts;
    for (const set of keys.all) {
      const id = await store.get(prepare.codeIndex(set, account, service, code), clock());
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

/** What a verification held while it lived: its next step, and its code where no other may be the same. */
export async function freeUp({ store, clock, scheduler }: VerificationParts, entry: Pending): Promise<void> {
  const { index, workflow } = prepare.readVerification(entry);
  if (workflow) await stopEscalation(scheduler, entry);
  if (index !== undefined) await store.take(index, clock());
}

/** Those that a guard has kept alive: the store has canceled the others when this one was opened. */
export async function dropEarlier(parts: VerificationParts, entry: Pending): Promise<void> {
  const { store, clock } = parts;
  const { tenant, owner, createdAt, delivery } = entry;
  const filter = { tenant, status: "pending", ...defined({ to: delivery.to, service: entry.service }) } as const;
  const { entries } = await store.search(filter, { offset: 0, limit: MOST_LIVE }, clock());
  const isEarlier = (each: Pending): boolean =>
    each.owner === owner && (each.createdAt < createdAt || (each.createdAt === createdAt && each.id < entry.id));
  for (const each of entries.filter(isEarlier)) {
    if (await store.cancel({ id: each.id, owner }, clock())) await freeUp(parts, each);
  }
}

/** More live ones for one recipient no store lets anybody open. */
const MOST_LIVE = 100;

function isCode(code: unknown): boolean {
  return typeof code === "string" && code !== "" && code.length <= 64;
}

/**
 * Attempts of the service are limited by the verification; locks belong to people, who have accounts, and a ceiling to
 * what they prove themselves with: a number that somebody sends codes to is none.
 */
const NO_LOCK = { after: NEVER, first: 0, longest: 0, ceiling: NEVER };
