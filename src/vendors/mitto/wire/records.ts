import type { Verification, VerificationEvent } from "../../../verification/request.js";
import { bareNumber, CHANNEL_WORD, dateTime, MESSAGE_PREFIX, sidOf, STATUS_WORD } from "./values.js";

/** A session detail record: one OTP, what was typed for it and what was sent for it. */
export interface SessionRecord {
  readonly sid: string;
  readonly service: string | null;
  readonly accountSid: string;
  readonly dateCreated: string;
  readonly dateUpdated: string;
  readonly status: string;
  readonly uri: string;
  readonly checks: readonly {
    readonly sid: string;
    readonly dateReceived: string;
    readonly status: "valid" | "invalid";
    readonly code: string | null;
  }[];
  readonly events: readonly {
    readonly sid: string;
    readonly dateCreated: string;
    readonly channel: string;
    readonly sender: string | null;
    readonly recipient: string | null;
    readonly targetSid: string;
    readonly channelStatus: string;
    readonly channelErrorCode: string | null;
    readonly channelErrorMessage: string | null;
  }[];
}

/** `maskCodes` shows how long a typed code was and nothing else of it. */
export function sessionRecord(verification: Verification, accountSid: string, maskCodes: boolean): SessionRecord {
  const { id, service, createdAt, updatedAt, status, checks, events } = verification;
  return {
    sid: id,
    service: service ?? null,
    accountSid,
    dateCreated: dateTime(createdAt),
    dateUpdated: dateTime(updatedAt),
    status: STATUS_WORD[status],
    uri: `/2fa/search/${id}`,
    checks: checks.map((check) => ({
      sid: sidOf("OTC", check.id),
      dateReceived: dateTime(check.at),
      status: check.valid ? "valid" : "invalid",
      code: maskCodes ? (check.code?.replace(/./gsu, "*") ?? null) : (check.code ?? null),
    })),
    events: events.map(sentEvent),
  };
}

function sentEvent(event: VerificationEvent): SessionRecord["events"][number] {
  return {
    sid: sidOf("OTE", event.id),
    dateCreated: dateTime(event.at),
    channel: CHANNEL_WORD[event.channel] ?? event.channel,
    sender: bareNumber(event.from),
    recipient: bareNumber(event.to),
    targetSid: sidOf(MESSAGE_PREFIX[event.channel] ?? "SM", event.id),
    channelStatus: event.status,
    channelErrorCode: event.errorCode ?? null,
    channelErrorMessage: event.errorMessage ?? null,
  };
}
