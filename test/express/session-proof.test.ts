import cookieSession from "cookie-session";
import express, { type Request, type Response } from "express";
import session from "express-session";
import request from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { randomId } from "../../src/core/crypto.js";
import { isTwoFactorError } from "../../src/core/errors.js";
import type { Login, Proof } from "../../src/express/proof.js";
import { sessionProof } from "../../src/express/session-proof.js";
import type { Mark } from "../../src/step-up/mark.js";
import {
  cookieOf,
  markFor,
  proofContext,
  RemoteStore,
  type SessionHost,
  sessionHost,
  sidOf,
} from "../helpers/session-host.js";

let host: SessionHost | undefined;
afterEach(async () => {
  await host?.close();
  host = undefined;
});

async function loggedIn(
  options: Parameters<typeof sessionHost>[0] = {},
): Promise<{ host: SessionHost; cookie: string }> {
  host = await sessionHost(options);
  return { host, cookie: cookieOf(await host.call("GET", "/login")) };
}

function body<T = { login: Login; user?: string; cart?: string[]; sid: string }>(reply: { body: string }): T {
  return JSON.parse(reply.body) as T;
}

function fakeRequest(parts: object): Request {
  return { headers: {}, ...parts } as unknown as Request;
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isTwoFactorError(error) ? error.code : String(error);
  }
  return undefined;
}

const fresh = (): Proof => sessionProof()(proofContext());

describe("construction", () => {
  it("takes no options and refuses every name", () => {
    expect(codeOf(() => sessionProof({ store: true } as never))).toBe("misconfigured");
    expect(codeOf(() => sessionProof([] as never))).toBe("misconfigured");
    expect(fresh().kind).toBe("session");
  });

  it("accepts every request", () => {
    expect(fresh().accepts(fakeRequest({}))).toBe(true);
  });
});

describe("without a session", () => {
  it("says which line is missing when no session middleware ran", () => {
    expect(() => fresh().read(fakeRequest({}))).toThrow(/app\.use\(session\(\.\.\.\)\) must come before twoFactor\(\)/);
    expect(codeOf(() => fresh().read(fakeRequest({})))).toBe("misconfigured");
  });

  it("is unavailable, not misconfigured, when express-session goes on without its disconnected store", async () => {
    const { host, cookie } = await loggedIn();
    expect((await host.call("GET", "/elevate", cookie)).status).toBe(200);
    host.store.emit("disconnect");
    const reply = await host.call("GET", "/elevate", cookie);
    expect([reply.status, reply.body]).toEqual([503, "unavailable"]);
  });

  it("sees nobody when the app has ended the session on this very request", () => {
    const store = new RemoteStore();
    expect(fresh().read(fakeRequest({ sessionStore: store, sessionID: "abc" }))).toBeUndefined();
    expect(fresh().read(fakeRequest({ session: null, sessionOptions: {} }))).toBeUndefined();
  });

  it("grants nothing and clears without complaint", async () => {
    const res = {} as Response;
    await expect(fresh().grant(fakeRequest({}), res, markFor("ada"))).rejects.toMatchObject({
      code: "first_factor_required",
    });
    await expect(fresh().clear(fakeRequest({}))).resolves.toBeUndefined();
  });
});

