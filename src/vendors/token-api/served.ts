import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf, wholeNumber } from "../../core/options.js";
import { type KeyedAccounts, keyedAccounts } from "../../express/service/credentials.js";
import { ALPHABETS } from "../../verification/request.js";
import type { Verifications } from "../../verification/verifications.js";
import { TOKEN_PLACE } from "./wire.js";

export interface TokenApiRouterOptions {
  /** `tfa.verifications` */
  verifications: Verifications;
  /** The keys that may call, by account: `{ acme: "key" }`; or only keys, each then an account of its own. */
  keys: KeyedAccounts;
  /** What a call that leaves something out gets. */
  defaults?: {
    /** @default "numeric" */
    type?: string;
    /** @default 6 */
    length?: number;
    /** @default "One time PIN: {token}" */
    text?: string;
    /** @default "5m" */
    expiry?: Duration;
  };
  /** Alphabets beside `numeric` and `alphanumeric`, by the name that calls use: `{ hex: "0123456789abcdef" }`. */
  alphabets?: Readonly<Record<string, string>>;
  /** The shortest token that a call may ask for, 4 to 20. @default 4 */
  shortest?: number;
  /** The longest life that a call may ask for, at most `"1d"`. @default "1d" */
  longest?: Duration;
  /** Wrong tokens for one token, 1 to 100. @default 5 */
  maxAttempts?: number;
  /** Named limits, each counted by identifier. */
  limits?: readonly string[];
  /** Of numbers without a country code, ISO 3166-1 alpha-2 or alpha-3. */
  country?: string;
  /** `"digits"` takes any number of up to 15 digits. @default "strict" */
  recipient?: "strict" | "digits";
  /** Sender id or number. */
  from?: string;
  /** Of e-mails. @default "Your one time PIN" */
  subject?: string;
  /** How a missing or unknown key is answered: the manual knows no status but 200 and 400. @default 400 */
  unauthorized?: 400 | 401;
  /** Told what really happened behind a 503. */
  onFault?: (error: unknown) => void;
}

/** The options, checked and made ready. */
export interface Served {
  readonly verifications: Verifications;
  readonly accounts: ReadonlyMap<string, string>;
  readonly defaults: { readonly type: string; readonly length: number; readonly text: string; readonly expiry: number };
  readonly alphabets: ReadonlyMap<string, string>;
  readonly shortest: number;
  /** Seconds. */
  readonly longest: number;
  readonly maxAttempts: number;
  readonly limits: readonly string[];
  readonly country: string | undefined;
  readonly recipient: "strict" | "digits";
  readonly from: string | undefined;
  readonly subject: string;
  readonly unauthorized: number;
  readonly onFault: (error: unknown) => void;
}

const OPTIONS = {
  verifications: true,
  keys: true,
  defaults: true,
  alphabets: true,
  shortest: true,
  longest: true,
  maxAttempts: true,
  limits: true,
  country: true,
  recipient: true,
  from: true,
  subject: true,
  unauthorized: true,
  onFault: true,
} as const;

const WHERE = "tokenApiRouter()";

/** @throws TwoFactorError `misconfigured` for an unknown option or a value out of bounds. */
export function checkServed(options: TokenApiRouterOptions): Served {
  checkKeys(options, OPTIONS, WHERE);
  const { verifications, recipient = "strict", unauthorized = 400 } = options;
  if (typeof verifications?.check !== "function")
    throw misconfigured(`${WHERE} needs { verifications: tfa.verifications }.`);
  if (unauthorized !== 400 && unauthorized !== 401) throw misconfigured(`${WHERE} unauthorized is 400 or 401.`);
  const alphabets = checkAlphabets(options.alphabets ?? {});
  const shortest = wholeNumber(options.shortest ?? 4, 4, 20, `${WHERE} shortest`);
  const longest = seconds(options.longest ?? "1d", `${WHERE} longest`, 24 * 3_600);
  return {
    verifications,
    alphabets,
    shortest,
    longest,
    unauthorized,
    onFault: options.onFault ?? ignore,
    accounts: keyedAccounts(options.keys, "token-api", `${WHERE} keys`),
    defaults: checkDefaults(options.defaults ?? {}, alphabets, shortest, longest),
    maxAttempts: wholeNumber(options.maxAttempts ?? 5, 1, 100, `${WHERE} maxAttempts`),
    limits: options.limits ?? [],
    country: options.country,
    recipient: oneOf(recipient, ["strict", "digits"], `${WHERE} recipient`),
    from: options.from,
    subject: options.subject ?? "Your one time PIN",
  };
}

function checkAlphabets(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const { numeric, alphanumeric } = ALPHABETS;
  for (const [name, characters] of Object.entries(given)) {
    if (
      typeof characters !== "string" ||
      !/^[\x21-\x7e]{10,}$/.test(characters) ||
      new Set(characters).size !== characters.length
    ) {
      throw misconfigured(`${WHERE} alphabets.${name} takes at least 10 different printable characters.`);
    }
  }
  return new Map([...Object.entries({ numeric, alphanumeric }), ...Object.entries(given)]);
}

function checkDefaults(
  given: NonNullable<TokenApiRouterOptions["defaults"]>,
  alphabets: ReadonlyMap<string, string>,
  shortest: number,
  longest: number,
): Served["defaults"] {
  const where = `${WHERE} defaults`;
  checkKeys(given, { type: true, length: true, text: true, expiry: true }, where);
  const {
    type = "numeric",
    length = Math.max(6, shortest),
    text = `One time PIN: ${TOKEN_PLACE}`,
    expiry = "5m",
  } = given;
  if (typeof text !== "string" || !text.includes(TOKEN_PLACE))
    throw misconfigured(`${where}.text needs ${TOKEN_PLACE} in it.`);
  return {
    type: oneOf(type, [...alphabets.keys()], `${where}.type`),
    length: wholeNumber(length, shortest, 20, `${where}.length`),
    text,
    expiry: seconds(expiry, `${where}.expiry`, longest),
  };
}

function seconds(value: Duration, where: string, most: number): number {
  const whole = Math.floor(milliseconds(value, where) / 1000);
  return wholeNumber(whole, 1, most, where);
}

function ignore(): void {}
