import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import { memoryStore, require2fa, type Store } from "../../src/index.js";
import { type Fixture, fixture, ORIGIN } from "../helpers/app.js";
import { deviceCookie, FIREFOX, loginAgain, SAFARI, thief, trust, trusting } from "../helpers/devices.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { recordingStore } from "../helpers/recording-store.js";
import { redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

const DAY = 86_400_000;

async function addNumber(shop: Fixture, to = "+46707123478"): Promise<void> {
  const owner = { user: "ada", session: "at the counter" };
  expect((await shop.tfa.factors.enroll({ ...owner, method: "sms", to })).ok).toBe(true);
  expect((await shop.tfa.factors.confirm({ ...owner, code: shop.code(to) })).ok).toBe(true);
}

async function removeNumbers(shop: Fixture): Promise<void> {
  for (const { id } of await shop.tfa.factors.list("ada")) await shop.tfa.factors.remove({ user: "ada", factor: id });
}

describe("E10 a trusted device", () => {
  it("E10 is off by default, and needs the option, the route and the tick", async () => {
    const off = fixture();
    off.guard("/mail", { trustedDevice: true });
    const ada = await off.login("ada");
    await ada.get("/mail").expect(401);
    const answer = await ada.post("/2fa/verify").send({ code: off.code(), trustDevice: true }).expect(200);
    expect(answer.body).not.toHaveProperty("trusted");
    expect(answer.headers["set-cookie"] ?? []).not.toContainEqual(expect.stringContaining("device"));

    const shop = trusting();
    const grace = await shop.login("bob");
    await grace.get("/mail").expect(401);
    await grace.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(await deviceCookie(shop, grace)).toBe("");
  });

  it("E10 stands in at later logins, and only where the route says so", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    for (let login = 1; login <= 2; login += 1) {
      shop.clock.tick(DAY);
      await loginAgain(ada, "ada");
      const { body } = await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
      expect(body.methods).toEqual([]);
      await ada.get("/vault").set("User-Agent", FIREFOX).expect(401);
    }
  });

  it("E10 is no proof: nothing is verified, and what it opened opens nothing else", async () => {
    const shop = trusting();
    shop.app.get("/what", require2fa({ trustedDevice: true }), (req, res) => {
      const { trusted, verified, methods, verifiedAt } = req.twoFactor;
      res.json({ trusted, verified, methods, verifiedAt: verifiedAt ?? null });
    });
    const ada = await shop.login("ada");
    await trust(shop, ada);
    await loginAgain(ada, "ada");
    const { body } = await ada.get("/what").set("User-Agent", FIREFOX).expect(200);
    expect(body).toEqual({ trusted: true, verified: false, methods: [], verifiedAt: null });
    expect((await ada.get("/2fa/status").set("User-Agent", FIREFOX)).body.verified).toBe(false);
    await ada.get("/2fa/devices").set("User-Agent", FIREFOX).expect(401);
    await ada.post("/2fa/devices/remove").set("User-Agent", FIREFOX).send({}).expect(401);
  });

  it("E10 of one user is nothing for another", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const cookie = await deviceCookie(shop, ada);
    const [name = "", value = ""] = cookie.split("=");
    const bob = await thief(shop, cookie, "bob");
    await bob("/mail").expect(401);
    // under the name that his own would have
    const other = await shop.login("bob");
    await trust(shop, other);
    const [his = ""] = (await deviceCookie(shop, other)).split("=");
    expect(his).not.toBe(name);
    await (await thief(shop, `${his}=${value}`, "bob"))("/mail").expect(401);
  });

  it("E10 ends on its day, whatever the cookie says and however often it was used", async () => {
    const shop = trusting({ trustedDevices: { maxAge: "10d" } });
    const ada = await shop.login("ada");
    await trust(shop, ada);
    for (let day = 1; day <= 9; day += 1) {
      shop.clock.tick(DAY);
      await loginAgain(ada, "ada");
      const { headers } = await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
      expect(String(headers["set-cookie"])).toContain(`Max-Age=${(10 - day) * 86_400}`);
    }
    const kept = await deviceCookie(shop, ada);
    shop.clock.tick(DAY);
    await (await thief(shop, kept))("/mail").expect(401);
  });

  it("E10 does not open for a token that was altered anywhere", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const cookie = await deviceCookie(shop, ada);
    const [name = "", token = ""] = cookie.split("=");
    const [id = "", generation = "", tag = ""] = token.split(".");
    const flip = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
    const forged = [
      `${flip(id)}.1.${tag}`,
      `${id}.2.${tag}`,
      `${id}.01.${tag}`,
      `${id}.1.${flip(tag)}`,
      `${id}.1.`,
      "",
    ];
    for (const each of forged) await (await thief(shop, `${name}=${each}`))("/mail").expect(401);
    await (await thief(shop, cookie))("/mail").expect(200);
    expect(generation).toBe("1");
  });

  it.each([
    [
      "the password changes",
      (_shop: ReturnType<typeof trusting>, app: { password: string }) => void (app.password = "2"),
    ],
    [
      "the phone changes",
      (shop: ReturnType<typeof trusting>) => void (shop.contacts["ada"] = { phone: "+46707123499" }),
    ],
    ["the account is closed", (shop: ReturnType<typeof trusting>) => void (shop.contacts["ada"] = null)],
    ["the app revokes", async (shop: ReturnType<typeof trusting>) => shop.tfa.revoke("ada")],
    ["the user is erased", async (shop: ReturnType<typeof trusting>) => shop.tfa.eraseUser("ada")],
    ["the devices are removed", async (shop: ReturnType<typeof trusting>) => shop.tfa.devices.removeAll("ada")],
    ["a number is added", (shop: ReturnType<typeof trusting>) => addNumber(shop)],
    ["a number is removed", (shop: ReturnType<typeof trusting>) => removeNumbers(shop)],
    ["recovery codes are made", async (shop: ReturnType<typeof trusting>) => shop.tfa.factors.newRecoveryCodes("ada")],
  ])("E10 is dead once %s, and stays dead", async (_what, change) => {
    const app = { password: "1" };
    const shop = trusting({ trustedDevices: { fingerprint: () => app.password }, factors: true });
    await addNumber(shop, "+46707123477");
    shop.clock.tick(DAY);
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const cookie = await deviceCookie(shop, ada);
    await loginAgain(ada, "ada");
    shop.clock.tick(1);
    await change(shop, app);
    await (await thief(shop, cookie))("/mail").expect(401);
    app.password = "1";
    shop.contacts["ada"] = { phone: "+46707123456", email: "ada@example.com" };
    shop.clock.tick(2 * DAY);
    await (await thief(shop, cookie))("/mail").expect(401);
  });

  it("E10 is not trusted when everything was revoked while its code was being checked", async () => {
    const shop = trusting();
    shop.tfa.events.on("proof.granted", () => void shop.tfa.revoke("ada"));
    const ada = await shop.login("ada");
    await expect(trust(shop, ada)).rejects.toThrow("not trusted");
    expect(await shop.tfa.devices.list("ada")).toEqual([]);
  });

  it("E10 is worth nothing in another kind of browser", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const cookie = await deviceCookie(shop, ada);
    await (await thief(shop, cookie))("/mail", SAFARI).expect(401);
    await (await thief(shop, cookie))("/mail", FIREFOX.replaceAll("140", "141")).expect(200);
  });

  it("E10 never stands in for what cannot be phished, or for a method it was not trusted with", async () => {
    const shop = trusting();
    shop.guard("/keys", { trustedDevice: true, methods: ["totp"] });
    shop.guard("/both", { trustedDevice: true, methods: { allOf: ["totp", "sms"] } });
    shop.guard("/strong", { trustedDevice: true, methods: "phishing-resistant" });
    shop.guard("/sms", { trustedDevice: true, methods: ["sms"], action: "read" });
    const ada = await shop.login("ada");
    await trust(shop, ada);
    await loginAgain(ada, "ada");
    for (const path of ["/keys", "/both", "/strong"]) {
      expect((await ada.get(path).set("User-Agent", FIREFOX)).status, path).toBeGreaterThanOrEqual(400);
    }
    await ada.get("/sms").set("User-Agent", FIREFOX).expect(200);
  });

  it("E10 beside bind or maxAge: 0 is a mistake that is told", () => {
    expect(() => require2fa({ trustedDevice: true, maxAge: 0 })).toThrowError(/trustedDevice/);
    expect(() => require2fa({ trustedDevice: true, bind: () => ({ amount: 1 }) })).toThrowError(/trustedDevice/);
    expect(() => fixture({ trustedDevices: { maxAge: "31d" } })).toThrowError(/30d/);
  });

  it("E10 leaves no token in the store", async () => {
    const { store, dump } = recordingStore(memoryStore());
    const shop = trusting({ store });
    const ada = await shop.login("ada");
    await trust(shop, ada);
    await loginAgain(ada, "ada");
    const first = await deviceCookie(shop, ada);
    await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
    const second = await deviceCookie(shop, ada);
    expect(first).not.toBe(second);
    const kept = dump();
    for (const cookie of [first, second]) {
      const [, , tag = "-"] = cookie.split(".");
      expect(kept).not.toContain(tag);
    }
    expect(kept).not.toContain("Firefox");
  });

  it("E10 keeps several people of one browser apart", async () => {
    const shop = trusting();
    const browser = await shop.login("ada");
    await trust(shop, browser);
    await loginAgain(browser, "bob");
    await browser.get("/mail").set("User-Agent", FIREFOX).expect(401);
    await trust(shop, browser);
    for (const user of ["ada", "bob", "ada"]) {
      await loginAgain(browser, user);
      await browser.get("/mail").set("User-Agent", FIREFOX).expect(200);
    }
    expect((await deviceCookie(shop, browser)).split("; ")).toHaveLength(2);
  });

  it("E10 is kept by a cookie that no script reads and no other site sends, over TLS alone", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await ada.get("/mail").expect(401);
    const { headers } = await ada
      .post("/2fa/verify")
      .set("Host", new URL(ORIGIN).host)
      .send({ code: shop.code(), trustDevice: true })
      .expect(200);
    const cookie = [headers["set-cookie"] ?? []].flat().find((each) => each.includes("device"));
    expect(cookie).toMatch(
      /^__Host-two-factor-device-[\w-]{12}=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it("E10 is listed and ended by its owner, after a proof", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const cookie = await deviceCookie(shop, ada);
    const { body } = await ada.get("/2fa/devices").expect(200);
    expect(body.devices).toEqual([expect.objectContaining({ name: "Firefox, Linux" })]);
    await ada
      .post("/2fa/devices/remove")
      .send({ device: "x".repeat(43) })
      .expect(400);
    await ada.post("/2fa/devices/remove").send({ device: body.devices[0].id }).expect(204);
    expect(await shop.tfa.devices.list("ada")).toEqual([]);
    await (await thief(shop, cookie))("/mail").expect(401);
  });
});

