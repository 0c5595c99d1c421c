/**
 * The attacker knows a session id: planted before login, or read off a shared machine. They cannot pass the second
 * factor, so they wait for the person to, and fight to keep their id alive: while the verification runs they fire slow
 * requests that load the session before it moves and write it back afterwards, in every way express-session writes
 * (changed data, `resave`, `rolling`, explicit saves, an answer that begins early). They also race a verification
 * against the person's logout, and against a session store that fails or hangs at the worst moment, hoping that a session
 * survives that should be dead, or that the old one ends up elevated.
 */
import express, { type NextFunction, type Request, type Response } from "express";
import { afterEach, describe, expect, it } from "vitest";
import type { Proof } from "../../src/express/proof.js";
import type { Mark } from "../../src/step-up/mark.js";
import {
  cookieOf,
  dice,
  hops,
  markFor,
  RemoteStore,
  type Reply,
  type SessionHost,
  sessionHost,
  sidOf,
  type Trouble,
} from "../helpers/session-host.js";

const ROUNDS = Number(process.env["RACE_ROUNDS"] ?? 100);
const SLOW = 20;
/** Not the bare name: three letters turn up in random ids. */
const ADA = '"user":"ada"';

type Step = (done: (error?: unknown) => void) => unknown;

function settled(step: Step): Promise<void> {
  return new Promise((resolve, reject) =>
    step((error) => (error === undefined || error === null ? resolve() : reject(error))),
  );
}

/** A proof as an app might write it, to be caught. */
function broken(grant: (req: Request, mark: Mark) => Promise<void>): Proof {
  return {
    kind: "session",
    accepts: () => true,
    read: (req) => ({ binding: "b".repeat(32), machine: false, marks: req.session.twoFactor?.marks ?? [] }),
    grant: (req, _res, mark) => grant(req, mark).then(() => ({})),
    clear: () => Promise.resolve(),
  };
}

/** What most apps do: a new id, the data copied over, saved. */
const byHand = broken(async (req, mark) => {
  const { user = "", cart = [] } = req.session;
  await settled((done) => req.session.regenerate(done));
  Object.assign(req.session, { user, cart, twoFactor: { binding: "b".repeat(32), marks: [mark] } });
  await settled((done) => req.session.save(done));
});

/** The worst of all, and common: the mark goes into the session as it is. */
const unrotated = broken(async (req, mark) => {
  req.session.twoFactor = { binding: "b".repeat(32), marks: [mark] };
  await settled((done) => req.session.save(done));
});

let host: SessionHost | undefined;
afterEach(async () => {
  await host?.close();
  host = undefined;
});

interface Race {
  readonly host: SessionHost;
  /** The slow requests that have loaded their session in this round. */
  arrived: number;
  /** Whether the verification is through: from here on nobody is to be given the old id. */
  settled: boolean;
  /** The cookies of responses that began after that. */
  readonly handedOut: string[];
  /** What a verification that has loaded its session waits for. */
  goOn: Promise<void>;
  random: (below: number) => number;
}

interface Setting {
  readonly resave: boolean;
  readonly rolling: boolean;
  readonly touch?: boolean;
  readonly rounds?: number;
}

