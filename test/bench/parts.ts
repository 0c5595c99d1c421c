import type { Part } from "./part.js";

/** Loaded one at a time: what a process has not measured it must not have loaded. */
export const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  guard: async () => (await import("./parts/guard.js")).guard,
};
