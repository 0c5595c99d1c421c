/**
 * A process is told to end while it is at work: what it has begun it answers, and then nothing keeps it. And requests
 * that are slow at one process do not bring back the session that another has moved to a new id.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TcpProxy, tcpProxy } from "../helpers/tcp-proxy.js";
import { burst, Cluster, send } from "./cluster.js";
import { type Engine, type EngineName, ENGINES } from "./engines.js";
import { Person } from "./person.js";
import { until } from "./waiting.js";

const IN_FLIGHT = 100;
const LONGEST_END = 10_000;
const SLOW = 8;
const ROUNDS = 12;

describe.each(Object.keys(ENGINES) as EngineName[])("processes on %s", (name) => {
  const { program, open } = ENGINES[name];
  describe.skipIf(!program)("that end, or share sessions", () => {
    let engine: Engine;
    let proxy: TcpProxy;
    const clusters: Cluster[] = [];
    const start = async (settings: Partial<Parameters<typeof Cluster.open>[0]>): Promise<Cluster> => {
      const cluster = await Cluster.open({ store: engine.url, sessions: engine.url, ...settings });
      clusters.push(cluster);
      return cluster;
    };
    beforeAll(async () => {
      engine = await open();
      proxy = await tcpProxy({ host: "127.0.0.1", port: engine.port });
    }, 60_000);
    afterAll(async () => {
      for (const each of clusters) await each.close();
      await proxy?.close();
      await engine?.stop();
    });

    it("G11 answer all that is in flight at SIGTERM, and end by themselves", { timeout: 60_000 }, async () => {
      const cluster = await start({ store: engine.urlAt(proxy.port), count: 2 });
      const [ending, other] = [cluster.at(0), cluster.at(1)];
      const asked: { person: Person; code: string }[] = [];
      while (asked.length < IN_FLIGHT) {
        const person = new Person(cluster, cluster.newUser());
        asked.push({ person, code: await person.asked() });
      }
      proxy.delay(2);
      const before = cluster.ledger.count("arrived", "/2fa/verify");
      const requests = asked.map(({ person, code }) =>
        person.request("POST", "/2fa/verify", { json: { code } }, ending),
      );
      const answers = Promise.all(requests.map((request) => send(request)));
      await until(
        "all to arrive",
        10_000,
        async () => cluster.ledger.count("arrived", "/2fa/verify") === before + IN_FLIGHT,
      );
      const began = performance.now();
      ending.child.kill("SIGTERM");
      const all = await answers;
      ending.hangUp();
      expect(await ending.ended).toEqual({ code: 0, signal: null });
      expect(performance.now() - began).toBeLessThan(LONGEST_END);
      // a store that is too slow for a hundred at once says so; nothing else may come of it
      expect(all.filter(({ status }) => status !== 200 && status !== 503).map(({ status }) => status)).toEqual([]);
      expect(all.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
      const tooEarly = /not connected|after calling end|closed|Cannot use/i;
      expect(cluster.ledger.faults.filter((fault) => tooEarly.test(fault))).toEqual([]);
      for (const [index, { person }] of asked.entries()) {
        const answer = all[index];
        if (answer?.status !== 200) continue;
        person.keep(answer);
        expect((await person.sure(() => person.vault(other))).status).toBe(200);
      }
      expect(cluster.ledger.rejections).toEqual([]);
    });

    it("leave nothing behind when they close", { timeout: 30_000 }, async () => {
      const cluster = await start({ count: 1 });
      const process = cluster.at(0);
      const person = new Person(cluster, cluster.newUser());
      await person.prove();
      process.hangUp();
      expect(await process.ask<string[]>("close")).toEqual([]);
      expect(await process.ended).toEqual({ code: 0, signal: null });
    });

    it(
      `D08 keep the old id dead, whatever slow requests at the other process write back, in ${ROUNDS} rounds`,
      { timeout: 60_000 },
      async () => {
        const cluster = await start({ count: 2, rolling: true });
        const [here, there] = [cluster.at(0), cluster.at(1)];
        for (let round = 0; round < ROUNDS; round += 1) {
          const person = new Person(cluster, cluster.newUser());
          const code = await person.asked(here);
          const before = person.twin();
          const slow = Array.from({ length: SLOW }, (_, index) =>
            before.request("GET", `/slow/${index % 4}`, {}, there),
          );
          const verify = person.request("POST", "/2fa/verify", { json: { code } }, here);
          const [verified, ...others] = await burst([verify, ...slow]);
          // a store that is too slow for once moves nothing
          if (verified?.status === 503) continue;
          expect(verified?.status).toBe(200);
          if (verified) person.keep(verified);
          // one that came late found the old session gone already
          for (const { status } of others) expect([200, 401]).toContain(status);
          expect(person.session).not.toBe(before.session);
          expect(await there.ask("session", before.session)).toBeNull();
          for (const process of [here, there]) {
            expect((await before.twin().send("GET", "/who", undefined, process)).body).toEqual({
              user: null,
              verified: false,
            });
            expect((await person.sure(() => person.twin().vault(process))).status).toBe(200);
          }
        }
      },
    );
  });
});
