export { tokenApi, TokenApiError, type TokenApiOptions } from "./client.js";
export { tokenApiRouter } from "./router.js";
export type { TokenApiRouterOptions } from "./served.js";
