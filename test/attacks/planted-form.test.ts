/**
 * The attacker has a copy of the victim's session cookie, and no second factor. While the victim is typing a code for
 * something harmless, the attacker sends a form to a guarded route with the same cookie: stopped at the door, the form is
 * kept, and whoever passes the page next sends it. It must not be the victim.
 */
import express from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { require2fa } from "../../src/index.js";
import { fixture, ORIGIN } from "../helpers/app.js";

const BROWSER = { Accept: "text/html", Origin: ORIGIN };

describe("a form that somebody else with the same cookie was stopped with", () => {
  async function stopped() {
    const shop = fixture();
    const changed: unknown[] = [];
    shop.guard("/vault");
    shop.app.post("/password", express.urlencoded({ extended: false }), require2fa(), (req, res) => {
      changed.push(req.body);
      res.json({ changed: true });
    });
    const victim = await shop.login("ada");
    const cookie = /connect\.sid=[^;]+/.exec(String((await shop.sessionCookie(victim)) ?? ""))?.[0] ?? "";
    await victim.get("/vault").set(BROWSER).expect(303);
    return { shop, victim, cookie, changed };
  }

  it("is not sent by the victim, who goes where they were going", async () => {
    const { shop, victim, cookie, changed } = await stopped();
    await request(shop.app)
      .post("/password")
      .set({ ...BROWSER, Cookie: cookie })
      .type("form")
      .send({ new: "owned-by-thief" })
      .expect(303);
    const passed = await victim.post("/2fa/verify").set(BROWSER).type("form").send({ code: shop.code() });
    expect([passed.status, passed.headers["location"]]).toEqual([303, "/vault"]);
    expect(passed.text).not.toContain("owned-by-thief");
    expect(changed).toEqual([]);
  });

  it("F03: belongs to a cookie that scripts cannot read, other sites cannot send, and https keeps to itself", async () => {
    const shop = fixture();
    shop.app.set("trust proxy", true);
    shop.guard("/vault");
    const agent = await shop.login("ada");
    const plain = await agent.get("/vault").set(BROWSER).expect(303);
    const [cookie = ""] = String(plain.headers["set-cookie"]).match(/two-factor-resume=[^,]*/) ?? [];
    expect(cookie).toMatch(/^two-factor-resume=[\w-]{43}; Path=\/; Max-Age=1200; HttpOnly; SameSite=Lax$/);
    const other = await shop.login("ada");
    const secure = await other
      .get("/vault")
      .set({ ...BROWSER, "X-Forwarded-Proto": "https" })
      .expect(303);
    expect(String(secure.headers["set-cookie"])).toMatch(/two-factor-resume=[^,]*; SameSite=Lax; Secure/);
  });

  it("is sent again by the browser that sent it, to show that the test would notice", async () => {
    const { shop, victim } = await stopped();
    await victim.post("/password").set(BROWSER).type("form").send({ new: "my own" }).expect(303);
    const passed = await victim.post("/2fa/verify").set(BROWSER).type("form").send({ code: shop.code() }).expect(200);
    expect(passed.text).toContain('value="my own"');
  });
});
