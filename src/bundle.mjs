// Makes one file out of each entry that Node loads, one of what they share, and one of the page, which waits until it is
// shown: looking for hundreds of files and opening them costs an app more than what is in them. What browsers take shares
// nothing with the server.
import { readFileSync } from "node:fs";
import { build } from "rolldown";

const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = Object.values(exports)
  .map((target) => target.default?.match(/^\.\/dist\/(.+)\.js$/)?.[1])
  .filter((name) => name !== undefined && !name.startsWith("client"));

const common = { external: /^[^./]/, tsconfig: false };
const output = { dir: "dist", entryFileNames: "[name].js", chunkFileNames: "[name].js", comments: false };

await build({
  ...common,
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  platform: "node",
  transform: { target: "node20.19" },
  output: {
    ...output,
    codeSplitting: { groups: [{ name: "common", minShareCount: 2 }] },
    // The page may come from another version than the process runs, where that was installed meanwhile. By whole names it
    // finds what it means or fails; by single letters it could find something else.
    minifyInternalExports: false,
  },
});
await build({ ...common, input: { "client-texts": "src/client-texts.ts" }, platform: "browser", output });
