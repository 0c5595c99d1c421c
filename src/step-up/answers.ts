import { randomId } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import type { Pending, Which } from "../stores/pending.js";
import { stopEscalation } from "../verification/escalation.js";
import { refusalOf, type Refused, refused, refusedAs, refusedByNetwork } from "../verification/outcome.js";
import type { Checked, VerificationService } from "../verification/service.js";
import type { ChallengeParts, Proved } from "./challenge-parts.js";
import type { Person } from "../methods/method.js";
import { compareAll, type MethodMatch, noAnswer } from "./comparison.js";
import { factorUsed } from "./factor-use.js";
import { NetworkFailures } from "./network-failures.js";
import { nobody, personOf } from "./people.js";
import { eventOf, markOf } from "./proved.js";
import { rememberUsual } from "./usual.js";
import { type Asker, GUARD_TENANT, ownerOf, readDetail } from "./wanted.js";

/** What people answer to their challenges. */
export class Answers {
  readonly #parts: ChallengeParts;
  readonly #service: VerificationService;
  readonly #networks: NetworkFailures;

  constructor(parts: ChallengeParts, service: VerificationService) {
    this.#parts = parts;
    this.#service = service;
    this.#networks = new NetworkFailures(parts.store, parts.clock, parts.limits.networkCharge);
  }

  async verify(asker: Asker, which: Which, typed: unknown): Promise<Proved> {
    const { store, methods, clock } = this.#parts;
    if (typeof typed !== "string" || !methods.some((method) => method.accepts(typed))) return noAnswer(methods);
    const until = this.#networks.blockedUntil(asker.ip);
    if (until > 0) return this.#refused(asker, refusedByNetwork(until, clock()));
    const owned = { ...which, owner: ownerOf(asker), tenant: GUARD_TENANT };
    const person = await personOf(this.#parts, asker.user);
    if (!person) {
      await store.cancel(owned, clock());
      return nobody(person);
    }
    await store.catchUp?.();
    const { checked, proved } = await this.#check(asker, owned, person, typed);
    if (!checked.ok) return this.#unproved(asker, checked);
    return proved === undefined ? refusedAs("missing") : this.#proved(asker, checked, proved);
  }

  async #check(asker: Asker, which: Which, person: Person, typed: string) {
    const { store, methods, limits, clock, events } = this.#parts;
    let proved: MethodMatch | undefined;
    const checked = await this.#service.check({
      which,
      nonce: randomId(),
      account: asker.user,
      lock: limits.lock,
      compare: async (entry, tried) => {
        if (this.#isVoid(entry, asker)) return void (await store.cancel({ id: entry.id, owner: entry.owner }, clock()));
        const counting = methods.filter(({ name }) => tried.includes(name) && !asker.barred?.includes(name));
        proved = await compareAll(counting, entry, person, typed, { clock, events });
        return proved && { method: proved.method, ...defined({ step: proved.step }) };
      },
    });
    return { checked, proved };
  }

  async #proved(asker: Asker, { entry, at }: Right, proved: MethodMatch): Promise<Proved> {
    const { store, events, scheduler } = this.#parts;
    // Whoever checks codes of its own making may take seconds.
    await store.catchUp?.();
    if (this.#isVoid(entry, asker)) return refusedAs("canceled");
    if (!(await factorUsed(this.#parts, asker.user, proved))) return refusedAs("used");
    const mark = markOf(asker.user, entry, proved, at);
    await rememberUsual(this.#parts, readDetail(entry), proved.method);
    if (readDetail(entry).workflow) await stopEscalation(scheduler, entry);
    events.emit("challenge.verified", eventOf(entry));
    return { ok: true, mark, entry };
  }

  async #unproved(asker: Asker, checked: Wrong): Promise<Refused> {
    const { clock, events } = this.#parts;
    for (const method of checked.reached) events.emit("factor.disabled", { user: asker.user, method });
    if (checked.reason !== "wrong") return this.#refused(asker, refusalOf(checked, clock()));
    const { entry, attemptsLeft, lockedUntil } = checked;
    if (this.#isVoid(entry, asker)) return refusedAs("canceled");
    events.emit("challenge.failed", { ...eventOf(entry), reason: "wrong_code", attemptsLeft });
    if (lockedUntil > 0) events.emit("account.locked", { user: asker.user, until: lockedUntil });
    await this.#networks.count(asker.ip);
    return refused("wrong_code", { attemptsLeft }, entry);
  }

  #refused({ user }: Asker, refusal: Refused): Refused {
    this.#parts.events.emit("challenge.refused", { user, reason: refusal.reason });
    return refusal;
  }

  /** Asked before everything of the user was revoked: whoever asked may be whom it was revoked for. */
  #isVoid({ createdAt }: Pending, { user }: Asker): boolean {
    return createdAt < this.#parts.revokedAt(user);
  }
}

type Right = Checked & { readonly ok: true };
type Wrong = Checked & { readonly ok: false };
