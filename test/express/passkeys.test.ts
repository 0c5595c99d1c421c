import { describe, expect, it } from "vitest";
import { email, jwtProof, outbox, passkey, recoveryCodes, sms, totp } from "../../src/index.js";
import { ORIGIN } from "../helpers/app.js";
import { BE, BS, SoftPasskey, UP, UV } from "../helpers/authenticator.js";
import { bearer, JWT_SECRET } from "../helpers/bearer.js";
import { type Agent, passkeyShop } from "../helpers/passkeys.js";

const SYNCED = UP | UV | BE | BS;

const page = (agent: Agent, method: "get" | "post", path: string) =>
  agent[method](path).set("Accept", "text/html").set("Origin", ORIGIN).type("form");

describe("a passkey", () => {
  it("is set up, opens the door, and is told apart in the list", async () => {
    const shop = passkeyShop();
    const tom = await shop.login("tom");
    const begun = await tom.post("/2fa/factors/enroll").send({ method: "passkey", name: "Laptop" }).expect(201);
    expect(begun.body).toEqual({
      id: expect.any(String),
      method: "passkey",
      expiresAt: "2026-01-01T00:02:00.000Z",
      publicKey: {
        rp: { id: "shop.example", name: "Shop" },
        user: { id: expect.stringMatching(/^[\w-]{43}$/), name: "Shop", displayName: "Shop" },
        challenge: expect.stringMatching(/^[\w-]{43}$/),
        pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
        timeout: 120_000,
        excludeCredentials: [],
        authenticatorSelection: { residentKey: "preferred", requireResidentKey: false, userVerification: "required" },
        attestation: "none",
      },
    });
    const key = new SoftPasskey(ORIGIN, { flags: SYNCED });
    const code = key.create(begun.body.publicKey);
    const { body: added } = await tom
      .post("/2fa/factors/confirm")
      .send({ enrollment: begun.body.id, code })
      .expect(201);
    expect(added).toEqual({
      id: begun.body.id,
      method: "passkey",
      name: "Laptop",
      createdAt: "2026-01-01T00:00:00.000Z",
      passkey: { deviceType: "multiDevice", backedUp: true },
    });
    expect((await tom.get("/vault").expect(200)).body.methods).toEqual(["passkey"]);

    const other = await shop.login("tom");
    const refused = await other.get("/vault").expect(401);
    expect(refused.body).toMatchObject({ methods: ["passkey"], challenge: { method: "passkey", attemptsLeft: 5 } });
    const { publicKey, id } = refused.body.challenge;
    expect(publicKey).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      rpId: "shop.example",
      allowCredentials: [{ id: key.idText, type: "public-key", transports: ["internal"] }],
      userVerification: "required",
      timeout: 120_000,
    });
    shop.clock.tick(60_000);
    const { body } = await other
      .post("/2fa/verify")
      .send({ code: key.get(publicKey), challenge: id })
      .expect(200);
    expect(body).toMatchObject({ verified: true, methods: ["passkey"] });
    await other.get("/vault").expect(200);
    const { factors } = (await other.get("/2fa/factors")).body;
    expect(factors).toEqual([{ ...added, lastUsedAt: "2026-01-01T00:01:00.000Z" }]);
    expect(shop.counters.faults).toEqual([]);
  });

  it("carries what the browser needs wherever a challenge is told, and asks anew each time", async () => {
    const shop = passkeyShop();
    const { agent } = await shop.owner("ada");
    const first = await shop.asked(agent);
    shop.clock.tick(1);
    const again = await shop.asked(agent);
    const chosen = await agent.post("/2fa/challenge").send({ method: "passkey" }).expect(201);
    const status = await agent.get("/2fa/status").expect(200);
    const wrong = await agent.post("/2fa/verify").send({ code: "123456" }).expect(422);
    const all = [first, again, chosen.body, status.body.challenge, wrong.body.challenge];
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    for (const { publicKey } of all) expect(publicKey).toMatchObject({ rpId: "shop.example", timeout: 120_000 });
    expect(again.publicKey.challenge).not.toBe(first.publicKey.challenge);
    expect(Buffer.from(first.publicKey.challenge, "base64url")).toHaveLength(32);

    const started = await shop.tfa.challenges.start({ user: "ada", session: "a socket" });
    expect(started).toMatchObject({ challenge: { publicKey: { rpId: "shop.example" } } });
    expect(await shop.tfa.challenges.get({ user: "ada", session: "a socket" })).toHaveProperty("publicKey");
    const texted = await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    expect(texted.body).not.toHaveProperty("publicKey");
  });

  it("has two minutes to answer, and as many attempts as before when it is asked again", async () => {
    const shop = passkeyShop();
    const { agent, key } = await shop.owner();
    const late = await shop.asked(agent);
    shop.clock.tick(2 * 60_000);
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(late.publicKey) })
      .expect(422);
    const { body } = await agent.post("/2fa/challenge").send({ method: "passkey" }).expect(201);
    expect(body).toMatchObject({ id: late.id, attemptsLeft: 4 });
    shop.clock.tick(2 * 60_000 - 1);
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(body.publicKey) })
      .expect(200);
  });

  it("may be one of several, and knows those there are", async () => {
    const shop = passkeyShop();
    const tom = await shop.login("tom");
    const { key: first } = await shop.addPasskey(tom);
    const { publicKey, id } = await shop.enroll(tom);
    expect(publicKey.excludeCredentials).toEqual([{ id: first.idText, type: "public-key", transports: ["internal"] }]);
    expect(publicKey.user.id).toBe(first.handle);
    // the same one once more, by a browser that does not care
    await tom
      .post("/2fa/factors/confirm")
      .send({ enrollment: id, code: first.create(publicKey) })
      .expect(422);
    const { key: second } = await shop.addPasskey(tom);
    const other = await shop.login("tom");
    for (const key of [second, first]) {
      const agent = key === second ? other : await shop.login("tom");
      const asked = await shop.asked(agent);
      expect(asked.publicKey.allowCredentials).toHaveLength(2);
      await agent
        .post("/2fa/verify")
        .send({ code: key.get(asked.publicKey) })
        .expect(200);
    }
  });

  it("names its user by a handle that says nothing, stays the same, and is nobody else's", async () => {
    const shop = passkeyShop();
    const begun = async (user: string, session = "settings") => {
      const started = await shop.tfa.factors.enroll({ user, session, method: "passkey" });
      return (started.ok && started.enrollment.publicKey?.user) || expect.unreachable();
    };
    const [ada, bob] = [await begun("ada"), await begun("bob")];
    expect(ada.name).toBe("ada@example.com");
    expect(ada.id).toHaveLength(43);
    expect(Buffer.from(ada.id, "base64url").toString()).not.toContain("ada");
    expect(ada.id).not.toBe(bob.id);
    expect((await begun("ada", "another")).id).toBe(ada.id);
  });

  it("keeps its count and whether it is backed up", async () => {
    const shop = passkeyShop();
    const { agent, key } = await shop.owner("tom", new SoftPasskey(ORIGIN, { counter: 7, flags: UP | UV | BE }));
    const asked = await shop.asked(agent);
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(asked.publicKey, { flags: SYNCED }) })
      .expect(200);
    const [listed] = await shop.tfa.factors.list("tom");
    expect(listed).toMatchObject({ passkey: { deviceType: "multiDevice", backedUp: true } });
    expect(key.counter).toBe(8);
  });

  it("outlives a new secret of the app, with what it calls its user", async () => {
    const rows = new Map<string, Map<string, string>>();
    const of = (user: string) => rows.get(user) ?? rows.set(user, new Map()).get(user) ?? new Map<string, string>();
    const storage = {
      load: (user: string) => [...of(user)].map(([id, sealed]) => ({ id, sealed })),
      add: (user: string, { id, sealed }: { id: string; sealed: string }) => void of(user).set(id, sealed),
      replace: (user: string, { id, sealed }: { id: string; sealed: string }) =>
        of(user).has(id) && Boolean(of(user).set(id, sealed)),
      remove: (user: string, id: string) => of(user).delete(id),
    };
    const [old, young] = ["the first secret, 32 bytes and more", "the second secret, 32 bytes and more"];
    const before = passkeyShop({ secret: old, factors: { storage } });
    const { key } = await before.owner();
    for (const secret of [[young, old], young]) {
      const shop = passkeyShop({ secret, factors: { storage } });
      const agent = await shop.login("tom");
      const { publicKey } = await shop.asked(agent);
      const response = { userHandle: key.handle };
      await agent
        .post("/2fa/verify")
        .send({ code: key.get(publicKey, { response }) })
        .expect(200);
      expect((await shop.enroll(agent)).publicKey.user.id).toBe(key.handle);
    }
  });
});

