/**
 * The attacker has the first factor, or a session that had the second one once. They replay everything that was handed out
 * before the code was entered, alone and in every combination; they carry a proof from one browser, one session, one
 * account into another; they keep a session busy so that it never grows old; they come back after a logout, after somebody
 * else has logged in on the same machine, after the account was closed or its number changed, after an administrator has
 * revoked it.
 */
import cookieSession from "cookie-session";
import express from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  outbox,
  require2fa,
  sms,
  twoFactor,
  type TwoFactorOptions,
  type VerificationProvider,
} from "../../src/index.js";
import { fixture, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";
import { Site, Visitor } from "../helpers/burst.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const sites: Site[] = [];
afterEach(async () => {
  for (const each of sites.splice(0)) await each.close();
});

async function serve(app: express.Express): Promise<Site> {
  const site = await Site.open(app);
  sites.push(site);
  return site;
}

async function open(options: Partial<TwoFactorOptions> = {}): Promise<{ shop: Fixture; site: Site }> {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  // the app's own: a login that keeps the session, as many do
  shop.app.post("/switch", express.json(), (req, res) => {
    req.session.userId = String(req.body.user);
    res.json({});
  });
  shop.app.post("/forget", (req, res) => {
    delete req.session.userId;
    res.json({});
  });
  return { shop, site: await serve(shop.app) };
}

async function verified(shop: Fixture, site: Site, user = "ada"): Promise<Visitor> {
  const visitor = await Visitor.login(site, user);
  expect((await visitor.get("/vault")).status).toBe(401);
  expect((await visitor.post("/2fa/verify", { code: shop.code() })).status).toBe(200);
  expect((await visitor.get("/vault")).status).toBe(200);
  return visitor;
}

describe("F02: what is handed out before the code", () => {
  it("opens nothing, alone or together, before or after somebody else has entered theirs", async () => {
    const { shop, site } = await open();
    const jars: Map<string, string>[] = [];
    const ada = new Visitor(site);
    for (const step of [
      () => ada.get("/vault"),
      () => ada.post("/login", { user: "ada" }),
      () => ada.get("/vault"),
      () => ada.get("/2fa", { accept: "text/html" }),
      () => ada.post("/2fa/verify", { code: shop.wrong() }),
      () => ada.post("/2fa/challenge", { method: "email" }),
    ]) {
      await step();
      jars.push(new Map(ada.cookies));
    }
    await verified(shop, site, "bob");
    const hits = shop.counters.handlerHits;
    const ids = [...shop.box.messages.map(({ text }) => text), "verified", "true"];
    for (const jar of jars) {
      for (const extra of [{}, { mfa: "1" }, { twoFactor: "true" }, { "2fa": "ok" }]) {
        const visitor = new Visitor(site);
        visitor.cookies = new Map([...jar, ...Object.entries(extra)]);
        const answer = await visitor.get("/vault", {
          "x-2fa": "ok",
          "x-verified": ids.at(-1) ?? "",
          "two-factor-token": "x",
        });
        expect(answer.status).toBe(401);
      }
    }
    expect(shop.counters.handlerHits).toBe(hits);
  });

  it("is no bearer token: not the session id, not the challenge, not the code", async () => {
    const shop = bearerFixture({ limits: PLENTY });
    shop.guard("/vault");
    const client = new Visitor(await serve(shop.app));
    const { body } = await client.get("/vault", { authorization: bearer(shop) });
    const { id } = body["challenge"] as { id: string };
    for (const token of [id, shop.code(), `${id}.${id}.${id}`, "null", "undefined", ""]) {
      expect((await client.get("/vault", { authorization: `Bearer ${token}` })).status).toBe(401);
      expect((await client.get("/vault", { authorization: bearer(shop), "two-factor-token": token })).status).toBe(401);
    }
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("opens nothing when the session itself is the cookie", async () => {
    const { site, code, hits } = await withCookies();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const before = ada.twin();
    expect((await ada.post("/2fa/verify", { code: code() })).status).toBe(200);
    expect((await ada.get("/vault")).status).toBe(200);
    const [elevated, plain] = [new Map(ada.cookies), new Map(before.cookies)];
    expect((await before.get("/vault")).status).toBe(401);
    // the data of the one with the signature of the other, and bits of both
    for (const [data, signature] of [
      [elevated, plain],
      [plain, elevated],
    ]) {
      const mixed = new Visitor(site);
      mixed.cookies = new Map([
        ["session", data?.get("session") ?? ""],
        ["session.sig", signature?.get("session.sig") ?? ""],
      ]);
      expect((await mixed.get("/vault")).status).toBe(401);
    }
    const content = JSON.parse(Buffer.from(plain.get("session") ?? "", "base64").toString());
    const forged = new Visitor(site);
    forged.cookies = new Map([
      [
        "session",
        Buffer.from(JSON.stringify({ ...content, twoFactor: { marks: [{ user: "ada", at: Date.now() }] } })).toString(
          "base64",
        ),
      ],
      ["session.sig", plain.get("session.sig") ?? ""],
    ]);
    expect((await forged.get("/vault")).status).toBe(401);
    expect(hits()).toBe(1);
  });
});

describe("F08: a proof that grows old", () => {
  it("is good until maxAge is over, however busy the session is", async () => {
    const { shop, site } = await open();
    const ada = await verified(shop, site);
    for (let minute = 1; minute < 15; minute += 1) {
      shop.clock.tick(MINUTE);
      expect((await ada.get("/vault")).status).toBe(200);
      await ada.get("/2fa/status");
    }
    shop.clock.tick(MINUTE - SECOND);
    expect((await ada.get("/vault")).status).toBe(200);
    shop.clock.tick(2 * SECOND);
    const { status, body } = await ada.get("/vault");
    expect([status, body["reason"]]).toEqual([401, "expired"]);
  });

  it.each([
    ["AAL2: an hour idle, a day at most", "1h", "24h", 60],
    ["AAL3: a quarter of an hour idle, half a day at most", "15m", "12h", 15],
    ["PSD2: five minutes idle", "5m", "24h", 5],
  ] as const)(
    "dies sooner when it is not used (%s), and activity moves that end only",
    async (_what, idle, maxAge, minutes) => {
      const { shop, site } = await open();
      shop.guard("/idle", { idle, maxAge });
      const longest = Number(maxAge.slice(0, -1)) * 60;
      const unused = await verified(shop, site, "bob");
      shop.clock.tick(minutes * MINUTE - SECOND);
      expect((await unused.get("/idle")).status).toBe(200);
      shop.clock.tick(minutes * MINUTE + SECOND);
      const refused = await unused.get("/idle");
      expect([refused.status, refused.body["reason"]]).toEqual([401, "expired"]);
      expect((await unused.get("/idle")).status).toBe(401);

      const busy = await verified(shop, site, "ada");
      let passed = 0;
      while (passed + minutes <= longest) {
        shop.clock.tick(minutes * MINUTE - SECOND);
        passed += minutes - 1 / 60;
        expect((await busy.get("/idle")).status, `after ${passed} minutes`).toBe(200);
      }
      shop.clock.tick((longest - passed) * MINUTE + SECOND);
      expect((await busy.get("/idle")).status).toBe(401);
    },
  );

  it("that died of idleness on one route is dead there for good, and lives where idleness does not count", async () => {
    const { shop, site } = await open();
    shop.guard("/idle", { idle: "1m" });
    const ada = await verified(shop, site);
    shop.clock.tick(61 * SECOND);
    expect((await ada.get("/idle")).status).toBe(401);
    expect((await ada.get("/vault")).status).toBe(200);
    expect((await ada.get("/idle")).status).toBe(401);
  });
});

describe("F09: a proof", () => {
  it("belongs to one session: another browser of the same person is asked", async () => {
    const { shop, site } = await open();
    await verified(shop, site);
    const other = await Visitor.login(site, "ada");
    expect((await other.get("/vault")).status).toBe(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("belongs to one person: in somebody else's session it is worth nothing", async () => {
    const { shop, site } = await open();
    await verified(shop, site);
    const bob = await Visitor.login(site, "bob");
    await bob.get("/vault");
    const kept = (shop.sessions as unknown as { sessions: Record<string, string> }).sessions;
    const contents = Object.entries(kept).map(([id, json]) => [id, JSON.parse(json)] as const);
    const proof = contents.find(([, content]) => content.userId === "ada")?.[1].twoFactor;
    for (const [id, content] of contents) {
      if (content.userId === "bob") kept[id] = JSON.stringify({ ...content, twoFactor: proof });
    }
    expect(proof.marks).toHaveLength(1);
    expect((await bob.get("/vault")).status).toBe(401);
    expect((await bob.get("/2fa/status")).body).toMatchObject({ verified: false });
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("belongs to one session when the session is the cookie", async () => {
    const { site, code } = await withCookies();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    await ada.post("/2fa/verify", { code: code() });
    expect((await ada.get("/vault")).status).toBe(200);
    expect((await (await Visitor.login(site, "ada")).get("/vault")).status).toBe(401);
    expect((await (await Visitor.login(site, "bob")).get("/vault")).status).toBe(401);
  });
});

describe("F10: an account that changes while a code is out", () => {
  it.each<[string, (shop: Fixture) => void, number]>([
    ["closed", ({ contacts }) => void (contacts["ada"] = null), 401],
    ["deleted", ({ contacts }) => void delete contacts["ada"], 401],
    ["given another number", ({ contacts }) => void (contacts["ada"] = { phone: "+46707123499" }), 422],
    ["left without a number", ({ contacts }) => void (contacts["ada"] = { email: "ada@example.com" }), 422],
    ["given a number that is none", ({ contacts }) => void (contacts["ada"] = { phone: "none" }), 422],
  ])("is not opened by it once it is %s", async (_what, change, status) => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const code = shop.code();
    change(shop);
    expect((await ada.post("/2fa/verify", { code })).status).toBe(status);
    expect((await ada.get("/vault", { "two-factor-code": code })).status).toBeGreaterThanOrEqual(400);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it("is not opened by it once everything of it was revoked, as after a change of the password", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const code = shop.code();
    shop.clock.tick(SECOND);
    await shop.tfa.revoke("ada");
    expect((await ada.post("/2fa/verify", { code })).status).toBe(404);
    expect((await ada.post("/2fa/verify", { code })).status).toBe(404);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
    // whoever is still logged in begins anew
    shop.clock.tick(31 * SECOND);
    expect((await ada.get("/vault")).status).toBe(401);
    expect((await ada.post("/2fa/verify", { code: shop.code() })).status).toBe(200);
    expect((await ada.get("/vault")).status).toBe(200);
  });

  it("is not opened by an answer that was being checked while everything of it was revoked", async () => {
    let asked: (answer: boolean) => void = () => expect.unreachable("nobody asked");
    const vendor: VerificationProvider = {
      kind: "verification",
      name: "vendor",
      start: () => ({ reference: "one" }),
      check: () => new Promise((resolve) => (asked = resolve)),
    };
    const { shop, site } = await open({ methods: [sms(vendor)] });
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    shop.clock.tick(SECOND);
    const answer = ada.post("/2fa/verify", { code: "123456" });
    await vi.waitFor(() => expect(shop.counters.compares).toBe(1));
    shop.clock.tick(SECOND);
    await shop.tfa.revoke("ada");
    shop.clock.tick(SECOND);
    asked(true);
    expect((await answer).status).toBe(404);
    expect((await ada.get("/vault")).status).toBe(401);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it("that is closed has no challenge left to answer when it comes back", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const code = shop.code();
    const before = shop.contacts["ada"] ?? null;
    shop.contacts["ada"] = null;
    await ada.post("/2fa/verify", { code });
    shop.contacts["ada"] = before;
    expect((await ada.post("/2fa/verify", { code })).status).toBe(404);
    expect(shop.counters.grants).toBe(0);
  });

  it("gets no message while it is closed", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    shop.contacts["ada"] = null;
    shop.clock.tick(5 * MINUTE);
    for (const answer of [await ada.get("/vault"), await ada.post("/2fa/challenge"), await ada.post("/2fa/resend")]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(shop.box.messages).toHaveLength(1);
  });
});

describe("a proof is gone", () => {
  it("after a logout that destroys the session", async () => {
    const { shop, site } = await open();
    const ada = await verified(shop, site);
    const kept = ada.twin();
    await ada.post("/logout");
    for (const visitor of [ada, kept]) expect((await visitor.get("/vault")).status).toBe(401);
    const again = await Visitor.login(site, "ada");
    expect((await again.get("/vault")).status).toBe(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("after a logout that keeps the session, for whoever logs in next, and for the same person", async () => {
    for (const next of ["bob", "ada"]) {
      const { shop, site } = await open();
      const ada = await verified(shop, site);
      await ada.post("/forget");
      expect((await ada.get("/vault")).body["code"]).toBe("first_factor_required");
      await ada.post("/switch", { user: next });
      expect((await ada.get("/vault")).status).toBe(401);
      expect((await ada.get("/2fa/status")).body).toMatchObject({ verified: false });
      expect(shop.counters.handlerHits).toBe(1);
    }
  });

  it("after a switch to another user in the same session, and does not come back with the switch back", async () => {
    const { shop, site } = await open();
    const ada = await verified(shop, site);
    await ada.post("/switch", { user: "bob" });
    expect((await ada.get("/vault")).status).toBe(401);
    await ada.post("/switch", { user: "ada" });
    expect((await ada.get("/vault")).status).toBe(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("after tfa.revoke(user), in every session of that user and in no other", async () => {
    const { shop, site } = await open();
    const [one, two, bob] = [await verified(shop, site), await verified(shop, site), await verified(shop, site, "bob")];
    shop.clock.tick(SECOND);
    await shop.tfa.revoke("ada");
    for (const visitor of [two, one]) expect((await visitor.get("/vault")).status).toBe(401);
    const code = shop.code();
    expect((await bob.get("/vault")).status).toBe(200);
    shop.clock.tick(SECOND);
    expect((await one.post("/2fa/verify", { code })).status).toBe(200);
    expect((await one.get("/vault")).status).toBe(200);
    expect((await two.get("/vault")).status).toBe(401);
  });

  it("after tfa.revoke(user) for tokens as well, for as long as they live", async () => {
    const shop = bearerFixture({ limits: PLENTY });
    shop.guard("/vault");
    const client = new Visitor(await serve(shop.app));
    const headers = { authorization: bearer(shop) };
    await client.get("/vault", headers);
    const { body } = await client.post("/2fa/verify", { code: shop.code() }, headers);
    const elevated = { authorization: `Bearer ${String(body["token"])}` };
    expect((await client.get("/vault", elevated)).status).toBe(200);
    shop.clock.tick(SECOND);
    await shop.tfa.revoke("ada");
    expect((await client.get("/vault", elevated)).status).toBe(401);
    shop.clock.tick(14 * MINUTE);
    expect((await client.get("/vault", elevated)).status).toBe(401);
  });

  it("after tfa.revoke(user) while a code was being checked: a proof from before counts for nothing", async () => {
    const { shop, site } = await open();
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const [answer] = await Promise.all([ada.post("/2fa/verify", { code: shop.code() }), shop.tfa.revoke("ada")]);
    expect(answer.status).toBe(200);
    expect((await ada.get("/vault")).status).toBe(401);
  });

  it("after req.twoFactor.clear(), in this session only", async () => {
    const { shop, site } = await open();
    shop.app.post("/clear", (req, res, next) => void req.twoFactor.clear().then(() => res.json({}), next));
    const [ada, other] = [await verified(shop, site), await verified(shop, site)];
    const copy = ada.twin();
    shop.clock.tick(SECOND);
    expect((await ada.post("/clear")).status).toBe(200);
    for (const visitor of [ada, copy]) expect((await visitor.get("/vault")).status).toBe(401);
    expect((await other.get("/vault")).status).toBe(200);
  });
});

/** The same app where the session lives in a signed cookie. */
async function withCookies(): Promise<{ site: Site; code: () => string; hits: () => number }> {
  const app = express();
  const box = outbox();
  let hits = 0;
  app.use(cookieSession({ name: "session", secret: "first factor, not ours", httpOnly: true }));
  app.post("/login", express.json(), (req, res) => {
    Object.assign(req.session ?? {}, { userId: String(req.body.user) });
    res.json({});
  });
  app.use(
    twoFactor({
      secret: "a secret of this test, 32 bytes and more",
      user: (req) => req.session?.userId,
      contact: () => ({ phone: "+46707123456" }),
      methods: [sms(box)],
      limits: PLENTY,
    }),
  );
  app.get("/vault", require2fa(), (_req, res) => {
    hits += 1;
    res.json({});
  });
  return {
    site: await serve(app),
    code: () => /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "",
    hits: () => hits,
  };
}
