import { PARTS } from "./parts.js";

// One case of one part, in a process of its own; the last line that it prints is its sample.
const [name = "", which = ""] = process.argv.slice(2);
const part = await PARTS[name]?.();
const run = part?.cases[which];
if (!run) throw new Error(`There is no case "${which}" in "${name}".`);
const sample = await run();
process.stdout.write(`\n${JSON.stringify(sample)}\n`, () => process.exit(0));
