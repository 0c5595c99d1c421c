import { defined } from "../../../core/defined.js";
import { type Answer, bareAnswer } from "../wire/answers.js";
import { recordPage } from "../wire/paging.js";
import { sessionRecord } from "../wire/records.js";
import { phoneOf, textOf } from "../wire/send.js";
import { endOf, readDay, readStatus, startOf } from "../wire/values.js";
import { type Call, readPage, refuse } from "./call.js";

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
    recipient: "client" as const,
    ...defined({
      service,
      to: number === undefined ? undefined : recipientOf(number),
      status: status === undefined ? undefined : readStatus(status),
      since: startDate === undefined ? undefined : startOf(readDay(startDate, served.clock())),
      until: endDate === undefined ? undefined : endOf(readDay(endDate, served.clock())),
    }),
  };
  const { page, pageSize } = asked;
  const span = { offset: page * pageSize, limit: pageSize };
  const { total, found } = await served.verifications.search({ ...filter, ...span });
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

/** Without the marks that people write in numbers. */
function recipientOf(text: string): string | undefined {
  return text.includes("@") ? text.trim() : phoneOf(text);
}
