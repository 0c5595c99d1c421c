import { defineConfig } from "vitest/config";

/** What talks to Express runs on both majors; everything else once. */
const onExpress = ["test/express/**/*.test.ts", "test/attacks/**/*.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["test/**/*.test.ts"],
          exclude: [...onExpress, "test/bench/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: { name: "express5", include: onExpress, testTimeout: 20_000 },
      },
      {
        resolve: { alias: [{ find: /^express$/, replacement: "express4" }] },
        test: { name: "express4", include: onExpress, testTimeout: 20_000 },
      },
    ],
  },
});
