import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";

/** What talks to Express runs on both majors; everything else once. The page is rendered without it. */
const onExpress = ["test/express/**/*.test.ts", "test/attacks/**/*.test.ts"];
const page = "test/express/page/**";
/** Nothing in these touches Express, or hardly, or they race for what lies below it: once is enough. */
const without = [
  "parallel-guesses",
  "mixed-bursts",
  "double-start",
  "double-spend",
  "opposite-at-once",
  "misuse",
  "forged-tokens",
  "weak-codes",
  "redis",
  "example-app-shared",
  "strange-store",
  "ceiling",
  "passkey-assertion",
  "passkey-races",
].map((name) => `test/*/${name}.test.ts`);
/** What holds an answer against the clock on the wall has the machine to itself, when all the others are done. */
const punctual = [
  "test/processes/{faults,restart,close}.test.ts",
  "test/stores/*-faults.test.ts",
  "test/verification/scheduler-{bullmq,pg-boss}.test.ts",
];
/** These bring routers of their own, which the second Express has to carry too. */
const routers = "test/vendors/*-express4.test.ts";
/**
 * The files of a project share their processes, with all that is loaded there. Those that replace modules, or change the
 * process before anything is loaded, have one each.
 */
const alone = readdirSync(path.join(import.meta.dirname, "test"), { recursive: true, encoding: "utf8" })
  .map((name) => path.posix.join("test", ...name.split(path.sep)))
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) =>
    /\bvi\.(mock|doMock|hoisted|resetModules)\(/.test(readFileSync(path.join(import.meta.dirname, name), "utf8")),
  );
const aloneOnExpress = alone.filter((name) => /^test\/(attacks|express)\/[^/]+$/.test(name));

const sources = path.join(import.meta.dirname, "src");
const setupFiles = [path.join(import.meta.dirname, "test/helpers/setup.ts")];

/** The example app imports the package by its name, and here it gets the sources. */
const byName = [
  { find: /^require2fa$/, replacement: path.join(sources, "index.ts") },
  {
    find: /^require2fa\/(mitto|routee|comapi|mobileresponse|token-api)$/,
    replacement: path.join(sources, "vendors/$1/index.ts"),
  },
  { find: /^require2fa\/(redis|postgres)$/, replacement: path.join(sources, "$1.ts") },
  { find: /^require2fa\/testing$/, replacement: path.join(sources, "testing/index.ts") },
];
const express5 = { alias: byName };
const express4 = { alias: [...byName, { find: /^express$/, replacement: "express4" }] };

// How long a test may take, or the servers it starts, says nothing on a busy machine; a minute is for what hangs.
const shared = { setupFiles, testTimeout: 60_000, hookTimeout: 60_000, isolate: false };
const isolated = { ...shared, isolate: true };
const fewerRounds = { RACE_ROUNDS: "10" };

export default defineConfig({
  test: {
    // What the package says of faults that a test makes on purpose; whoever tests for it listens to the console.
    onConsoleLog: (text) => !text.startsWith("require2fa: "),
    // Two more than the cores: what waits for a server, a clock or a browser leaves its core to others. Each loads everything.
    maxWorkers: availableParallelism() + 2,
    projects: [
      {
        resolve: express5,
        test: {
          ...shared,
          name: "express5",
          include: ["test/**/*.test.ts"],
          exclude: ["test/bench/**", routers, ...punctual, ...alone],
        },
      },
      {
        resolve: express5,
        // A machine may be too slow once; what is too slow twice is too slow.
        test: {
          ...shared,
          name: "punctual",
          include: punctual,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          retry: 1,
        },
      },
      {
        resolve: express4,
        test: {
          ...shared,
          name: "express4",
          env: fewerRounds,
          include: [...onExpress, routers],
          exclude: [page, ...without, ...alone],
        },
      },
      { resolve: express5, test: { ...isolated, name: "alone5", include: alone } },
      { resolve: express4, test: { ...isolated, name: "alone4", include: aloneOnExpress, exclude: without } },
    ],
  },
});
