import { generateSync } from "otplib";
import type { Response } from "supertest";
import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import {
  email,
  type FactorNotice,
  jwtProof,
  memoryStore,
  outbox,
  recoveryCodes,
  require2fa,
  type RoutePolicy,
  sms,
  totp,
  type TwoFactorOptions,
} from "../../src/index.js";
import { fixture, ORIGIN } from "../helpers/app.js";

type Agent = Awaited<ReturnType<ReturnType<typeof fixture>["login"]>>;

function setUp(options: Partial<TwoFactorOptions> = {}) {
  const notices: FactorNotice[] = [];
  const box = outbox();
  const shop = fixture({
    methods: [totp(), sms(box), email(box), recoveryCodes()],
    factors: { notify: (notice) => notices.push(notice) },
    ...options,
  });
  shop.guard("/vault", { onNotEnrolled: "enroll" });
  const codeOf = (secret: string): string => generateSync({ secret, epoch: Math.floor(shop.clock() / 1000) });
  const sent = (): string => /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? expect.unreachable("sent");
  return { ...shop, box, notices, codeOf, sent };
}

type Shop = ReturnType<typeof setUp>;

/** A person without anything sets an authenticator app up. */
async function withApp(shop: Shop, user = "tom") {
  const agent = await shop.login(user);
  const { body } = await agent.post("/2fa/factors/enroll").send({ method: "totp" }).expect(201);
  const secret: string = body.secret;
  const code = shop.codeOf(secret);
  const confirmed = await agent.post("/2fa/factors/confirm").send({ enrollment: body.id, code }).expect(201);
  return { agent, secret, factor: confirmed.body.id as string };
}

const page = (agent: Agent, method: "get" | "post", path: string) =>
  agent[method](path).set("Accept", "text/html").set("Origin", ORIGIN).type("form");

const field = ({ text }: Response, name: string): string =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? expect.unreachable(`no field ${name}`);

const keyIn = ({ text }: Response): string =>
  /<code dir="ltr">([A-Z2-7 ]+)<\/code>/.exec(text)?.[1]?.replaceAll(" ", "") ?? expect.unreachable("no key");

