import type { LRUCache } from "lru-cache";
import { newCache } from "../core/cache.js";
import { allThere, type Awaitable, whenThere } from "../core/deadline.js";
import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, display, isProduction, listOf } from "../core/options.js";
import type { Channel, Provider } from "../providers/provider.js";
import { checkCodeShape, type CodeShape, type CodeSpec, DIGITS } from "../verification/code.js";
import { countryAlpha2, meantCountry } from "../verification/country.js";
import { createCarrier } from "../verification/delivery.js";
import { createComposer } from "../verification/composer.js";
import { createOutOfBand } from "../verification/out-of-band.js";
import { canonicalEmail, canonicalPhone, costlyPhone, countryOf } from "../verification/recipient.js";
import type { Withheld } from "../verification/toll-fraud.js";
import { factorsOf } from "./factor.js";
import type { Pending } from "../stores/pending.js";
import {
  CONTACT,
  type Contact,
  type Enrolled,
  type Enrolling,
  type Method,
  type MethodContext,
  type MethodFactory,
  type Outgoing,
  type Person,
} from "./method.js";

export interface SentCodeOptions {
  /**
   * How many digits the code has, 6 to 20.
   * @default 6 for SMS and voice, 8 for e-mail (OWASP MFA cheat sheet)
   */
  digits?: number;
  /**
   * How long a code lives, at most `"10m"` (NIST SP 800-63B-4 section 3.1.3.2, ASVS 6.5.5).
   * @default "5m"
   */
  ttl?: Duration;
}

export interface PhoneCodeOptions extends SentCodeOptions {
  /**
   * Countries that codes may be sent to, ISO 3166-1 alpha-2: `["SE", "GB"]`. Required in production, where an open list
   * is an invitation to have premium numbers called at your expense. A challenge for a number elsewhere looks as if it had
   * been sent; the event `delivery.refused` says that it was not.
   */
  countries?: readonly string[];
}

const MAX_TTL = 10 * 60_000;

/**
 * A code by SMS, through one provider or a chain of them that fail over to the next with the same code.
 * SMS is a restricted authenticator (NIST SP 800-63B-4 section 3.1.3.3): offer something better beside it.
 *
 * @throws TwoFactorError `misconfigured`: unknown option, weak code, long life, no country list in production, no provider
 * that carries the channel.
 */
export function sms(provider: Provider | readonly Provider[], options: PhoneCodeOptions = {}): MethodFactory {
  return phoneCode("sms", provider, options);
}

/** The same code, read out by a call. Options and errors as for `sms()`. */
export function voice(provider: Provider | readonly Provider[], options: PhoneCodeOptions = {}): MethodFactory {
  return phoneCode("voice", provider, options);
}

/**
 * A code by e-mail: proof of a mailbox, not of a device (NIST SP 800-63B-4 section 3.1.3.1 does not count it as one).
 *
 * @throws TwoFactorError `misconfigured`: unknown option, weak code, long life, no provider that carries e-mail.
 */
export function email(provider: Provider | readonly Provider[], options: SentCodeOptions = {}): MethodFactory {
  checkKeys(options, { digits: true, ttl: true }, "email()");
  const shape = codeShape(options.digits ?? 8, "email()");
  return factory({ channel: "email", provider, shape, recipient: mailbox }, options.ttl);
}

function mailbox({ email: address }: Contact): Reached | undefined {
  const to = canonicalEmail(address);
  return to === undefined ? undefined : { to };
}

function phoneCode(
  channel: "sms" | "voice",
  provider: Provider | readonly Provider[],
  options: PhoneCodeOptions,
): MethodFactory {
  const where = `${channel}()`;
  checkKeys(options, { digits: true, ttl: true, countries: true }, where);
  const countries = checkCountries(options.countries, where);
  const shape = codeShape(options.digits ?? 6, where);
  let known: LRUCache<string, { found: Reached | undefined }> | undefined;

  const recipient = ({ phone }: Contact): Awaitable<Reached | undefined> => {
    if (typeof phone !== "string" || phone === "") return undefined;
    // Parsing a number costs more than the rest of a challenge together, and people keep theirs.
    known ??= newCache(10_000);
    const cached = known.get(phone);
    if (cached) return cached.found;
    return reach(phone, countries).then((found) => {
      known?.set(phone, { found });
      return found;
    });
  };
  return factory({ channel, provider, shape, recipient, countries }, options.ttl);
}

/** Whom a message would go to, unless it is withheld. */
interface Reached {
  readonly to: string;
  readonly withheld?: Withheld;
}

async function reach(phone: string, countries: ReadonlySet<string> | undefined): Promise<Reached | undefined> {
  const to = await canonicalPhone(phone);
  if (to === undefined) {
    const costly = await costlyPhone(phone);
    return costly === undefined ? undefined : { to: costly, withheld: "range" };
  }
  const allowed = !countries || countries.has((await countryOf(to)) ?? "");
  return allowed ? { to } : { to, withheld: "country" };
}

