/**
 * The attacker waits for, or brings about, the one moment at which everything has been done but keeping it: the code was
 * right and is used up, and now the session store, or whatever signs the token, throws, rejects or never answers. They hope
 * that the door opens all the same, that the old session is left elevated, or that the person outside is locked out.
 */
import express from "express";
import session from "express-session";
import jsonwebtoken from "jsonwebtoken";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSessionProof } from "../../src/express/session-proof.js";
import { outbox, type ProofFactory, require2fa, sms, twoFactor } from "../../src/index.js";
import { fixture, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";
import { type Answer, Site, Visitor } from "../helpers/burst.js";

type Step = "get" | "set" | "destroy" | "generate";
type Trouble = "error" | "throw" | "reject" | "hang";

/** A session store that misbehaves at its next call of one kind, once the session of the request has been loaded. */
class BadStore extends session.MemoryStore {
  declare generate: (req: express.Request) => void;
  trouble: { step: Step; how: Trouble; after: number } | undefined;

  get kept(): string[] {
    return Object.values((this as unknown as { sessions: Record<string, string> }).sessions);
  }

  /** express-session gives every store a `generate` of its own. */
  arm(): void {
    const generate = this.generate.bind(this);
    this.generate = (req) => {
      if (this.#fails("generate")) throw new Error("generate failed");
      generate(req);
    };
  }

  override get(id: string, done: (error: unknown, data?: session.SessionData | null) => void): void {
    return this.#maybe("get", done, () => super.get(id, done));
  }

  override set(id: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    return this.#maybe("set", done, () => super.set(id, data, done));
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    return this.#maybe("destroy", done, () => super.destroy(id, done));
  }

  #fails(step: Step): Trouble | undefined {
    const { trouble } = this;
    if (trouble?.step !== step) return undefined;
    trouble.after -= 1;
    return trouble.after < 0 ? trouble.how : undefined;
  }

  #maybe(step: Step, done: ((error?: unknown) => void) | undefined, go: () => void): void {
    const how = this.#fails(step);
    const failure = new Error(`${step} failed`);
    if (how === undefined) return go();
    if (how === "throw") throw failure;
    if (how === "reject") return Promise.reject(failure) as unknown as void;
    if (how === "error") setImmediate(() => done?.(failure));
  }
}

const site: Site[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of site.splice(0)) await each.close();
});

async function open(shop: Fixture): Promise<Site> {
  shop.guard("/vault");
  const opened = await Site.open(shop.app);
  site.push(opened);
  return opened;
}

/** The deadline of the session store is a second; where that is not the point, tests do not wait so long. */
async function broken(deadline?: number): Promise<{ shop: Fixture; store: BadStore; ada: Visitor; code: string }> {
  const store = new BadStore();
  // two failures would lock the account: none of this may count as one
  const proof: ProofFactory | undefined =
    deadline === undefined ? undefined : (context) => createSessionProof(context, deadline);
  const limits = { ...PLENTY, failures: { perAccount: 2 } };
  const shop = fixture({ limits, ...(proof ? { proof } : {}) }, { store });
  store.arm();
  const ada = await Visitor.login(await open(shop), "ada");
  await ada.get("/vault");
  return { shop, store, ada, code: shop.code() };
}

/** Nothing was elevated, and the person can start again at once. */
async function shutAndOpenAgain(shop: Fixture, ada: Visitor, before: Map<string, string>): Promise<void> {
  expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  ada.cookies = new Map(before);
  const { status, body } = await ada.get("/vault");
  expect([status, body["code"]]).toEqual([401, "second_factor_required"]);
  expect(body["challenge"]).toMatchObject({ attemptsLeft: 5 });
  expect((await ada.post("/2fa/verify", { code: shop.code() })).status).toBe(200);
  expect((await ada.get("/vault")).status).toBe(200);
  expect(shop.counters.grants).toBe(1);
}

/** The middleware reads the session once before ours does: its read must go well. */
const AFTER: Record<Step, number> = { get: 1, set: 0, destroy: 0, generate: 0 };

