import { performance } from "node:perf_hooks";
import type { Case, Figures, Part } from "../part.js";
import { used } from "../timing.js";

/** Milliseconds that loading it takes where express is loaded already. */
const loading =
  (name: string): Case =>
  async () => {
    await import("express");
    const [cpu, wall] = [used(), performance.now()];
    await import(name);
    return { cpu: used() - cpu, wall: performance.now() - wall };
  };

const over = (peer: string) => (median: Figures) => median("require2fa") / median(peer);

export const importing: Part = {
  peers: ["express-session", "better-auth"],
  cases: Object.fromEntries(["require2fa", "express-session", "better-auth"].map((name) => [name, loading(name)])),
  rows: [
    {
      what: "import of the main entry, express loaded",
      beside: "express-session",
      value: over("express-session"),
      target: { most: 2 },
    },
    { what: "import of the main entry, express loaded", beside: "better-auth", value: over("better-auth") },
  ],
};