describe("reading", () => {
  const mark = markFor("ada");
  const read = (twoFactor: unknown) => fresh().read(fakeRequest({ sessionID: "sid", session: { twoFactor } }));

  it("hands on the stored list as it is", () => {
    const marks = [mark];
    expect(read({ binding: "b".repeat(32), marks })?.marks).toBe(marks);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a string", "yes"],
    ["true", true],
    ["a list", [mark]],
    ["no list of marks", { marks: { 0: mark, length: 1 } }],
    ["a list of nothing", { marks: [null, undefined, 1, "mark", []] }],
    ["a mark without id", { marks: [{ ...mark, id: undefined }] }],
    ["a mark without user", { marks: [{ ...mark, user: 7 }] }],
    ["a mark with a date for its time", { marks: [{ ...mark, at: new Date().toISOString() }] }],
    ["a mark with no number for its time", { marks: [{ ...mark, at: Number.NaN }] }],
    ["a mark from before time", { marks: [{ ...mark, at: -1 }] }],
    ["a mark of no method", { marks: [{ ...mark, methods: [] }] }],
    ["a mark whose methods are a word", { marks: [{ ...mark, methods: "totp" }] }],
    ["a mark for an action that is no word", { marks: [{ ...mark, action: { toString: "transfer" } }] }],
    ["a mark for a transaction that is no digest", { marks: [{ ...mark, bind: 1 }] }],
  ])("takes %s for no mark at all", (_name, twoFactor) => {
    expect(read(twoFactor)).toEqual({ binding: expect.stringMatching(/^[\w-]{32}$/), machine: false, marks: [] });
  });

  it("keeps the sound marks of a list with garbage in it", () => {
    expect(read({ marks: [null, mark, { ...mark, at: "now" }] })?.marks).toEqual([mark]);
  });

  it("looks at no more than the newest eight of a list somebody made long", () => {
    const marks = Array.from({ length: 100_000 }, (_, index) => ({ ...mark, id: `mark-${index}` }));
    const found = read({ marks })?.marks.map((each) => each.id);
    expect(found).toEqual(Array.from({ length: 8 }, (_, index) => `mark-${99_992 + index}`));
  });

  it("accepts a mark from as far ahead as clocks may differ", () => {
    const ahead = { ...mark, at: Date.now() + 29_000 };
    expect(read({ marks: [ahead] })?.marks).toEqual([ahead]);
  });
});

describe("the binding", () => {
  it("is the same for parallel first requests, and never the session id", async () => {
    const { host, cookie } = await loggedIn();
    const looks = await Promise.all(Array.from({ length: 5 }, () => host.call("GET", "/look", cookie)));
    const [first, ...rest] = looks.map((reply) => body(reply));
    expect(rest.every((each) => each.login.binding === first?.login.binding)).toBe(true);
    expect(first?.login.binding).not.toContain(first?.sid.slice(0, 8));
    expect(JSON.stringify(looks.map((each) => body(each).login))).not.toContain(first?.sid);
  });

  it("differs from session to session of the same user", async () => {
    const { host, cookie } = await loggedIn();
    const other = cookieOf(await host.call("GET", "/login"));
    const [mine, theirs] = await Promise.all([host.call("GET", "/look", cookie), host.call("GET", "/look", other)]);
    expect(body(mine).login.binding).not.toBe(body(theirs).login.binding);
  });

  it("survives every elevation, so that a challenge in another tab does", async () => {
    const { host, cookie } = await loggedIn();
    const before = body(await host.call("GET", "/look", cookie)).login.binding;
    const once = cookieOf(await host.call("GET", "/elevate", cookie));
    expect(body(await host.call("GET", "/look", once)).login.binding).toBe(before);
    const twice = cookieOf(await host.call("GET", "/elevate?action=transfer", once));
    expect(twice).not.toBe(once);
    expect(body(await host.call("GET", "/look", twice)).login).toMatchObject({ binding: before, marks: [{}, {}] });
  });

  it("is made anew when the stored one is not one of ours", () => {
    const plain = fresh().read(fakeRequest({ sessionID: "sid", session: {} }));
    for (const binding of ["", "short", 5, null, {}, ["b".repeat(32)], "x".repeat(65)]) {
      const login = fresh().read(fakeRequest({ sessionID: "sid", session: { twoFactor: { binding, marks: [] } } }));
      expect(login?.binding).toBe(plain?.binding);
    }
  });
});

