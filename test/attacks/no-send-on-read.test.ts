/**
 * Nobody attacks, and messages go out all the same: the person refreshes the page, goes back and forth, opens ten tabs; the
 * browser prefetches and prerenders; a mail scanner follows every link, a monitor sends HEAD, a crawler GETs what it
 * finds. An attacker who knows that reading sends only has to make others read. So reading must neither send nor use
 * anything up.
 */
import { afterEach, describe, expect, it } from "vitest";
import { fixture, type Fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { Site, Visitor } from "../helpers/burst.js";

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate" };
const IDLE: readonly Record<string, string>[] = [
  { "sec-purpose": "prefetch" },
  { "sec-purpose": "prefetch;prerender" },
  { "sec-purpose": "prefetch;anonymous-client-ip" },
  { purpose: "prefetch" },
  { purpose: "preview" },
  { "x-moz": "prefetch" },
];

let site: Site;
afterEach(() => site.close());

async function opened(): Promise<{ shop: Fixture; ada: Visitor }> {
  const shop = fixture({ limits: PLENTY });
  shop.guard("/vault");
  shop.guard("/once", { maxAge: 0 });
  site = await Site.open(shop.app);
  return { shop, ada: await Visitor.login(site, "ada") };
}

describe("C11: reading", () => {
  it("sends once, however often a guarded page is refreshed", async () => {
    const { shop, ada } = await opened();
    for (let index = 0; index < 50; index += 1) {
      const { status } = await (index % 2 === 0 ? ada.get("/vault", NAVIGATION) : ada.get("/vault"));
      expect(status).toBe(index % 2 === 0 ? 303 : 401);
      await ada.get("/2fa", NAVIGATION);
      await ada.get("/2fa?sent", NAVIGATION);
      await ada.get("/2fa/status");
      shop.clock.tick(2_000);
    }
    expect(shop.box.messages).toHaveLength(1);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
  });

  it("sends once for fifty tabs at the same time", async () => {
    const { shop, ada } = await opened();
    const answers = await site.burst(
      Array.from({ length: 50 }, () => ada.raw("GET", "/vault", { headers: NAVIGATION })),
    );
    expect(answers.every(({ status }) => status === 303)).toBe(true);
    expect(shop.box.messages).toHaveLength(1);
  });

  it.each(IDLE)("sends nothing when nobody looks: %j", async (headers) => {
    const { shop, ada } = await opened();
    for (let index = 0; index < 5; index += 1) {
      expect((await ada.get("/vault", headers)).status).toBe(401);
      expect((await ada.get("/vault", { ...headers, ...NAVIGATION })).status).toBe(401);
      await ada.get("/2fa", { ...headers, ...NAVIGATION });
    }
    expect(shop.box.messages).toHaveLength(0);
    expect((await ada.get("/2fa/status")).body).toEqual({ verified: false, methods: [] });
  });

  it("sends nothing for a HEAD, and nothing for a preflight", async () => {
    const { shop, ada } = await opened();
    for (const path of ["/vault", "/once", "/2fa", "/2fa/status"]) {
      expect((await ada.send("HEAD", path)).status).toBeLessThan(500);
      expect((await ada.send("OPTIONS", path)).status).toBeLessThan(500);
    }
    expect(shop.box.messages).toHaveLength(0);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("uses no code up, not even when it carries the right one", async () => {
    const { shop, ada } = await opened();
    await ada.get("/vault");
    const code = shop.code();
    const links = [
      `/2fa?code=${code}`,
      `/2fa/verify?code=${code}`,
      `/2fa/verify/${code}`,
      `/2fa/${code}`,
      `/vault?code=${code}`,
      `/2fa/cancel`,
      `/2fa/resend`,
    ];
    for (const link of links) {
      for (const headers of [NAVIGATION, { "user-agent": "LinkScanner/1.0" }]) await ada.get(link, headers);
      await ada.send("HEAD", link);
    }
    for (const headers of IDLE)
      expect((await ada.get("/vault", { ...headers, "two-factor-code": code })).status).toBe(401);
    expect((await ada.send("HEAD", "/vault", { headers: { "two-factor-code": code } })).status).toBe(401);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
    expect(shop.box.messages).toHaveLength(1);
    expect((await ada.post("/2fa/verify", { code })).status).toBe(200);
  });

  it("uses no proof up that is good for one request", async () => {
    const { shop, ada } = await opened();
    await ada.get("/once");
    expect((await ada.post("/2fa/verify", { code: shop.code() })).status).toBe(200);
    for (const headers of IDLE) await ada.get("/once", headers);
    await ada.send("HEAD", "/once");
    await ada.send("OPTIONS", "/once");
    expect(shop.counters.handlerHits).toBe(0);
    expect((await ada.get("/once")).status).toBe(200);
    expect((await ada.get("/once")).status).toBe(401);
  });

  it("of the page that says a message was sent sends no other", async () => {
    const { shop, ada } = await opened();
    await ada.get("/vault", NAVIGATION);
    shop.clock.tick(31_000);
    const headers = { ...NAVIGATION, origin: "https://shop.example" };
    const { status, headers: answered } = await ada.send("POST", "/2fa/resend", { form: {}, headers });
    expect([status, answered["location"]]).toEqual([303, "/2fa?sent"]);
    for (let index = 0; index < 10; index += 1) {
      shop.clock.tick(1_000);
      expect((await ada.get("/2fa?sent", NAVIGATION)).status).toBe(200);
    }
    expect(shop.box.messages).toHaveLength(2);
  });

  it("does not start over what has ended", async () => {
    const { shop, ada } = await opened();
    await ada.get("/vault", NAVIGATION);
    shop.clock.tick(10 * 60_000);
    for (let index = 0; index < 10; index += 1) await ada.get("/2fa", NAVIGATION);
    expect(shop.box.messages).toHaveLength(1);
  });
});
