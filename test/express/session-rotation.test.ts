import type { Request, Response } from "express";
import session from "express-session";
import { afterEach, describe, expect, it } from "vitest";
import { Events } from "../../src/core/events.js";
import type { Login } from "../../src/express/proof.js";
import { createSessionProof } from "../../src/express/session-proof.js";
import { SessionWrites } from "../../src/express/session-writes.js";
import {
  cookieOf,
  hops,
  markFor,
  proofContext,
  RemoteStore,
  type Reply,
  type SessionHost,
  sessionHost,
  sidOf,
} from "../helpers/session-host.js";

let host: SessionHost | undefined;
afterEach(async () => {
  await host?.close();
  host = undefined;
});

async function loggedIn(options: Parameters<typeof sessionHost>[0] = {}) {
  host = await sessionHost(options);
  const cookie = cookieOf(await host.call("GET", "/login"));
  return { host, cookie, sid: sidOf(cookie), look: lookerOf(host) };
}

interface Look {
  readonly user?: string;
  readonly cart?: string[];
  readonly sid: string;
  readonly login: Login;
}

function lookerOf({ call }: SessionHost): (cookie: string) => Promise<Look> {
  return async (cookie) => JSON.parse((await call("GET", "/look", cookie)).body) as Look;
}

interface Gate {
  open(): void;
  readonly passed: Promise<void>;
}

function gate(): Gate {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), passed };
}

