/**
 * The store is refused, hangs, swallows what it says, is ended or emptied, with four processes in front of it. The
 * sessions are elsewhere and well. Every answer comes within a second and opens nothing; nobody is told twice; and
 * everything goes on by itself.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TcpProxy, tcpProxy } from "../helpers/tcp-proxy.js";
import { Cluster, type Process } from "./cluster.js";
import { type Engine, type EngineName, ENGINES, sessionServer } from "./engines.js";
import { Person } from "./person.js";
import { wrongCodes } from "./rounds.js";
import { codeAt, STEP } from "./totp.js";
import { allAreBack, health, timed, until } from "./waiting.js";

/** The budget of a request, in milliseconds. */
const BUDGET = 1_000;
/** Until a process knows that it does not know who was revoked: what it has learned is good for a second. */
const STALE = 1_000;
/** So long a test waits for what should have come by then. */
const PATIENCE = 8_000;

interface Place {
  readonly engine: Engine;
  readonly proxy: TcpProxy;
  readonly cluster: Cluster;
}

/** What befalls the store, and how it ends. */
const FAULTS: Readonly<Record<string, { begin(at: Place): unknown; end(at: Place): unknown }>> = {
  "K01 refuses connections": { begin: ({ proxy }) => proxy.refuse(), end: ({ proxy }) => proxy.restore() },
  "K02 hangs, by a wire that stalls": { begin: ({ proxy }) => proxy.stall(), end: ({ proxy }) => proxy.flow() },
  "K02 is half open: no reply arrives, until the connection is given up": {
    begin: ({ proxy }) => proxy.dropReplies(),
    end({ proxy }) {
      proxy.cut();
      proxy.flow();
    },
  },
  "K02 hangs, by SIGSTOP": { begin: ({ engine }) => engine.freeze(), end: ({ engine }) => engine.thaw() },
  "K08 is too slow to be of use": {
    begin: ({ proxy }) => proxy.delay(400),
    end({ proxy }) {
      proxy.cut();
      proxy.delay(0);
    },
  },
  "K03, K07 is ended like a crash": { begin: ({ engine }) => engine.end("hard"), end: ({ engine }) => engine.start() },
};

