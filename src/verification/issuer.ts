import { defined } from "../core/defined.js";
import type { Channel } from "../providers/provider.js";
import { endOf } from "../stores/ended.js";
import type { Pending } from "../stores/pending.js";
import type { Charge } from "../stores/store.js";
import { announceSend } from "./announce.js";
import { dropEarlier } from "./checker.js";
import { beginEscalation, failOver, scheduleNext, SEND_BUDGET } from "./escalation.js";
import { composeMessage } from "./message.js";
import { namedCharges } from "./named-limits.js";
import { refusalOf, refused, refusedAs, type Refused } from "./outcome.js";
import type { Composed } from "./out-of-band.js";
import { OWN_ACCOUNT } from "./account.js";
import { outOfBandOf, type VerificationParts } from "./parts.js";
import { checkStart } from "./check-start.js";
import { checkRange, checkWays, lookUp, stepsOf } from "./plan.js";
import * as prepare from "./prepare.js";
import type { Verification, VerificationStart } from "./request.js";
import { type Started, VerificationService } from "./service.js";
import type { Way } from "./way.js";
import { renderTemplate } from "./template.js";
import { viewOf } from "./view.js";

export type VerificationStarted = { readonly ok: true; readonly verification: Verification } | Refused;

const PURPOSE = "verification";

/** A workflow has its own pace. */
const unspaced = (usual: Charge[]): Charge[] => usual.filter(({ name }) => name !== "spacing");

/** Makes codes and sends them: the first time, again, and by the next channel of a workflow. */
export class Issuer {
  readonly #parts: VerificationParts;
  readonly #service: VerificationService;

  constructor(parts: VerificationParts) {
    this.#parts = parts;
    this.#service = new VerificationService(parts.store, parts.clock);
  }

