import request from "supertest";
import { describe, expect, it } from "vitest";
import { ORIGIN } from "../helpers/app.js";
import { deviceCookie, FIREFOX, thief, trust, trusting } from "../helpers/devices.js";
import { fixture, type Fixture } from "../helpers/app.js";
import { email } from "../../src/index.js";
import { outbox } from "../../src/providers/outbox.js";

/** Codes by e-mail only, with the link. */
function mailing(extra: Parameters<typeof fixture>[0] = {}): Fixture & { link(): string; token(): string } {
  const box = outbox();
  const shop = trusting({ methods: [email(box)], notMe: true, ...extra });
  const link = (): string => /https:\S+/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
  const code = (): string => /^\d{8}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
  return { ...shop, box, code, link, token: () => new URL(link()).searchParams.get("t") ?? "" };
}

function events(shop: Fixture): { user: string; challenge: string; granted: boolean }[] {
  const seen: { user: string; challenge: string; granted: boolean }[] = [];
  shop.tfa.events.on("challenge.reported", (event) => void seen.push(event));
  return seen;
}

const HTML = "text/html";

describe("this was not me", () => {
  it("shuts out a thief who has the password and got the code by phishing", async () => {
    const shop = mailing();
    const reported = events(shop);
    const stolen = await shop.login("ada");
    await stolen.get("/vault").expect(401);
    await stolen
      .post("/2fa/verify")
      .set("User-Agent", FIREFOX)
      .send({ code: shop.code(), trustDevice: true })
      .expect(200);
    await stolen.get("/vault").expect(200);
    const cookie = await deviceCookie(shop, stolen);

    shop.clock.tick(60_000);
    const owner = request(shop.app);
    const page = await owner
      .get(new URL(shop.link()).pathname)
      .query({ t: shop.token() })
      .set("Accept", HTML)
      .expect(200);
    expect(page.text).toContain(`action="/2fa/not-me"`);
    const answer = await owner
      .post("/2fa/not-me")
      .set("Origin", ORIGIN)
      .set("Accept", HTML)
      .type("form")
      .send({ t: shop.token() })
      .expect(200);
    expect(answer.text).toContain("Change your password");

    await stolen.get("/vault").expect(401);
    await (await thief(shop, cookie))("/mail").expect(401);
    expect(await shop.tfa.devices.list("ada")).toEqual([]);
    expect(reported).toEqual([{ user: "ada", challenge: expect.any(String), granted: true }]);
  });

  it("ends a challenge that was not answered yet, and leaves the owner's own proof alone", async () => {
    const shop = mailing();
    const reported = events(shop);
    const owner = await shop.login("ada");
    await owner.get("/vault").expect(401);
    await owner.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(60_000);
    const stolen = await shop.login("ada");
    await stolen.get("/vault").expect(401);
    const code = shop.code();
    await owner.post("/2fa/not-me").send({ t: shop.token() }).expect(200, { reported: true });
    const late = await stolen.post("/2fa/verify").send({ code });
    expect([late.status, late.body.code]).toEqual([404, "challenge_not_found"]);
    await owner.get("/vault").expect(200);
    expect(reported).toMatchObject([{ granted: false }]);
  });

  it("changes nothing for whoever only looks: scanners, previews, prefetches", async () => {
    const shop = mailing();
    const reported = events(shop);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const scanner = request(shop.app);
    for (const headers of [{}, { Accept: HTML }, { "Sec-Purpose": "prefetch" }, { "Sec-Fetch-Site": "cross-site" }]) {
      await scanner.get("/2fa/not-me").query({ t: shop.token() }).set(headers).expect(200);
      await scanner.head("/2fa/not-me").query({ t: shop.token() }).set(headers).expect(200);
    }
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(reported).toEqual([]);
  });

  it("takes no token but ours, and none for long", async () => {
    const shop = mailing();
    const reported = events(shop);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const good = shop.token();
    const other = mailing({ secret: "quite another secret, of 32 bytes and more" });
    await (await other.login("ada")).get("/vault").expect(401);
    const [key = "", body = ""] = good.split(".");
    const bad = ["", "x", `${key}.${body.slice(0, -2)}AA`, other.token(), "y".repeat(5_000), { a: 1 }, [good], null, 7];
    for (const t of bad) await request(shop.app).post("/2fa/not-me").send({ t }).expect(400);
    await request(shop.app).get("/2fa/not-me").expect(400);
    shop.clock.tick(24 * 3_600_000);
    await request(shop.app).post("/2fa/not-me").send({ t: good }).expect(400);
    expect(reported).toEqual([]);
  });

  it("takes none that another site sends", async () => {
    const shop = mailing();
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    await request(shop.app)
      .post("/2fa/not-me")
      .set("Origin", "https://evil.example")
      .send({ t: shop.token() })
      .expect(403);
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it("said again, changes nothing that came after", async () => {
    const shop = mailing();
    const reported = events(shop);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const token = shop.token();
    await ada.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    shop.clock.tick(1_000);
    const say = () => request(shop.app).post("/2fa/not-me").send({ t: token }).expect(200, { reported: true });
    await Promise.all(Array.from({ length: 10 }, say));
    await ada.get("/vault").expect(401);
    shop.clock.tick(60_000);
    await trust(shop, ada);
    await say();
    await ada.get("/vault").expect(200);
    expect(await shop.tfa.devices.list("ada")).toHaveLength(1);
    expect(reported).toHaveLength(1);
  });

  it("answers alike whether there was something to end or not, and names nobody", async () => {
    const shop = mailing();
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const token = shop.token();
    const pages: string[] = [];
    for (let round = 1; round <= 2; round += 1) {
      const post = request(shop.app).post("/2fa/not-me").set("Origin", ORIGIN).set("Accept", HTML).type("form");
      pages.push((await post.send({ t: token }).expect(200)).text.replaceAll(/nonce="[^"]+"/g, ""));
    }
    expect(pages[0]).toBe(pages[1]);
    expect(pages[0]).not.toMatch(/ada|example\.com/);
    expect(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("latin1")).not.toContain("ada");
  });

  it("is not there unless the app says so, and needs an origin to lead to", async () => {
    const shop = mailing({ notMe: false });
    await (await shop.login("ada")).get("/vault").expect(401);
    expect(shop.link()).toBe("");
    await request(shop.app).get("/2fa/not-me").expect(404);
    expect(() => mailing({ origin: undefined })).toThrowError(/origin/);
    const admin = mailing({ notMe: "/admin/2fa" });
    await (await admin.login("ada")).get("/vault").expect(401);
    expect(admin.link()).toMatch(/^https:\/\/shop\.example\/admin\/2fa\/not-me\?t=/);
  });
});