describe("granting", () => {
  it("keeps the newest eight marks", async () => {
    const { host, cookie: first } = await loggedIn();
    let cookie = first;
    for (let count = 0; count < 10; count += 1)
      cookie = cookieOf(await host.call("GET", `/elevate?action=a${count}`, cookie));
    const { marks } = body(await host.call("GET", "/look", cookie)).login;
    expect(marks.map((mark) => mark.action)).toEqual(["a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"]);
    const kept = JSON.parse(String(host.store.kept[sidOf(cookie)])) as { twoFactor: { marks: Mark[] } };
    expect(kept.twoFactor.marks).toEqual(marks);
  });

  it("keeps one mark of each id", async () => {
    const { host, cookie } = await loggedIn();
    const id = "m".repeat(43);
    const once = cookieOf(await host.call("GET", `/elevate?id=${id}`, cookie));
    const twice = cookieOf(await host.call("GET", `/elevate?id=${id}`, once));
    expect(body(await host.call("GET", "/look", twice)).login.marks.map((mark) => mark.id)).toEqual([id]);
  });

  it("drops marks older than a day", async () => {
    let now = Date.now();
    const started = await loggedIn({ context: { clock: () => now } });
    const first = cookieOf(await started.host.call("GET", "/elevate?action=old", started.cookie));
    now += 24 * 3_600_000 + 120_000;
    const second = cookieOf(await started.host.call("GET", "/elevate?action=new", first));
    const { marks } = body(await started.host.call("GET", "/look", second)).login;
    expect(marks.map((mark) => mark.action)).toEqual(["new"]);
  });

  it("answers with no token", async () => {
    const app = express();
    const proof = fresh();
    app.use(session({ secret: "s".repeat(32), resave: false, saveUninitialized: true }));
    app.get(
      "/",
      (req, res, next) => void proof.grant(req, res, markFor("ada")).then((granted) => res.json(granted), next),
    );
    expect((await request(app).get("/")).body).toEqual({});
  });
});

describe("anchoring", () => {
  const anchoring = {
    routes: (app: express.Express, proof: Proof) => {
      app.get("/anchor", (req, res) => {
        proof.anchor?.(req);
        res.json({ login: proof.read(req), marks: proof.marks?.(req) });
      });
    },
  };

  it("has a session kept that nothing else was put into, so that the challenge finds its browser again", async () => {
    host = await sessionHost(anchoring);
    const reply = await host.call("GET", "/anchor");
    const again = await host.call("GET", "/look", cookieOf(reply));
    expect(body(again).login).toEqual(body(reply).login);
    expect(cookieOf(await host.call("GET", "/look"))).toBe("");
  });

  it("leaves a session alone that the browser has sent", async () => {
    const { host, cookie } = await loggedIn(anchoring);
    expect((await host.call("GET", "/anchor", cookie)).cookies).toEqual([]);
    expect(host.store.kept[sidOf(cookie)]).not.toContain("twoFactor");
  });

  it("knows the marks at a glance", async () => {
    const { host, cookie } = await loggedIn(anchoring);
    expect(JSON.parse((await host.call("GET", "/anchor", cookie)).body)).toMatchObject({ marks: [] });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    expect(JSON.parse((await host.call("GET", "/anchor", elevated)).body)).toMatchObject({ marks: [{ user: "ada" }] });
    expect(fresh().marks?.(fakeRequest({}))).toEqual([]);
  });
});

describe("another shape of session", () => {
  it("is not taken for express-session's because it has something it calls a store", async () => {
    const session: { twoFactor?: unknown } = {};
    const req = fakeRequest({ session, sessionID: "sid", sessionStore: { load: () => undefined } });
    const proof = fresh();
    expect(proof.read(req)).toMatchObject({ marks: [] });
    await proof.grant(req, { headersSent: false } as Response, markFor("ada"));
    expect(proof.read(req)).toMatchObject({ marks: [{ user: "ada" }] });
    await proof.clear(req);
    expect(proof.read(req)).toMatchObject({ marks: [] });
  });
});

describe("clearing", () => {
  it("takes the marks away, keeps the binding and everything else", async () => {
    const { host, cookie } = await loggedIn();
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    const before = body(await host.call("GET", "/look", elevated));
    expect((await host.call("GET", "/clear", elevated)).status).toBe(200);
    const after = body(await host.call("GET", "/look", elevated));
    expect(after).toEqual({ ...before, login: { ...before.login, marks: [] } });
  });

  it("is safely kept before it resolves", async () => {
    const { host, cookie } = await loggedIn({ deadline: 20 });
    const elevated = cookieOf(await host.call("GET", "/elevate", cookie));
    host.store.troubles.set.push("error");
    const reply = await host.call("GET", "/clear", elevated);
    expect([reply.status, reply.body]).toEqual([503, "unavailable"]);
  });
});