describe("F01 a rotation", () => {
  it("gives the session a new id, keeps what the app had in it, and leaves nothing under the old one", async () => {
    const { host, cookie, sid, look } = await loggedIn();
    const reply = await host.call("GET", "/elevate", cookie);
    expect(reply.sid).not.toBe(sid);
    expect(Object.keys(host.store.kept)).toEqual([reply.sid]);
    expect(await look(cookieOf(reply))).toMatchObject({
      user: "ada",
      cart: ["tea"],
      login: { marks: [{ user: "ada" }] },
    });
    expect((await look(cookie)).user).toBeUndefined();
  });

  it("saves the new session before it removes the old", async () => {
    const { host, cookie, sid } = await loggedIn();
    host.store.calls.length = 0;
    const { sid: next } = await host.call("GET", "/elevate", cookie);
    const [save, remove] = [`set ${next}`, `destroy ${sid}`].map((each) => host.store.calls.indexOf(each));
    expect(save).toBeGreaterThan(0);
    expect(remove).toBeGreaterThan(save ?? Infinity);
  });

  it("is kept before the handler goes on", async () => {
    const kept: unknown[] = [];
    const { host, cookie } = await loggedIn({
      routes: (app, proof) =>
        app.get("/guarded", (req, res, next) => {
          proof.grant(req, res, markFor("ada")).then(() => {
            kept.push(host.store.kept[req.sessionID]);
            res.json({});
          }, next);
        }),
    });
    await host.call("GET", "/guarded", cookie);
    expect(JSON.parse(String(kept[0]))).toMatchObject({ user: "ada", twoFactor: { marks: [{ user: "ada" }] } });
  });

  it("lets the handler go on using the session: write, regenerate, destroy", async () => {
    const { host, cookie, look } = await loggedIn({
      routes: (app, proof) => {
        app.get("/write", (req, res, next) => {
          proof.grant(req, res, markFor("ada")).then(() => fill(req, res, ["cake"]), next);
        });
        app.get("/regenerate", (req, res, next) => {
          proof.grant(req, res, markFor("ada")).then(() => req.session.regenerate(() => res.json({})), next);
        });
        app.get("/destroy", (req, res, next) => {
          proof.grant(req, res, markFor("ada")).then(() => req.session.destroy(() => res.json({})), next);
        });
      },
    });
    const written = cookieOf(await host.call("GET", "/write", cookie));
    expect(await look(written)).toMatchObject({ user: "ada", cart: ["cake"], login: { marks: [{}] } });
    const other = cookieOf(await host.call("GET", "/login"));
    expect(Object.keys(host.store.kept)).toHaveLength(2);
    await host.call("GET", "/destroy", other);
    expect(Object.keys(host.store.kept)).toEqual([sidOf(written)]);
    expect(await look(cookieOf(await host.call("GET", "/regenerate", written)) || written)).not.toHaveProperty("user");
    expect(Object.values(host.store.kept).join()).not.toContain('"user":"ada"');
  });

  it("takes from the store what another request has written or removed meanwhile", async () => {
    const { host, cookie, look } = await loggedIn({
      routes: (app, proof) =>
        app.get("/slow", (req, res, next) => {
          proof.read(req);
          const data = JSON.parse(String(host.store.kept[req.sessionID])) as Record<string, unknown>;
          delete data["user"];
          host.store.kept[req.sessionID] = JSON.stringify({ ...data, cart: ["tea", "milk"] });
          req.session.cart = ["stale"];
          proof.grant(req, res, markFor("ada")).then(() => res.json({}), next);
        }),
    });
    const after = await look(cookieOf(await host.call("GET", "/slow", cookie)));
    expect(after.cart).toEqual(["tea", "milk"]);
    expect(after.user).toBeUndefined();
  });

  it.each([
    ["a life of its own", { maxAge: 123_456 }, /Expires=/],
    ["no end but the browser's", { expires: null }, /^(?!.*Expires)/],
    ["another site policy", { sameSite: "strict" }, /SameSite=Strict/],
    ["a path of its own", { path: "/", partitioned: true, priority: "high" }, /Priority=High/],
  ])("keeps %s that the app gave the cookie of this session", async (_name, settings, expected) => {
    const { host } = await loggedIn({
      session: { cookie: { maxAge: 60_000 } },
      routes: (app) =>
        app.get("/remember", (req, res) => {
          req.session.user = "ada";
          Object.assign(req.session.cookie, settings);
          res.json({});
        }),
    });
    const cookie = cookieOf(await host.call("GET", "/remember"));
    const before = cookieIn(host, sidOf(cookie));
    const reply = await host.call("GET", "/elevate", cookie);
    expect({ ...cookieIn(host, reply.sid), expires: 0 }).toEqual({ ...before, expires: 0 });
    expect(reply.cookies[0]).toMatch(expected);
  });

  it("starts from a session that this very request has made", async () => {
    const { host, look } = await loggedIn({
      routes: (app, proof) =>
        app.get("/all-at-once", (req, res, next) => {
          req.session.user = "ada";
          proof.grant(req, res, markFor("ada")).then(() => res.json({}), next);
        }),
    });
    const reply = await host.call("GET", "/all-at-once");
    expect(await look(cookieOf(reply))).toMatchObject({ user: "ada", login: { marks: [{}] } });
  });

  it("does not take a session for new because its cookie is spelt strangely", async () => {
    const { host, cookie, sid } = await loggedIn({
      routes: (app, proof) =>
        app.get("/gone", (req, res, next) => {
          delete host.store.kept[req.sessionID];
          proof.grant(req, res, markFor("ada")).then(() => res.json({}), next);
        }),
    });
    const [name, value] = cookie.split("=");
    const strange = [...decodeURIComponent(value ?? "")].map((each) => `%${each.charCodeAt(0).toString(16)}`).join("");
    expect(strange).not.toContain(sid);
    const reply = await host.call("GET", "/gone", `${name}=${strange}`);
    expect([reply.status, reply.body]).toEqual([401, "first_factor_required"]);
    expect(host.store.kept).toEqual({});
  });

  it('reads a store\'s "no such file" as no such session', async () => {
    class FileStore extends RemoteStore {
      override get(id: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
        super.get(id, (error, data) =>
          data ? done(error, data) : done(Object.assign(new Error("gone"), { code: "ENOENT" })),
        );
      }
    }
    const { host, cookie } = await loggedIn({
      store: new FileStore(),
      routes: (app, proof) =>
        app.get("/gone", (req, res, next) => {
          delete host.store.kept[req.sessionID];
          proof.grant(req, res, markFor("ada")).then(() => res.json({}), next);
        }),
    });
    const reply = await host.call("GET", "/gone", cookie);
    expect([reply.status, reply.body]).toEqual([401, "first_factor_required"]);
  });

  it("needs ids that change", async () => {
    const { host, cookie, sid } = await loggedIn({ session: { genid: () => "always-the-same" } });
    const reply = await host.call("GET", "/elevate", cookie);
    expect([reply.status, reply.body]).toEqual([500, "misconfigured"]);
    expect(host.store.kept[sid]).not.toContain('"totp"');
  });

  it("keeps nothing when the response has begun, or the browser has hung up", async () => {
    const { host, cookie, sid, look } = await loggedIn({
      routes: (app, proof) => {
        const late = (end: (res: Response) => void) => (req: Request, res: Response, next: () => void) => {
          const granting = proof.grant(req, res, markFor("ada"));
          end(res);
          granting.then(next, (error: unknown) => res.end((error as { code?: string }).code));
        };
        app.get(
          "/begun",
          late((res) => res.write("begun ")),
        );
        app.get(
          "/hung-up",
          late((res) => res.socket?.destroy()),
        );
      },
    });
    host.store.latency = () => 3;
    expect((await host.call("GET", "/begun", cookie)).body).toBe("begun unavailable");
    await expect(host.call("GET", "/hung-up", cookie)).rejects.toThrow();
    await hops(60);
    expect(Object.keys(host.store.kept)).toEqual([sid]);
    expect((await look(cookie)).login.marks).toEqual([]);
  });

  it("reports an old id that could not be removed, and lets nobody in with it", async () => {
    const faults: unknown[] = [];
    const events = new Events({ fault: (event) => faults.push(event) });
    const { host, cookie, sid, look } = await loggedIn({ context: { events } });
    host.store.troubles.destroy.push("error");
    const reply = await host.call("GET", "/elevate", cookie);
    expect(reply.status).toBe(200);
    expect(host.store.kept[sid]).toBeDefined();
    expect((await look(cookie)).user).toBeUndefined();
    expect(faults).toMatchObject([{ where: "session: old id", error: { code: "unavailable" } }]);
    await host.call("GET", "/logout", cookieOf(reply));
    expect((await look(cookie)).user).toBeUndefined();
  });

  it("tries once more to remove the old id, in case another process wrote it back, when ten minutes have passed", async () => {
    let now = Date.now();
    const { host, cookie, sid } = await loggedIn({ context: { clock: () => now } });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    host.store.kept[sid] = "{}";
    await host.call("GET", "/elevate", elevated);
    expect(host.store.kept[sid]).toBe("{}");
    now += 600_001;
    await host.call("GET", "/elevate", cookieOf(await host.call("GET", "/login")));
    await hops(20);
    expect(host.store.kept[sid]).toBeUndefined();
  });
});

