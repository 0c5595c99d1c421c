import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Results } from "./results.js";
import { root } from "./root.js";
import { markdown } from "./table.js";

const file = path.join(root, "README.md");
/** From the head of the table to the end of the versions. */
const TABLE = /^\| what \| beside \|[^]*?^Versions: .*\n/m;

/** The README tells what was found last. */
export function writeReadme(results: Results): void {
  const before = readFileSync(file, "utf8");
  if (!TABLE.test(before)) throw new Error("README.md has no table of what was measured.");
  writeFileSync(
    file,
    before.replace(TABLE, () => markdown(results)),
  );
}
