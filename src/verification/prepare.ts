import { fingerprint, type KeySet, mac, randomId, seal, type Keyring } from "../core/crypto.js";
import { defined } from "../core/defined.js";
import { milliseconds } from "../core/durations.js";
import { TwoFactorError } from "../core/errors.js";
import type { Channel, MessageHints } from "../providers/provider.js";
import type { Pending } from "../stores/pending.js";
import { type CodeShape, deriveCode } from "./code.js";
import { countryAlpha2 } from "./country.js";
import { canonicalEmail, canonicalPhone, countryOf } from "./recipient.js";
import { ALPHABETS, type CodeRequest, type NumberStatus, type VerificationStart } from "./request.js";
import { checkPlaces, checkTemplate, pickTemplate, type TemplateSyntax } from "./template.js";
import type { Step } from "./workflow.js";

/** What a verification of the service remembers. Plain JSON; never a code in clear. */
export interface VerificationDetail {
  readonly shape: CodeShape;
  /** A code that we did not derive, sealed under the id. */
  readonly sealedCode?: string;
  /** The text before the code is put in; without one, the package's own. */
  readonly template?: string;
  readonly syntax: TemplateSyntax;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly subject?: string;
  readonly locale?: string;
  readonly from?: string;
  readonly hints?: MessageHints;
  readonly country?: string;
  /** What the number lookup said when it started. */
  readonly numberStatus?: NumberStatus;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly workflow?: { readonly steps: readonly Step[]; readonly next: number };
  /** Under which name the live code can be found by itself. */
  readonly index?: string;
}

export function readVerification(entry: Pending): VerificationDetail {
  return entry.detail as unknown as VerificationDetail;
}

/** What a request leaves behind, with what was found out about it. */
export function detailOf(
  { syntax = "any", metadata = {}, args, subject, locale, from, hints }: VerificationStart,
  { shape, ...known }: { shape: CodeShape } & { [K in keyof VerificationDetail]?: VerificationDetail[K] | undefined },
  steps: readonly Step[] | undefined,
): VerificationDetail {
  const workflow = steps && { steps, next: 1 };
  return { shape, syntax, metadata, ...defined({ ...known, args, subject, locale, from, hints, workflow }) };
}

const DEFAULT_TTL = 5 * 60_000;
const LONGEST_TTL = 24 * 3_600_000;
const MIN_BITS = 19.9;
/** So often a code is drawn again because another one like it lives. */
const MAX_DRAWS = 20;

export function invalid(detail: string): TwoFactorError {
  return new TwoFactorError("invalid_request", { detail });
}

/** The one canonical recipient and the country it is in, or `invalid_request`. */
export async function recipientOf(
  { to, country, recipient = "strict" }: Pick<VerificationStart, "to" | "country" | "recipient">,
  channel: Channel,
): Promise<{ to: string; country?: string }> {
  if (channel === "email") {
    const address = canonicalEmail(to);
    if (address === undefined) throw invalid('"to" is not one e-mail address.');
    return { to: address };
  }
  const home = country === undefined ? undefined : countryAlpha2(country);
  if (country !== undefined && home === undefined) throw invalid(`"${country}" is not an ISO 3166-1 country code.`);
  if (recipient === "client" && typeof to === "string" && /^client:[\w.-]{1,64}$/.test(to)) return { to };
  if (recipient !== "strict") {
    const digits = typeof to === "string" && /^\+?\d{4,15}$/.test(to) ? to.replace("+", "") : undefined;
    if (digits === undefined) throw invalid('"to" is not a number of 4 to 15 digits.');
    const where = await countryOf(`+${digits}`);
    return { to: `+${digits}`, ...(where === undefined ? {} : { country: where }) };
  }
  const number = await canonicalPhone(to, home);
  if (number === undefined) throw invalid('"to" is not one telephone number of a person.');
  const where = await countryOf(number);
  return { to: number, ...(where === undefined ? {} : { country: where }) };
}

/** The shape of the code, strong enough unless the caller says how much weaker it may be. */
export function shapeOf(
  { length, alphabet = "numeric", value, minBits = MIN_BITS }: CodeRequest,
  channel: Channel,
): CodeShape {
  const characters = Object.hasOwn(ALPHABETS, alphabet) ? ALPHABETS[alphabet as keyof typeof ALPHABETS] : alphabet;
  const size = new Set(characters).size;
  const wanted = value?.length ?? length ?? (channel === "email" ? 8 : 6);
  if (value !== undefined && (typeof value !== "string" || !/^[\x21-\x7e]{3,20}$/.test(value))) {
    throw invalid("A code of your own has 3 to 20 printable characters.");
  }
  if (value === undefined && size !== characters.length) throw invalid("An alphabet names each character once.");
  if (!Number.isInteger(wanted) || wanted < 3 || wanted > 20) throw invalid("A code has 3 to 20 characters.");
  if (value === undefined && (size < 2 || wanted * Math.log2(size) < minBits)) {
    throw invalid(`A code of ${wanted} characters out of ${size} is below ${minBits} bits.`);
  }
  return { length: wanted, alphabet: characters };
}

/** How long the code lives, in milliseconds from `now`. */
export function lifeOf({ ttl, validUntil }: Pick<VerificationStart, "ttl" | "validUntil">, now: number): number {
  const life = validUntil ? validUntil.getTime() - now : ttl === undefined ? DEFAULT_TTL : milliseconds(ttl, "ttl");
  if (!Number.isFinite(life) || life <= 0 || life > LONGEST_TTL)
    throw invalid("A code lives longer than 0 and at most a day.");
  return life;
}

/** The text to fill, checked for its place for the code. */
export function templateOf(request: VerificationStart, country: string | undefined): string | undefined {
  if (request.template === undefined) return undefined;
  const text = pickTemplate(request.template, request.locale, country);
  if (text.length > 2_000) throw invalid("A template has at most 2000 characters.");
  checkTemplate(text, request.syntax);
  if (request.unknownPlaces === "refuse") checkPlaces(text, request.args, request.syntax);
  return text;
}

/** One recipient of one service of one account: what a newer verification takes the place of. */
export function ownerOf(account: string, service: string | undefined, to: string): string {
  return fingerprint(["verification", account, service ?? null, to]);
}

/** The name of a live code within its account and service: a keyed hash, so that the table tells no code. */
export function codeIndex(keys: KeySet, account: string, service: string | undefined, code: string): string {
  return `code:${mac(keys.code, ["index", account, service ?? "", code]).toString("base64url")}`;
}

/** An id and its code; drawn again while `taken` says that somebody else's live code is the same. */
export async function drawCode(
  keys: Keyring,
  purpose: string,
  shape: CodeShape,
  given: { id?: string | undefined; value?: string | undefined; generate?: (() => string) | undefined },
  claim: (code: string, id: string) => Promise<boolean>,
): Promise<{ id: string; sealedCode?: string; code: string }> {
  for (let draw = 0; draw < (given.value === undefined ? MAX_DRAWS : 1); draw += 1) {
    const id = given.id ?? randomId();
    // one id derives one code: a further one is kept, as no resend could derive it
    const again = given.id !== undefined && draw > 0 ? deriveCode(keys.current, randomId(), purpose, shape) : undefined;
    const own = given.value ?? given.generate?.() ?? again;
    const code = own ?? deriveCode(keys.current, id, purpose, shape);
    if (await claim(code, id)) return own === undefined ? { id, code } : { id, code, sealedCode: seal(keys, own, id) };
  }
  throw new TwoFactorError("unavailable", { detail: "No free code was found: too many of them live.", retryAfter: 1 });
}