function cookieIn(host: SessionHost, sid: string | undefined): Record<string, unknown> {
  return (JSON.parse(String(host.store.kept[sid ?? ""])) as { cookie: Record<string, unknown> }).cookie;
}

describe("two elevations of one session at the same time", () => {
  it("share one new id and keep both marks", async () => {
    for (let round = 0; round < 100; round += 1) {
      const { host, cookie, look } = await loggedIn();
      host.store.latency = () => round % 5;
      const replies = await Promise.all([1, 2, 3].map((each) => host.call("GET", `/elevate?action=a${each}`, cookie)));
      expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200]);
      const ids = new Set(replies.map((reply) => reply.sid));
      expect(ids.size).toBe(1);
      expect(Object.keys(host.store.kept)).toEqual([...ids]);
      const { login } = await look(cookieOf(replies[0] as Reply));
      expect(login.marks.map((mark) => mark.action).toSorted()).toEqual(["a1", "a2", "a3"]);
      await host.close();
    }
  });

  it("does not let the second in when the person logged out in between", async () => {
    const { host, cookie } = await loggedIn();
    const loaded = gate();
    const goOn = gate();
    const second = slowElevation(host, loaded, goOn);
    const waiting = second(cookie);
    await loaded.passed;
    const first = await host.call("GET", "/elevate", cookie);
    await host.call("GET", "/logout", cookieOf(first));
    goOn.open();
    const reply = await waiting;
    expect([reply.status, reply.body]).toEqual([401, "first_factor_required"]);
    expect(host.store.kept).toEqual({});
  });

  it("keeps the first elevation when the second cannot be saved", async () => {
    const { host, cookie, look } = await loggedIn({ session: { resave: true } });
    const loaded = gate();
    const goOn = gate();
    const waiting = slowElevation(host, loaded, goOn)(cookie);
    await loaded.passed;
    const first = cookieOf(await host.call("GET", "/elevate?action=first", cookie));
    host.store.troubles.set.push("error");
    goOn.open();
    expect((await waiting).status).toBe(503);
    await look(first);
    expect((await look(first)).login.marks.map((mark) => mark.action)).toEqual(["first"]);
  });

  const moments = (["get", "set"] as const).flatMap((step) =>
    (["late", "unanswered"] as const).map((trouble) => [step, trouble] as const),
  );

  it.each(moments)("end with the login when the person logs out while the second's %s is %s", async (step, trouble) => {
    const { host, cookie } = await loggedIn();
    const loaded = gate();
    const goOn = gate();
    const waiting = slowElevation(host, loaded, goOn)(cookie);
    await loaded.passed;
    const first = cookieOf(await host.call("GET", "/elevate", cookie));
    const loggingOut = gate();
    host.app.get("/logout-later", (req, res) => {
      loggingOut.open();
      goOn.passed
        .then(async () => {
          while (host.store.troubles[step].length > 0) await hops(1);
        })
        .then(() => req.session.destroy(() => res.json({})))
        .catch(() => undefined);
    });
    const logout = host.call("GET", "/logout-later", first);
    await loggingOut.passed;
    host.store.troubles[step].push(trouble);
    goOn.open();
    await logout;
    await host.store.releaseLate();
    const reply = await waiting;
    expect([reply.status, reply.body, reply.cookies]).toEqual([401, "first_factor_required", []]);
    await hops(20);
    expect(host.store.kept).toEqual({});
  });
});

