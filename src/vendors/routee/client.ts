import { maker } from "../../core/called.js";
import type { Clock } from "../../core/clock.js";
import { defined } from "../../core/defined.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, wholeNumber } from "../../core/options.js";
import { credential } from "../../providers/credential.js";
import { type BoundedAnswer, callBounded, checkedBase } from "../../providers/http.js";
import type {
  Message,
  MessageHints,
  RemoteStart,
  SendContext,
  VerificationProvider,
} from "../../providers/provider.js";
import { RouteeError, unreadable, vendorError } from "./error.js";
import { TokenSource } from "./token.js";
import {
  answerBody,
  readErrorCode,
  readVerification,
  type RouteeRestrictions,
  type RouteeStart,
  templateOf,
} from "./wire.js";

export interface RouteeOptions {
  /** Id and secret of an application of yours at Routee. */
  applicationId: string | undefined;
  applicationSecret: string | undefined;
  /**
   * Where `/2step` is.
   * @default "https://connect.routee.net"
   */
  baseUrl?: string;
  /**
   * Where `/oauth/token` is.
   * @default `baseUrl` where that is given, else "https://auth.routee.net"
   */
  authUrl?: string;
  /** Sender id of the SMS where a message names none. @default the application's */
  originator?: string;
  /**
   * The text with `@@pin` where the code goes; `false` leaves it to the application.
   * @default the package's own text
   */
  template?: string | false;
  /** Picks a translated template of the application, ISO 3166-1 alpha-2. */
  templateCountry?: string;
  /**
   * How many wrong answers Routee takes after the first. Our own budget of attempts holds whatever it is, so it should not
   * be the smaller one.
   * @default 9
   */
  maxRetries?: number;
  /** What Indian law wants with a message (TRAI), where the message's own `hints` do not say. */
  restrictions?: RouteeRestrictions;
  /** For events and records, and what a verification is checked by: keep it while codes are out. @default "routee" */
  name?: string;
  /** Milliseconds since the epoch; for tests. @default Date.now */
  clock?: Clock;
}

const OPTION_KEYS = {
  applicationId: true,
  applicationSecret: true,
  baseUrl: true,
  authUrl: true,
  originator: true,
  template: true,
  templateCountry: true,
  maxRetries: true,
  restrictions: true,
  name: true,
  clock: true,
} as const;

const API = "https://connect.routee.net";
const AUTH = "https://auth.routee.net";

/** The vendor's no to an answer: not pending, expired, no retry left, wrong, and unknown. */
const NO = new Set(["400011002", "400011003", "400011004", "400011005", "404011006"]);

/**
 * Codes made, sent and checked by Routee 2Step, by SMS and by call: `sms(routee({ ... }))`, `voice(routee({ ... }))`.
 * One token is used until shortly before it expires; a call that is answered 401 or 403 is repeated once with a new one.
 *
 * @throws TwoFactorError `misconfigured` for a missing, unknown or malformed option. Calls reject with `RouteeError`, whose
 * `code` is the vendor's.
 */
export function routee(options: RouteeOptions): VerificationProvider {
  const { applicationId, applicationSecret } = checkOptions(options);
  const { name: who = "routee", clock = Date.now } = options;
  const base = checkedBase(options.baseUrl ?? API, "routee({ baseUrl })");
  const auth = checkedBase(options.authUrl ?? options.baseUrl ?? AUTH, "routee({ authUrl })");
  const tokens = new TokenSource({ who, url: `${auth}/oauth/token`, applicationId, applicationSecret, clock });

  const call = caller(who, base, tokens);

  return {
    kind: "verification",
    name: who,
    channels: ["sms", "voice"],

    async start(message: Omit<Message, "text" | "html">, { signal }: SendContext): Promise<RemoteStart> {
      const request = startOf(message, options, clock(), who);
      const answer = await call("POST", "/2step", signal, { text: JSON.stringify(request), type: "application/json" });
      if (answer.status !== 200) throw vendorError(who, answer);
      const verification = readVerification(answer.text);
      if (verification?.status !== "Pending") throw unreadable(who, answer);
      return { reference: verification.trackingId };
    },

    async check(reference: string, code: string, { signal }: SendContext): Promise<boolean> {
      const sent = { text: answerBody(code), type: "application/x-www-form-urlencoded" };
      const answer = await call("POST", `/2step/${encodeURIComponent(reference)}`, signal, sent);
      if (isNo(answer)) return false;
      if (answer.status !== 200) throw vendorError(who, answer);
      const verification = readVerification(answer.text);
      if (verification?.trackingId !== reference) throw unreadable(who, answer);
      return verification.status === "Verified";
    },

    async cancel(reference: string, { signal }: SendContext): Promise<void> {
      const answer = await call("DELETE", `/2step/${encodeURIComponent(reference)}`, signal);
      if (answer.status !== 200 && !isNo(answer)) throw vendorError(who, answer);
    },
  };
}
maker(routee, "routee");

