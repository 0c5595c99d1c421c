import type { Fields } from "../../../express/service/fields.js";
import { invalid } from "../../../verification/prepare.js";
import { type Answer, type Refusal, refusalAnswer, REFUSALS } from "../wire/answers.js";
import type { PageAsked } from "../wire/paging.js";
import type { Account } from "./accounts.js";
import type { Served } from "./options.js";

/** A call of somebody who may. */
export interface Call {
  readonly served: Served;
  /** Who called. */
  readonly caller: Account;
  /** For whom: the caller, or a sub-account of theirs. */
  readonly account: Account;
  /** Body and query, the body first. */
  readonly fields: Fields;
  /** The last part of the path, where it names one thing; empty otherwise. */
  readonly id: string;
}

export type Handler = (call: Call) => Promise<Answer>;

/** The answer for a refusal, with another sentence where there is a better one. */
export function refuse(
  served: Served,
  refusal: Refusal,
  message: string = REFUSALS[refusal].message,
  retryAfter?: number,
): Answer {
  const headers = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return refusalAnswer(served.codeOf(refusal), message, headers);
}

const MAX_PAGE = 1_000_000;
const MAX_PAGE_SIZE = 100;

/** @throws TwoFactorError `invalid_request` for numbers that are none. */
export function readPage(fields: Fields, { pageSize }: Served): PageAsked {
  const page = fields.whole("page") ?? 0;
  const size = fields.whole("pageSize") ?? pageSize;
  if (!(page >= 0 && page <= MAX_PAGE)) throw invalid('"page" is a number from 0.');
  if (!(size >= 1)) throw invalid('"pageSize" is a number from 1.');
  return { page, pageSize: Math.min(size, MAX_PAGE_SIZE) };
}

/** The account in an address, where the address would otherwise lead to another one. */
export function actedFor({ account, caller }: Call): string | undefined {
  return account === caller ? undefined : account.sid;
}