function fill(req: Request, res: Response, cart: string[]): void {
  req.session.cart = cart;
  res.json({});
}

function save(req: Request, res: Response, cart: string[]): void {
  req.session.cart = cart;
  req.session.save(() => res.json(req.session.cart));
}

function sayEarly(res: Response): void {
  res.write("early");
  res.end("late");
}

function refuse(res: Response, error: unknown): void {
  const { status, code } = error as { status: number; code: string };
  res.status(status).end(code);
}

/** A request that has loaded its session, and elevates it when told to. */
function slowElevation({ app, proof, call }: SessionHost, loaded: Gate, goOn: Gate) {
  app.get("/waiting", (req, res) => {
    loaded.open();
    const granting = goOn.passed.then(() => proof.grant(req, res, markFor("ada", { action: "second" })));
    granting.then(
      () => res.json({}),
      (error: unknown) => refuse(res, error),
    );
  });
  return (cookie: string) => call("GET", "/waiting", cookie);
}

describe("D08 a request that was under way", () => {
  async function overtaken(
    options: session.SessionOptions | object,
    act: (req: Request, res: Response) => void,
    touch = true,
  ) {
    const loaded = gate();
    const goOn = gate();
    const store = new RemoteStore();
    if (!touch) Object.defineProperty(store, "touch", { value: undefined, writable: true });
    const started = await loggedIn({
      store,
      session: options,
      routes: (app) =>
        app.get("/slow", (req, res, next) => {
          loaded.open();
          goOn.passed.then(() => act(req, res)).catch(next);
        }),
    });
    const slow = started.host.call("GET", "/slow", started.cookie);
    await loaded.passed;
    const elevated = await started.host.call("GET", "/elevate", started.cookie);
    store.calls.length = 0;
    goOn.open();
    return { ...started, slow: await slow, elevated };
  }

  const cases: [string, object, (req: Request, res: Response) => void, boolean?][] = [
    ["changes the session", {}, (req, res) => fill(req, res, ["stale"])],
    ["is saved anyway", { resave: true }, (_req, res) => void res.json({})],
    ["is touched", {}, (_req, res) => void res.json({})],
    ["is rolling", { rolling: true, cookie: { maxAge: 60_000 } }, (_req, res) => void res.json({})],
    ["is rolling and begins to answer early", { rolling: true }, (_req, res) => sayEarly(res)],
    ["is rolling with a store that cannot touch", { rolling: true }, (_req, res) => void res.json({}), false],
    ["changes an expiring session", { cookie: { maxAge: 9_999 } }, (req, res) => fill(req, res, [])],
    ["saves by itself", {}, (req, res) => save(req, res, ["stale"])],
    ["loads again", {}, (req, res) => void req.session.reload((error: unknown) => res.json(String(error)))],
  ];

  it.each(cases)("and %s writes nothing back and hands out no dead id", async (_name, options, act, touch) => {
    const { host, slow, sid, elevated, look } = await overtaken(options, act, touch);
    expect(slow.status).toBe(200);
    expect(slow.cookies.join()).not.toContain(sid);
    expect(host.store.calls.filter((call) => call.includes(sid))).toEqual([]);
    expect(Object.keys(host.store.kept)).toEqual([elevated.sid]);
    expect(await look(cookieOf(elevated))).toMatchObject({ user: "ada", cart: ["tea"], login: { marks: [{}] } });
  });

  it("and arrives only after the move gets no cookie in place of the new one, for five seconds", async () => {
    let now = Date.now();
    const { host, cookie, sid } = await loggedIn({
      session: { saveUninitialized: true },
      context: { clock: () => now },
      routes: (app) => app.get("/fill", (req, res) => fill(req, res, ["anonymous"])),
    });
    const first = cookieOf(await host.call("GET", "/elevate", cookie));
    await host.call("GET", "/elevate", first);
    for (const path of ["/fill", "/look"]) {
      for (const old of [cookie, first]) expect((await host.call("GET", path, old)).cookies).toEqual([]);
    }
    now += 5_001;
    const reply = await host.call("GET", "/fill", cookie);
    expect(reply.sid).toMatch(/^.{32}$/);
    expect(reply.sid).not.toBe(sid);
  });

  it("is given a session of its own when it logs in again by the old id", async () => {
    const { host, cookie, look } = await loggedIn({
      routes: (app) =>
        app.get("/log-in-anew", (req, res, next) => {
          req.session.regenerate((error: unknown) => {
            req.session.user = "grace";
            if (error) next(error);
            else res.json({});
          });
        }),
    });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    const anew = cookieOf(await host.call("GET", "/log-in-anew", cookie));
    expect(await look(anew)).toMatchObject({ user: "grace", login: { marks: [] } });
    expect(await look(elevated)).toMatchObject({ user: "ada", login: { marks: [{}] } });
  });

  it("keeps its other cookies", async () => {
    const { slow, sid } = await overtaken({ rolling: true }, (_req, res) => void res.cookie("theme", "dark").json({}));
    expect(slow.cookies).toEqual(["theme=dark; Path=/"]);
    expect(slow.cookies.join()).not.toContain(sid);
  });

  it("ends the elevated session too when it logs out", async () => {
    const { host } = await overtaken({}, (req, res) => req.session.destroy(() => res.json({})));
    expect(host.store.kept).toEqual({});
  });

  it("cannot bring marks back that have been cleared, nor lose marks that have been added", async () => {
    const loaded = [gate(), gate()];
    const goOn = gate();
    let slow = 0;
    const { host, cookie, look } = await loggedIn({
      session: { resave: true },
      routes: (app) =>
        app.get("/slow", (req, res, next) => {
          loaded[slow++]?.open();
          goOn.passed.then(() => fill(req, res, ["late"])).catch(next);
        }),
    });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    const late = [host.call("GET", "/slow", elevated), host.call("GET", "/slow", elevated)];
    await Promise.all(loaded.map((each) => each.passed));
    await host.call("GET", "/clear", elevated);
    goOn.open();
    await Promise.all(late);
    expect(await look(elevated)).toMatchObject({ user: "ada", cart: ["late"], login: { marks: [] } });
  });

  it("cannot undo a clearing that its write was on the way for", async () => {
    const { host, cookie, look } = await loggedIn({ session: { resave: true } });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    host.store.troubles.set.push("late");
    const late = host.call("GET", "/look", elevated);
    while (host.store.troubles.set.length > 0) await hops(1);
    await host.call("GET", "/clear", elevated);
    await host.store.releaseLate();
    await late;
    expect((await look(elevated)).login.marks).toEqual([]);
  });

  it("cannot resurrect the old session by a write that was on the way when it moved", async () => {
    const { host, cookie, sid } = await loggedIn({ session: { resave: true } });
    await host.call("GET", "/look", cookie);
    host.store.troubles.set.push("late");
    const late = host.call("GET", "/look", cookie);
    while (host.store.troubles.set.length > 0) await hops(1);
    const elevated = await host.call("GET", "/elevate", cookie);
    await host.store.releaseLate();
    await late;
    expect(Object.keys(host.store.kept)).toEqual([elevated.sid]);
    expect(host.store.kept[sid]).toBeUndefined();
  });

  it("clears the marks of a session that has moved meanwhile", async () => {
    const loaded = gate();
    const goOn = gate();
    const { host, cookie, look } = await loggedIn({
      routes: (app, proof) =>
        app.get("/slow-clear", (req, res, next) => {
          loaded.open();
          goOn.passed.then(() => proof.clear(req)).then(() => res.json({}), next);
        }),
    });
    const once = cookieOf(await host.call("GET", "/elevate", cookie));
    const slow = host.call("GET", "/slow-clear", once);
    await loaded.passed;
    const twice = cookieOf(await host.call("GET", "/elevate?action=more", once));
    goOn.open();
    const reply = await slow;
    expect(reply.cookies).toEqual([]);
    expect(await look(twice)).toMatchObject({ user: "ada", login: { marks: [] } });
  });

  it("does not put back what an app threw out by emptying the session", async () => {
    const { host, cookie, look } = await loggedIn({
      routes: (app) =>
        app.get("/empty", (req, res) => {
          for (const key of Object.keys(req.session)) if (key !== "cookie") Reflect.deleteProperty(req.session, key);
          res.json({});
        }),
    });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    await host.call("GET", "/empty", elevated);
    expect(host.store.kept[sidOf(elevated)]).not.toContain('"totp"');
    expect((await look(elevated)).login.marks).toEqual([]);
  });
});

