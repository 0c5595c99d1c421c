import { pickLocale } from "../core/locale.js";
import type { MethodName } from "../methods/method.js";
import { endOf } from "../stores/ended.js";
import type { Pending, Which } from "../stores/pending.js";
import { beginEscalation, failOver, scheduleNext, SEND_BUDGET, stopEscalation } from "../verification/escalation.js";
import { type Started, VerificationService } from "../verification/service.js";
import { isSameWay } from "../verification/delivery-state.js";
import type { Way } from "../verification/way.js";
import { Answers } from "./answers.js";
import type { ChallengeParts, ChallengeStarted, Proved } from "./challenge-parts.js";
import { choose, isDisabled, noChoice, noOther, othersLeft, type Wish } from "./choice.js";
import { eventOf } from "./proved.js";
import { refused, refusedAs } from "../verification/outcome.js";
import { nobody, personOf, type Usable, usableMethods } from "./people.js";
import { told } from "./told.js";
import { wayTo } from "./way-to.js";
import { inUse, isThere, NO_SUCH_WAY, pick, type Selection } from "./ways.js";
import {
  type Asker,
  type ChallengeDetail,
  GUARD_TENANT,
  makeDetail,
  ownerOf,
  purposeOf,
  readDetail,
  type Wanted,
} from "./wanted.js";

/** A verification with a person in front of it: opened for a user in a session, answered by the same. */
export class Challenges {
  readonly #parts: ChallengeParts;
  readonly #service: VerificationService;
  readonly #answers: Answers;

  constructor(parts: ChallengeParts) {
    this.#parts = parts;
    this.#service = new VerificationService(parts.store, parts.clock);
    this.#answers = new Answers(parts, this.#service);
  }

