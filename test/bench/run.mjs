// Compiles the benchmarks and runs them, all or the parts named: node test/bench/run.mjs [guard jwt ...] [--rounds 5]
// They measure the built package, so it must have been built.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

process.chdir(path.join(import.meta.dirname, "../.."));
const require = createRequire(import.meta.url);
const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
execFileSync(process.execPath, [tsc, "-p", "test/bench"], { stdio: "inherit" });
await import("./dist/test/bench/main.js");
