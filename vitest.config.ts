import path from "node:path";
import { defineConfig } from "vitest/config";

/** What talks to Express runs on both majors; everything else once. The page is rendered without it. */
const onExpress = ["test/express/**/*.test.ts", "test/attacks/**/*.test.ts"];
const page = "test/express/page/**";
/** Nothing in these touches Express: once is enough. */
const without = ["misuse", "forged-tokens", "weak-codes"].map((name) => `test/*/${name}.test.ts`);
const setupFiles = [path.join(import.meta.dirname, "test/helpers/setup.ts")];

/** The example app imports the package by its name, and here it gets the sources. */
const byName = [
  { find: /^require2fa$/, replacement: path.join(import.meta.dirname, "src/index.ts") },
  {
    find: /^require2fa\/(mitto|routee|comapi|mobileresponse|token-api)$/,
    replacement: path.join(import.meta.dirname, "src/vendors/$1/index.ts"),
  },
  {
    find: /^require2fa\/(redis|postgres)$/,
    replacement: path.join(import.meta.dirname, "src/stores/$1/index.ts"),
  },
  { find: /^require2fa\/testing$/, replacement: path.join(import.meta.dirname, "src/testing/index.ts") },
];

export default defineConfig({
  test: {
    // Both cores of a small machine: the default leaves one of them idle.
    maxWorkers: "100%",
    projects: [
      {
        resolve: { alias: byName },
        test: {
          name: "core",
          setupFiles,
          include: ["test/**/*.test.ts"],
          exclude: ["test/express/*.test.ts", "test/attacks/**", "test/bench/**"],
          testTimeout: 20_000,
        },
      },
      {
        resolve: { alias: byName },
        test: { name: "express5", setupFiles, include: onExpress, exclude: [page], testTimeout: 20_000 },
      },
      {
        resolve: { alias: [...byName, { find: /^express$/, replacement: "express4" }] },
        test: {
          name: "express4",
          env: { RACE_ROUNDS: "20" },
          setupFiles,
          include: onExpress,
          exclude: [page, ...without],
          testTimeout: 20_000,
        },
      },
    ],
  },
});