  /** Opens the challenge, or returns the one that is open for the same user, login, action and transaction. */
  async start(asker: Asker, wanted: Wanted, prefer?: Selection): Promise<ChallengeStarted> {
    const person = await personOf(this.#parts, asker.user);
    if (!person) return nobody(person);
    const { barred = [] } = asker;
    if (prefer && (wanted.allowed?.includes(prefer.method) === false || barred.includes(prefer.method))) {
      return refused("method_not_allowed");
    }
    const found = await usableMethods(this.#parts.methods, person, wanted.allowed);
    const usable = found.filter(({ method }) => !barred.includes(method.name));
    if (found.length > 0 && usable.length === 0) return noOther(asker);
    const configured = this.#parts.methods.map(({ name }) => name);
    return this.#open({ asker, wanted, person, prefer, configured, all: usable });
  }

  /** By the method that comes first; where some are disabled, by one of the others. */
  async #open(wish: Wish, usable = wish.all): Promise<ChallengeStarted> {
    const { keys, limits, store } = this.#parts;
    const { asker, wanted, person, prefer } = wish;
    const { chosen, steps, usual } = await choose(store, wish, usable);
    if (!chosen) return noChoice(wish, usable);

    const until = performance.now() + SEND_BUDGET;
    const workflow = steps?.length ? { steps, next: 1 } : undefined;
    const locale = pickLocale(this.#parts.locales, person.contact.locale, wanted.language);
    const detail = makeDetail(asker, wanted, usable, { workflow: steps, locale, usual });
    const way = wayTo(this.#parts, chosen, detail);
    const row = {
      tenant: GUARD_TENANT,
      owner: ownerOf(asker),
      purpose: purposeOf(wanted, asker),
      subject: asker.user,
      supersede: "return",
      keyId: keys.current.id,
      ttl: chosen.method.ttl,
      maxAttempts: limits.maxAttempts,
      offers: detail.methods,
      detail: { ...detail },
    } as const;
    const started = await this.#service.open({ account: asker.user, way, row });
    const left = othersLeft(started, usable);
    if (left) return this.#open(wish, left);
    if (started.ok && started.fresh) {
      this.#parts.events.emit("challenge.opened", eventOf(started.entry));
      if (workflow) await beginEscalation(this.#parts, started.entry, workflow, this.#parts.clock());
    }
    if (!started.ok || started.fresh) return this.#toldOrNext(detail, started, way, 1, until);
    const { delivery } = started.entry;
    const elsewhere = prefer ? !isThere(delivery, prefer, chosen) : isDisabled(wish, usable, delivery.method);
    if (elsewhere) return this.#switch(started.entry, chosen);
    return started.entry.delivery.status === "failed" ? this.resend(asker, { id: started.entry.id }) : started;
  }

  /** The challenge by another method, or to another address: another way to the same door, the same attempts left. */
  async switchTo(asker: Asker, which: Which, selection: Selection): Promise<ChallengeStarted> {
    const entry = await this.find(asker, which);
    const end = endOf(entry, this.#parts.clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    const { method } = selection;
    if (!readDetail(entry).methods.includes(method) || asker.barred?.includes(method)) {
      return refused("method_not_allowed");
    }
    const ways = await this.#waysOf(asker.user, method);
    const chosen = pick(ways, selection);
    if (!chosen) return ways.length > 0 ? NO_SUCH_WAY : refused("not_enrolled");
    if (!isThere(entry.delivery, selection, chosen)) return this.#switch(entry, chosen);
    // Asked for once more after it failed: then it is to be sent, not to be talked about.
    return entry.delivery.status === "failed" ? this.resend(asker, which) : { ok: true, entry, fresh: false };
  }

  /** The same code again, within the limits. */
  async resend(asker: Asker, which: Which): Promise<ChallengeStarted> {
    const entry = await this.find(asker, which);
    const end = endOf(entry, this.#parts.clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    const name = entry.delivery.method as MethodName;
    if (asker.barred?.includes(name)) return refused("method_not_allowed");
    const ways = await this.#waysOf(asker.user, name);
    const chosen = inUse(ways, entry.delivery);
    if (!chosen) return ways.length > 0 ? NO_SUCH_WAY : refused("not_enrolled");
    if (!chosen.method.send) return refused("invalid_request", { detail: "This method sends nothing." });
    const way = wayTo(this.#parts, chosen, readDetail(entry));
    return this.#told(asker.user, await this.#service.send(entry, way), way);
  }

  /** By the next channel of its workflow, now. */
  async next(asker: Asker, which: Which): Promise<ChallengeStarted> {
    const entry = await this.find(asker, which);
    const end = endOf(entry, this.#parts.clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    return this.advance(entry, (entry.delivery.step ?? 0) + 1);
  }

  /** Takes a step of the workflow, once: whoever comes second finds it taken. */
  async advance(entry: Pending, step: number, until = performance.now() + SEND_BUDGET): Promise<ChallengeStarted> {
    const { scheduler, clock } = this.#parts;
    const detail = readDetail(entry);
    const next = detail.workflow?.[step];
    const end = endOf(entry, clock());
    if (end) return refusedAs(end);
    if (!detail.workflow || !next || (entry.delivery.step ?? 0) !== step - 1) {
      return refused("invalid_request", { detail: "There is no next step." }, entry);
    }
    const ways = await this.#waysOf(detail.user, next.channel as MethodName);
    const chosen = inUse(ways, entry.delivery) ?? ways[0];
    if (!chosen) return refused("not_enrolled", {}, entry);
    const { charges, ...planned } = wayTo(this.#parts, chosen, detail, until);
    // The workflow has its own pace: a person for whom nothing came need not wait for the next try.
    const way = { ...planned, step, charges: (id: string) => charges(id).filter(({ name }) => name !== "spacing") };
    const sent = await this.#service.send(entry, way);
    if (sent.ok && sent.fresh)
      await scheduleNext(scheduler, sent.entry, { steps: detail.workflow, next: step + 1 }, clock());
    return this.#toldOrNext(detail, sent, way, step + 1, until);
  }

  /** What became of a message; if it could not be sent, what becomes of the next step's. */
  async #toldOrNext(detail: ChallengeDetail, sent: Started, way: Way, step: number, until: number) {
    const answer = this.#told(detail.user, sent, way);
    if (!sent.ok || sent.delivered?.ok !== false) return answer;
    const { scheduler, clock } = this.#parts;
    const next = detail.workflow?.[step] && step;
    const failed = { scheduler, entry: sent.entry, next, until, now: clock(), answer };
    return failOver(failed, (following) => this.advance(sent.entry, following, until));
  }

  /** Checks an answer. A right one uses the challenge up and yields a mark; keeping it is the caller's next step. */
  verify(asker: Asker, which: Which, typed: unknown): Promise<Proved> {
    return this.#answers.verify(asker, which, typed);
  }

  /** False when there was nothing to end. */
  async cancel(asker: Asker, which: Which): Promise<boolean> {
    const entry = await this.find(asker, which);
    if (!entry || !(await this.#parts.store.cancel({ id: entry.id, owner: entry.owner }, this.#parts.clock())))
      return false;
    if (readDetail(entry).workflow) await stopEscalation(this.#parts.scheduler, entry);
    this.#parts.events.emit("challenge.canceled", eventOf(entry));
    return true;
  }

  /** This login's challenge: by id, or the newest open one, or the newest at all. */
  async find(asker: Asker, which: Which): Promise<Pending | undefined> {
    return this.#parts.store.find({ ...which, owner: ownerOf(asker), tenant: GUARD_TENANT }, this.#parts.clock());
  }

  /** By which one method reaches the person now. */
  async #waysOf(user: string, method: MethodName): Promise<readonly Usable[]> {
    const person = await personOf(this.#parts, user);
    return person ? usableMethods(this.#parts.methods, person, [method]) : [];
  }

  async #switch(entry: Pending, chosen: Usable): Promise<ChallengeStarted> {
    const way = wayTo(this.#parts, chosen, readDetail(entry));
    const alreadySent = entry.delivery.sent.some((sent) => isSameWay(sent, way));
    const { send: _again, ...quiet } = way;
    const quietly: Way = { ...quiet, charges: () => [] };
    return this.#told(readDetail(entry).user, await this.#service.send(entry, alreadySent ? quietly : way), way);
  }

  #told(user: string, started: Started, way: Way): ChallengeStarted {
    return told(this.#parts, user, started, way);
  }
}
