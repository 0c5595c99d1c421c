import { defined } from "../../../core/defined.js";
import { invalid } from "../../../verification/prepare.js";
import type { VerificationChecked, VerificationRefused } from "../../../verification/checker.js";
import type { Refused } from "../../../verification/outcome.js";
import { type Answer, otpAnswer } from "../wire/answers.js";
import { phoneOf, readSend, required, textOf } from "../wire/send.js";
import { newSid } from "../wire/values.js";
import { type Call, refuse } from "./call.js";

/** `POST /2fa/send`: makes a code and sends it. */
export async function send({ served, account, fields }: Call): Promise<Answer> {
  const id = newSid("OTP");
  const started = await served.verifications.start({ ...readSend(fields, served.defaults), account: account.sid, id });
  if (started.ok) return otpAnswer(id);
  if (started.reason === "delivery_failed") {
    return served.acceptUndelivered ? otpAnswer(id) : refuse(served, "notSent");
  }
  return refusedStart(served, started);
}

function refusedStart(served: Call["served"], { reason, details }: Refused): Answer {
  if (reason === "limit_exceeded") return refuse(served, "limitExceeded", undefined, details.retryAfter);
  if (reason === "invalid_request") return refuse(served, "invalidRequest", details.detail);
  return refuse(served, "unavailable", undefined, details.retryAfter ?? 1);
}

/** `POST /2fa/verify`: by request id, or as older clients do by number, and then the newest one. */
export async function verify({ served, account, fields }: Call): Promise<Answer> {
  const { verifications } = served;
  const service = textOf(fields, ["service"], 100);
  const code = fields.text("code");
  const id = textOf(fields, ["requestId"], 200);
  const number = textOf(fields, ["number", "to"], 254, false);
  if (code === undefined || code.trim() === "") throw invalid('"code" is missing.');
  if (id === undefined && number === undefined) throw invalid('"requestId" is missing.');

  const whose = { account: account.sid, recipient: "client" as const };
  const to = number?.includes("@") ? number.trim() : phoneOf(number);
  const found = await verifications.get(
    id === undefined ? { ...whose, ...defined({ to, service }) } : { ...whose, id },
  );
  // A code that was sent for one service opens nothing at another.
  if (!found || (service !== undefined && found.service !== service)) return refuse(served, "unknownRequest");
  const asked = { id: found.id, account: account.sid, code: code.trim(), failures: served.failures };
  return checkedAnswer(served, found.id, await verifications.check(asked));
}

function checkedAnswer(served: Call["served"], id: string, checked: VerificationChecked): Answer {
  return checked.ok ? otpAnswer(id) : refusedCheck(served, checked);
}

function refusedCheck(served: Call["served"], { reason, details, verification }: VerificationRefused): Answer {
  switch (reason) {
    case "wrong_code":
      return refuse(served, "wrongCode");
    case "challenge_expired":
      return refuse(served, "expired");
    case "challenge_used":
      return refuse(served, "notPending");
    case "challenge_spent":
      return refuse(served, "attemptsSpent");
    case "challenge_not_found":
      return refuse(served, verification ? "notPending" : "unknownRequest");
    case "limit_exceeded":
      return refuse(served, "limitExceeded", undefined, details.retryAfter);
    case "invalid_request":
      return refuse(served, "invalidRequest", details.detail);
    default:
      return refuse(served, "unavailable", undefined, details.retryAfter ?? 1);
  }
}

/** `POST /2fa/cancel`: ends an OTP that is still pending. */
export async function cancel({ served, account, fields }: Call): Promise<Answer> {
  const which = { id: required(fields, "requestId", 200), account: account.sid };
  const found = await served.verifications.get(which);
  if (!found) return refuse(served, "unknownRequest");
  const canceled = found.status === "pending" && (await served.verifications.cancel(which));
  return canceled ? otpAnswer(found.id, "canceled") : refuse(served, "notPending");
}