// mostly they wait, so both go on at the same time
describe.concurrent.each(Object.keys(ENGINES) as EngineName[])("four processes on %s", (name) => {
  const { program, open, recovery } = ENGINES[name];
  describe.skipIf(!program || !ENGINES.Redis.program)("when it", { concurrent: false }, () => {
    let engine: Engine;
    let sessions: Awaited<ReturnType<typeof sessionServer>>;
    let proxy: TcpProxy;
    let cluster: Cluster;
    const clusters: Cluster[] = [];
    const start = async (settings: Partial<Parameters<typeof Cluster.open>[0]> = {}): Promise<Cluster> => {
      const store = engine.urlAt(proxy.port);
      const opened = await Cluster.open({ store, sessions: sessions.url, ...settings }, clusters[0]?.ledger);
      clusters.push(opened);
      return opened;
    };
    beforeAll(async () => {
      [engine, sessions] = await Promise.all([open(), sessionServer()]);
      proxy = await tcpProxy({ host: "127.0.0.1", port: engine.port });
      cluster = await start();
    }, 60_000);
    afterAll(async () => {
      for (const each of clusters) await each.close();
      await proxy?.close();
      await Promise.all([engine?.stop(), sessions?.stop()]);
    });

    const persons = async (count: number) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const person = new Person(cluster, cluster.newUser());
          return { person, right: await person.asked() };
        }),
      );
    const proved = async (): Promise<Person> => new Person(cluster, cluster.newUser()).prove();
    /** Everything that a person may ask for, at one process. */
    const everything = async (process: Process, asked: { person: Person; right: string }, passed: Person) => {
      const nobody = new Person(cluster, cluster.newUser());
      const requests = {
        "the right code": () => asked.person.twin().verify(asked.right, process),
        "the door, without a proof": () => nobody.enter(process),
        "the door, with one": () => passed.twin().vault(process),
        "a challenge": () => asked.person.twin().send("POST", "/2fa/challenge", {}, process),
        "a cancel": () => asked.person.twin().send("POST", "/2fa/cancel", {}, process),
      };
      const all = Object.entries(requests).map(async ([what, request]) => [what, await timed(request())] as const);
      return Promise.all(all);
    };

    it.each(Object.entries(FAULTS))("%s", { timeout: 60_000 }, async (fault, { begin, end }) => {
      const [asked] = (await persons(1)) as [{ person: Person; right: string }];
      const passed = await proved();
      await allAreBack(cluster, PATIENCE);
      await cluster.settle();
      const { ledger } = cluster;
      const counted = () => ["sent", "granted", "hit"].map((what) => ledger.count(what));

      await begin({ engine, proxy, cluster });
      try {
        const isShut = async (process: Process): Promise<boolean> => (await passed.vault(process)).status === 503;
        const shut = cluster.processes.map((each) => until("503 from the guard", PATIENCE, () => isShut(each)));
        for (const took of await Promise.all(shut)) expect(took, fault).toBeLessThan(STALE + BUDGET);
        await cluster.settle();
        const before = counted();
        const all = await Promise.all(cluster.processes.map((each) => everything(each, asked, passed)));
        for (const [what, { status, took, headers }] of all.flat()) {
          expect([what, status]).toEqual([what, 503]);
          expect(took, what).toBeLessThan(BUDGET);
          expect(headers["retry-after"], what).toMatch(/^[1-9]\d*$/);
        }
        for (const each of await Promise.all(cluster.processes.map(health))) {
          expect(each.status).toBe(200);
          expect(each.took).toBeLessThan(BUDGET);
        }
        await cluster.settle();
        expect(counted()).toEqual(before);
        // told once for each time, and not yet that it is over
        for (const each of cluster.processes) expect(each.episodes).toMatch(/^(-\+)*-$/);
      } finally {
        await end({ engine, proxy, cluster });
      }
      expect(await allAreBack(cluster, PATIENCE)).toBeLessThan(recovery);
      const { person, right } = asked;
      expect(await person.sure(() => person.verify(right))).toMatchObject({ status: 200 });
      expect(await passed.sure(() => passed.vault())).toMatchObject({ status: 200 });
      await cluster.settle();
      for (const each of cluster.processes) expect(each.episodes).toMatch(/\+$/);
      expect(ledger.count("granted", asked.person.user)).toBe(1);
      expect(ledger.rejections).toEqual([]);
      expect(await engine.idleInTransaction()).toBe(0);
    });

    it("F07 learns within a second at every process who was revoked at one", async () => {
      for (let round = 0; round < 5; round += 1) {
        const person = await proved();
        const [first, ...others] = cluster.processes as [Process, ...Process[]];
        for (const each of others) expect((await person.sure(() => person.vault(each))).status).toBe(200);
        await until("a revocation", PATIENCE, async () =>
          first.ask("revoke", person.user).then(
            () => true,
            () => false,
          ),
        );
        const revoked = performance.now();
        // Of a request that passed, when it set out: how long its answer was on the way is the machine's affair.
        const lastPass = async (each: Process): Promise<number> => {
          let last = 0;
          await until("401 after a revocation", PATIENCE, async () => {
            const setOut = performance.now() - revoked;
            const refused = (await person.twin().vault(each)).status !== 200;
            if (!refused) last = setOut;
            return refused;
          });
          return last;
        };
        expect(Math.max(...(await Promise.all(others.map(lastPass))))).toBeLessThan(STALE);
        expect((await person.sure(() => person.vault(first))).status).toBe(401);
      }
    });

    it("K06 loses a reply after it has done what it was asked: counted once, granted once, never called wrong", async () => {
      const alone = await start({ count: 1 });
      const process = alone.at(0);
      const { ledger } = alone;
      for (let round = 0; round < 12; round += 1) {
        const person = new Person(alone, alone.newUser());
        const right = await person.asked();
        proxy.cutAtReply(round % 4);
        const answer = await timed(person.verify(right, process));
        expect(answer.took).toBeLessThan(BUDGET);
        proxy.flow();
        await until(
          "the store again",
          PATIENCE,
          async () => (await new Person(alone, alone.newUser()).enter()).status === 401,
        );
        if (answer.status !== 200) {
          expect(answer.status).toBe(503);
          const again = await person.sure(() => person.verify(right, process));
          expect([200, 409]).toContain(again.status);
          // used up by a request whose answer nobody heard: then it takes another code, and that one is right
          if (again.status === 409) await person.prove();
        }
        expect((await person.sure(() => person.vault())).status).toBe(200);
        await alone.settle();
        expect(ledger.count("granted", person.user)).toBe(1);
      }
      for (let round = 0; round < 8; round += 1) {
        const person = new Person(alone, alone.newUser());
        const right = await person.asked();
        const [wrong = "", other = ""] = wrongCodes(right, 2);
        proxy.cutAtReply(round % 2);
        const first = await person.verify(wrong, process);
        expect([422, 503]).toContain(first.status);
        proxy.flow();
        await until(
          "the store again",
          PATIENCE,
          async () => (await new Person(alone, alone.newUser()).enter()).status === 401,
        );
        const { status, body } = await person.verify(other, process);
        // too slow for once: nothing is learned from this round
        if (status === 503) continue;
        expect(status).toBe(422);
        expect(first.status === 422 ? [3] : [3, 4]).toContain(body["attemptsLeft"]);
      }
    });

    it(
      "K09 has processes whose clocks are half a minute off, and nothing lives longer or opens",
      { timeout: 30_000 },
      async () => {
        const skewed = await start({ offsets: [30_000, -30_000, 0], count: 3, ttl: "2s" });
        const [early, late, right] = skewed.processes as [Process, Process, Process];
        // asked for by one clock, answered by the other, both ways
        for (const [from, to] of [
          [early, late],
          [late, early],
          [right, late],
        ] as const) {
          const person = new Person(skewed, skewed.newUser());
          const code = await person.asked(from);
          expect((await person.sure(() => person.verify(code, to))).status).toBe(200);
        }
        const asked = await Promise.all(
          skewed.processes.map(async (from) => {
            const person = new Person(skewed, skewed.newUser());
            return { person, code: await person.asked(from) };
          }),
        );
        await new Promise((resolve) => void setTimeout(resolve, 2_100));
        for (const { person, code } of asked) {
          for (const to of skewed.processes) {
            const typed = { code, challenge: person.challenge };
            const late = () => person.twin().send("POST", "/2fa/verify", typed, to);
            expect((await person.sure(late)).status).toBe(410);
            expect((await person.sure(() => person.twin().vault(to))).status).toBe(401);
          }
        }
        // a step that was used is used for every clock, and so is the one before it
        const user = skewed.newUser("totp");
        const first = new Person(skewed, user);
        await first.sure(() => first.enter(right));
        const now = Date.now();
        expect((await first.sure(() => first.verify(codeAt(now), right))).status).toBe(200);
        for (const to of skewed.processes) {
          const again = new Person(skewed, user);
          await again.sure(() => again.enter(to));
          for (const step of [now, now - STEP]) {
            expect((await again.sure(() => again.verify(codeAt(step), to))).status).toBe(422);
          }
        }
        await skewed.settle();
        expect(skewed.ledger.count("granted", user)).toBe(1);
      },
    );

    it.skipIf(name !== "Redis")("K04 comes back empty: everybody starts again, and locks are stricter", async () => {
      const asked = await persons(4);
      await engine.empty?.();
      for (const [index, { person, right }] of asked.entries()) {
        const { status, body } = await person.sure(() => person.verify(right, cluster.at(index)));
        expect([status, body["code"]]).toEqual([404, "challenge_not_found"]);
        expect((await person.sure(() => person.vault())).status).toBe(401);
        expect(cluster.ledger.count("granted", person.user)).toBe(0);
      }
      await until("a warning", PATIENCE, async () => cluster.ledger.warnings.includes("REQUIRE2FA_REDIS_EMPTIED"));
      const person = new Person(cluster, cluster.newUser());
      const wrong = wrongCodes(await person.asked(), 4);
      const statuses = [];
      for (const code of wrong) statuses.push((await person.sure(() => person.verify(code))).status);
      expect(statuses).toEqual([422, 422, 422, 429]);
    });
  });
});
