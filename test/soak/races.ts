import { Cluster } from "../processes/cluster.js";
import { type EngineName, ENGINES } from "../processes/engines.js";
import { FULL, ROUNDS, SMALL } from "../processes/rounds.js";
import type { Row } from "./table.js";

const LANES = 3;
/** One round in so many is of full size. */
const FULL_EVERY = 50;
const ALLOWED = 5;

/** All races in turn, so many rounds in all, on four processes. */
export async function races(name: EngineName, rounds: number): Promise<Row> {
  const engine = await ENGINES[name].open();
  const cluster = await Cluster.open({ store: engine.url, sessions: engine.url });
  const faults: string[] = [];
  const kinds = Object.entries(ROUNDS);
  let [begun, slow] = [0, 0];
  const started = performance.now();
  const lane = async (): Promise<void> => {
    while (begun < rounds) {
      const index = begun;
      begun += 1;
      const [kind, round] = kinds[index % kinds.length] ?? [];
      if (!kind || !round) return;
      // full rounds meet every kind in turn as well
      const size = Math.floor(index / kinds.length) % FULL_EVERY === FULL_EVERY - 1 ? FULL : SMALL;
      try {
        const found = await round(cluster, size);
        if (found.slow) slow += 1;
        faults.push(...found.faults.map((fault) => `round ${index}, ${kind}: ${fault}`));
      } catch (error) {
        faults.push(`round ${index}, ${kind}: ${String(error)}`);
      }
      if (index % 1_000 === 999) {
        console.error(
          `${name}: ${index + 1} rounds, ${faults.length} faults, ${Math.round((performance.now() - started) / 1_000)} s`,
        );
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
    const held = await cluster.settle();
    const { ledger } = cluster;
    return {
      name: `${name}, races`,
      rounds,
      compares: ledger.above("compared", ALLOWED),
      doubleGrants: ledger.above("verified", 1) + ledger.above("granted", 1),
      lostGrants: faults.filter((fault) => fault.includes("grants: 0 instead of 1")).length,
      duplicateSends: ledger.above("message", 1) + ledger.above("delivered", 1),
      failOpens: faults.filter((fault) => fault.includes("the handler")).length,
      longest: cluster.longest,
      held,
      faults: [...faults, ...ledger.rejections],
      notes: `${slow} rounds in which the store was too slow for some; ${Math.round((performance.now() - started) / 1_000)} s`,
    };
  } finally {
    await cluster.close();
    await engine.stop();
  }
}
