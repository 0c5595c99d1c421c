import type { Period, UsageRecord } from "../../../verification/usage.js";
import { addressOf } from "./paging.js";
import { CHANNEL_WORD } from "./values.js";

/** Stretches of time that usage can be asked for by path, in any case. */
export const PERIOD_OF: Readonly<Record<string, Period>> = {
  daily: "day",
  monthly: "month",
  yearly: "year",
  alltime: "all",
  today: "today",
  yesterday: "yesterday",
  thismonth: "thisMonth",
  lastmonth: "lastMonth",
};

type UsageChannel = "all" | "sms" | "voice" | "email";

const DESCRIPTION: Readonly<Record<UsageChannel, string>> = {
  all: "Total OTP sent, irrespective of channel or retry",
  sms: "Total SMS sent for OTP",
  voice: "Total calls made for OTP",
  email: "Total emails sent for OTP",
};

const UNIT: Readonly<Record<UsageChannel, string>> = { all: "OTP", sms: "SMS", voice: "Calls", email: "Emails" };

export interface UsageAsked {
  readonly channel: UsageChannel;
  readonly accountSid: string;
  /** The resource by time, in lower case; none for the whole of it. */
  readonly subresource?: string | undefined;
  /** First and last day, as far as they were asked for. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** The document names the fields of a record in two ways, by whether a channel was asked for. */
export type UsageKeys = "union" | "seed";

/** Counts are strings, as everything in a usage record. */
export function usageRecord(record: UsageRecord, asked: UsageAsked, keys: UsageKeys): Record<string, string> {
  const { channel, accountSid } = asked;
  const word = channel === "all" ? "All" : (CHANNEL_WORD[channel] ?? channel);
  const byChannel = channel !== "all";
  const both = keys === "union";
  return {
    ...(both || !byChannel ? { channel: word } : {}),
    ...(both || byChannel ? { category: word } : {}),
    description: DESCRIPTION[channel],
    accountSid,
    ...(both || !byChannel ? { startTime: record.from, endTime: record.until } : {}),
    ...(both || byChannel ? { startDate: record.from, endDate: record.until } : {}),
    count: String(record.count),
    unit: UNIT[channel],
    uri: usageAddress(record, asked, word),
  };
}

/** An address that answers the same again. */
function usageAddress(
  record: UsageRecord,
  { channel, accountSid, subresource, from, until }: UsageAsked,
  word: string,
): string {
  if (subresource !== undefined) {
    const span = { startTime: from ?? record.from, endTime: until };
    return addressOf(`/2fa/usage/records/${subresource}`, { channel: word, ...span, accountSid });
  }
  const path = "/2fa/usage/records";
  if (channel === "all") return addressOf(path, { startTime: record.from, endTime: record.until, accountSid });
  return addressOf(path, { channel: word, startDate: record.from, endDate: record.until, accountSid });
}
