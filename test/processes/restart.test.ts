/**
 * Under load, at a random instant, the store is killed, hung or restarted, or a process of the app is killed. A ledger
 * of all processes tells afterwards: nothing was granted twice, compared too often, sent twice or opened to anybody
 * without a code; whoever had a right code came through in the end; and nobody waited for more than a second.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { type Engine, type EngineName, ENGINES, sessionServer } from "./engines.js";
import { Person } from "./person.js";
import { wrongCodes } from "./rounds.js";
import { Traffic, type Verdict } from "./traffic.js";
import { allAreBack } from "./waiting.js";

const LANES = 6;
const ROUNDS = 1;
const PATIENCE = 15_000;
/** What a request may take, in milliseconds; and what a busy machine adds to that and to a recovery: the soak allows nothing. */
const BUDGET = 1_000;
const BUSY = 1_000;

const random = (most: number): Promise<void> => pause(Math.random() * most);

function expectClean(verdict: Verdict): void {
  const { compares, doubleGrants, lostGrants, duplicateSends, failOpens, calledWrong, faults } = verdict;
  const nothing = { compares: 0, doubleGrants: 0, lostGrants: 0, duplicateSends: 0, failOpens: 0, calledWrong: 0 };
  expect({ compares, doubleGrants, lostGrants, duplicateSends, failOpens, calledWrong }).toEqual(nothing);
  expect(faults).toEqual([]);
  expect(verdict.persons).toBeGreaterThanOrEqual(LANES);
  expect(verdict.longest).toBeLessThan(BUDGET + BUSY);
}

describe.each(Object.keys(ENGINES) as EngineName[])("four processes on %s, under load", (name) => {
  const { program, open, recovery } = ENGINES[name];
  describe.skipIf(!program || !ENGINES.Redis.program)("and", () => {
    let engine: Engine;
    let sessions: Awaited<ReturnType<typeof sessionServer>>;
    let cluster: Cluster;
    beforeAll(async () => {
      [engine, sessions] = await Promise.all([open(), sessionServer()]);
      cluster = await Cluster.open({ store: engine.url, sessions: sessions.url });
    }, 60_000);
    afterAll(async () => {
      await cluster?.close();
      await Promise.all([engine?.stop(), sessions?.stop()]);
    });

    const ENDS = {
      "K03, K07 killed and started again": async () => {
        await engine.end("hard");
        await random(300);
        await engine.start();
      },
      "K07 ended in good order and started again": async () => {
        await engine.end("gently");
        await engine.start();
      },
      "K02 hung and awake again": async () => {
        await engine.freeze();
        await pause(400 + Math.random() * 400);
        engine.thaw();
      },
    };

    it.each(Object.entries(ENDS))("the store %s", { timeout: 90_000 }, async (what, breakIt) => {
      if (name === "Redis" && what.includes("good order")) return;
      const traffic = new Traffic(cluster).start(LANES);
      for (let round = 0; round < ROUNDS; round += 1) {
        await random(300);
        await breakIt();
        expect(await allAreBack(cluster, PATIENCE)).toBeLessThan(recovery + BUSY);
      }
      expectClean(await traffic.end());
      expect(await engine.idleInTransaction()).toBe(0);
    });

    it("K12 a process of the app killed, and another in its place", { timeout: 90_000 }, async () => {
      const traffic = new Traffic(cluster).start(LANES);
      for (let round = 0; round < ROUNDS + 1; round += 1) {
        await random(300);
        await cluster.at(round).kill();
        await cluster.replace(round % cluster.processes.length);
      }
      const verdict = await traffic.end();
      expectClean(verdict);
      // what was used up when its process died; at most one for each of those under way there
      expect(verdict.burnt).toBeLessThanOrEqual((ROUNDS + 1) * LANES);
    });

    it("C13 every process killed, and the store too: what was counted stays counted", { timeout: 60_000 }, async () => {
      const person = new Person(cluster, cluster.newUser());
      const right = await person.asked();
      const [last = "", ...codes] = wrongCodes(right, 5);
      for (const code of codes) expect((await person.sure(() => person.verify(code))).status).toBe(422);
      await cluster.close();
      await engine.end("hard");
      await engine.start();
      await Promise.all(cluster.processes.map((_, index) => cluster.replace(index)));
      await allAreBack(cluster, PATIENCE);
      expect(await person.verify(last)).toMatchObject({ status: 422, body: { attemptsLeft: 0 } });
      const late = await person.sure(() => person.verify(right));
      expect(late).toMatchObject({ status: 429, body: { code: "challenge_spent" } });
      expect((await person.sure(() => person.vault())).status).toBe(401);
      expect(cluster.ledger.count("granted", person.user)).toBe(0);
      expect(cluster.ledger.count("compared", person.challenge)).toBe(5);
    });
  });
});