function codeShape(length: number, where: string): CodeShape {
  const shape = { length, alphabet: DIGITS };
  checkCodeShape(shape, `${where} digits`);
  return shape;
}

function checkCountries(countries: readonly string[] | undefined, where: string): ReadonlySet<string> | undefined {
  const list = listOf(countries ?? [], `${where} countries`);
  if (list.length === 0) {
    if (!isProduction()) return undefined;
    throw misconfigured(
      `${where} needs { countries: ["SE", ...] } in production: without a list, anybody can have messages sent to premium numbers at your expense.`,
    );
  }
  for (const country of list) {
    if (typeof country === "string" && country.length === 2 && countryAlpha2(country) === country) continue;
    const meant = typeof country === "string" ? meantCountry(country) : undefined;
    const hint = meant === undefined ? 'such as "SE"' : `(did you mean "${meant}"?)`;
    throw misconfigured(`${where} countries: "${display(country)}" is not an ISO 3166-1 alpha-2 code ${hint}.`);
  }
  return new Set(list);
}

/** What a message says it is for; the layer above puts it into the detail. */
export interface Shown {
  readonly label?: string;
  readonly show?: readonly (readonly [label: string, value: string])[];
}

/** One way of sending codes, as it was configured. */
interface Sending {
  readonly channel: Channel;
  readonly provider: Provider | readonly Provider[];
  readonly shape: CodeShape;
  readonly recipient: (contact: Contact) => Awaitable<Reached | undefined>;
  readonly countries?: ReadonlySet<string> | undefined;
}

function factory(sending: Sending, life: Duration | undefined): MethodFactory {
  const { channel } = sending;
  const ttl = milliseconds(life ?? "5m", `${channel}({ ttl })`);
  if (ttl <= 0 || ttl > MAX_TTL)
    throw misconfigured(`${channel}({ ttl: "${display(life)}" }): a code lives at most "10m".`);
  return { method: channel, create: (context) => sentCode(sending, ttl, context) };
}

function sentCode(
  sending: Sending,
  ttl: number,
  { keys, events, service, host, book, enrols, reportLink }: MethodContext,
): Method {
  const { channel, shape, recipient } = sending;
  const compose = createComposer({ channel, book, service, host });
  const outOfBand = createOutOfBand(
    channel,
    createCarrier(sending.provider, { events, channel }),
    keys,
    sending.countries,
  );
  /** Each address has a code of its own: what one of them has got is no good once it is not the person's any more. */
  const specOf = ({ delivery }: Pending): CodeSpec => ({ way: `${channel} ${delivery.to}`, ...shape });
  const property = propertyOf(channel);
  const reached = (person: Person) => reachedBy(sending, person);
  const enrolling: Enrolling = {
    async begin(_person, to) {
      const found = await recipient({ [property]: to });
      return found && { ...found, secret: "" };
    },
    confirm: (entry, _begun, typed) => outOfBand.compare(entry, specOf(entry), typed),
  };
  return {
    name: channel,
    digits: shape.length,
    phishingResistant: false,
    ttl,
    outOfBand,
    accepts: (typed) => outOfBand.accepts(typed, shape),
    enrolled: reached,
    stillReaches: (entry, person) =>
      whenThere(reached(person), (ways) => ways.some(({ to, withheld }) => !withheld && to === entry.delivery.to)),
    send: ({ entry, locale, now, until }: Outgoing) => {
      const { label: action, show } = entry.detail as Shown;
      const minutes = (entry.expiresAt - now) / 60_000;
      const own = { locale, minutes, action, show, report: reportLink?.(entry) };
      return outOfBand.send(entry, specOf(entry), (code) => compose({ code, ...own }), until);
    },
    compare: (entry, { factors }, typed) =>
      whenThere(outOfBand.compare(entry, specOf(entry), typed), (match) => {
        const factor = factorsOf(factors, channel).find(({ to }) => to === entry.delivery.to);
        return match && { ...match, ...(factor && { factor }) };
      }),
    ...(enrols ? { enrolling } : {}),
  };
}

function propertyOf(channel: Channel): "email" | "phone" {
  return channel === "email" ? "email" : "phone";
}

/** What they have enrolled, the one used last first, and then what the app knows; no address twice. */
function reachedBy({ channel, recipient }: Sending, { contact, factors }: Person): Awaitable<readonly Enrolled[]> {
  const enrolled = factorsOf(factors, channel).map(({ id, name, to }) => {
    return { factor: id, name, at: { [propertyOf(channel)]: to } };
  });
  const found = [...enrolled, { factor: CONTACT, name: "", at: contact }].map(({ at, factor, name }) =>
    whenThere(recipient(at), (address) => address && { factor, name, ...address }),
  );
  return whenThere(allThere(found), (addresses) => {
    const known = addresses.filter((each) => each !== undefined);
    return known.filter(({ to }, index) => known.findIndex((each) => each.to === to) === index);
  });
}
