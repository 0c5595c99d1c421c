import { maker } from "../../core/called.js";
import type { Clock } from "../../core/clock.js";
import { defined } from "../../core/defined.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys } from "../../core/options.js";
import { credential } from "../../providers/credential.js";
import { type BoundedAnswer, callBounded, checkedBase } from "../../providers/http.js";
import type { Message, RemoteStart, SendContext, VerificationProvider } from "../../providers/provider.js";
import { ComapiError, unreadable, vendorError } from "./error.js";
import { bodyOf, type ComapiCreate, isOpen, PATH, readVerifyCode, senderFailure } from "./wire.js";

export interface ComapiOptions {
  /** Of your account at Comapi, for HTTP Basic. */
  username: string | undefined;
  password: string | undefined;
  /** Sender where a message names none: 2 to 15 digits, or 2 to 11 letters, digits and `-_. `. @default the account's number */
  from?: string;
  /**
   * Where `/webapi/verify` is.
   * @default "https://services.comapi.com"
   */
  baseUrl?: string;
  /**
   * The text with `{{code}}` where the code goes; `false` leaves it to Comapi.
   * @default the package's own text
   */
  body?: string | false;
  /** For events and records, and what a verification is checked by: keep it while codes are out. @default "comapi" */
  name?: string;
  /** Milliseconds since the epoch; for tests. @default Date.now */
  clock?: Clock;
}

const OPTION_KEYS = {
  username: true,
  password: true,
  from: true,
  baseUrl: true,
  body: true,
  name: true,
  clock: true,
} as const;

const API = "https://services.comapi.com";
/** Comapi takes no code that lives longer. A second less, as clocks differ. */
const LONGEST = 30 * 60_000 - 1_000;

/**
 * Codes made, sent and checked by Comapi Verify, by SMS: `sms(comapi({ ... }))`.
 *
 * @throws TwoFactorError `misconfigured` for a missing, unknown or malformed option. Calls reject with `ComapiError`, whose
 * `code` is the vendor's.
 */
export function comapi(options: ComapiOptions): VerificationProvider {
  const { username, password } = checkOptions(options);
  const { name: who = "comapi", clock = Date.now } = options;
  const url = checkedBase(options.baseUrl ?? API, "comapi({ baseUrl })") + PATH;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const headers = { authorization, accept: "application/json", "content-type": "application/json" };

  const call = (method: "POST" | "PUT", path: string, body: object, signal: AbortSignal): Promise<BoundedAnswer> =>
    callBounded(method, { who, url: url + path, headers, body: JSON.stringify(body), signal });

  return {
    kind: "verification",
    name: who,
    channels: ["sms"],

    async start(message: Omit<Message, "text" | "html">, { signal }: SendContext): Promise<RemoteStart> {
      const answer = await call("POST", "", createOf(message, options, clock(), who), signal);
      if (answer.status < 200 || answer.status > 299) throw vendorError(who, answer);
      const created = readVerifyCode(answer.text, message.to);
      if (created?.status === "CodeNotSent") {
        const facts = { unsent: true, permanent: true, failures: ["CodeNotSent"], status: answer.status };
        throw new ComapiError(`${who} did not send the code: the number is out of use.`, facts);
      }
      if (!created || !isOpen(created.status)) throw unreadable(who, answer);
      return { reference: created.requestId };
    },

    async check(reference: string, code: string, { signal, to }: SendContext & { to: string }): Promise<boolean> {
      const answer = await call("PUT", `/${encodeURIComponent(reference)}/validate`, { code }, signal);
      // unknown, or discarded: verified, locked or expired before
      if (answer.status === 204) return false;
      if (answer.status < 200 || answer.status > 299) throw vendorError(who, answer);
      const checked = readVerifyCode(answer.text, to);
      if (answer.status !== 200 || checked?.requestId !== reference || checked.status === "CodeNotSent") {
        throw unreadable(who, answer);
      }
      return checked.status === "CodeVerified";
    },
  };
}
maker(comapi, "comapi");

function createOf(
  { channel, to, from, template, expiresAt }: Omit<Message, "text" | "html">,
  options: ComapiOptions,
  now: number,
  who: string,
): ComapiCreate {
  if (channel !== "sms") throw new ComapiError(`${who} carries codes by SMS only.`, { unsent: true, permanent: true });
  const life = Math.min(LONGEST, expiresAt.getTime() - now);
  return {
    to: to.replace(/^\+/, ""),
    ...defined({
      from: from?.replace(/^\+/, "") ?? options.from,
      body: options.body === undefined ? bodyOf(template) : options.body || undefined,
      validUntil: life > 0 ? new Date(now + life).toISOString() : undefined,
    }),
  };
}

function checkOptions(options: ComapiOptions): { username: string; password: string } {
  checkKeys(options, OPTION_KEYS, "comapi()");
  const { from, body, name = "comapi" } = options;
  const text = "takes a text.";
  // RFC 7617: what comes before the first colon is the user
  const colon = "holds a colon: is it name and password in one?";
  const username = credential(options.username, "comapi({ username })", /^[^:]+$/, colon);
  const password = credential(options.password, "comapi({ password })", /./, text);
  credential(name, "comapi({ name })", /./, text);
  const wrong = from === undefined ? undefined : senderFailure(from);
  if (wrong) throw misconfigured(`comapi({ from: "${from}" }) is no sender that Comapi takes: ${wrong}.`);
  if (typeof body === "string" && !body.includes("{{code}}")) {
    throw misconfigured("comapi({ body }) needs {{code}} where the code goes.");
  }
  return { username, password };
}