async function raceTrack(options: Setting, instead?: Proof): Promise<Race> {
  const store = new RemoteStore();
  if (options.touch === false) Object.defineProperty(store, "touch", { value: undefined, writable: true });
  const { resave, rolling } = options;
  host = await sessionHost({
    store,
    ...(instead && { proof: instead }),
    session: { resave, rolling, cookie: { maxAge: 600_000 } },
    routes: (app, proof) => {
      const slow = express.Router();
      slow.use(async (_req, res, next) => {
        const writeHead = res.writeHead.bind(res) as (...given: unknown[]) => Response;
        const watched = (...given: unknown[]): Response => {
          const begun = writeHead(...given);
          if (race.settled) race.handedOut.push(String(res.getHeader("set-cookie")));
          return begun;
        };
        Object.assign(res, { writeHead: watched });
        race.arrived += 1;
        await hops(race.random(24));
        next();
      });
      slow.get("/slow/0", (req, res) => {
        req.session.cart = ["slow"];
        res.json({});
      });
      slow.get("/slow/1", (_req, res) => void res.json({}));
      slow.get("/slow/2", (req, res) => {
        req.session.touch();
        res.json({});
      });
      slow.get("/slow/3", (req, res) => {
        req.session.cart = ["saved"];
        req.session.save(() => res.json({}));
      });
      slow.get("/slow/4", (_req, res) => {
        res.write("begun");
        setImmediate(() => res.end());
      });
      app.use(slow);
      app.get("/verify", (req, res, next) => {
        const run = async (): Promise<void> => {
          proof.read(req);
          while (race.arrived < SLOW) await hops(1);
          await hops(race.random(12));
          await proof.grant(req, res, markFor("ada"));
          race.settled = true;
          res.json({});
        };
        run().catch(next);
      });
      app.get("/verify-later", (req, res, next) => {
        proof.read(req);
        race.arrived += 1;
        race.goOn.then(() => proof.grant(req, res, markFor("ada"))).then(() => res.json({}), next);
      });
      app.get("/verify-now", (req, res, next) => {
        proof.read(req);
        hops(race.random(12))
          .then(() => proof.grant(req, res, markFor("ada")))
          .then(() => res.json({}), next);
      });
    },
  });
  const race: Race = { host, arrived: 0, settled: false, handedOut: [], goOn: Promise.resolve(), random: () => 0 };
  return race;
}

/** One round: log in, elevate among slow requests, let everything settle, and say what is wrong with how it ended. */
async function overtake(race: Race, seed: number): Promise<string[]> {
  const { host } = race;
  const { call, store } = host;
  const cookie = cookieOf(await call("GET", "/login"));
  Object.assign(race, { arrived: 0, settled: false, handedOut: [], random: dice(seed) });
  store.latency = race.random;
  const slow = Array.from({ length: SLOW }, (_, each) => call("GET", `/slow/${each % 5}`, cookie));
  const verified = await call("GET", "/verify", cookie);
  const others = await Promise.all(slow);
  store.latency = () => 0;
  await hops(40);
  const sid = sidOf(cookie);
  const wrong: string[] = [];
  if (verified.status !== 200) wrong.push(`the verification was answered ${verified.status}`);
  if (verified.sid === undefined || verified.sid === sid) wrong.push("the id is still the old one");
  if (store.kept[sid] !== undefined) wrong.push("the old id is in the store");
  if (!isElevated(store.kept[verified.sid ?? ""])) wrong.push("the new id is not elevated");
  if (race.handedOut.some((cookies) => cookies.includes(sid))) wrong.push("the old id was handed out again");
  if (others.some((reply) => reply.status !== 200)) wrong.push("an ordinary request failed");
  const planted = await call("GET", "/look", cookie);
  if (planted.body.includes(ADA)) wrong.push("the old id still opens the session");
  for (const id of Object.keys(store.kept)) delete store.kept[id];
  return wrong;
}

function isElevated(kept: string | undefined): boolean {
  return kept !== undefined && (JSON.parse(kept) as { twoFactor?: { marks: Mark[] } }).twoFactor?.marks.length === 1;
}

const SETTINGS: readonly Setting[] = [
  { resave: false, rolling: false },
  { resave: false, rolling: true },
  { resave: true, rolling: false },
  { resave: true, rolling: true },
  { resave: false, rolling: true, touch: false, rounds: 25 },
];

describe.each(SETTINGS)(
  "D08 twenty slow requests during a verification, with %o",
  ({ rounds = ROUNDS, ...setting }) => {
    it(`leave the new id elevated and the old id dead, in ${rounds} rounds`, { timeout: 120_000 }, async () => {
      const race = await raceTrack(setting);
      for (let round = 1; round <= rounds; round += 1)
        expect(await overtake(race, round), `round ${round}`).toEqual([]);
    });

    it.each([
      ["regenerates by hand", byHand],
      ["does not rotate at all", unrotated],
    ])("are caught when the app %s", { timeout: 120_000 }, async (_name, instead) => {
      const race = await raceTrack(setting, instead);
      const wrong: string[] = [];
      for (let round = 1; round <= rounds && wrong.length === 0; round += 1)
        wrong.push(...(await overtake(race, round)));
      expect(wrong).not.toEqual([]);
    });
  },
);