const PARALLEL = 20;

async function burst(store: Store | undefined): Promise<void> {
  const shop = trusting(store && { store });
  const reused: string[] = [];
  shop.tfa.events.on("device.reused", ({ device }) => void reused.push(device));
  const ada = await shop.login("ada");
  await trust(shop, ada);
  const first = await deviceCookie(shop, ada);
  const asAda = await thief(shop, first);
  const answers = await Promise.all(Array.from({ length: PARALLEL }, () => asAda("/mail")));
  // Nobody is shut out; a database on a busy machine may be late, which is a 503 and nothing else.
  const statuses = new Set(answers.map(({ status }) => status));
  expect(statuses).toContain(200);
  expect([...statuses].filter((status) => status !== 200 && !(store && status === 503))).toEqual([]);
  const given = answers.flatMap(({ headers }) => headers["set-cookie"] ?? []).map((each) => each.split(";")[0]);
  const successors = new Set(given.filter((each) => each?.startsWith("two-factor-device-")));
  expect(successors.size).toBe(1);
  expect(await shop.tfa.devices.list("ada")).toHaveLength(1);
  const [second = ""] = successors;
  await (await thief(shop, second))("/mail").expect(200);
  expect(reused).toEqual([]);
  // the time of the first one is over
  shop.clock.tick(61_000);
  await (await thief(shop, first))("/mail").expect(401);
  expect(reused).toHaveLength(1);
  await (await thief(shop, second))("/mail").expect(401);
  expect(await shop.tfa.devices.list("ada")).toEqual([]);
}

