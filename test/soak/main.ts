import { parseArgs } from "node:util";
import { type EngineName, ENGINES } from "../processes/engines.js";
import { kills } from "./kills.js";
import { races } from "./races.js";
import { isMissed, type Row, table } from "./table.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10000" },
    minutes: { type: "string", default: "5" },
    store: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const minutes = Number(values.minutes);
const names = (Object.keys(ENGINES) as EngineName[]).filter(
  (name) => (values.store ?? name).toLowerCase() === name.toLowerCase(),
);
if (!(rounds >= 0) || !(minutes >= 0) || names.length === 0) {
  console.error("--rounds and --minutes take numbers, --store takes Redis or Postgres.");
  process.exit(2);
}

// then the servers that it started end as well
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const rows: Row[] = [];
for (const name of names) {
  if (!ENGINES[name].program || !ENGINES.Redis.program) {
    console.error(`${name} is not installed.`);
    process.exit(2);
  }
  if (rounds > 0) rows.push(await races(name, rounds));
  if (minutes > 0) rows.push(await kills(name, minutes * 60_000));
}
console.log(table(rows));
const missed = rows.filter(isMissed);
for (const { name, faults } of missed) for (const fault of faults.slice(0, 20)) console.error(`${name}: ${fault}`);
process.exitCode = missed.length === 0 ? 0 : 1;
