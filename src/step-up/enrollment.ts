import { fingerprint, randomId, seal, unseal } from "../core/crypto.js";
import { unavailable } from "../core/errors.js";
import { pickLocale } from "../core/locale.js";
import { isPrintable } from "../core/printable.js";
import { maskAddress } from "../core/redact.js";
import type { Factor } from "../methods/method.js";
import type { Begun, Confirmed, Enrolling, Method, MethodName, Person } from "../methods/method.js";
import type { Pending } from "../stores/pending.js";
import { NEVER } from "../stores/store.js";
import { refusalOf, refused, type Refused } from "../verification/outcome.js";
import { VerificationService } from "../verification/service.js";
import type { ChallengeParts } from "./challenge-parts.js";
import { factorsOf } from "../methods/factor.js";
import type { FactorBook } from "./factor-book.js";
import { ask } from "./ask.js";
import { personOf, usableMethods } from "./people.js";
import { type Asker, ownerOf } from "./wanted.js";
import { wayTo } from "./way-to.js";

/** Enrolments, apart from challenges: an answer to one is no answer to the other. */
const TENANT = "#enrollment";
/** Enough for every device that anybody has, and ten recovery codes. */
const MOST_FACTORS = 40;

export interface EnrollmentWish {
  readonly method: MethodName;
  /** The number or address to be enrolled, for methods that send. */
  readonly to?: string | undefined;
  readonly name?: string | undefined;
  readonly language?: string | undefined;
  readonly ip?: string | undefined;
}

/** What was begun, and what the person needs to see to go on; the secret is shown this once. */
export type EnrollmentStarted =
  | { readonly ok: true; readonly entry: Pending; readonly shown: Begun["shown"] }
  | Refused;
export type EnrollmentConfirmed = { readonly ok: true; readonly factor: Factor } | Refused;

interface EnrollmentDetail {
  readonly user: string;
  readonly method: MethodName;
  readonly name: string;
  /** `Begun`, sealed for this enrolment. */
  readonly begun: string;
}

/** Setting up a factor: begun, and counted only once its first answer was right. An abandoned one is nothing. */
export class Enrollments {
  readonly #parts: ChallengeParts;
  readonly #book: FactorBook;
  readonly #service: VerificationService;

  constructor(parts: ChallengeParts, book: FactorBook) {
    this.#parts = parts;
    this.#book = book;
    this.#service = new VerificationService(parts.store, parts.clock);
  }

  /** Begins one; an earlier one of the same login that was not confirmed is over. */
  async start(asker: Asker, wish: EnrollmentWish): Promise<EnrollmentStarted> {
    const { keys, clock, limits, locales } = this.#parts;
    const method = this.#methodOf(wish.method);
    if (!method || asker.barred?.includes(wish.method))
      return refused("method_not_allowed", { detail: "This method cannot be set up here." });
    const person = await personOf(this.#parts, asker.user);
    if (!person) return refused("first_factor_required", { detail: "This account is closed." });
    const id = randomId();
    const begun = await ask("Setting up a factor", () => method.enrolling.begin(person, wish.to, id));
    const obstacle = obstacleTo(person, method, begun, wish.name ?? "");
    if (!begun || obstacle) return obstacle ?? refused("invalid_request");
    const detail: EnrollmentDetail = {
      user: asker.user,
      method: method.name,
      name: (wish.name ?? "").trim(),
      begun: seal(keys, JSON.stringify(begun), contextOf(asker.user, id)),
    };
    const locale = pickLocale(locales, person.contact.locale, wish.language);
    const addressee = { user: asker.user, ip: wish.ip, limits: [], locale };
    const started = await this.#service.open({
      id,
      account: accountOf(asker.user),
      row: {
        tenant: TENANT,
        owner: ownerOf(asker),
        purpose: `enrol ${method.name}`,
        subject: asker.user,
        supersede: "cancel",
        keyId: keys.current.id,
        ttl: method.enrolling.ttl ?? method.ttl,
        maxAttempts: limits.maxAttempts,
        detail: { ...detail },
      },
      way: wayTo(this.#parts, { method, ...begun }, addressee),
    });
    if (!started.ok) return refusalOf(started, clock());
    if (started.delivered?.ok === false) {
      return refused("delivery_failed", { detail: "The code could not be sent. Try again." }, started.entry);
    }
    return { ok: true, entry: started.entry, shown: begun.shown };
  }

