import { fingerprint, mac, randomId, seal, unseal } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import { type Duration, milliseconds } from "../core/durations.js";
import type { Channel } from "../providers/provider.js";
import { endOf } from "../stores/ended.js";
import type { Pending, Status } from "../stores/pending.js";
import { OWN_ACCOUNT } from "./account.js";
import { announced } from "./announce.js";
import { Checker, type CodeAlone, freeUp, type VerificationChecked } from "./checker.js";
import type { FailureLimit } from "./failure-limit.js";
import { Issuer, type VerificationStarted } from "./issuer.js";
import { merged, type RecordList } from "./merged.js";
import { refusedAs } from "./outcome.js";
import { outOfBandOf, type VerificationParts } from "./parts.js";
import type { Verification, VerificationStart, VerificationWhich } from "./request.js";
import { noteReceipt, type Receipt } from "./receipts.js";
import type { Scheduler } from "./scheduler.js";
import { spanOf, summarize, type UsageRecord, type UsageRequest } from "./usage.js";
import { viewOf } from "./view.js";
import { canonicalTo, whichOf } from "./which.js";

export interface VerificationSearch extends Omit<VerificationWhich, "id"> {
  /** One, or any of several. */
  status?: Status | readonly Status[];
  since?: Date;
  until?: Date;
  /** @default 0 */
  offset?: number;
  /** At most 100. @default 50 */
  limit?: number;
}

const NONE: RecordList = async () => ({ total: 0, entries: [] });

/** Hears of a verification that has ended, and may take its time: whoever ended it waits. */
export type EndListener = (verification: Verification) => void | Promise<void>;

/** Codes for any recipient: sent, checked, canceled, limited, escalated over channels, accounted for. */
export class Verifications {
  readonly #parts: VerificationParts;
  readonly #issuer: Issuer;
  readonly #checker: Checker;
  readonly #listeners = new Set<EndListener>();
  /** What runs its timers: for those of an API that is served on top. */
  readonly scheduler: Scheduler;

  constructor(parts: VerificationParts) {
    this.#parts = parts;
    this.scheduler = parts.scheduler;
    this.#issuer = new Issuer(parts);
    this.#checker = new Checker(parts, (entry) => this.#ended(entry));
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
  check(request: VerificationWhich & { code: string; failures?: FailureLimit }): Promise<VerificationChecked> {
    return this.#checker.check(request);
  }

  /**
   * Finds the live verification that has this code, where codes were asked to be unique, and checks it. A wrong code
   * counts against the account and service: at most `failures`, 20 in 10 minutes by default.
   */
  checkByCode(request: CodeAlone): Promise<VerificationChecked> {
    return this.#checker.checkByCode(request);
  }

  /** The same code again, or with `next` by the next channel of the workflow. */
  async resend(request: VerificationWhich & { next?: boolean }): Promise<VerificationStarted> {
    const { store, clock } = this.#parts;
    const entry = await store.find(await whichOf(request), clock());
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
    const { store, clock, events } = this.#parts;
    const entry = await store.find(await whichOf(request), clock());
    if (!entry || entry.tenant !== (request.account ?? OWN_ACCOUNT)) return false;
    const canceled = await store.cancel({ id: entry.id, owner: entry.owner }, clock());
    if (!canceled) return false;
    await freeUp(this.#parts, entry);
    events.emit("verification.canceled", announced(entry));
    await outOfBandOf(this.#parts, entry.delivery.method as Channel).drop(entry);
    if (this.#listeners.size > 0) await this.#ended((await store.find({ id: entry.id }, clock())) ?? entry);
    return true;
  }

  /**
   * Has a listener called for every verification that this instance sees end: by its right answer, its last wrong one, or a
   * cancel. What ends in another process, by age or by a newer verification is not among them. What a listener throws stays
   * with it.
   */
  onEnd(listener: EndListener): void {
    this.#listeners.add(listener);
  }

  async get(request: VerificationWhich): Promise<Verification | undefined> {
    const entry = await this.#parts.store.find(await whichOf(request), this.#parts.clock());
    return entry && entry.tenant === (request.account ?? OWN_ACCOUNT) ? this.#view(entry) : undefined;
  }

  /**
   * Newest first. A recipient may be written as `start()` takes it.
   *
   * @throws TwoFactorError `invalid_request` for a recipient that is none.
   */
  async search(request: VerificationSearch = {}): Promise<{ total: number; found: Verification[] }> {
    const { account = OWN_ACCOUNT, since, until, offset = 0, limit = 50, service, status } = request;
    const { store, clock } = this.#parts;
    const now = clock();
    const to = await canonicalTo(request);
    const filter = { tenant: account, ...defined({ to, service, since: since?.getTime(), until: until?.getTime() }) };
    const listOf =
      (one: Status | undefined): RecordList =>
      async (from, most) =>
        store.search({ ...filter, ...defined({ status: one }) }, { offset: from, limit: most }, now);
    const statuses = status === undefined || typeof status === "string" ? [status] : new Set(status);
    // stores know one status at a time
    const [first = NONE, ...others] = [...statuses].map(listOf);
    const { total, entries } = await others.reduce((list, other) => merged(list, other), first)(
      Math.max(0, offset),
      Math.min(100, Math.max(1, limit)),
    );
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
    return noteReceipt(this.#parts, report);
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

  /** Hides a text from whoever keeps it for an API that is served on top: in a scheduler, say. */
  seal(plain: string, context: string): string {
    return seal(this.#parts.keys, plain, context);
  }

  /** What was sealed for this context; `undefined` for anything else, and once its secret is gone. */
  unseal(sealed: string, context: string): string | undefined {
    return unseal(this.#parts.keys, sealed, context);
  }

  async #ended(entry: Pending): Promise<void> {
    const view = this.#view(entry);
    await Promise.allSettled([...this.#listeners].map(async (listener) => listener(view)));
  }

  #view(entry: Pending): Verification {
    return viewOf(entry, this.#parts.keys, this.#parts.clock());
  }
}
