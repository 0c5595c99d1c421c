// Leaves of the declarations those that an entry leads to: each file takes a block of every disk it is installed on.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
const waiting = Object.values(exports).flatMap(({ types }) => (types ? [path.normalize(types)] : []));
const needed = new Set();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (needed.has(file)) continue;
  needed.add(file);
  const links = readFileSync(file, "utf8").matchAll(/(?:from|import)[ (]"(\.[^"]+)\.js"/g);
  for (const [, link] of links) waiting.push(path.join(path.dirname(file), `${link}.d.ts`));
}
for (const name of readdirSync("dist", { recursive: true })) {
  const file = path.join("dist", name);
  if (file.endsWith(".d.ts") && !needed.has(file)) rmSync(file);
}