const CASES = (["generate", "get", "set"] as const).flatMap((step) =>
  (step === "generate" ? (["throw"] as const) : (["error", "throw", "reject", "hang"] as const)).map(
    (how) => [step, how] as const,
  ),
);

describe("K10: a session store", () => {
  it.each(CASES)("whose %s fails (%s) elevates nobody, and lets the person start again at once", async (step, how) => {
    const { shop, store, ada, code } = await broken(how === "hang" && step === "get" ? undefined : 100);
    const before = new Map(ada.cookies);
    const start = performance.now();
    store.trouble = { step, how, after: AFTER[step] };
    const { status, body, headers } = await ada.post("/2fa/verify", { code });
    expect([status, body["code"]]).toEqual([503, "unavailable"]);
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(performance.now() - start).toBeLessThan(4_000);
    store.trouble = undefined;
    expect(store.kept.filter((kept) => kept.includes('"at":'))).toEqual([]);
    await shutAndOpenAgain(shop, ada, before);
  });

  it.each(CASES)("whose %s fails (%s) does not let the request pass that brought the code along", async (step, how) => {
    const { shop, store, ada, code } = await broken(100);
    const before = new Map(ada.cookies);
    store.trouble = { step, how, after: AFTER[step] };
    const { status } = await ada.get("/vault", { "two-factor-code": code });
    expect(status).toBe(503);
    store.trouble = undefined;
    await shutAndOpenAgain(shop, ada, before);
  });

  it("that fails ten times in a row locks nobody out", async () => {
    const { shop, store, ada } = await broken();
    const before = new Map(ada.cookies);
    for (let index = 0; index < 10; index += 1) {
      await ada.get("/vault");
      store.trouble = { step: "set", how: "error", after: 0 };
      expect((await ada.post("/2fa/verify", { code: shop.code() })).status).toBe(503);
      store.trouble = undefined;
    }
    await shutAndOpenAgain(shop, ada, before);
  });

  it.each(["error", "throw", "reject", "hang"] as const)(
    "that cannot remove the old id (%s) elevates the new one, and the old one opens nothing",
    async (how) => {
      const { store, ada, code } = await broken(100);
      const old = new Visitor(ada.site);
      old.cookies = new Map(ada.cookies);
      store.trouble = { step: "destroy", how, after: 0 };
      expect((await ada.post("/2fa/verify", { code })).status).toBe(200);
      store.trouble = undefined;
      expect((await ada.get("/vault")).status).toBe(200);
      const { status, body } = await old.get("/vault");
      expect([status, body["code"]]).toEqual([401, "first_factor_required"]);
    },
  );

  it("that fails when the answer is already known says so: never a 200 without a session behind it", async () => {
    const { shop, store, ada, code } = await broken();
    store.trouble = { step: "set", how: "error", after: 0 };
    const answers: Answer[] = await Promise.all(
      Array.from({ length: 5 }, () => ada.twin().post("/2fa/verify", { code })),
    );
    store.trouble = undefined;
    expect(answers.filter(({ status }) => status === 200)).toEqual([]);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(1);
    expect(shop.counters.grants).toBe(0);
  });
});

