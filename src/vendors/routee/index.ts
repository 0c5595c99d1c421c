export { routee, type RouteeOptions } from "./client.js";
export { RouteeError } from "./error.js";
export { routeeRouter } from "./router.js";
export type { RouteeApplication, RouteeReadings, RouteeRouterOptions, RouteeStanding } from "./options.js";
export type {
  RouteeCallback,
  RouteeCode,
  RouteeReport,
  RouteeRestrictions,
  RouteeStatus,
  RouteeTotals,
  RouteeVerification,
} from "./wire.js";
