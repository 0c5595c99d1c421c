import type { Clock } from "../core/clock.js";
import type { Keyring } from "../core/crypto.js";
import type { Awaitable } from "../core/deadline.js";
import type { Events } from "../core/events.js";
import type { Pending } from "../stores/pending.js";
import type { Delivered } from "../verification/delivery.js";
import type { OutOfBand } from "../verification/out-of-band.js";
import type { Match } from "../verification/service.js";
import type { MessageBook } from "../verification/texts.js";
import type { Withheld } from "../verification/toll-fraud.js";

export const METHOD_NAMES = ["totp", "sms", "voice", "email", "recovery-code", "passkey"] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

/** How to reach somebody, as the app knows it. */
export interface Contact {
  /** E.164, as in `+46707123456`. */
  phone?: string | undefined;
  email?: string | undefined;
  /** BCP 47 tag for messages and page, as in `"sv"`. */
  locale?: string | undefined;
}

/** One second factor that a person has set up: an authenticator app, a number, a passkey, one recovery code. */
export interface Factor {
  readonly id: string;
  readonly method: MethodName;
  /** What the person calls it. */
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  /** Where it reaches them, for methods that send: canonical. */
  readonly to?: string;
  /** What the method keeps of it: a seed, a credential, a hash. Only the method reads it. */
  readonly secret: string;
}

/** Whose second factor it is. */
export interface Person {
  readonly user: string;
  readonly contact: Contact;
  /** What they have enrolled, oldest first; none where the app enrols nobody. */
  readonly factors: readonly Factor[];
}

/** The address that the app knows, among those that people have enrolled: no factor has such an id. */
export const CONTACT = "contact";

/** That a person can use a method, and where it reaches them. */
export interface Enrolled {
  /** The one canonical recipient. */
  readonly to?: string;
  /** Where there may be several recipients: the id of the factor, or `CONTACT`. */
  readonly factor?: string;
  /** What its owner calls that factor. */
  readonly name?: string;
  /** Why nothing is sent there, which is not for the person to know: they may be renting such a number. */
  readonly withheld?: Withheld | undefined;
}

/** A message that is about to go out. */
export interface Outgoing {
  readonly entry: Pending;
  readonly locale: string;
  readonly now: number;
  /** When whoever waits for it has waited enough (`performance.now()`). */
  readonly until?: number | undefined;
}

/** One kind of second factor. */
export interface Method {
  readonly name: MethodName;
  /** How many characters a person types. */
  readonly digits: number;
  /** Cannot be typed into the wrong site. */
  readonly phishingResistant: boolean;
  /** How long a challenge of this method lives, in milliseconds. */
  readonly ttl: number;
  /** For methods that send a code: the way it goes, which verifications without a person use as well. */
  readonly outOfBand?: OutOfBand;
  /** Whether what was typed could be an answer at all; if not, it costs no attempt. */
  accepts(typed: unknown): boolean;
  /** Every way in which this person can use it, the one to begin with first; none where they cannot. */
  enrolled(person: Person): Awaitable<readonly Enrolled[]>;
  /** Whether the recipient is still the one the code went to. */
  stillReaches(entry: Pending, person: Person): Awaitable<boolean>;
  /** For methods that a person can set up here. */
  readonly enrolling?: Enrolling;
  /** For methods that send. */
  send?(outgoing: Outgoing): Promise<Delivered>;
  /** In constant time; `undefined` for a wrong answer. */
  compare(entry: Pending, person: Person, typed: string, now: number): Awaitable<FactorMatch | undefined>;
}

/** How a person sets a method up: what it is to be comes first, and counts only once it was confirmed. */
export interface Enrolling {
  /** Nothing for an address that this method cannot reach. */
  begin(person: Person, to: string | undefined): Awaitable<Begun | undefined>;
  /** As `compare`, for what was begun under this id. */
  confirm(entry: Pending, begun: Begun, typed: string, now: number): Awaitable<Confirmed | undefined>;
}

/** A factor that is not one yet. */
export interface Begun {
  readonly secret: string;
  readonly to?: string;
  readonly withheld?: Withheld | undefined;
  /** What the person is shown once to set it up: a secret and its `otpauth:` address. */
  readonly shown?: { readonly secret: string; readonly uri: string };
}

/** A right answer, and what is to be kept where that comes with it. */
export interface Confirmed extends Match {
  readonly secret?: string;
}

/** A right answer, and which enrolled factor gave it. */
export interface FactorMatch extends Match {
  readonly factor?: Factor;
  /** It was good for this once: the factor is removed before anything is granted. */
  readonly usesUp?: boolean;
}

export interface MethodContext {
  readonly keys: Keyring;
  readonly clock: Clock;
  readonly events: Events;
  /** What people call the app: in messages and on the page. */
  readonly service: string | undefined;
  /** Whether people enrol factors of their own. */
  readonly enrols: boolean;
  /** The host that messages name, out of the configuration and never out of a request. */
  readonly host: string | undefined;
  /** Where the person can say that a message is about nothing of theirs. */
  readonly reportLink?: (entry: Pending) => string | undefined;
  /** What messages say, by language. */
  readonly book: MessageBook;
}

/** What `totp()`, `sms()` and the others return: a method that waits for its instance. */
export interface MethodFactory {
  readonly method: MethodName;
  create(context: MethodContext): Method;
}
