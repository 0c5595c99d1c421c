// Compiles the soak, which shares its processes, races and people with the tests, and runs it:
// node test/soak/run.mjs [--rounds 10000] [--minutes 5] [--store Redis|Postgres]
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

process.chdir(path.join(import.meta.dirname, "../.."));
const require = createRequire(import.meta.url);
const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin/tsc");
execFileSync(process.execPath, [tsc, "-p", "test/soak"], { stdio: "inherit" });
await import("./dist/test/soak/main.js");