describe("/2fa/factors, as JSON", () => {
  it("is not there for an app that enrols nobody", async () => {
    const shop = fixture();
    const agent = await shop.login("tom");
    for (const path of ["", "/enroll", "/confirm", "/rename", "/remove", "/recovery-codes"]) {
      await agent.get(`/2fa/factors${path}`).expect(404);
      await agent.post(`/2fa/factors${path}`).send({}).expect(404);
    }
  });

  it("lists, sets up, renames and removes", async () => {
    const shop = setUp();
    const { agent, factor } = await withApp(shop);
    const { body, headers } = await agent.get("/2fa/factors").expect(200);
    expect(headers["cache-control"]).toBe("no-store");
    expect(body).toEqual({
      factors: [{ id: factor, method: "totp", name: "", createdAt: "2026-01-01T00:00:00.000Z" }],
      recoveryCodesLeft: 0,
      methods: ["totp", "sms", "email"],
    });

    const begun = await agent.post("/2fa/factors/enroll").send({ method: "sms", to: "+46 70 712 34 58", name: "Work" });
    expect([begun.status, begun.headers["cache-control"]]).toEqual([201, "no-store"]);
    expect(begun.body).toEqual({
      id: expect.any(String),
      method: "sms",
      to: "+46•••••••58",
      expiresAt: "2026-01-01T00:05:00.000Z",
    });
    const { body: added } = await agent.post("/2fa/factors/confirm").send({ code: shop.sent() }).expect(201);
    expect(added).toMatchObject({ method: "sms", name: "Work", to: "+46•••••••58" });
    await agent.post("/2fa/factors/rename").send({ factor: added.id, name: "Home" }).expect(204);
    expect((await agent.get("/2fa/factors")).body.factors[1]).toMatchObject({ id: added.id, name: "Home" });
    await agent.post("/2fa/factors/remove").send({ factor }).expect(204);
    await agent.post("/2fa/factors/remove").send({ factor }).expect(404);
    expect((await agent.get("/2fa/factors")).body.factors).toHaveLength(1);
    await shop.tfa.close();
    expect(shop.notices.map(({ change, method }) => [change, method])).toEqual([
      ["added", "totp"],
      ["added", "sms"],
      ["renamed", "sms"],
      ["removed", "totp"],
    ]);
    expect(shop.notices[0]).toEqual({ user: "tom", change: "added", method: "totp", contact: {} });
  });

  it("makes a set-up the proof of its login, and its code opens nothing twice", async () => {
    const shop = setUp();
    const { agent, secret } = await withApp(shop);
    const opened = await agent.get("/vault").expect(200);
    expect(opened.body.methods).toEqual(["totp"]);
    const other = await shop.login("tom");
    await other.get("/vault").expect(401);
    await other
      .post("/2fa/verify")
      .send({ code: shop.codeOf(secret) })
      .expect(422);
    shop.clock.tick(15 * 60_000 + 1);
    await agent.get("/vault").expect(401);
  });

  it("gives ten recovery codes once, each of which opens once, and new ones kill the old", async () => {
    const shop = setUp();
    const { agent } = await withApp(shop);
    const { body } = await agent.post("/2fa/factors/recovery-codes").send({}).expect(201);
    expect(body.codes).toHaveLength(10);
    shop.clock.tick(1000);
    const other = await shop.login("tom");
    await other.get("/vault").expect(401);
    await other.post("/2fa/challenge").send({ method: "recovery-code" }).expect(201);
    await other.post("/2fa/verify").send({ code: body.codes[3] }).expect(200);
    await other.get("/vault").expect(200);
    expect((await other.get("/2fa/factors")).body.recoveryCodesLeft).toBe(9);
    const { body: renewed } = await other.post("/2fa/factors/recovery-codes").send({}).expect(201);
    shop.clock.tick(1000);
    const third = await shop.login("tom");
    await third.post("/2fa/challenge").send({ method: "recovery-code" }).expect(201);
    await third.post("/2fa/verify").send({ code: body.codes[4] }).expect(422);
    await third.post("/2fa/verify").send({ code: renewed.codes[4] }).expect(200);
    await shop.tfa.close();
    expect(shop.notices.map(({ change, left }) => [change, left])).toEqual([
      ["added", undefined],
      ["recovery_codes", undefined],
      ["recovery_code_used", 9],
      ["recovery_codes", undefined],
      ["recovery_code_used", 9],
    ]);
  });

  it("answers a repeated call once, and keeps what it showed sealed", async () => {
    const store = memoryStore();
    const put = store.put.bind(store);
    const kept: string[] = [];
    store.put = (key, value, ...rest) => {
      kept.push(value);
      return put(key, value, ...rest);
    };
    const shop = setUp({ store });
    const { agent } = await withApp(shop);
    const ask = () => agent.post("/2fa/factors/recovery-codes").set("Idempotency-Key", "one").send({}).expect(201);
    const [first, second] = [await ask(), await ask()];
    expect(second.body).toEqual(first.body);
    expect(kept.length).toBeGreaterThan(0);
    for (const code of first.body.codes) expect(kept.join()).not.toContain(code);
  });

  it("asks for a proof, and the same key goes on after it", async () => {
    const shop = setUp();
    const agent = await shop.login("ada");
    const enroll = () => agent.post("/2fa/factors/enroll").set("Idempotency-Key", "one").send({ method: "totp" });
    const refusal = await enroll().expect(401);
    expect(refusal.body).toMatchObject({
      code: "second_factor_required",
      maxAge: 300,
      challenge: { method: "sms" },
      links: { verify: "/2fa/verify" },
    });
    await agent.post("/2fa/verify").send({ code: shop.sent() }).expect(200);
    await enroll().expect(201);
  });

  it("takes the proof in the header of the same request", async () => {
    const shop = setUp();
    const { secret, factor } = await withApp(shop);
    const agent = await shop.login("tom");
    shop.clock.tick(30_000);
    const removed = agent.post("/2fa/factors/remove").set("Two-Factor-Code", shop.codeOf(secret)).send({ factor });
    await removed.expect(204);
    expect(shop.counters.faults).toEqual([]);
    expect((await agent.get("/2fa/status")).body).toMatchObject({ verified: true });
  });

  it.each([
    ["/enroll", {}, 400],
    ["/enroll", { method: "fax" }, 400],
    ["/enroll", { method: ["totp"] }, 400],
    ["/enroll", { method: "recovery-code" }, 403],
    ["/enroll", { method: "sms" }, 400],
    ["/enroll", { method: "sms", to: "12" }, 400],
    ["/enroll", { method: "sms", to: { $ne: "" } }, 400],
    ["/enroll", { method: "totp", name: "x".repeat(61) }, 400],
    ["/confirm", {}, 400],
    ["/confirm", { code: ["123456"] }, 400],
    ["/confirm", { code: "123456" }, 409],
    ["/confirm", { code: "123456", enrollment: "none" }, 404],
    ["/rename", {}, 400],
    ["/rename", { factor: "none", name: "x" }, 404],
    ["/rename", { factor: "none", name: "a\u0000b" }, 400],
    ["/rename", { factor: ["a"], name: "x" }, 400],
    ["/remove", {}, 400],
    ["/remove", { factor: "none" }, 404],
    ["/remove", { factor: { toString: "x" } }, 400],
  ])("POST %s %j is %d, as a problem and as a page", async (path, body, status) => {
    const shop = setUp();
    const { agent } = await withApp(shop);
    const answer = await agent.post(`/2fa/factors${path}`).send(body).expect(status);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    const shown = await agent.post(`/2fa/factors${path}`).set("Accept", "text/html").send(body).expect(status);
    expect(shown.headers["content-type"]).toContain("text/html");
    expect(shop.counters.faults).toEqual([]);
  });

  it("answers other verbs with 405, and a person who reloads with the page", async () => {
    const shop = setUp();
    const agent = await shop.login("tom");
    const refusal = await agent.get("/2fa/factors/remove").expect(405);
    expect(refusal.headers["allow"]).toBe("POST");
    await agent.post("/2fa/factors").send({}).expect(405);
    await page(agent, "get", "/2fa/factors/enroll").expect(303).expect("Location", "/2fa/factors");
  });

  it("works for a bearer, who gets the token that goes on", async () => {
    const jwt = {
      secret: "a secret of 32 bytes or more for HS256",
      algorithms: ["HS256"] as const,
      expiresIn: "1h",
    } as const;
    const shop = setUp({ proof: jwtProof(jwt), user: undefined as never });
    const { default: jsonwebtoken } = await import("jsonwebtoken");
    const at = Math.floor(shop.clock() / 1000);
    const token = jsonwebtoken.sign({ sub: "tom", iat: at, exp: at + 3600 }, jwt.secret);
    const agent = await shop.login("nobody");
    const call = (path: string, body: object, bearer = token) =>
      agent.post(`/2fa/factors${path}`).set("Authorization", `Bearer ${bearer}`).send(body);
    const { body } = await call("/enroll", { method: "totp" }).expect(201);
    const confirmed = await call("/confirm", { code: shop.codeOf(body.secret) }).expect(201);
    const next = confirmed.headers["two-factor-token"] ?? expect.unreachable("no token");
    await agent.get("/vault").set("Authorization", `Bearer ${token}`).expect(401);
    await agent.get("/vault").set("Authorization", `Bearer ${next}`).expect(200);
    shop.clock.tick(1000);
    const codes = await call("/recovery-codes", {}, next).expect(201);
    await agent.get("/vault").set("Authorization", `Bearer ${next}`).expect(401);
    await agent.get("/vault").set("Authorization", `Bearer ${codes.headers["two-factor-token"]}`).expect(200);
  });

  it("may keep the first factor to logins that are fresh", async () => {
    let fresh: unknown = false;
    const shop = setUp({ factors: { fresh: () => fresh as boolean } });
    const agent = await shop.login("tom");
    for (fresh of [false, undefined, "yes"]) {
      const refusal = await agent.post("/2fa/factors/enroll").send({ method: "totp" }).expect(401);
      expect(refusal.body.code).toBe("first_factor_required");
    }
    fresh = true;
    await agent.post("/2fa/factors/enroll").send({ method: "totp" }).expect(201);
  });

  it("E04 shuts the door where a seed cannot be opened, and tells the app why and the person nothing", async () => {
    const rows = new Map<string, { id: string; sealed: string }>();
    const storage = {
      load: () => [...rows.values()],
      add: (_user: string, row: { id: string; sealed: string }) => void rows.set(row.id, row),
      replace: () => true,
      remove: () => true,
    };
    const shop = setUp({ factors: { storage } });
    const { factor, secret } = await withApp(shop);
    shop.clock.tick(30_000);
    const agent = await shop.login("tom");
    await agent.get("/vault").expect(401);
    const { sealed } = rows.get(factor) ?? expect.unreachable("kept");
    rows.set(factor, { id: factor, sealed: `${sealed.slice(0, -6)}AAAA${sealed.slice(-2)}` });
    for (const call of [agent.post("/2fa/verify").send({ code: shop.codeOf(secret) }), agent.get("/2fa/factors")]) {
      const { status, text } = await call;
      expect([status, text.includes("opened")]).toEqual([503, false]);
    }
    const refused = await (await shop.login("tom")).get("/vault").expect(503);
    expect(refused.body.code).toBe("unavailable");
    expect(shop.counters).toMatchObject({ handlerHits: 0, compares: 0 });
    const why = expect.objectContaining({ message: expect.stringContaining(`"${factor}" could not be opened`) });
    expect(shop.counters.faults).toEqual([why, why, why]);
  });

  it("tells nobody's fault to the person whose change was made", async () => {
    const shop = setUp({ factors: { notify: () => Promise.reject(new Error("no mail")) } });
    const { agent } = await withApp(shop);
    expect((await agent.get("/2fa/factors")).body.factors).toHaveLength(1);
    await shop.tfa.close();
    expect(shop.counters.faults).toHaveLength(1);
  });

  it.each([
    [{ storage: {} }, /load\(\), add\(\)/],
    [{ notify: "mail" }, /notify/],
    [{ fresh: true }, /fresh/],
    [{ notfy: () => {} }, /Did you mean "notify"/],
  ])("refuses %j", (factors, message) => {
    expect(() => setUp({ factors: factors as never })).toThrow(message);
  });
});

