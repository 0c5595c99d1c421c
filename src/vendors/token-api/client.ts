import { maker } from "../../core/called.js";
import type { Clock } from "../../core/clock.js";
import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf } from "../../core/options.js";
import { credential } from "../../providers/credential.js";
import { type BoundedAnswer, callBounded, checkedBase, refusal } from "../../providers/http.js";
import {
  DeliveryError,
  type DeliveryFacts,
  type Message,
  type VerificationProvider,
} from "../../providers/provider.js";
import { bodyOf, pathOf, TOKEN_PLACE, type TokenPathType } from "./wire.js";

export interface TokenApiOptions {
  /** The client id. */
  apiKey: string | undefined;
  /** Where the API is, up to `/v1/token`: its manual names no public host. */
  baseUrl: string | undefined;
  /** The alphabet of tokens, as the server calls it. @default "numeric" */
  type?: "numeric" | "alphanumeric" | (string & {});
  /** How many characters. @default what the method asks for: 6, or 8 by e-mail */
  length?: number;
  /** The message, with `{token}` where the token goes. @default the package's own */
  text?: string;
  /** How long a token lives there, in whole seconds. @default "5m", or as long as ours if that is longer */
  expiry?: Duration;
  /**
   * The manual knows answers without a body only. `"ignored"` looks at nothing but the status, for a server that says
   * something all the same: a page of a captive network with status 200 is then a yes as well.
   * @default "empty"
   */
  answers?: "empty" | "ignored";
  /** For events and records, and to tell two of them apart. @default "token-api" */
  name?: string;
  /** Milliseconds since the epoch; for tests. @default Date.now */
  clock?: Clock;
}

const OPTIONS = {
  apiKey: true,
  baseUrl: true,
  type: true,
  length: true,
  text: true,
  expiry: true,
  answers: true,
  name: true,
  clock: true,
} as const;

/** The server refused, or answered what its manual does not know. */
export class TokenApiError extends DeliveryError {
  override readonly name = "TokenApiError";
  /** Of the HTTP answer: all the code that this API has. */
  readonly code: number;

  constructor(message: string, code: number, facts: DeliveryFacts) {
    super(message, facts);
    this.code = code;
  }
}

/**
 * Tokens made, sent and checked by a server that speaks the Token API. It knows one token for each identifier: a newer one
 * takes the place of the one before.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option, or a key or address that cannot be one.
 */
export function tokenApi(options: TokenApiOptions): VerificationProvider {
  const { name = "token-api", answers = "empty" } = options;
  const { url, headers, life } = checked(options);
  return {
    kind: "verification",
    name,
    channels: ["sms", "email"],
    async start(message, { signal }) {
      const { to, idempotencyKey } = message;
      const { type = "numeric", length = message.digits, text = textOf(message) } = options;
      const body = bodyOf({ type, length, text, expiry: life(message) });
      const target = url + pathOf({ type: pathType(to), identifier: to });
      const answer = await callBounded("POST", {
        who: name,
        url: target,
        headers: { ...headers, "content-type": "application/json" },
        body,
        signal,
      });
      if (answer.status !== 200) throw failure(name, answer);
      // it gives a token no name; ours tells the messages of a verification apart
      return { reference: idempotencyKey };
    },
    async check(_reference, token, { to, signal }) {
      // the server would read a path without a token, or one that leads elsewhere, as another call; half a character
      // cannot be written at all
      if (/^\.{0,2}$/.test(token) || !token.isWellFormed()) return false;
      const target = url + pathOf({ type: pathType(to), identifier: to, token });
      const answer = await callBounded("GET", { who: name, url: target, headers, signal });
      if (answer.status === 400) return false;
      if (answer.status !== 200) throw failure(name, answer);
      if (answers === "empty" && answer.text.trim() !== "")
        throw failure(name, answer, "answered with a body, where a plain yes has none");
      return true;
    },
  };
}
maker(tokenApi, "tokenApi");

function checked(options: TokenApiOptions) {
  checkKeys(options, OPTIONS, "tokenApi()");
  const { text, type, length, expiry, clock = Date.now } = options;
  const key = /^[\x21-\x7e]{1,512}$/;
  const apiKey = credential(options.apiKey, "tokenApi({ apiKey })", key, "is no key that a header can carry.");
  const baseUrl = credential(options.baseUrl, "tokenApi({ baseUrl })", /./, "takes a complete address.");
  if (text !== undefined && (typeof text !== "string" || !text.includes(TOKEN_PLACE))) {
    throw misconfigured(`tokenApi({ text }) needs a place for the token: "Your PIN: ${TOKEN_PLACE}".`);
  }
  if (type !== undefined && (typeof type !== "string" || type === ""))
    throw misconfigured("tokenApi({ type }) is a name.");
  if (length !== undefined && (!Number.isInteger(length) || length < 4 || length > 20)) {
    throw misconfigured("tokenApi({ length }) is a whole number from 4 to 20.");
  }
  oneOf(options.answers ?? "empty", ["empty", "ignored"], "tokenApi({ answers })");
  const fixed = expiry === undefined ? undefined : Math.floor(milliseconds(expiry, "tokenApi({ expiry })") / 1000);
  if (fixed !== undefined && fixed < 1) throw misconfigured("tokenApi({ expiry }) is at least a second.");
  const life = ({ expiresAt }: Pick<Message, "expiresAt">): number =>
    fixed ?? Math.max(300, Math.ceil((expiresAt.getTime() - clock()) / 1000));
  return { url: checkedBase(baseUrl, "tokenApi({ baseUrl })"), headers: { apikey: apiKey }, life };
}

function pathType(to: string): TokenPathType {
  return to.includes("@") ? "email" : "sms";
}

/** Our text, with the token's place written its way; what looks like one before is not. */
function textOf({ template }: Pick<Message, "template">): string {
  return template.replaceAll(TOKEN_PLACE, "token").replaceAll("{code}", TOKEN_PLACE);
}

function failure(who: string, answer: BoundedAnswer, why?: string): TokenApiError {
  const facts = refusal(who, answer);
  return new TokenApiError(why === undefined ? facts.message : `${who} ${why}.`, answer.status, facts);
}
