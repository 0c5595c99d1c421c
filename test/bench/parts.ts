import type { Part } from "./part.js";

/** Loaded one at a time: what a process has not measured it must not have loaded. */
export const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  guard: async () => (await import("./parts/guard.js")).guard,
  jwt: async () => (await import("./parts/jwt.js")).jwt,
  flow: async () => (await import("./parts/flow.js")).flow,
  http: async () => (await import("./parts/http.js")).http,
  totp: async () => (await import("./parts/totp.js")).totp,
  store: async () => (await import("./parts/store.js")).store,
  redis: async () => (await import("./parts/redis.js")).redis,
  postgres: async () => (await import("./parts/postgres.js")).postgres,
  recovery: async () => (await import("./parts/recovery.js")).recovery,
  import: async () => (await import("./parts/import.js")).importing,
  install: async () => (await import("./parts/install.js")).installing,
};