describe("a passkey and a device that is trusted", () => {
  it("trusts the browser as a code does, but not where it must be a passkey", async () => {
    const shop = passkeyShop({ trustedDevices: true });
    shop.guard("/mail", { trustedDevice: true });
    shop.guard("/safe", { methods: "phishing-resistant" });
    const { agent, key } = await shop.owner();
    const { publicKey } = await shop.asked(agent, "/mail");
    const { body } = await agent
      .post("/2fa/verify")
      .send({ code: key.get(publicKey), trustDevice: true })
      .expect(200);
    expect(body.trusted).toBe(true);
    shop.clock.tick(16 * 60_000);
    await agent.get("/mail").expect(200);
    await agent.get("/safe").expect(401);
  });
});

describe("a passkey on the page", () => {
  it("is asked for by a button, with the other ways right there", async () => {
    const shop = passkeyShop();
    const { agent } = await shop.owner("ada");
    await agent.get("/vault").set("Accept", "text/html").expect(303);
    const shown = await page(agent, "get", "/2fa").expect(200);
    expect(shown.text).toMatch(
      /<form method="post" action="\/2fa\/verify" id="passkey"[^>]* data-get="\{&quot;challenge/,
    );
    expect(shown.text).toContain("<noscript>");
    expect(shown.text).not.toContain('id="code"');
    expect(shown.text).toMatch(/name="method" value="sms"/);
    expect(shown.headers["content-security-policy"]).toContain("default-src 'none'");
    // nothing is said, and nothing said means that our own pages may
    expect(shown.headers).not.toHaveProperty("permissions-policy");

    const wrong = await page(agent, "post", "/2fa/verify").send({ code: "" });
    expect([wrong.status, wrong.text.includes("The passkey was not accepted")]).toEqual([400, true]);
  });

  it("goes on to where the person was, with the answer in the form", async () => {
    const shop = passkeyShop();
    const { agent, key } = await shop.owner();
    await agent.get("/vault").set("Accept", "text/html").expect(303);
    const shown = await page(agent, "get", "/2fa");
    const asked = /data-get="([^"]+)"/.exec(shown.text)?.[1]?.replaceAll("&quot;", '"') ?? "";
    const form = { code: key.get(JSON.parse(asked)), challenge: "" };
    const gone = await page(agent, "post", "/2fa/verify").send(form).expect(303);
    expect(gone.headers["location"]).toBe("/vault");
  });

  it("is made there, and made anew when that did not work", async () => {
    const shop = passkeyShop();
    const tom = await shop.login("tom");
    const begun = await page(tom, "post", "/2fa/factors/enroll").send({ method: "passkey" }).expect(201);
    const publicKey = JSON.parse(/data-create="([^"]+)"/.exec(begun.text)?.[1]?.replaceAll("&quot;", '"') ?? "");
    const enrollment = /name="enrollment" value="([^"]+)"/.exec(begun.text)?.[1];
    const key = new SoftPasskey(ORIGIN);
    const form = { enrollment, method: "passkey" };
    const bad = key.create(publicKey, { clientData: { origin: "https://evil.example" } });
    const refused = await page(tom, "post", "/2fa/factors/confirm").send({ ...form, code: bad });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("The passkey was not accepted");
    expect(refused.text).toMatch(/action="\/2fa\/factors\/enroll"/);
    await page(tom, "post", "/2fa/factors/confirm")
      .send({ ...form, code: key.create(publicKey) })
      .expect(303);
    expect((await page(tom, "get", "/2fa/factors")).text).toMatch(/On one device only<br \/>\s*Added on/);
  });
});

