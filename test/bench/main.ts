import { parseArgs } from "node:util";
import type { Part } from "./part.js";
import { PARTS } from "./parts.js";
import { writeReadme } from "./readme.js";
import { readResults, resultOf, writeResults } from "./results.js";
import { runRounds } from "./rounds.js";
import { table } from "./table.js";

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "5" } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
if (!(rounds >= 1) || unknown.length > 0) {
  console.error(`--rounds takes a number; the parts are ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

const parts: Record<string, Part> = {};
for (const name of names) {
  const part = await PARTS[name]?.();
  if (part) parts[name] = part;
}
const before = readResults();
const medians = await runRounds(parts, rounds);
const results = Object.fromEntries(
  Object.entries(parts)
    .filter(([name]) => medians[name])
    .map(([name, part]) => [name, resultOf(part, medians[name] ?? {}, rounds)]),
);
console.log(table(results, before));
const known = { ...readResults(), ...results };
const all = Object.fromEntries(Object.keys(PARTS).flatMap((name) => (known[name] ? [[name, known[name]]] : [])));
writeResults(all);
writeReadme(all);