const PLAIN: Setting = { resave: false, rolling: false };

/** One round: a verification and a logout at the same moment. */
async function logOutMeanwhile(race: Race, seed: number): Promise<string[]> {
  const { call, store } = race.host;
  const cookie = cookieOf(await call("GET", "/login"));
  race.random = dice(seed);
  store.latency = race.random;
  const verifying = call("GET", "/verify-now", cookie);
  await hops(race.random(24));
  const [loggedOut, verified] = await Promise.all([call("GET", "/logout", cookie), verifying]);
  store.latency = () => 0;
  await hops(40);
  const left = Object.values(store.kept).filter((kept) => kept.includes(ADA));
  for (const id of Object.keys(store.kept)) delete store.kept[id];
  // A logout that came with an id already dead found nobody to log out: the browser has the new one by then.
  if (loggedOut.status !== 200) return [];
  if (left.length > 0) return [`a session survived the logout (${verified.status})`];
  return verified.status === 200 || verified.status === 401 ? [] : [`the verification was answered ${verified.status}`];
}

describe("a logout at the moment of the verification", () => {
  it(`leaves no session, in ${ROUNDS} rounds`, { timeout: 60_000 }, async () => {
    const race = await raceTrack(PLAIN);
    for (let round = 1; round <= ROUNDS; round += 1)
      expect(await logOutMeanwhile(race, round), `round ${round}`).toEqual([]);
  });

  it("is caught to be survived when the app regenerates by hand", { timeout: 60_000 }, async () => {
    const race = await raceTrack(PLAIN, byHand);
    const wrong: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) wrong.push(...(await logOutMeanwhile(race, round)));
    expect(wrong).not.toEqual([]);
  });

  it("wins although it has not reached the store yet", async () => {
    const race = await raceTrack(PLAIN);
    const { host } = race;
    const cookie = cookieOf(await host.call("GET", "/login"));
    let goOn = (): void => undefined;
    race.goOn = new Promise((resolve) => (goOn = resolve));
    const verifying = host.call("GET", "/verify-later", cookie);
    while (race.arrived === 0) await hops(1);
    host.store.troubles.destroy.push("late");
    const loggingOut = host.call("GET", "/logout", cookie);
    while (host.store.troubles.destroy.length > 0) await hops(1);
    goOn();
    expect((await verifying).status).toBe(401);
    await host.store.releaseLate();
    expect((await loggingOut).status).toBe(200);
    await hops(40);
    expect(host.store.kept).toEqual({});
  });

  it("wins when it happens at another process, which only the store can tell", async () => {
    const { host } = await raceTrack(PLAIN);
    for (const step of [1, 2]) {
      const cookie = cookieOf(await host.call("GET", "/login"));
      let reads = 0;
      host.store.latency = () => {
        const last = host.store.calls.at(-1) ?? "";
        if (last === `get ${sidOf(cookie)}`) reads += 1;
        // The first read is express-session's own; a session gone before ours is met at the start, a later one at the end.
        if (last.startsWith("set ") && step === 2 && reads > 0) delete host.store.kept[sidOf(cookie)];
        if (reads > 2 && step === 1) delete host.store.kept[sidOf(cookie)];
        return 0;
      };
      const verified = await host.call("GET", "/elevate", cookie);
      await hops(40);
      expect([verified.status, verified.body]).toEqual([401, "first_factor_required"]);
      expect(host.store.kept).toEqual({});
    }
  });
});