describe("F06 what a passkey is called in a token", () => {
  it.each([
    [UP | UV, ["hwk", "user", "mfa"]],
    [SYNCED, ["swk", "user", "mfa"]],
  ])("flags %i: %o", async (flags, amr) => {
    const shop = passkeyShop({ proof: jwtProof({ secret: JWT_SECRET, algorithms: ["HS256"] }) });
    const { agent, key } = await shop.owner("tom", new SoftPasskey(ORIGIN, { flags }));
    const first = bearer(shop, { sub: "tom" });
    const { body } = await agent.get("/vault").set("Authorization", first).expect(401);
    const verified = await agent
      .post("/2fa/verify")
      .set("Authorization", first)
      .send({ code: key.get(body.challenge.publicKey) })
      .expect(200);
    const claims = JSON.parse(Buffer.from(verified.body.token.split(".")[1], "base64url").toString());
    expect(claims).toMatchObject({ amr, acr: "phr" });
    const next = await agent.get("/vault").set("Authorization", `Bearer ${verified.body.token}`);
    expect([next.status, next.body.methods]).toEqual([200, ["passkey"]]);
  });
});

describe("A07 no way down from a passkey", () => {
  const box = outbox();
  const shop = passkeyShop({
    methods: [passkey(), totp(), sms(box), email(box)],
    workflows: { urgent: [{ channel: "sms", interval: 0 }] },
  });
  shop.guard("/safe", { methods: "phishing-resistant", workflow: "urgent" });

  it("offers nothing else, asked for by body, query or workflow", async () => {
    const { agent, key } = await shop.owner("ada");
    const asked = await shop.asked(agent, "/safe?method=sms&channel=sms");
    expect(asked).toMatchObject({ method: "passkey" });
    for (const body of [{ method: "sms" }, { method: "email", challenge: asked.id }]) {
      const refused = await agent.post("/2fa/challenge?method=sms").send(body).expect(403);
      expect(refused.body.code).toBe("method_not_allowed");
    }
    await agent.post("/2fa/resend").send({ next: true }).expect(400);
    await agent.post("/2fa/resend").send({ channel: "sms" }).expect(400);
    expect(box.messages).toEqual([]);
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(asked.publicKey) })
      .expect(200);
    await agent.get("/safe").expect(200);
  });

  it("takes no proof of anything else", async () => {
    const { agent } = await shop.owner("bob");
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
    await agent.post("/2fa/verify").send({ code }).expect(200);
    await agent.get("/vault").expect(200);
    expect(await shop.asked(agent, "/safe")).toMatchObject({ method: "passkey" });
  });

  it("E07 takes no recovery code: one opens what any proof opens, and does not answer for the passkey", async () => {
    const lost = passkeyShop({ methods: [passkey(), totp(), recoveryCodes()] });
    lost.guard("/safe", { methods: "phishing-resistant" });
    const { agent, key } = await lost.owner();
    const [first, second] = await lost.tfa.factors.newRecoveryCodes("tom");
    await agent.post("/2fa/challenge").send({ method: "recovery-code" }).expect(201);
    await agent.post("/2fa/verify").send({ code: first }).expect(200);
    await agent.get("/vault").expect(200);
    const asked = await lost.asked(agent, "/safe");
    expect(asked).toMatchObject({ method: "passkey" });
    await agent.post("/2fa/challenge").send({ method: "recovery-code", challenge: asked.id }).expect(403);
    await agent.post("/2fa/verify").send({ code: second, challenge: asked.id }).expect(422);
    await agent.get("/safe").set("Two-Factor-Code", String(second)).expect(422);
    expect(await lost.tfa.factors.recoveryCodesLeft("tom")).toBe(9);
    expect(lost.counters.handlerHits).toBe(1);
    const { publicKey } = await lost.asked(agent, "/safe");
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(publicKey) })
      .expect(200);
    await agent.get("/safe").expect(200);
  });

  it("counts one at the next request that is set up while the session is open", async () => {
    const grace = await shop.login("grace");
    expect((await grace.get("/safe").expect(403)).body.code).toBe("not_enrolled");
    await grace.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
    await grace.post("/2fa/verify").send({ code }).expect(200);
    const { key } = await shop.addPasskey(grace);
    await grace.get("/safe").expect(200);
    const other = await shop.login("grace");
    const asked = await shop.asked(other);
    expect(asked).toMatchObject({ method: "passkey" });
    await other
      .post("/2fa/verify")
      .send({ code: key.get(asked.publicKey) })
      .expect(200);
  });
});