type Call = (method: "POST" | "DELETE", path: string, signal: AbortSignal, body?: Sent) => Promise<BoundedAnswer>;

interface Sent {
  readonly text: string;
  readonly type: string;
}

function caller(who: string, base: string, tokens: TokenSource): Call {
  return async (method, path, signal, body) => {
    const once = (token: string): Promise<BoundedAnswer> => {
      const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
      const call = { who, url: base + path, signal };
      if (!body) return callBounded(method, { ...call, headers });
      return callBounded(method, { ...call, body: body.text, headers: { ...headers, "content-type": body.type } });
    };
    const token = await tokens.token(signal);
    const answer = await once(token);
    if (answer.status !== 401 && answer.status !== 403) return answer;
    // Refused before anything was done: safe to repeat, and the manual says to, once.
    tokens.discard(token);
    return once(await tokens.token(signal));
  };
}

/** The code begins with the status: an error page of something in between does not pass for the vendor's answer. */
function isNo({ status, text }: BoundedAnswer): boolean {
  const code = readErrorCode(text) ?? "";
  return NO.has(code) && code.startsWith(String(status));
}

function startOf(
  { channel, to, from, template, digits, expiresAt, hints = {} }: Omit<Message, "text" | "html">,
  options: RouteeOptions,
  now: number,
  who: string,
): RouteeStart {
  if (channel === "email") {
    throw new RouteeError(`${who} carries codes by SMS and by call only.`, { unsent: true, permanent: true });
  }
  const seconds = Math.ceil((expiresAt.getTime() - now) / 1_000);
  const text = options.template === undefined ? templateOf(template) : options.template || undefined;
  return {
    method: channel,
    type: "code",
    recipient: to,
    digits,
    maxRetries: options.maxRetries ?? 9,
    ...(seconds > 0 ? { lifetimeInSeconds: seconds } : {}),
    ...defined({
      template: text,
      templateCountry: options.templateCountry,
      originator: from ?? options.originator,
      restrictions: restrictionsOf(hints, options.restrictions),
    }),
  };
}

/** A message's own come first: texts are registered one by one. */
function restrictionsOf(
  { contentTemplateId, principalEntityId }: MessageHints,
  ours: RouteeRestrictions | undefined,
): RouteeRestrictions | undefined {
  const hinted = Object.entries(defined({ contentTemplateId, principalEntityId }));
  return hinted.length === 0
    ? ours
    : { ...ours, ...Object.fromEntries(hinted.map(([name, id]) => [name, String(id)])) };
}

function checkOptions(options: RouteeOptions): { applicationId: string; applicationSecret: string } {
  checkKeys(options, OPTION_KEYS, "routee()");
  const { template, templateCountry, maxRetries = 9, restrictions = {} } = options;
  const text = "takes a text.";
  // RFC 7617: what comes before the first colon is the user
  const colon = "holds a colon: is it id and secret in one?";
  const applicationId = credential(options.applicationId, "routee({ applicationId })", /^[^:]+$/, colon);
  const applicationSecret = credential(options.applicationSecret, "routee({ applicationSecret })", /./, text);
  credential(options.name ?? "routee", "routee({ name })", /./, text);
  if (typeof template === "string" && !template.includes("@@pin")) {
    throw misconfigured("routee({ template }) needs @@pin where the code goes.");
  }
  if (templateCountry !== undefined && !/^[A-Z]{2}$/.test(templateCountry)) {
    throw misconfigured(
      `routee({ templateCountry: "${templateCountry}" }) takes an ISO 3166-1 alpha-2 code such as "GR".`,
    );
  }
  wholeNumber(maxRetries, 0, 1_000, "routee({ maxRetries })");
  checkKeys(restrictions, { contentTemplateId: true, principalEntityId: true }, "routee({ restrictions })");
  return { applicationId, applicationSecret };
}
