export { mitto, MittoError } from "./client.js";
export type { MittoMessage, MittoOptions } from "./client-options.js";
export { mittoRouter } from "./router.js";
export type { MittoAccount } from "./router/accounts.js";
export type { MittoDefinitions, MittoRouterOptions } from "./router/options.js";