  async start(request: VerificationStart): Promise<VerificationStarted> {
    const { keys, clock, limits, generate } = this.#parts;
    checkStart(request);
    const { account = OWN_ACCOUNT, service, code: wanted = {} } = request;
    const steps = await stepsOf(this.#parts, account, request.workflow);
    const channel = (steps?.[0]?.channel ?? request.channel ?? "sms") as Channel;
    const { to, country } = await prepare.recipientOf(request, channel);
    // a number that has a country is a person's
    if (country === undefined && channel !== "email") await checkRange(to);
    checkWays(
      this.#parts,
      steps?.map((step) => step.channel as Channel) ?? [channel],
      country,
      wanted.value !== undefined,
    );
    const shape = prepare.shapeOf(wanted, channel);
    const template = prepare.templateOf(request, country);
    const now = clock();
    const ttl = prepare.lifeOf(request, now);
    const charges = await namedCharges(this.#parts.namedLimits, limits, account, request.limits ?? {});
    const numberStatus = channel === "email" ? undefined : await lookUp(this.#parts, to);

    const given = { id: request.id, value: wanted.value, generate: generate && (() => generate(shape)) };
    const until = performance.now() + SEND_BUDGET;
    const claim = (code: string, id: string) => this.#claimCode(request, code, id, ttl);
    const drawn = await prepare.drawCode(keys, PURPOSE, shape, given, claim);
    const index = this.#indexOf(request, drawn.code);
    const known = { shape, template, country, numberStatus, sealedCode: drawn.sealedCode, index };
    const detail = prepare.detailOf(request, known, steps);
    const started = await this.#service.open({
      id: drawn.id,
      account: drawn.id,
      row: {
        tenant: account,
        owner: prepare.ownerOf(account, service, to),
        purpose: PURPOSE,
        ...defined({ service, subject: request.user }),
        keyId: keys.current.id,
        ttl,
        ...(request.guardTime === undefined ? {} : { guardTime: prepare.lifeOf({ ttl: request.guardTime }, now) }),
        supersede: request.supersede === "keep" ? "keep" : "cancel",
        maxAttempts: request.maxAttempts ?? limits.maxAttempts,
        detail: { ...detail },
      },
      way: this.#way(channel, { to, user: request.user }, detail, (usual) => [...charges, ...usual]),
    });
    announceSend(this.#parts.events, started, request.user);
    if (!started.ok) {
      // nothing was opened: somebody else may have the code
      if (detail.index !== undefined) await this.#parts.store.take(detail.index, clock());
      return refusalOf(started, clock());
    }
    const { entry } = started;
    if (!started.fresh) return this.#sameAgain(entry, request, to);
    if (request.supersede === "replace") await dropEarlier(this.#parts, entry);
    if (detail.workflow) await beginEscalation(this.#parts, entry, detail.workflow, now);
    // A number that is out of use gets no message; the verification stands, so that its account can see why.
    const sent = numberStatus === "dead" ? this.#told(entry) : await this.#sentOrNext(started, detail, 1, until);
    return sent.ok && wanted.reveal ? this.#revealed(sent.verification) : sent;
  }

  /** What was started under this id before: nothing is sent, and nobody learns of somebody else's. */
  #sameAgain(
    entry: Pending,
    { account = OWN_ACCOUNT, service, code = {} }: VerificationStart,
    to: string,
  ): VerificationStarted | Promise<VerificationStarted> {
    if (entry.owner !== prepare.ownerOf(account, service, to)) throw prepare.invalid('This "id" is taken.');
    const told = this.#told(entry);
    return told.ok && code.reveal ? this.#revealed(told.verification) : told;
  }

  /** With the code that the last message had, which another channel's provider may have made. */
  async #revealed(verification: Verification): Promise<VerificationStarted> {
    const { store, clock } = this.#parts;
    const entry = await store.find({ id: verification.id }, clock());
    const outOfBand = outOfBandOf(this.#parts, verification.channel as Channel);
    const code = entry && outOfBand.codeOf(entry, prepare.readVerification(entry).shape);
    return { ok: true, verification: { ...verification, ...defined({ code }) } };
  }

  /** The same code again, by the channel it went. */
  async resend(entry: Pending): Promise<VerificationStarted> {
    const { method, to = "" } = entry.delivery;
    const detail = prepare.readVerification(entry);
    const way = this.#way(method as Channel, { to, user: entry.subject }, detail, (usual) => usual);
    const sent = await this.#service.send(entry, way);
    announceSend(this.#parts.events, sent, entry.subject);
    return this.#sent(sent);
  }

  /** By the next channel of its workflow, now. */
  async next(entry: Pending): Promise<VerificationStarted> {
    const { workflow } = prepare.readVerification(entry);
    const step = (entry.delivery.step ?? 0) + 1;
    if (!workflow?.steps[step]) return refused("invalid_request", { detail: "There is no next step." });
    return this.advance(entry, step);
  }

  /** Takes the step that is due, once: whoever finds the verification changed meanwhile leaves it. */
  async advance(
    entry: Pending,
    step: number,
    until: number = performance.now() + SEND_BUDGET,
  ): Promise<VerificationStarted> {
    const { clock, scheduler } = this.#parts;
    const end = endOf(entry, clock());
    const detail = prepare.readVerification(entry);
    const to = entry.delivery.to ?? "";
    const planned = detail.workflow?.steps[step];
    if (end || !planned || (entry.delivery.step ?? 0) !== step - 1) return refusedAs(end ?? "missing");
    const recipient = { to, user: entry.subject };
    const way = { ...this.#way(planned.channel as Channel, recipient, detail, unspaced, until), step };
    const sent = await this.#service.send(entry, way);
    if (sent.ok && sent.fresh && detail.workflow) {
      await scheduleNext(scheduler, sent.entry, { steps: detail.workflow.steps, next: step + 1 }, clock());
    }
    announceSend(this.#parts.events, sent, entry.subject);
    return sent.ok ? this.#sentOrNext(sent, detail, step + 1, until) : this.#sent(sent);
  }

  /** What became of a message; if it could not be sent, what becomes of the next step's. */
  async #sentOrNext(
    sent: Started & { readonly ok: true },
    { workflow }: prepare.VerificationDetail,
    step: number,
    until: number,
  ): Promise<VerificationStarted> {
    const answer = this.#sent(sent);
    if (answer.ok) return answer;
    const { scheduler, clock } = this.#parts;
    const next = workflow?.steps[step] && step;
    const failed = { scheduler, entry: sent.entry, next, until, now: clock(), answer };
    return failOver(failed, (following) => this.advance(sent.entry, following, until));
  }

  #sent(sent: Started): VerificationStarted {
    if (!sent.ok) return refusalOf(sent, this.#parts.clock());
    return sent.delivered?.ok === false ? refused("delivery_failed", {}, sent.entry) : this.#told(sent.entry);
  }

  #way(
    channel: Channel,
    recipient: { readonly to: string; readonly user: string | undefined },
    detail: prepare.VerificationDetail,
    charged: (usual: Charge[]) => Charge[],
    until?: number,
  ): Way {
    const { limits } = this.#parts;
    const outOfBand = outOfBandOf(this.#parts, channel);
    const send = (entry: Pending) =>
      outOfBand.send(entry, detail.shape, (code) => this.#compose(channel, entry, detail, code), until);
    const { country, from, numberStatus } = detail;
    const nobody = async () => ({ ok: false, outcome: "failed" }) as const;
    const isDead = numberStatus === "dead";
    return {
      method: channel,
      to: recipient.to,
      country,
      from,
      charges: (id) => charged(limits.sendCharges({ ...recipient, id, channel, named: [] })),
      failed: isDead ? undefined : () => limits.failedCharge(recipient),
      gapAfter: limits.gapAfter,
      send: isDead ? nobody : send,
    };
  }

  #compose(channel: Channel, entry: Pending, detail: prepare.VerificationDetail, code: string): Composed {
    const { clock, service, book } = this.#parts;
    const minutes = (entry.expiresAt - clock()) / 60_000;
    const locale = detail.locale;
    const own = composeMessage({ channel, code, locale, book, minutes, service: entry.service ?? service });
    const text =
      detail.template && renderTemplate(detail.template, { code, minutes, args: detail.args }, detail.syntax);
    if (text === undefined) return own;
    const subject = detail.subject ?? own.subject;
    return { text, locale: own.locale, ...(subject === undefined ? {} : { subject }) };
  }

  #indexOf({ unique, account = OWN_ACCOUNT, service }: VerificationStart, code: string): string | undefined {
    return unique ? prepare.codeIndex(this.#parts.keys.current, account, service, code) : undefined;
  }

  async #claimCode(request: VerificationStart, code: string, id: string, ttl: number): Promise<boolean> {
    const index = this.#indexOf(request, code);
    return index === undefined || (await this.#parts.store.claim(index, id, ttl, this.#parts.clock())) === id;
  }

  #told(entry: Pending): VerificationStarted {
    return { ok: true, verification: viewOf(entry, this.#parts.keys, this.#parts.clock()) };
  }
}
