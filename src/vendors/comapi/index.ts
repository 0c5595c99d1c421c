export { comapi, type ComapiOptions } from "./client.js";
export { ComapiError } from "./error.js";
export { comapiRouter } from "./router.js";
export type { ComapiAccount, ComapiReadings, ComapiRouterOptions } from "./options.js";
export type { ComapiFailure, ComapiFailureCode, ComapiNumberStatus, ComapiStatus, ComapiVerifyCode } from "./wire.js";
