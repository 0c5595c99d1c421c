import type { Route } from "../reply.js";
import { confirmRoute } from "./confirm.js";
import { enrollRoute } from "./enroll.js";
import { listRoute } from "./list.js";
import { recoveryCodesRoute } from "./recovery-codes.js";
import { removeRoute } from "./remove.js";
import { renameRoute } from "./rename.js";

/** Where people see and change their factors, below our path. */
export const FACTOR_ROUTES: Readonly<Record<string, Route>> = {
  "/factors": listRoute,
  "/factors/enroll": enrollRoute,
  "/factors/confirm": confirmRoute,
  "/factors/rename": renameRoute,
  "/factors/remove": removeRoute,
  "/factors/recovery-codes": recoveryCodesRoute,
};