describe("session middleware with regenerate() and no store", () => {
  class Plain {
    made: Record<string, unknown> | undefined;
    readonly data = new Map<string, Record<string, unknown>>();
    next = 0;
    failing: "save" | "regenerate" | undefined;

    middleware = (req: Request, _res: Response, next: () => void): void => {
      this.put(req, { user: "ada" });
      next();
    };

    put(req: Request, given: Record<string, unknown>): void {
      const id = `plain-${(this.next += 1)}`;
      const own = {
        ...given,
        regenerate: (done: (error?: unknown) => void) => {
          if (this.failing === "regenerate") return done(new Error("regenerate"));
          this.put(req, {});
          return done();
        },
        save: (done: (error?: unknown) => void) => {
          if (this.failing === "save") return;
          this.data.set(id, JSON.parse(JSON.stringify(own)) as Record<string, unknown>);
          done();
        },
      };
      this.made = own;
      Object.assign(req, { session: own, sessionID: id });
    }
  }

  const res = { headersSent: false } as Response;
  const start = (failing?: "save" | "regenerate") => {
    const plain = new Plain();
    plain.failing = failing;
    const req = { headers: {} } as Request;
    plain.middleware(req, res, () => undefined);
    return { plain, req, proof: createSessionProof(proofContext(), 20) };
  };

  it("gets a new id, keeps the data and adds the mark", async () => {
    const { plain, req, proof } = start();
    const binding = proof.read(req)?.binding;
    await proof.grant(req, res, markFor("ada"));
    expect(req.sessionID).toBe("plain-2");
    expect(plain.data.get("plain-2")).toMatchObject({ user: "ada", twoFactor: { binding, marks: [{ user: "ada" }] } });
    expect(proof.read(req)?.binding).toBe(binding);
  });

  it.each(["save", "regenerate"] as const)("has its old session back, un-elevated, when %s fails", async (failing) => {
    const { plain, req, proof } = start(failing);
    await expect(proof.grant(req, res, markFor("ada"))).rejects.toMatchObject({ code: "unavailable" });
    expect(req.sessionID).toBe("plain-1");
    expect(req.session).toMatchObject({ user: "ada" });
    expect(proof.read(req)?.marks).toEqual([]);
    expect(plain.made?.["twoFactor"]).toBeUndefined();
  });
});

