import { rowText } from "./sql/parts.js";

/** Written so that no index but that of the ids can serve it, however it is planned; null stands for any. */
export const FIND_BY_ID = `select ${rowText("v")} as result from {s}.verifications v where v.id = $1::text
  and (v.owner = $2::text) is not false and (v.tenant = $3::text) is not false`;

export const FIND_NEWEST = "select {s}.find_newest($1, $2, $3) as result";