describe("a session store in trouble at the moment of the verification", () => {
  const DEADLINE = 25;
  const troubles: [string, "get" | "set" | "destroy", Trouble][] = [
    ["cannot be read", "get", "error"],
    ["throws when read", "get", "throw"],
    ["hangs when read", "get", "hang"],
    ["cannot save", "set", "error"],
    ["throws when saving", "set", "throw"],
    ["hangs when saving", "set", "hang"],
    ["saves too late", "set", "late"],
  ];

  it.each(troubles)("that %s elevates nothing and costs nobody their session", async (_name, step, trouble) => {
    let arming = true;
    const met: unknown[] = [];
    host = await sessionHost({
      deadline: DEADLINE,
      routes: (app, proof) =>
        app.use((error: unknown, req: Request, _res: Response, next: NextFunction) => {
          met.push({ sid: req.sessionID, user: req.session.user, marks: proof.read(req)?.marks });
          next(error);
        }),
      before: [
        (req, _res, next) => {
          if (req.path === "/elevate" && arming) host?.store.troubles[step].push(trouble);
          arming = false;
          next();
        },
      ],
    });
    const { call, store } = host;
    const cookie = cookieOf(await call("GET", "/login"));
    arming = true;
    const reply = await call("GET", "/elevate", cookie);
    expect([reply.status, reply.body]).toEqual([503, "unavailable"]);
    expect(reply.cookies).toEqual([]);
    expect(met).toEqual([{ sid: sidOf(cookie), user: "ada", marks: [] }]);
    await store.releaseLate();
    expect(Object.keys(store.kept)).toEqual([sidOf(cookie)]);
    expect(JSON.parse((await call("GET", "/look", cookie)).body)).toMatchObject({ user: "ada", login: { marks: [] } });
    const again = await call("GET", "/elevate", cookie);
    expect(again.status).toBe(200);
    expect(isElevated(store.kept[again.sid ?? ""])).toBe(true);
  });

  it("that cannot make a new id elevates nothing either", async () => {
    let ids = 0;
    host = await sessionHost({
      session: {
        genid: () => {
          ids += 1;
          if (ids === 2) throw new Error("no randomness");
          return `id-${ids}-${"x".repeat(24)}`;
        },
      },
    });
    const cookie = cookieOf(await host.call("GET", "/login"));
    const reply = await host.call("GET", "/elevate", cookie);
    expect([reply.status, reply.body]).toEqual([503, "unavailable"]);
    expect(JSON.parse((await host.call("GET", "/look", cookie)).body)).toMatchObject({
      user: "ada",
      login: { marks: [] },
    });
    expect((await host.call("GET", "/elevate", cookie)).status).toBe(200);
  });
});

describe("F01 a session id planted before the login", () => {
  it("never becomes an elevated one, and is nobody's afterwards", async () => {
    host = await sessionHost({ session: { saveUninitialized: true } });
    const { call, store } = host;
    const planted = cookieOf(await call("GET", "/look"));
    await call("GET", "/login", planted);
    const elevated: Reply = await call("GET", "/elevate", planted);
    expect(elevated.sid).not.toBe(sidOf(planted));
    expect(store.kept[sidOf(planted)]).toBeUndefined();
    const attacker = await call("GET", "/look", planted);
    expect(attacker.body).not.toContain(ADA);
    expect(JSON.parse(attacker.body)).toMatchObject({ login: { marks: [] } });
    const person = await call("GET", "/look", cookieOf(elevated));
    expect(JSON.parse(person.body)).toMatchObject({ user: "ada", cart: ["tea"], login: { marks: [{}] } });
  });

  it("gets neither the person's new id nor their binding from a request that was already under way", async () => {
    const race = await raceTrack({ resave: true, rolling: true });
    const cookie = cookieOf(await race.host.call("GET", "/login"));
    race.arrived = 0;
    race.random = dice(7);
    const slow = Array.from({ length: SLOW }, (_, each) => race.host.call("GET", `/slow/${each % 5}`, cookie));
    const { sid } = await race.host.call("GET", "/verify", cookie);
    const replies = await Promise.all(slow);
    expect(replies.flatMap((reply) => reply.cookies).join()).not.toContain(sid);
  });
});
