import path from "node:path";

/** Of the project; this file runs compiled, in `test/bench/dist/test/bench`. */
export const root = path.join(import.meta.dirname, "../../../../..");