  /** The first right answer makes it a factor. */
  async confirm(asker: Asker, id: string | undefined, typed: unknown): Promise<EnrollmentConfirmed> {
    const { keys, limits, clock, events } = this.#parts;
    if (typeof typed !== "string" || typed === "") {
      return refused("invalid_request", { detail: "The code is missing." });
    }
    let confirmed: Confirmed | undefined;
    let begun: Begun | undefined;
    const checked = await this.#service.check({
      which: { id, owner: ownerOf(asker), tenant: TENANT },
      nonce: randomId(),
      account: accountOf(asker.user),
      // A secret that is new each time is no authenticator yet, and there would be no other way back: no ceiling.
      lock: { ...limits.lock, ceiling: NEVER },
      compare: async (entry) => {
        const detail = readDetail(entry);
        const plain = unseal(keys, detail.begun, contextOf(asker.user, entry.id));
        const method = this.#methodOf(detail.method);
        if (plain === undefined || !method) throw unavailable("This enrolment cannot be read.");
        const opened = (begun = JSON.parse(plain) as Begun);
        confirmed = await ask("Checking the code", () => method.enrolling.confirm(entry, opened, typed, clock()));
        return confirmed?.step ? { step: confirmed.step } : confirmed && {};
      },
    });
    if (!checked.ok) {
      if (checked.reason !== "wrong") return refusalOf(checked, clock());
      return refused("wrong_code", { attemptsLeft: checked.attemptsLeft });
    }
    const { method, name } = readDetail(checked.entry);
    const factor: Factor = {
      id: checked.entry.id,
      method,
      name,
      createdAt: checked.at,
      ...(begun?.to === undefined ? {} : { to: begun.to }),
      secret: confirmed?.secret ?? begun?.secret ?? "",
      ...(confirmed?.passkey && { passkey: confirmed.passkey }),
    };
    await this.#book.add(asker.user, factor);
    // As many may have been begun as there are logins.
    if ((await this.#book.of(asker.user)).findIndex(({ id: each }) => each === factor.id) >= MOST_FACTORS) {
      await this.#book.remove(asker.user, factor.id);
      return TOO_MANY;
    }
    events.emit("factor.added", { user: asker.user, method, factor: factor.id });
    return { ok: true, factor };
  }

  /** Opens the lock that wrong codes to enrolments have closed. */
  async unlock(user: string): Promise<void> {
    await this.#parts.store.unlock(accountOf(user), this.#parts.clock());
  }

  /** Methods that people can set up here, strongest first. */
  get offered(): readonly MethodName[] {
    return this.#parts.methods.filter(({ enrolling }) => enrolling).map(({ name }) => name);
  }

  /** Whether this factor is all that the person could answer with, as things are now. */
  async isAll({ user, barred = [] }: Asker, factor: string): Promise<boolean> {
    const person = await personOf(this.#parts, user);
    if (!person) return false;
    const others = { ...person, factors: person.factors.filter(({ id }) => id !== factor) };
    const usable = await usableMethods(this.#parts.methods, others, undefined);
    return usable.every(({ method }) => barred.includes(method.name));
  }

  #methodOf(name: MethodName): (Method & { readonly enrolling: Enrolling }) | undefined {
    const method = this.#parts.methods.find((each) => each.name === name);
    return method?.enrolling ? { ...method, enrolling: method.enrolling } : undefined;
  }
}

const TOO_MANY = refused("invalid_request", { detail: "There are too many factors: remove one first." });

function obstacleTo(person: Person, method: Method, begun: Begun | undefined, name: string): Refused | undefined {
  const no = (detail: string): Refused => refused("invalid_request", { detail });
  if (!isPrintable(name, 0, 60)) return no("A name has at most 60 printable characters.");
  if (person.factors.length >= MOST_FACTORS) return TOO_MANY;
  if (!begun || begun.withheld) return no("No code can be sent there.");
  const known = factorsOf(person.factors, method.name).some(({ to }) => to !== undefined && to === begun.to);
  return known ? no(`${maskAddress(begun.to ?? "")} is there already.`) : undefined;
}

function readDetail(entry: Pending): EnrollmentDetail {
  return entry.detail as unknown as EnrollmentDetail;
}

function contextOf(user: string, id: string): string {
  return fingerprint(["enrollment", user, id]);
}

/** Wrong codes here lock no door: they count for themselves. */
function accountOf(user: string): string {
  return fingerprint(["enrollment", user]);
}
