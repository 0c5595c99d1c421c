/**
 * The attacker holds a session id from before the second factor, and the app runs in several processes. They keep slow
 * requests under way at one process, each with the old session in its hands, and wait for the person to verify, or to log
 * out, at another: what those requests write back would bring the old id to life again.
 */
import express, { type Express } from "express";
import session from "express-session";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { memoryStore, outbox, require2fa, sms, twoFactor } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";
import { dice, hops } from "../helpers/session-host.js";

const ROUNDS = Number(process.env["RACE_ROUNDS"] ?? 100);

/** What two processes have between them: one store for the second factor, one for sessions. */
interface Shared {
  readonly store: Store;
  readonly sessions: Record<string, string>;
  readonly box: ReturnType<typeof outbox>;
  readonly random: (below: number) => number;
  readonly clock: FakeClock;
}

/** A session store as each process has one: its own object, before the same rows. */
class SharedSessions extends session.MemoryStore {
  readonly #random: (below: number) => number;

  constructor({ sessions, random }: Shared) {
    super();
    Object.assign(this, { sessions });
    this.#random = random;
  }

  override set(id: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    void hops(this.#random(8)).then(() => super.set(id, data, done));
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    void hops(this.#random(8)).then(() => super.destroy(id, done));
  }
}

function oneProcess(shared: Shared): Express {
  const app = express();
  app.use(
    session({ secret: "shared", resave: true, saveUninitialized: false, store: new SharedSessions(shared) }),
    express.json(),
  );
  app.post("/login", (req, res) => {
    req.session.userId = "ada";
    res.json({});
  });
  app.use(
    twoFactor({
      secret: "a secret of both processes, 32 bytes",
      user: (req) => req.session.userId,
      contact: () => ({ phone: "+46707123456" }),
      methods: [sms(shared.box)],
      store: shared.store,
      clock: shared.clock,
    }),
  );
  app.get("/vault", require2fa(), (_req, res) => res.json({}));
  app.post("/slow", async (req, res) => {
    await hops(shared.random(400));
    req.session.cart = ["changed"];
    res.json({ cookie: req.headers.cookie });
  });
  app.post("/logout", (req, res) => req.session.destroy(() => res.json({})));
  return app;
}

/** A store that several processes could share, as far as the package can tell. */
function sharedStore(durable: boolean): Store {
  const inner = memoryStore();
  return new Proxy(inner, {
    get(target, name) {
      if (name === "durable") return durable;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(inner) as unknown) : member;
    },
  });
}

async function survivors(durable: boolean, end: "verify" | "logout", rounds: number): Promise<number> {
  const sessions: Record<string, string> = Object.create(null);
  const shared: Shared = { store: sharedStore(durable), sessions, box: outbox(), random: dice(7), clock: fakeClock() };
  const here = oneProcess(shared);
  const there = oneProcess(shared).listen(0);
  let found = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const person = request.agent(here);
      await person.post("/login").send({}).expect(200);
      const [old = ""] = Object.keys(sessions);
      const { cookie } = (await person.post("/slow").send({})).body as { cookie: string };
      await person.get("/vault").expect(401);
      const code = /^\d{6}/.exec(shared.box.messages[0]?.text ?? "")?.[0];
      const slow = [1, 2, 3].map(() => request(there).post("/slow").set("Cookie", cookie).send({}));
      const ended = end === "verify" ? person.post("/2fa/verify").send({ code }) : person.post("/logout").send({});
      const [answer] = await Promise.all([ended, ...slow]);
      expect(answer.status).toBe(200);
      if (old in sessions) found += 1;
      for (const id of Object.keys(sessions)) delete sessions[id];
      shared.box.clear();
      shared.clock.tick(86_400_000);
    }
  } finally {
    there.close();
  }
  return found;
}

describe.each(["verify", "logout"] as const)("D08 a session that ends by %s at one process", (end) => {
  it("stays dead, whatever slow requests at another write back", async () => {
    expect(await survivors(true, end, ROUNDS)).toBe(0);
  });

  it("would come back, were the other process not told", async () => {
    expect(await survivors(false, end, 30)).toBeGreaterThan(0);
  });
});