describe("/2fa/factors, as pages", () => {
  it("leads from a guarded route through set-up and back, without a loop or a second code", async () => {
    const shop = setUp();
    const agent = await shop.login("tom");
    await page(agent, "get", "/vault?tab=1").expect(303).expect("Location", "/2fa/factors?required");
    const why = await page(agent, "get", "/2fa/factors?required").expect(200);
    expect(why.text).toContain("asks for a second step");
    expect(why.text).toContain('href="/vault?tab=1"');
    const begun = await page(agent, "post", "/2fa/factors/enroll").send({ method: "totp" }).expect(201);
    expect(begun.text).toMatch(/<svg viewBox="0 0 \d+ \d+" role="img" aria-label="QR code/);
    const answer = { enrollment: field(begun, "enrollment"), method: "totp" };
    const secret = keyIn(begun);
    const wrong = String((Number(shop.codeOf(secret)) + 1) % 1e6).padStart(6, "0");
    const again = await page(agent, "post", "/2fa/factors/confirm")
      .send({ ...answer, code: wrong })
      .expect(422);
    expect(again.text).toContain("4 attempts left");
    expect(again.text).not.toContain("<code");
    const done = page(agent, "post", "/2fa/factors/confirm").send({ ...answer, code: shop.codeOf(secret) });
    await done.expect(303).expect("Location", "/vault?tab=1");
    await page(agent, "get", "/vault?tab=1").expect(200);
  });

  it("E05 offers only what opens the door, and does not send round in a circle who can set up nothing of it", async () => {
    const shop = setUp({ firstFactor: "email" });
    const guarded = (path: string, methods: RoutePolicy["methods"]): void =>
      void shop.app.get(path, require2fa({ onNotEnrolled: "enroll", ...(methods && { methods }) }), shop.handler);
    guarded("/by-text", ["sms", "email"]);
    guarded("/by-mail", ["email"]);
    guarded("/strong", "phishing-resistant");
    const agent = await shop.login("tom");
    await page(agent, "get", "/by-text").expect(303).expect("Location", "/2fa/factors?required=sms");
    const { text } = await page(agent, "get", "/2fa/factors?required=sms").expect(200);
    expect(text).toContain("add=sms");
    expect(text).not.toContain('value="totp"');
    for (const path of ["/by-mail", "/strong"]) await page(agent, "get", path).expect(403);
    // Something else was set up: the route still says what it wants, and nothing goes on by itself.
    await withApp(shop, "tom");
    shop.clock.tick(30_000);
    await page(agent, "get", "/by-text").expect(303).expect("Location", "/2fa/factors?required=sms");
    for (const required of ["", "fax", "fax,sms,fax", "<b>", "a".repeat(5_000)]) {
      await page(agent, "get", `/2fa/factors?required=${encodeURIComponent(required)}`).expect(200);
    }
    await page(agent, "get", "/2fa/factors?required[]=sms&required[]=totp").expect(200);
  });

  it("asks for an address only for what has one", async () => {
    const agent = await setUp().login("tom");
    expect((await page(agent, "get", "/2fa/factors?add=sms").expect(200)).text).toContain('name="to"');
    for (const add of ["totp", "passkey", "recovery-code", "fax"]) {
      const { text } = await page(agent, "get", `/2fa/factors?add=${add}`).expect(200);
      expect(text).not.toContain('name="to"');
      expect(text).toContain("Nothing is set up yet.");
    }
  });

  it("draws the dots of the address that holds the key, one for one", async () => {
    const shop = setUp();
    const agent = await shop.login("tom");
    const { text } = await page(agent, "post", "/2fa/factors/enroll").send({ method: "totp" }).expect(201);
    const uri = /href="(otpauth:[^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(new URL(uri).searchParams.get("secret")).toMatch(/^[A-Z2-7]{32}$/);
    const { data } = encode(uri, { ecc: "M", border: 4 });
    const drawn = data.map((row) => row.map(() => false));
    for (const [, x, y, length] of text.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      drawn[Number(y)]?.fill(true, Number(x), Number(x) + Number(length));
    }
    expect(drawn).toEqual(data);
  });

  it("sends an interrupted form again once something is set up", async () => {
    const shop = setUp();
    shop.app.post("/send", require2fa({ onNotEnrolled: "enroll" }), shop.handler);
    const agent = await shop.login("tom");
    await page(agent, "post", "/send").send({ amount: "10" }).expect(303).expect("Location", "/2fa/factors?required");
    const begun = await page(agent, "post", "/2fa/factors/enroll").send({ method: "sms", to: "+46707123499" });
    const done = await page(agent, "post", "/2fa/factors/confirm")
      .send({ enrollment: field(begun, "enrollment"), method: "sms", code: shop.sent() })
      .expect(200);
    expect(done.text).toContain('action="/send"');
    expect(field(done, "amount")).toBe("10");
  });

  it("tells a program where to enrol", async () => {
    const shop = setUp();
    const agent = await shop.login("tom");
    const { body } = await agent.get("/vault").expect(403);
    expect(body).toMatchObject({ code: "not_enrolled", reason: "not_enrolled", links: { enroll: "/2fa/factors" } });
  });

  it("does not send people to a page that cannot help", async () => {
    const shop = setUp({ methods: [totp(), recoveryCodes()] });
    shop.guard("/keys", { methods: ["recovery-code"], onNotEnrolled: "enroll" });
    const agent = await shop.login("tom");
    await page(agent, "get", "/keys").expect(403);
    expect((await agent.get("/keys").expect(403)).body.links.enroll).toBeUndefined();
  });

  it("is never behind a guard of its own", async () => {
    const shop = setUp();
    shop.app.use(require2fa({ onNotEnrolled: "enroll" }));
    const agent = await shop.login("tom");
    await page(agent, "get", "/2fa/factors?required").expect(200);
    await page(agent, "get", "/anything").expect(303).expect("Location", "/2fa/factors?required");
  });

  it("comes back to what was asked for after the challenge", async () => {
    const shop = setUp();
    const agent = await shop.login("ada");
    await page(agent, "post", "/2fa/factors/enroll").send({ method: "totp" }).expect(303).expect("Location", "/2fa");
    const on = await page(agent, "post", "/2fa/verify").send({ code: shop.sent() }).expect(200);
    expect(on.text).toContain('action="/2fa/factors/enroll"');
    expect(field(on, "method")).toBe("totp");
    await page(agent, "post", "/2fa/factors/enroll").send({ method: "totp" }).expect(201);
  });

  it("goes back to the list by a redirect after each change, and shows codes once", async () => {
    const shop = setUp();
    const { agent, factor } = await withApp(shop);
    const list = await page(agent, "get", "/2fa/factors").expect(200);
    expect(list.text).toContain(`/2fa/factors?factor=${factor}`);
    const one = await page(agent, "get", `/2fa/factors?factor=${factor}`).expect(200);
    expect(one.text).toContain("This is your only method");
    const renamed = page(agent, "post", "/2fa/factors/rename").send({ factor, name: `<b>"Mine"</b>` });
    await renamed.expect(303).expect("Location", "/2fa/factors?done=renamed");
    expect((await page(agent, "get", "/2fa/factors?done=renamed")).text).toContain("&lt;b&gt;");
    const codes = await page(agent, "post", "/2fa/factors/recovery-codes").send({}).expect(201);
    expect(codes.headers["cache-control"]).toBe("no-store");
    expect(codes.text.match(/<li>[\w]{4}-[\w-]+<\/li>/g)).toHaveLength(10);
    const removed = page(agent, "post", "/2fa/factors/remove").send({ factor });
    await removed.expect(303).expect("Location", "/2fa/factors?done=removed");
    expect((await page(agent, "get", "/2fa/factors?done=removed")).text).toContain("Removed.");
  });

  it("speaks the language of the browser, and says what was wrong", async () => {
    const shop = setUp();
    const agent = await shop.login("tom");
    const swedish = await page(agent, "get", "/2fa/factors").set("Accept-Language", "sv");
    expect(swedish.text).toContain("Lägg till en metod");
    const no = await page(agent, "post", "/2fa/factors/enroll").send({ method: "sms", to: "12" }).expect(400);
    expect(no.text).toMatch(/role="alert"[\s\S]*name="to"/);
  });
});