describe("what is remembered of a session", () => {
  const state = { binding: "b".repeat(32), marks: [] };

  it("is no more than ten thousand fates, and the oldest goes first", () => {
    const destroyed: string[] = [];
    const writes = new SessionWrites(Date.now, (id) => void destroyed.push(id));
    writes.move("old", "new", state);
    for (let count = 0; count < 9_998; count += 1) writes.end(`session-${count}`);
    expect([writes.isGone("old"), writes.current("old"), destroyed]).toEqual([true, "new", []]);
    writes.end("one more");
    expect([writes.isGone("old"), writes.current("old"), destroyed]).toEqual([false, "old", ["old"]]);
  });

  it("is forgotten quietly, whatever the store makes of it", async () => {
    let now = 0;
    const answers = [() => Promise.reject(new Error("down")), () => JSON.parse("no"), () => undefined];
    const writes = new SessionWrites(
      () => now,
      () => answers.shift()?.(),
    );
    for (const id of ["a", "b", "c"]) writes.move(id, `${id}${id}`, state);
    now = 600_001;
    writes.end("x");
    await hops(2);
    expect(answers).toEqual([]);
    expect(["a", "b", "c"].map((id) => writes.isGone(id))).toEqual([false, false, false]);
  });

  it("is kept per store, and express-session is wrapped once however many stores there are", async () => {
    const { Session } = session as unknown as { Session: { prototype: { touch: unknown } } };
    await loggedIn().then(({ host, cookie }) => host.call("GET", "/look", cookie).then(() => host.close()));
    const { touch } = Session.prototype;
    const { host, cookie } = await loggedIn();
    await host.call("GET", "/look", cookie);
    expect(Session.prototype.touch).toBe(touch);
  });
});
