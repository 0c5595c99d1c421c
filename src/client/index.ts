export { passkeyCode } from "./passkey.js";
export { with2fa } from "./with2fa.js";
export type { ClientOptions, Fetch, Fetch2fa, PreflightOptions } from "./options.js";
export type { Challenge, Prompt } from "./prompt.js";
export type { ClientTexts } from "./texts.js";
