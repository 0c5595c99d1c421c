import { LRUCache } from "lru-cache";
import { type Duration, milliseconds } from "../core/durations.js";
import { misconfigured } from "../core/errors.js";
import { checkKeys, display, isProduction, listOf } from "../core/options.js";
import type { Channel, Provider } from "../providers/provider.js";
import { checkCodeShape, type CodeShape, DIGITS } from "../verification/code.js";
import { createCarrier } from "../verification/delivery.js";
import { composeMessage } from "../verification/message.js";
import { createOutOfBand } from "../verification/out-of-band.js";
import { canonicalEmail, canonicalPhone, countryOf } from "../verification/recipient.js";
import type { Contact, Method, MethodContext, MethodFactory, Outgoing } from "./method.js";

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
   * is an invitation to have premium numbers called at your expense.
   */
  countries?: readonly string[];
}

const MAX_TTL = 10 * 60_000;

/**
 * A code by SMS, through one provider or a chain of them that fail over to the next with the same code.
 * SMS is a restricted authenticator (NIST SP 800-63B-4 section 3.1.3.3): offer something better beside it.
 *
 * @throws TwoFactorError `misconfigured`: unknown option, weak code, long life, no country list in production.
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
 * @throws TwoFactorError `misconfigured`: unknown option, weak code, long life.
 */
export function email(provider: Provider | readonly Provider[], options: SentCodeOptions = {}): MethodFactory {
  checkKeys(options, { digits: true, ttl: true }, "email()");
  const shape = codeShape(options.digits ?? 8, "email()");
  return factory(
    { channel: "email", provider, shape, recipient: ({ email: address }) => canonicalEmail(address) },
    options.ttl,
  );
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
  const known = new LRUCache<string, { to: string | undefined }>({ max: 10_000 });

  const recipient = async ({ phone }: Contact): Promise<string | undefined> => {
    if (typeof phone !== "string" || phone === "") return undefined;
    // Parsing a number costs more than the rest of a challenge together, and people keep theirs.
    const cached = known.get(phone);
    if (cached) return cached.to;
    const to = await canonicalPhone(phone);
    const allowed = to !== undefined && (!countries || countries.has((await countryOf(to)) ?? ""));
    known.set(phone, { to: allowed ? to : undefined });
    return allowed ? to : undefined;
  };
  return factory({ channel, provider, shape, recipient, countries }, options.ttl);
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
    if (typeof country !== "string" || !/^[A-Z]{2}$/.test(country)) {
      throw misconfigured(`${where} countries: "${display(country)}" is not an ISO 3166-1 alpha-2 code such as "SE".`);
    }
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
  readonly recipient: (contact: Contact) => string | undefined | Promise<string | undefined>;
  readonly countries?: ReadonlySet<string> | undefined;
}

function factory(sending: Sending, life: Duration | undefined): MethodFactory {
  const { channel } = sending;
  const ttl = milliseconds(life ?? "5m", `${channel}({ ttl })`);
  if (ttl <= 0 || ttl > MAX_TTL)
    throw misconfigured(`${channel}({ ttl: "${display(life)}" }): a code lives at most "10m".`);
  return { method: channel, create: (context) => sentCode(sending, ttl, context) };
}

function sentCode(sending: Sending, ttl: number, { keys, events, service, host }: MethodContext): Method {
  const { channel, shape, recipient } = sending;
  const outOfBand = createOutOfBand(channel, createCarrier(sending.provider, { events }), keys, sending.countries);
  const spec = { ...shape, way: channel };
  return {
    name: channel,
    digits: shape.length,
    phishingResistant: false,
    ttl,
    outOfBand,
    accepts: (typed) => outOfBand.accepts(typed, shape),
    enrolled: async ({ contact }) => {
      const to = await recipient(contact);
      return to === undefined ? undefined : { to };
    },
    stillReaches: async (entry, { contact }) => (await recipient(contact)) === entry.delivery.to,
    send: ({ entry, locale, now }: Outgoing) => {
      const { label: action, show } = entry.detail as Shown;
      const minutes = (entry.expiresAt - now) / 60_000;
      const parts = { channel, locale, minutes, service, host, action, show };
      return outOfBand.send(entry, spec, (code) => composeMessage({ ...parts, code }));
    },
    compare: (entry, _person, typed) => outOfBand.compare(entry, spec, typed),
  };
}
