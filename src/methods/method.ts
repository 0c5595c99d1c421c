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
import type { PasskeyCreation, PasskeyDescriptor, PasskeyRequest } from "./passkey/json.js";

export const METHOD_NAMES = ["totp", "sms", "voice", "email", "recovery-code", "passkey"] as const;
export type MethodName = (typeof METHOD_NAMES)[number];
/** Those that send a code, and so need somewhere to send it. */
export type SentMethod = Extract<MethodName, "sms" | "voice" | "email">;

export function isSent(method: MethodName): method is SentMethod {
  return method === "sms" || method === "voice" || method === "email";
}

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
  /** What kind of a passkey it is, where it is one. */
  readonly passkey?: PasskeyKind;
}

/** Where the key of a passkey is (WebAuthn section 6.1.3). */
export interface PasskeyKind {
  /** Whether it stays on the device it was made on, or may be copied to others. */
  readonly deviceType: "singleDevice" | "multiDevice";
  /** Whether there is a copy now. */
  readonly backedUp: boolean;
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
  /** For passkeys: which the browser may use. */
  readonly credentials?: readonly PasskeyDescriptor[];
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
  /** How many characters a person types; 0 where nobody types anything. */
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
  /** For methods that the browser answers: what it is to be asked, from this moment on. */
  request?(entry: Pending, credentials: readonly PasskeyDescriptor[], now: number): PasskeyRequest;
  /** In constant time; `undefined` for a wrong answer. */
  compare(entry: Pending, person: Person, typed: string, now: number): Awaitable<FactorMatch | undefined>;
}

/** How a person sets a method up: what it is to be comes first, and counts only once it was confirmed. */
export interface Enrolling {
  /** How long it may take, in milliseconds, where that is not as long as a challenge lives. */
  readonly ttl?: number;
  /** Nothing for an address that this method cannot reach. `id` is the enrolment's. */
  begin(person: Person, to: string | undefined, id: string): Awaitable<Begun | undefined>;
  /** As `compare`, for what was begun under this id. */
  confirm(entry: Pending, begun: Begun, typed: string, now: number): Awaitable<Confirmed | undefined>;
}

/** A factor that is not one yet. */
export interface Begun {
  readonly secret: string;
  readonly to?: string;
  readonly withheld?: Withheld | undefined;
  /** What the person is shown once to set it up: a secret and its `otpauth:` address, or what the browser is to make. */
  readonly shown?: { readonly secret?: string; readonly uri?: string; readonly publicKey?: PasskeyCreation };
}

/** A right answer, and what is to be kept where that comes with it. */
export interface Confirmed extends Match {
  readonly secret?: string;
  readonly passkey?: PasskeyKind;
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
  /** Where the app is, as it was configured. */
  readonly origins: readonly string[];
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
