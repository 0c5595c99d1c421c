import type { Clock } from "../core/clock.js";
import { type Keyring, randomId } from "../core/crypto.js";
import type { Events } from "../core/events.js";
import { pickLocale } from "../core/locale.js";
import { maskAddress } from "../core/redact.js";
import type { Method, MethodName, Person } from "../methods/method.js";
import { endOf } from "../stores/ended.js";
import type { Pending, Store, Which } from "../stores/store.js";
import type { Limits } from "../verification/limits.js";
import { type Started, VerificationService, type Way } from "../verification/service.js";
import type { Mark } from "./mark.js";
import { refused, refusedAs, refusedByCrowd, refusedByLimit, refusedByLock, type Refused } from "./outcome.js";
import { type ContactOf, personOf, type Usable, usableMethods } from "./people.js";
import { type Asker, type ChallengeDetail, makeDetail, ownerOf, purposeOf, readDetail, type Wanted } from "./wanted.js";

export type ChallengeStarted = { readonly ok: true; readonly entry: Pending; readonly fresh: boolean } | Refused;
export type Proved = { readonly ok: true; readonly mark: Mark; readonly entry: Pending } | Refused;

export interface ChallengeParts {
  readonly store: Store;
  readonly methods: readonly Method[];
  readonly limits: Limits;
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  readonly contactOf: ContactOf;
}

/** A verification with a person in front of it: opened for a user in a session, answered by the same. */
export class Challenges {
  readonly #parts: ChallengeParts;
  readonly #service: VerificationService;

  constructor(parts: ChallengeParts) {
    this.#parts = parts;
    this.#service = new VerificationService(parts.store, parts.clock);
  }

