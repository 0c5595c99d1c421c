/**
 * The attacker sends to all processes of an app at once. What one process keeps in its memory is worth nothing here:
 * only what the store does in one step holds. Each race runs a hundred rounds small and some at full size, on four
 * processes; and each is shown to fail on a store whose steps are two.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { type Engine, type EngineName, ENGINES } from "./engines.js";
import { FULL, type Found, type Round, ROUNDS, type Size, SMALL } from "./rounds.js";

const SMALL_ROUNDS = 100;
const FULL_ROUNDS = 1;
/** Rounds that run side by side, each with users of its own. */
const LANES = 3;
/** For a race that was run often already, in another dress. */
const FEW = 10;
/** A broken store must be caught within so many rounds; most are in the first. */
const TRIES = 100;

/** Runs a race until something goes wrong, at most so often. */
async function race(
  round: Round,
  cluster: Cluster,
  size: Size,
  rounds: number,
): Promise<Found & { slowRounds: number }> {
  const faults: string[] = [];
  let [left, slowRounds] = [rounds, 0];
  const lane = async (): Promise<void> => {
    while (left > 0 && faults.length === 0) {
      left -= 1;
      const found = await round(cluster, size);
      if (found.slow) slowRounds += 1;
      faults.push(...found.faults.map((fault) => `round ${rounds - left}: ${fault}`));
    }
  };
  await Promise.all(Array.from({ length: size === FULL ? 1 : LANES }, lane));
  return { faults, slow: slowRounds > 0, slowRounds };
}

describe.each(Object.keys(ENGINES) as EngineName[])("four processes on %s", (name) => {
  const { program, open } = ENGINES[name];
  describe.skipIf(!program)("races between them", () => {
    let engine: Engine;
    let cluster: Cluster;
    beforeAll(async () => {
      engine = await open();
      cluster = await Cluster.open({ store: engine.url, sessions: engine.url });
    }, 60_000);
    afterAll(async () => {
      await cluster?.close();
      await engine?.stop();
    });

    it.each(Object.entries(ROUNDS))("%s", { timeout: 120_000 }, async (_row, round) => {
      const before = cluster.ledger.rejections.length;
      const small = await race(round, cluster, SMALL, SMALL_ROUNDS);
      const full = await race(round, cluster, FULL, FULL_ROUNDS);
      expect([...small.faults, ...full.faults]).toEqual([]);
      // a machine under load may be too slow for some rounds; for most of them it says nothing about the store
      expect(small.slowRounds).toBeLessThan(SMALL_ROUNDS / 2);
      expect(cluster.ledger.rejections.slice(before)).toEqual([]);
    });

    const CAPS = Object.entries(ROUNDS).filter(([row]) => /D0[1-5]/.test(row));

    it.skipIf(name !== "Redis")("D11 hold while Redis forgets its scripts", { timeout: 60_000 }, async () => {
      const forgetting = setInterval(() => void engine.forgetScripts?.().catch(() => undefined), 20);
      try {
        for (const [row, round] of CAPS) expect((await race(round, cluster, SMALL, FEW)).faults, row).toEqual([]);
      } finally {
        clearInterval(forgetting);
      }
    });

    it.skipIf(name !== "Postgres").each(["repeatable read", "serializable"])(
      "D11 hold at isolation level %s",
      { timeout: 60_000 },
      async (level) => {
        const store = engine.urlIsolated?.(level) ?? "";
        const isolated = await Cluster.open({ store, sessions: engine.url, count: 2 }, cluster.ledger);
        try {
          for (const [row, round] of CAPS) expect((await race(round, isolated, SMALL, FEW)).faults, row).toEqual([]);
        } finally {
          await isolated.close();
        }
      },
    );

    const BROKEN = {
      attempt: [
        "D01 wrong codes",
        "D03 one right code among wrong ones",
        "C03 D03 wrong codes in many logins of one account",
      ],
      consume: ["D02 the right code, many times", "D05 the code of an authenticator app, in many logins"],
      cancel: ["D06 the right code and a cancel"],
      open: ["D07 starts of one login"],
      claim: ["D10 a webhook, many times"],
    } as const;

    it.each(Object.entries(BROKEN))(
      "a store whose %s is two steps is caught",
      { timeout: 60_000 },
      async (flaw, rows) => {
        await Promise.all(cluster.processes.map((each) => each.ask("break", flaw)));
        try {
          for (const row of rows) {
            const { faults } = await race(ROUNDS[row] as Round, cluster, SMALL, TRIES);
            expect(faults, row).not.toEqual([]);
          }
        } finally {
          await Promise.all(cluster.processes.map((each) => each.ask("mend")));
        }
      },
    );
  });
});