describe("D12 the token of a device", () => {
  it("D12 is one use in a burst, with one successor; coming back later ends the device", () => burst(undefined));

  it("D12 which comes back unused successor or not, long after, ends the device as well", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const first = await deviceCookie(shop, ada);
    await (await thief(shop, first))("/mail").expect(200);
    shop.clock.tick(DAY);
    await (await thief(shop, first))("/mail").expect(401);
    expect(await shop.tfa.devices.list("ada")).toEqual([]);
  });

  it("D12 which was late among newer ones hands out the newest and keeps one chain", async () => {
    const shop = trusting();
    const ada = await shop.login("ada");
    await trust(shop, ada);
    const first = await deviceCookie(shop, ada);
    await loginAgain(ada, "ada");
    await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
    await ada.get("/mail").set("User-Agent", FIREFOX).expect(200);
    const newest = await deviceCookie(shop, ada);
    const { headers } = await (await thief(shop, first))("/mail").expect(200);
    expect(String(headers["set-cookie"])).toContain(newest);
  });
});

describe.skipIf(!service("redis-server"))("D12 on Redis", () => {
  it("D12 is one use in a burst there as well", async () => {
    const server = await redisServer();
    const client = createClient({ url: server.url }).on("error", () => {});
    try {
      await client.connect();
      const store = redisTestStore(client);
      await store.catchUp();
      await burst(store);
      store.close();
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});

describe.skipIf(!service("postgres"))("D12 on Postgres", () => {
  it("D12 is one use in a burst there as well", async () => {
    const server = await postgresServer();
    try {
      const store = await freshStore(server.pool());
      await burst(store);
      await store.close();
    } finally {
      await server.stop();
    }
  });
});
