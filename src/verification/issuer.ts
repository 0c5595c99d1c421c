import { within } from "../core/deadline.js";
import { defined } from "../core/defined.js";
import { unavailable } from "../core/errors.js";
import type { Channel } from "../providers/provider.js";
import { endOf } from "../stores/ended.js";
import type { Pending } from "../stores/pending.js";
import type { Charge } from "../stores/store.js";
import { scheduleNext } from "./escalation.js";
import { composeMessage } from "./message.js";
import { namedCharges } from "./named-limits.js";
import { refusalOf, refused, refusedAs, type Refused } from "./outcome.js";
import type { Composed, OutOfBand } from "./out-of-band.js";
import { OWN_ACCOUNT } from "./account.js";
import type { VerificationParts } from "./parts.js";
import { checkStart } from "./check-start.js";
import * as prepare from "./prepare.js";
import type { NumberStatus, Verification, VerificationStart } from "./request.js";
import { VerificationService } from "./service.js";
import type { Way } from "./way.js";
import { renderTemplate } from "./template.js";
import { viewOf } from "./view.js";
import { type Step, UnknownWorkflow } from "./workflow.js";

export type VerificationStarted = { readonly ok: true; readonly verification: Verification } | Refused;

const PURPOSE = "verification";
/** How long a number lookup may take, in milliseconds. */
const LOOKUP_DEADLINE = 3_500;

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
    const { account = OWN_ACCOUNT, service, code: wanted = {}, metadata = {} } = request;
    const steps = await this.#stepsOf(account, request.workflow);
    const channel = (steps?.[0]?.channel ?? request.channel ?? "sms") as Channel;
    const { to, country } = await prepare.recipientOf(request, channel);
    this.#checkWays(steps?.map((step) => step.channel as Channel) ?? [channel], country, wanted.value !== undefined);
    const shape = prepare.shapeOf(wanted, channel);
    const template = prepare.templateOf(request, country);
    const now = clock();
    const ttl = prepare.lifeOf(request, now);
    const charges = await namedCharges(this.#parts.namedLimits, limits, account, request.limits ?? {});
    const numberStatus = channel === "email" ? undefined : await this.#lookUp(to);

    const given = { id: request.id, value: wanted.value, generate: generate && (() => generate(shape)) };
    const claim = (code: string, id: string) => this.#claimCode(request, code, id, ttl);
    const drawn = await prepare.drawCode(keys, PURPOSE, shape, given, claim);
    const detail: prepare.VerificationDetail = {
      shape,
      syntax: request.syntax ?? "any",
      metadata,
      ...defined({
        template,
        country,
        args: request.args,
        subject: request.subject,
        locale: request.locale,
        from: request.from,
      }),
      ...defined({ sealedCode: drawn.sealedCode, index: this.#indexOf(request, drawn.code), numberStatus }),
      ...(steps ? { workflow: { steps, next: 1 } } : {}),
    };
    const started = await this.#service.open({
      id: drawn.id,
      tenant: account,
      owner: prepare.ownerOf(account, service, to),
      account: drawn.id,
      purpose: PURPOSE,
      ...defined({ service, subject: request.user }),
      keyId: keys.current.id,
      ttl,
      ...(request.guardTime === undefined ? {} : { guardTime: prepare.lifeOf({ ttl: request.guardTime }, now) }),
      supersede: request.supersede ?? "cancel",
      maxAttempts: request.maxAttempts ?? limits.maxAttempts,
      detail: { ...detail },
      way: this.#way(channel, to, detail, (id) => [...charges, limits.spacing(id, to)], numberStatus === "dead"),
    });
    if (!started.ok) {
      // nothing was opened: somebody else may have the code
      if (detail.index !== undefined) await this.#parts.store.take(detail.index, clock());
      return refusalOf(started, clock());
    }
    const { entry } = started;
    if (detail.workflow) await scheduleNext(this.#parts.scheduler, entry, detail.workflow, now);
    const failed = started.delivered?.ok === false;
    if (failed && numberStatus !== "dead") return refused("delivery_failed", {}, entry);
    const code = wanted.reveal ? this.#outOfBand(channel).codeOf(entry, shape) : undefined;
    return { ok: true, verification: { ...this.#view(entry), ...defined({ code }) } };
  }

  /** The same code again, by the channel it went. */
  async resend(entry: Pending): Promise<VerificationStarted> {
    const { method, to = "" } = entry.delivery;
    const charges = (id: string): Charge[] => [this.#parts.limits.spacing(id, to)];
    const way = this.#way(method as Channel, to, prepare.readVerification(entry), charges, false);
    return this.#sent(await this.#service.send(entry, way));
  }

  /** By the next channel of its workflow, now. */
  async next(entry: Pending): Promise<VerificationStarted> {
    const { workflow } = prepare.readVerification(entry);
    const step = (entry.delivery.step ?? 0) + 1;
    if (!workflow?.steps[step]) return refused("invalid_request", { detail: "There is no next step." });
    return this.advance(entry, step);
  }

  /** Takes the step that is due, once: whoever finds the verification changed meanwhile leaves it. */
  async advance(entry: Pending, step: number): Promise<VerificationStarted> {
    const { clock, scheduler } = this.#parts;
    const end = endOf(entry, clock());
    const detail = prepare.readVerification(entry);
    const to = entry.delivery.to ?? "";
    const planned = detail.workflow?.steps[step];
    if (end || !planned || (entry.delivery.step ?? 0) !== step - 1) return refusedAs(end ?? "missing");
    const way = { ...this.#way(planned.channel as Channel, to, detail, () => [], false), step };
    const sent = await this.#service.send(entry, way);
    if (sent.ok && sent.fresh && detail.workflow) {
      await scheduleNext(scheduler, sent.entry, { steps: detail.workflow.steps, next: step + 1 }, clock());
    }
    return this.#sent(sent);
  }

  #sent(sent: Awaited<ReturnType<VerificationService["send"]>>): VerificationStarted {
    if (!sent.ok) return refusalOf(sent, this.#parts.clock());
    if (sent.delivered?.ok === false) return refused("delivery_failed", {}, sent.entry);
    return { ok: true, verification: this.#view(sent.entry) };
  }

  #way(
    channel: Channel,
    to: string,
    detail: prepare.VerificationDetail,
    charges: (id: string) => Charge[],
    dead: boolean,
  ): Way {
    const outOfBand = this.#outOfBand(channel);
    const send = (entry: Pending) =>
      outOfBand.send(entry, detail.shape, (code) => this.#compose(channel, entry, detail, code));
    const { country, from } = detail;
    // A number that is out of use gets no message; the verification stands, so that its account can see why.
    const nobody = async () => ({ ok: false, outcome: "failed" }) as const;
    return {
      method: channel,
      to,
      country,
      from,
      charges,
      gapAfter: this.#parts.limits.gapAfter,
      send: dead ? nobody : send,
    };
  }

  #compose(channel: Channel, entry: Pending, detail: prepare.VerificationDetail, code: string): Composed {
    const { clock, service } = this.#parts;
    const minutes = (entry.expiresAt - clock()) / 60_000;
    const locale = detail.locale;
    const own = composeMessage({ channel, code, locale, minutes, service: entry.service ?? service });
    const text =
      detail.template && renderTemplate(detail.template, { code, minutes, args: detail.args }, detail.syntax);
    if (text === undefined) return own;
    const subject = detail.subject ?? own.subject;
    return { text, locale: own.locale, ...(subject === undefined ? {} : { subject }) };
  }

  /** Every channel that may be used has a provider, and one that may reach this country and knows such a code. */
  #checkWays(channels: readonly Channel[], country: string | undefined, ownCode: boolean): void {
    for (const channel of channels) {
      const { countries, hasRemote } = this.#outOfBand(channel);
      if (countries && !countries.has(country ?? ""))
        throw prepare.invalid(`Nothing is sent to that country by ${channel}.`);
      if (ownCode && hasRemote)
        throw prepare.invalid(`A provider for ${channel} makes its own codes: it cannot send yours.`);
    }
  }

  async #lookUp(to: string): Promise<NumberStatus | undefined> {
    const { lookup } = this.#parts;
    if (!lookup) return undefined;
    try {
      return await within(lookup(to), LOOKUP_DEADLINE, () => new Error("The lookup did not answer in time."));
    } catch (error) {
      throw unavailable("The number could not be looked up.", error);
    }
  }

  async #stepsOf(account: string, workflow: string | undefined): Promise<readonly Step[] | undefined> {
    if (workflow === undefined) return undefined;
    const { workflows, configuredWorkflows } = this.#parts;
    const found =
      (await workflows.named({ account, name: workflow })) ?? (await workflows.get({ account, id: workflow }));
    const steps = found?.value ?? configuredWorkflows.get(workflow);
    if (!steps) throw new UnknownWorkflow(workflow);
    const byMail = steps.filter(({ channel }) => channel === "email").length;
    if (byMail > 0 && byMail < steps.length) {
      throw prepare.invalid(
        "A verification has one recipient: its workflow goes by telephone or by e-mail, not by both.",
      );
    }
    return steps;
  }

  #indexOf({ unique, account = OWN_ACCOUNT, service }: VerificationStart, code: string): string | undefined {
    return unique ? prepare.codeIndex(this.#parts.keys.current, account, service, code) : undefined;
  }

  async #claimCode(request: VerificationStart, code: string, id: string, ttl: number): Promise<boolean> {
    const index = this.#indexOf(request, code);
    return index === undefined || (await this.#parts.store.claim(index, id, ttl, this.#parts.clock())) === id;
  }

  #outOfBand(channel: Channel): OutOfBand {
    const found = this.#parts.channels.get(channel);
    if (!found) throw prepare.invalid(`No provider for "${channel}" is configured.`);
    return found;
  }

  #view(entry: Pending): Verification {
    return viewOf(entry, this.#parts.keys, this.#parts.clock());
  }
}
