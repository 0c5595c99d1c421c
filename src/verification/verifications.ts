import { defined } from "../core/defined.js";
import { fingerprint, mac, randomId, seal } from "../core/crypto.js";
import { type Duration, milliseconds } from "../core/durations.js";
import type { Channel } from "../providers/provider.js";
import { endOf } from "../stores/ended.js";
import type { Pending, Which } from "../stores/pending.js";
import { stopEscalation } from "./escalation.js";
import { CODE_FAILURES, type FailureLimit, withinFailures } from "./failure-limit.js";
import { Issuer, type VerificationStarted } from "./issuer.js";
import { refused, refusedAs, type Refused } from "./outcome.js";
import type { OutOfBand } from "./out-of-band.js";
import { OWN_ACCOUNT } from "./account.js";
import type { VerificationParts } from "./parts.js";
import * as prepare from "./prepare.js";
import type { Verification, VerificationStart, VerificationWhich } from "./request.js";
import { noteReceipt, type Receipt } from "./receipts.js";
import { VerificationService } from "./service.js";
import { spanOf, summarize, type UsageRecord, type UsageRequest } from "./usage.js";
import { viewOf } from "./view.js";

export type VerificationChecked = { readonly ok: true; readonly verification: Verification } | VerificationRefused;
/** A no, with how the verification stands where there is one. */
export type VerificationRefused = Refused & { readonly verification?: Verification };

export interface VerificationSearch extends Pick<VerificationWhich, "to" | "service" | "account"> {
  status?: Verification["status"];
  since?: Date;
  until?: Date;
  /** @default 0 */
  offset?: number;
  /** At most 100. @default 50 */
  limit?: number;
}

/** Codes for any recipient: sent, checked, canceled, limited, escalated over channels, accounted for. */
export class Verifications {
  readonly #parts: VerificationParts;
  readonly #service: VerificationService;
  readonly #issuer: Issuer;

  constructor(parts: VerificationParts) {
    this.#parts = parts;
    this.#service = new VerificationService(parts.store, parts.clock);
    this.#issuer = new Issuer(parts);
  }

  /**
   * Makes a code and sends it.
   *
   * @throws TwoFactorError `invalid_request` for a request that makes no sense, `unavailable` for a fault.
   */
  start(request: VerificationStart): Promise<VerificationStarted> {
    return this.#issuer.start(request);
  }

