import { rowText } from "./sql/parts.js";

export const FIND_BY_ID = `select ${rowText("v")} as result from {s}.verifications v where v.id = $1::text
  and ($2::text is null or v.owner = $2) and ($3::text is null or v.tenant = $3)`;

export const FIND_NEWEST = "select {s}.find_newest($1, $2, $3) as result";