describe("K10: a session that has regenerate() and shows no store", () => {
  /** As little of a session as there can be, found by a header. */
  function handmade(how: "regenerate" | "save", trouble: Trouble) {
    const sessions = new Map<string, Record<string, unknown>>([["a", { userId: "ada" }]]);
    const box = outbox();
    const app = express();
    let armed = false;
    const fail = (step: string, done: (error?: unknown) => void): boolean => {
      if (!armed || step !== how) return false;
      if (trouble === "throw") throw new Error(`${step} failed`);
      if (trouble === "error") setImmediate(() => done(new Error(`${step} failed`)));
      return true;
    };
    app.use((req, _res, next) => {
      const id = String(req.headers["x-session"]);
      const wrap = (data: Record<string, unknown>, key: string): Record<string, unknown> =>
        Object.defineProperties(data, {
          save: {
            configurable: true,
            value: (done: (error?: unknown) => void) => fail("save", done) || (sessions.set(key, data), done()),
          },
          regenerate: {
            configurable: true,
            value: (done: (error?: unknown) => void) => {
              if (fail("regenerate", done)) return;
              sessions.delete(key);
              Object.assign(req, { session: wrap({}, `${key}+`), sessionID: `${key}+` });
              done();
            },
          },
        });
      Object.assign(req, { session: wrap({ ...sessions.get(id) }, id), sessionID: id });
      next();
    });
    const tfa = twoFactor({
      secret: "a secret of this test, 32 bytes and more",
      user: (req) => req.session.userId,
      contact: () => ({ phone: "+46707123456" }),
      methods: [sms(box)],
      limits: PLENTY,
      proof: (context) => createSessionProof(context, 100),
    });
    app.use(tfa);
    let hits = 0;
    app.get("/vault", require2fa(), (_req, res) => {
      hits += 1;
      res.json({ ok: true });
    });
    return { app, box, sessions, hits: () => hits, arm: (on: boolean) => void (armed = on) };
  }

  it.each([
    ["regenerate", "error"],
    ["regenerate", "throw"],
    ["regenerate", "hang"],
    ["save", "error"],
    ["save", "throw"],
    ["save", "hang"],
  ] as const)("elevates nobody when its %s fails (%s)", async (how, trouble) => {
    const { app, box, sessions, hits, arm } = handmade(how, trouble);
    const opened = await Site.open(app);
    site.push(opened);
    const visitor = new Visitor(opened);
    const headers = { "x-session": "a" };
    expect((await visitor.get("/vault", headers)).status).toBe(401);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
    arm(true);
    expect((await visitor.post("/2fa/verify", { code }, headers)).status).toBe(503);
    arm(false);
    expect(hits()).toBe(0);
    for (const id of ["a", "a+"]) expect((await visitor.get("/vault", { "x-session": id })).status).toBe(401);
    expect(JSON.stringify([...sessions.values()])).not.toContain('"at":');
  });
});

describe("K10: a token", () => {
  it("that cannot be signed opens nothing, and another code opens it once it can", async () => {
    const shop = bearerFixture({ limits: { ...PLENTY, failures: { perAccount: 2 } } });
    const opened = await open(shop);
    const client = new Visitor(opened);
    const headers = { authorization: bearer(shop) };
    for (let index = 0; index < 3; index += 1) {
      await client.get("/vault", headers);
      const sign = vi.spyOn(jsonwebtoken, "sign").mockImplementation(() => {
        throw new Error("the key is in a module that does not answer");
      });
      const { status, body, text } = await client.post("/2fa/verify", { code: shop.code() }, headers);
      expect(sign).toHaveBeenCalled();
      sign.mockRestore();
      expect([status, body["code"]]).toEqual([503, "unavailable"]);
      expect(text).not.toContain("module");
      expect(body).not.toHaveProperty("token");
    }
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
    const { body } = await client.get("/vault", headers);
    expect(body["challenge"]).toMatchObject({ attemptsLeft: 5 });
    const { body: verified } = await client.post("/2fa/verify", { code: shop.code() }, headers);
    expect((await client.get("/vault", { authorization: `Bearer ${String(verified["token"])}` })).status).toBe(200);
  });

  it("that cannot be signed does not let the request pass that brought the code along", async () => {
    const shop = bearerFixture({ limits: PLENTY });
    const client = new Visitor(await open(shop));
    const headers = { authorization: bearer(shop) };
    await client.get("/vault", headers);
    vi.spyOn(jsonwebtoken, "sign").mockImplementation(() => {
      throw new Error("no");
    });
    expect((await client.get("/vault", { ...headers, "two-factor-code": shop.code() })).status).toBe(503);
    expect(shop.counters.handlerHits).toBe(0);
  });
});
