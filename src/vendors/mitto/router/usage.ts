import { defined } from "../../../core/defined.js";
import type { Fields } from "../../../express/service/fields.js";
import { type Answer, bareAnswer } from "../wire/answers.js";
import { textOf } from "../wire/send.js";
import { PERIOD_OF, usageRecord } from "../wire/usage.js";
import { readChannel, readDay } from "../wire/values.js";
import { type Call, refuse } from "./call.js";

/** `GET` and `POST /2fa/usage/records[/{subresource}]`: OTPs, or the messages of a channel, by stretches of time. */
export async function usage({ served, account, fields, id }: Call): Promise<Answer> {
  const subresource = id === "" ? undefined : id.toLowerCase();
  const period = subresource === undefined ? "all" : PERIOD_OF[subresource];
  if (period === undefined || (subresource !== undefined && !Object.hasOwn(PERIOD_OF, subresource))) {
    return refuse(served, "unknownResource");
  }
  const word = textOf(fields, ["channel", "category"], 20) ?? "all";
  const channel = word.toLowerCase() === "all" ? "all" : readChannel(word);
  const from = dayIn(fields, ["startDate", "startTime"], served.clock());
  const until = dayIn(fields, ["endDate", "endTime"], served.clock());
  const asked = { channel, accountSid: account.sid, subresource, from, until } as const;
  const records = await served.verifications.usage({
    account: account.sid,
    channel,
    period,
    ...defined({ from, until }),
  });
  return bareAnswer({ usageRecords: records.map((record) => usageRecord(record, asked, served.usageKeys)) });
}

function dayIn(fields: Fields, names: readonly string[], now: number): string | undefined {
  const text = textOf(fields, names, 20);
  return text === undefined ? undefined : readDay(text, now);
}