  /**
   * Checks a code. A right one uses the verification up. `failures` limits wrong codes over all verifications of the same
   * recipient and service, beside the attempts of each.
   */
  async check(request: VerificationWhich & { code: string; failures?: FailureLimit }): Promise<VerificationChecked> {
    const { clock, store } = this.#parts;
    if (typeof request.code !== "string" || request.code === "" || request.code.length > 64) {
      return refused("invalid_request", { detail: '"code" must be a string.' });
    }
    const which = await this.#which(request);
    const found = await store.find(which, clock());
    if (!found || found.tenant !== (request.account ?? OWN_ACCOUNT)) return refusedAs("missing");
    const answer = () => this.#answer(found, request.code);
    return request.failures ? withinFailures(this.#parts, ["owner", found.owner], request.failures, answer) : answer();
  }

  async #answer(found: Pending, code: string): Promise<VerificationChecked> {
    const { keys, clock, store } = this.#parts;
    const checked = await this.#service.check({
      which: { id: found.id, owner: found.owner },
      nonce: randomId(),
      account: found.id,
      lock: NO_LOCK,
      typed: seal(keys, code, found.id),
      compare: (entry) => this.#compare(entry, code),
    });
    const after = (await store.find({ id: found.id }, clock())) ?? found;
    const verification = this.#view(after);
    if (checked.ok) {
      await this.#finish(after);
      return { ok: true, verification };
    }
    if (checked.reason === "wrong") {
      return { ...refused("wrong_code", { attemptsLeft: checked.attemptsLeft }), verification };
    }
    return { ...(checked.reason === "locked" ? refusedAs("spent") : refusedAs(checked.reason)), verification };
  }

  /**
   * Finds the live verification that has this code, where codes were asked to be unique, and checks it. A wrong code
   * counts against the account and service: at most `failures`, 20 in 10 minutes by default.
   */
  async checkByCode(request: {
    code: string;
    service?: string;
    account?: string;
    failures?: FailureLimit;
  }): Promise<VerificationChecked> {
    const { account = OWN_ACCOUNT, service, code, failures = CODE_FAILURES } = request;
    if (typeof code !== "string" || code === "" || code.length > 64) return refused("invalid_request");
    return withinFailures(this.#parts, ["code", account, service ?? ""], failures, async () => {
      const id = await this.#findByCode(account, service, code);
      return id === undefined ? refusedAs("missing") : this.check({ id, account, code });
    });
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

  /** The same code again, or with `next` by the next channel of the workflow. */
  async resend(request: VerificationWhich & { next?: boolean }): Promise<VerificationStarted> {
    const { store, clock } = this.#parts;
    const entry = await store.find(await this.#which(request), clock());
    const end = endOf(entry, clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    return request.next ? this.#issuer.next(entry) : this.#issuer.resend(entry);
  }

  /** Takes the step of a workflow that is due; whoever comes second finds it taken. */
  async advance(entry: Pending, step: number): Promise<void> {
    await this.#issuer.advance(entry, step);
  }

  /** False when there was nothing to cancel. */
  async cancel(request: VerificationWhich): Promise<boolean> {
    const { store, clock } = this.#parts;
    const entry = await store.find(await this.#which(request), clock());
    if (!entry || entry.tenant !== (request.account ?? OWN_ACCOUNT)) return false;
    const canceled = await store.cancel({ id: entry.id, owner: entry.owner }, clock());
    if (canceled) {
      await this.#finish(entry);
      await this.#outOfBand(entry.delivery.method as Channel).drop(entry);
    }
    return canceled;
  }

  async get(request: VerificationWhich): Promise<Verification | undefined> {
    const entry = await this.#parts.store.find(await this.#which(request), this.#parts.clock());
    return entry && entry.tenant === (request.account ?? OWN_ACCOUNT) ? this.#view(entry) : undefined;
  }

  /** Newest first. */
  async search(request: VerificationSearch = {}): Promise<{ total: number; found: Verification[] }> {
    const { account = OWN_ACCOUNT, since, until, offset = 0, limit = 50, to, service, status } = request;
    const filter = {
      tenant: account,
      ...defined({ to, service, status, since: since?.getTime(), until: until?.getTime() }),
    };
    const page = { offset: Math.max(0, offset), limit: Math.min(100, Math.max(1, limit)) };
    const { total, entries } = await this.#parts.store.search(filter, page, this.#parts.clock());
    return { total, found: entries.map((entry) => this.#view(entry)) };
  }

  /** How many verifications, or messages of a channel, by period. */
  async usage(request: UsageRequest = {}): Promise<UsageRecord[]> {
    const { store, clock } = this.#parts;
    const now = clock();
    spanOf(request, now);
    const rows = await store.usage(
      { tenant: request.account ?? OWN_ACCOUNT, ...defined({ service: request.service }) },
      now,
    );
    return summarize(rows, request, now);
  }

  /** What a provider reports of a message. Informs, may move a workflow on, and never grants. */
  receipt(report: Receipt): Promise<boolean> {
    return noteReceipt(this.#parts, this.#issuer, report);
  }

  /**
   * True for whoever comes first with this name, and false for everybody after, for as long as `ttl`: for what an API
   * that is served on top says only once.
   */
  async claim({
    account = OWN_ACCOUNT,
    name,
    ttl,
  }: {
    account?: string;
    name: string;
    ttl: Duration;
  }): Promise<boolean> {
    const { store, clock } = this.#parts;
    const mine = randomId();
    return (
      (await store.claim(`once:${fingerprint([account, name])}`, mine, milliseconds(ttl, "ttl"), clock())) === mine
    );
  }

  /**
   * 32 bytes that only this instance's secret makes, others for other parts, the same in every process: for the tokens of
   * an API that is served on top.
   */
  derive(parts: readonly string[]): Buffer {
    return mac(this.#parts.keys.current.token, ["served", ...parts]);
  }

  #compare(entry: Pending, typed: string) {
    const detail = prepare.readVerification(entry);
    // What never left cannot be known; a number that answers for it is a guess.
    if (entry.delivery.sent.length === 0) return undefined;
    return this.#outOfBand(entry.delivery.method as Channel).compare(entry, detail.shape, typed);
  }

  #outOfBand(channel: Channel): OutOfBand {
    const found = this.#parts.channels.get(channel);
    if (!found) throw prepare.invalid(`No provider for "${channel}" is configured.`);
    return found;
  }

  /** Owner and recipient stand for a missing id: then the newest is meant. */
  async #which({ id, to, service, account = OWN_ACCOUNT, country, recipient }: VerificationWhich): Promise<Which> {
    if (id !== undefined) return { id, tenant: account };
    if (to === undefined) throw prepare.invalid('Name a verification by "id" or by "to".');
    const channel: Channel = to.includes("@") ? "email" : "sms";
    const found = await prepare.recipientOf({ to, ...defined({ country, recipient }) }, channel);
    return { owner: prepare.ownerOf(account, service, found.to), tenant: account };
  }

  async #finish(entry: Pending): Promise<void> {
    const { store, clock, scheduler } = this.#parts;
    const { index, workflow } = prepare.readVerification(entry);
    if (workflow) await stopEscalation(scheduler, entry);
    if (index !== undefined) await store.take(index, clock());
  }

  #view(entry: Pending): Verification {
    return viewOf(entry, this.#parts.keys, this.#parts.clock());
  }
}

/** Attempts of the service are limited by the verification; a lock belongs to people, who have accounts. */
const NO_LOCK = { after: Number.MAX_SAFE_INTEGER, first: 0, longest: 0 };