describe("E09 changing passkeys", () => {
  it("needs a fresh proof, for adding another as for removing one", async () => {
    const shop = passkeyShop();
    const { agent, factor, key } = await shop.owner();
    await agent.post("/2fa/factors/enroll").send({ method: "passkey" }).expect(401);
    await agent.post("/2fa/factors/remove").send({ factor }).expect(401);
    const asked = await shop.asked(agent);
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(asked.publicKey) })
      .expect(200);
    const second = await shop.addPasskey(agent);
    await agent.post("/2fa/factors/remove").send({ factor }).expect(204);
    const other = await shop.login("tom");
    const { publicKey } = await shop.asked(other);
    expect(publicKey.allowCredentials.map(({ id }) => id)).toEqual([second.key.idText]);
    await other
      .post("/2fa/verify")
      .send({ code: key.get(publicKey) })
      .expect(422);
    await other
      .post("/2fa/verify")
      .send({ code: second.key.get(publicKey) })
      .expect(200);
  });

  it("is not done from two logins at once by somebody with nothing", async () => {
    const shop = passkeyShop();
    const [owner, thief] = [await shop.login("tom"), await shop.login("tom")];
    const [mine, theirs] = [await shop.enroll(owner), await shop.enroll(thief)];
    const code = new SoftPasskey(ORIGIN).create(mine.publicKey);
    await owner.post("/2fa/factors/confirm").send({ enrollment: mine.id, code }).expect(201);
    const late = new SoftPasskey(ORIGIN).create(theirs.publicKey);
    await thief.post("/2fa/factors/confirm").send({ enrollment: theirs.id, code: late }).expect(401);
    expect(await shop.tfa.factors.list("tom")).toHaveLength(1);
  });
});
