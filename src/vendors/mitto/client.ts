import { maker } from "../../core/called.js";
import { type BoundedAnswer, postBounded, refusal } from "../../providers/http.js";
import { DeliveryError, type VerificationProvider } from "../../providers/provider.js";
import { checkClientOptions, type ClientSettings, type MittoOptions } from "./client-options.js";
import { readAnswer, type VendorAnswer } from "./wire/answers.js";
import { cancelForm, sendBody, verifyBody } from "./wire/requests.js";

/** Mitto said no, or something that cannot be understood. The words are about the call; the vendor's own are apart. */
export class MittoError extends DeliveryError {
  override readonly name = "MittoError";
  /** The `code` of Mitto's answer, such as 493, where there was one. */
  readonly code: number | undefined;
  /** Mitto's own words for it. They may quote what was sent: for a person who looks into it, not for a log. */
  readonly vendorMessage: string | undefined;

  constructor(what: string, facts: ConstructorParameters<typeof DeliveryError>[1], answer: VendorAnswer = {}) {
    super(what, facts);
    this.code = answer.code;
    this.vendorMessage = answer.message;
  }
}

/**
 * Sends codes through Mitto's 2FA API, which makes and checks them: for `sms()`, `voice()` and `email()`.
 * Source: docs.mitto.ch, "2FA Use Cases"; whatever it leaves open this client does without.
 *
 * @example
 * const { MITTO_ACCOUNT_SID: accountSid, MITTO_TOKEN: token } = process.env;
 * sms(mitto({ accountSid, token, service: "Acme", from: "Acme" }))
 *
 * @throws TwoFactorError `misconfigured` for an option that is unknown, missing or out of bounds.
 */
export function mitto(options: MittoOptions): VerificationProvider {
  const settings = checkClientOptions(options);
  return {
    kind: "verification",
    name: settings.name,
    async start(message, { signal }) {
      const limits = typeof settings.limits === "function" ? settings.limits(message) : settings.limits;
      const answer = await call(settings, "/2fa/send", sendBody(settings, message, limits), signal);
      const { requestId } = accepted(settings, answer);
      if (requestId === undefined) {
        throw new MittoError(
          `${settings.name} took the message and gave no request id.`,
          { unsent: false },
          readAnswer(answer.text),
        );
      }
      return { reference: requestId };
    },
    async check(reference, code, { signal }) {
      const answer = await call(settings, "/2fa/verify", verifyBody(settings, reference, code), signal);
      return isRight(settings, answer, reference);
    },
    async cancel(reference, { signal }) {
      const type = settings.seedCancel === true ? JSON_TYPE : FORM_TYPE;
      const answer = await call(settings, "/2fa/cancel", cancelForm(settings, reference), signal, type);
      const gone = answer.status < 500 && GONE.has(readAnswer(answer.text)?.code ?? 0);
      if (!gone) accepted(settings, answer);
    },
  };
}
maker(mitto, "mitto");

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** Nothing is there to be canceled any more. */
const GONE = new Set([404, 409, 410]);

async function call(
  { name: who, base, authorization, deadline }: ClientSettings,
  path: string,
  body: string,
  signal: AbortSignal,
  type = JSON_TYPE,
): Promise<BoundedAnswer> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
  const headers = { authorization, "content-type": type, accept: "application/json", "cache-control": "no-cache" };
  return postBounded({ who, url: `${base}${path}`, headers, body, signal: patience });
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Mitto's yes, which is 200 in the body of an answer that HTTP calls a success as well. Everything else throws. */
function accepted({ name: who }: ClientSettings, answer: BoundedAnswer): VendorAnswer {
  const read = readAnswer(answer.text);
  if (isSuccess(answer.status) && read?.code === 200) return read;
  if (isSuccess(answer.status) && read?.code === undefined) {
    throw new MittoError(`${who} answered with something that is not an answer.`, { unsent: false });
  }
  // the body speaks where HTTP says no more than that there is one
  const status = isSuccess(answer.status) ? (read?.code ?? 0) : answer.status;
  const { message, unsent, permanent, retryAfter } = refusal(who, { status, headers: answer.headers });
  throw new MittoError(message, { unsent, permanent, retryAfter }, read);
}

/** Refusals of the call, and not of the code: they say nothing about what was typed. */
const NOT_ABOUT_THE_CODE = new Set([401, 402, 403, 405, 406, 407, 408, 411, 413, 414, 415, 423, 425, 426, 431, 451]);

function judges(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && !NOT_ABOUT_THE_CODE.has(status);
}

/**
 * Whether the code is right. Yes is Mitto's 200 for this very request; no is any other code of theirs that judges the
 * code or its OTP, so that it counts as an attempt. Everything else is no verdict, and throws.
 */
function isRight(settings: ClientSettings, answer: BoundedAnswer, reference: string): boolean {
  const { status, headers, text } = answer;
  const read = readAnswer(text);
  // 429 is the end of the attempts, or with a pause to wait a limit on calls, and then nothing was compared
  const waits = read?.code === 429 && headers.has("retry-after");
  if (judges(read?.code) && (isSuccess(status) || judges(status)) && !waits) return false;
  if (accepted(settings, answer).requestId === reference) return true;
  throw new MittoError(`${settings.name} answered for another request, or for none.`, { unsent: true }, read);
}
