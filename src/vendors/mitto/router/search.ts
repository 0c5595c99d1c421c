import { defined } from "../../../core/defined.js";
import { canonicalEmail } from "../../../verification/recipient.js";
import { invalid } from "../../../verification/prepare.js";
import { type Answer, bareAnswer } from "../wire/answers.js";
import { recordPage } from "../wire/paging.js";
import { sessionRecord } from "../wire/records.js";
import { phoneOf, textOf } from "../wire/send.js";
import { endOf, readDay, readStatus, startOf } from "../wire/values.js";
import { type Call, readPage, refuse } from "./call.js";
import { pageOf } from "./merged.js";

/** `GET` and `POST /2fa/search`: session detail records, newest first. */
export async function searchRecords({ served, account, fields }: Call): Promise<Answer> {
  const asked = readPage(fields, served);
  const status = textOf(fields, ["status"], 20);
  const service = textOf(fields, ["service"], 100);
  const number = textOf(fields, ["to"], 254, false);
  const startDate = textOf(fields, ["startDate"], 20);
  const endDate = textOf(fields, ["endDate"], 20);
  const filter = {
    account: account.sid,
    ...defined({
      service,
      to: number === undefined ? undefined : recipientOf(number),
      since: startDate === undefined ? undefined : startOf(readDay(startDate, served.clock())),
      until: endDate === undefined ? undefined : endOf(readDay(endDate, served.clock())),
    }),
  };
  const statuses = status === undefined ? [] : readStatus(status);
  const { total, found } = await pageOf(served.verifications, filter, statuses, asked);
  const records = found.map((verification) => sessionRecord(verification, account.sid, served.maskCodes));
  const filters = { accountSid: account.sid, status, service, to: number, startDate, endDate };
  return bareAnswer(recordPage("/2fa/search", asked, total, records, filters));
}

/** `GET /2fa/search/{sid}`: one record. */
export async function oneRecord({ served, account, id }: Call): Promise<Answer> {
  const found = await served.verifications.get({ id, account: account.sid });
  if (!found) return refuse(served, "unknownRequest");
  return bareAnswer(sessionRecord(found, account.sid, served.maskCodes));
}

/** As the engine writes recipients. */
function recipientOf(text: string): string {
  if (text.includes("@")) return canonicalEmail(text.trim()) ?? text;
  const number = phoneOf(text);
  if (number === undefined || !/^\+?\d{1,15}$/.test(number)) throw invalid('"to" is a number or an e-mail address.');
  return `+${number.replace("+", "")}`;
}
