export { mobileresponse, MobileResponseError, type MobileResponseOptions } from "./client.js";
export type { WorkflowNames } from "./names.js";
export { mobileresponseRouter } from "./router.js";
export type { MobileResponseRouterOptions, MobileResponseWorkflow } from "./served.js";