  /** Opens the challenge, or returns the one that is open for the same user, login, action and transaction. */
  async start(asker: Asker, wanted: Wanted, prefer?: MethodName): Promise<ChallengeStarted> {
    const { methods, contactOf, keys, limits } = this.#parts;
    const person = await personOf(contactOf, asker.user);
    if (!person) return refused("first_factor_required", { detail: "This account is closed." });
    if (prefer && wanted.allowed && !wanted.allowed.includes(prefer)) return refused("method_not_allowed");

    const usable = await usableMethods(methods, person, wanted.allowed);
    const chosen = prefer ? usable.find(({ method }) => method.name === prefer) : usable[0];
    if (!chosen) return refused("not_enrolled");

    const names = usable.map(({ method }) => method.name);
    const detail = makeDetail(asker, wanted, names, pickLocale(person.contact.locale, wanted.language));
    const way = this.#way(chosen, detail);
    const started = await this.#service.open({
      owner: ownerOf(asker),
      purpose: purposeOf(wanted),
      account: asker.user,
      keyId: keys.current.id,
      ttl: chosen.method.ttl,
      maxAttempts: limits.maxAttempts,
      detail: { ...detail },
      way,
    });
    if (started.ok && started.fresh) this.#emitOpened(started.entry);
    if (!started.ok || started.fresh) return this.#told(asker.user, started, way);
    if (prefer && started.entry.delivery.method !== prefer) return this.#switch(started.entry, chosen);
    return started.entry.delivery.status === "failed" ? this.resend(asker, { id: started.entry.id }) : started;
  }

  /** The challenge by another method: another way to the same door, the same attempts left. */
  async switchMethod(asker: Asker, which: Which, method: MethodName): Promise<ChallengeStarted> {
    const entry = await this.find(asker, which);
    const end = endOf(entry, this.#parts.clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    const { methods } = readDetail(entry);
    if (!methods.includes(method)) return refused("method_not_allowed");
    const person = await personOf(this.#parts.contactOf, asker.user);
    const [chosen] = person ? await usableMethods(this.#parts.methods, person, [method]) : [];
    if (!chosen) return refused("not_enrolled");
    return entry.delivery.method === method ? { ok: true, entry, fresh: false } : this.#switch(entry, chosen);
  }

  /** The same code again, within the limits. */
  async resend(asker: Asker, which: Which): Promise<ChallengeStarted> {
    const entry = await this.find(asker, which);
    const end = endOf(entry, this.#parts.clock());
    if (!entry || end) return refusedAs(end ?? "missing");
    const person = await personOf(this.#parts.contactOf, asker.user);
    const name = entry.delivery.method as MethodName;
    const [chosen] = person ? await usableMethods(this.#parts.methods, person, [name]) : [];
    if (!chosen) return refused("not_enrolled");
    if (!chosen.method.send) return refused("invalid_request", { detail: "This method sends nothing." });
    const way = this.#way(chosen, readDetail(entry));
    return this.#told(asker.user, await this.#service.send(entry, way), way);
  }

  /** Checks an answer. A right one uses the challenge up and yields a mark; keeping it is the caller's next step. */
  async verify(asker: Asker, which: Which, typed: unknown): Promise<Proved> {
    const { store, methods, limits, clock, events, contactOf } = this.#parts;
    if (typeof typed !== "string" || !methods.some((method) => method.accepts(typed))) {
      const shapes = [...new Set(methods.map((method) => method.digits))].join(" or ");
      return refused("invalid_request", { detail: `A code has ${shapes} digits.` });
    }
    const owned = { ...which, owner: ownerOf(asker) };
    const person = await personOf(contactOf, asker.user);
    if (!person) {
      await store.cancel(owned, clock());
      return refused("first_factor_required", { detail: "This account is closed." });
    }
    const checked = await this.#service.check({
      which: owned,
      nonce: randomId(),
      account: asker.user,
      lock: limits.lock,
      compare: (entry) => this.#compare(entry, person, typed),
    });
    if (checked.ok) {
      const mark = markOf(asker.user, checked.entry, checked.at);
      events.emit("challenge.verified", eventOf(checked.entry));
      return { ok: true, mark, entry: checked.entry };
    }
    if (checked.reason === "locked") return refusedByLock(checked.until, clock());
    if (checked.reason !== "wrong") return refusedAs(checked.reason);
    const { entry, attemptsLeft, lockedUntil } = checked;
    events.emit("challenge.failed", { ...eventOf(entry), reason: "wrong_code", attemptsLeft });
    if (lockedUntil > 0) events.emit("account.locked", { user: asker.user, until: lockedUntil });
    return refused("wrong_code", { attemptsLeft }, entry);
  }

  /** False when there was nothing to end. */
  async cancel(asker: Asker, which: Which): Promise<boolean> {
    const entry = await this.find(asker, which);
    if (!entry || !(await this.#parts.store.cancel({ id: entry.id, owner: entry.owner }, this.#parts.clock()))) return false;
    this.#parts.events.emit("challenge.canceled", eventOf(entry));
    return true;
  }

  /** This login's challenge: by id, or the newest open one, or the newest at all. */
  async find(asker: Asker, which: Which): Promise<Pending | undefined> {
    return this.#parts.store.find({ ...which, owner: ownerOf(asker) }, this.#parts.clock());
  }

  async #compare(entry: Pending, person: Person, typed: string) {
    const { methods, clock, events } = this.#parts;
    const method = methods.find(({ name }) => name === entry.delivery.method);
    const issued = method?.send === undefined || entry.delivery.sent.length > 0;
    if (!method || !issued || !(await method.stillReaches(entry, person))) return undefined;
    events.emit("code.compared", { challenge: entry.id, method: method.name });
    return method.compare(entry, person, typed, clock());
  }

  async #switch(entry: Pending, chosen: Usable): Promise<ChallengeStarted> {
    const way = this.#way(chosen, readDetail(entry));
    const alreadySent = entry.delivery.sent.includes(chosen.method.name);
    const { send: _again, ...quiet } = way;
    const quietly: Way = { ...quiet, charges: () => [] };
    return this.#told(readDetail(entry).user, await this.#service.send(entry, alreadySent ? quietly : way), way);
  }

  #way({ method, to }: Usable, detail: ChallengeDetail): Way {
    const { limits, clock } = this.#parts;
    const send = method.send?.bind(method);
    if (!send || to === undefined) return { method: method.name, charges: () => [] };
    const { user, ip, limits: named, locale } = detail;
    return {
      method: method.name,
      to,
      resendIn: limits.gapAfter(1),
      charges: (id) => limits.sendCharges({ id, user, to, ip, named }),
      failed: limits.failedCharge(user),
      send: (entry) => send({ entry, locale, now: clock() }),
    };
  }

  /** What became of a start or a send, told as an outcome and as events. */
  #told(user: string, started: Started, way: Way): ChallengeStarted {
    const { clock, events } = this.#parts;
    if (!started.ok) {
      if (started.reason === "limited") {
        const { name: limit, retryAt } = started.refusal;
        events.emit("limit.exceeded", { user, limit, retryAt });
        return refusedByLimit(started.refusal, clock());
      }
      if (started.reason === "full") return refusedByCrowd(started.retryAt, clock());
      if (started.reason === "locked") return refusedByLock(started.until, clock());
      return refusedAs(started.reason);
    }
    const { entry, fresh, delivered } = started;
    if (delivered?.ok === false) {
      return refused("delivery_failed", { detail: "The code could not be sent. Try again, or choose another method." }, entry);
    }
    if (delivered) {
      const { ok: _ok, ...carried } = delivered;
      events.emit("challenge.sent", { ...eventOf(entry), to: maskAddress(way.to ?? ""), ...carried });
    }
    return { ok: true, entry, fresh };
  }

  #emitOpened(entry: Pending): void {
    this.#parts.events.emit("challenge.opened", eventOf(entry));
  }
}

function markOf(user: string, entry: Pending, at: number): Mark {
  const { action, bind } = readDetail(entry);
  return {
    id: randomId(),
    user,
    at,
    methods: [entry.delivery.method],
    ...(action === undefined ? {} : { action }),
    ...(bind === undefined ? {} : { bind }),
  };
}

function eventOf(entry: Pending) {
  const { user, action } = readDetail(entry);
  return { challenge: entry.id, user, method: entry.delivery.method, ...(action === undefined ? {} : { action }) };
}