describe("cookie-session", () => {
  const proof = fresh();
  const app = express();
  app.use(cookieSession({ secret: "s".repeat(32) }));
  app.get("/login", (req, res) => {
    Object.assign(req.session ?? {}, { user: "ada" });
    res.json({});
  });
  app.get("/visit", (req, res) => {
    Object.assign(req.session ?? {}, { visit: randomId() });
    res.json(proof.read(req));
  });
  app.get("/look", (req, res) => void res.json(proof.read(req)));
  app.get("/grant", (req, res, next) => void proof.grant(req, res, markFor("ada")).then(() => res.json({}), next));
  app.get("/clear", (req, res, next) => void proof.clear(req).then(() => res.json({}), next));
  app.get("/late", (req, res) => {
    res.write("begun");
    proof.grant(req, res, markFor("ada")).then(
      () => res.end("granted"),
      (error: unknown) => res.end((error as { code?: string }).code),
    );
  });

  const jar = (headers: string[] | undefined, old: string[] = []): string[] => {
    const set = (headers ?? []).map((each) => each.split(";")[0] ?? "");
    const names = set.map((each) => each.split("=")[0]);
    return [...old.filter((each) => !names.includes(each.split("=")[0])), ...set];
  };
  const get = (path: string, cookies: string[] = []) => request(app).get(path).set("Cookie", cookies.join("; "));
  const setOf = (reply: { headers: Record<string, unknown> }) => reply.headers["set-cookie"] as string[] | undefined;

  it("binds parallel first requests alike, by the cookie they share", async () => {
    const cookies = jar(setOf(await get("/login")));
    const replies = await Promise.all([1, 2, 3].map(() => get("/look", cookies)));
    expect(new Set(replies.map((reply) => (reply.body as Login).binding)).size).toBe(1);
    const elsewhere = await get("/look", cookies).set("User-Agent", "another browser with the same cookie");
    expect((elsewhere.body as Login).binding).not.toBe((replies[0]?.body as Login).binding);
  });

  it("keeps the binding although the cookie changes with every visit", async () => {
    let cookies = jar(setOf(await get("/login")));
    const bindings = new Set<string>();
    for (let visit = 0; visit < 4; visit += 1) {
      const reply = await get("/visit", cookies);
      bindings.add((reply.body as Login).binding);
      cookies = jar(setOf(reply), cookies);
    }
    expect(bindings.size).toBe(1);
  });

  it("gives every browser without a cookie a binding of its own, and keeps it", async () => {
    const first = await get("/look");
    const second = await get("/look");
    expect((first.body as Login).binding).not.toBe((second.body as Login).binding);
    const again = await get("/look", jar(setOf(first)));
    expect((again.body as Login).binding).toBe((first.body as Login).binding);
  });

  it("puts the mark into the cookie, takes it out again, and lets nobody edit it", async () => {
    const cookies = jar(setOf(await get("/login")));
    const elevated = jar(setOf(await get("/grant", cookies)), cookies);
    expect((await get("/look", elevated)).body).toMatchObject({ marks: [{ user: "ada", methods: ["totp"] }] });
    const edited = elevated.map((each) => (each.startsWith("session=") ? `session=${forgedSession(each)}` : each));
    expect(((await get("/look", edited)).body as Login).marks).toEqual([]);
    const cleared = jar(setOf(await get("/clear", elevated)), elevated);
    expect(((await get("/look", cleared)).body as Login).marks).toEqual([]);
  });

  it("keeps nothing once the response has begun", async () => {
    const cookies = jar(setOf(await get("/login")));
    expect((await get("/late", cookies)).text).toBe("begununavailable");
  });
});

function forgedSession(cookie: string): string {
  const state = JSON.parse(Buffer.from(cookie.slice("session=".length), "base64").toString()) as {
    twoFactor: { marks: Mark[] };
  };
  for (const mark of state.twoFactor.marks) Object.assign(mark, { action: "transfer" });
  return Buffer.from(JSON.stringify(state)).toString("base64");
}
