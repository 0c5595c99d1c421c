/**
 * The attacker gets the person to approve something harmless and uses the approval for something else: a proof for "view"
 * at "transfer", the code of one challenge on another, a proof by a weak method where a strong one is asked for, a proof
 * from the laptop on the phone.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { type Fixture, fixture } from "../helpers/app.js";

let shop: Fixture;
beforeEach(() => {
  shop = fixture();
  shop.guard("/view", { action: "view" });
  shop.guard("/transfer", { action: "transfer" });
  shop.guard("/vault");
  shop.guard("/by-sms", { methods: ["sms"] });
  shop.guard("/by-email", { methods: ["email"] });
});

const ACTIONS = ["view", "transfer"];

describe("a proof for one action", () => {
  it.each(ACTIONS)("A04 %s opens its own door, in its own session, and no other", async (action) => {
    const sessions = [await shop.login("ada"), await shop.login("ada")];
    const [mine] = sessions;
    await mine?.get(`/${action}`).expect(401);
    await mine?.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    for (const [index, agent] of sessions.entries()) {
      for (const other of ACTIONS) {
        const { status } = await agent.get(`/${other}`);
        expect([action, index, other, status]).toEqual([
          action,
          index,
          other,
          index === 0 && other === action ? 200 : 401,
        ]);
      }
    }
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 1 });
  });

  it("A04 is not what a proof for no action in particular is", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/vault").expect(200);
    for (const action of ACTIONS) await agent.get(`/${action}`).expect(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("A04 cannot be renamed when it is verified", async () => {
    const agent = await shop.login("ada");
    await agent.get("/view").expect(401);
    await agent.post("/2fa/verify?action=transfer").send({ code: shop.code(), action: "transfer" }).expect(200);
    await agent.get("/transfer").expect(401);
    await agent.get("/view").expect(200);
  });
});

describe("the code of one challenge", () => {
  it("A04 is wrong for another of the same session", async () => {
    const agent = await shop.login("ada");
    const first = await agent.get("/view").expect(401);
    const codeForView = shop.code();
    const second = await agent.get("/transfer").expect(401);
    const codeForTransfer = shop.code();
    expect(second.body.challenge.id).not.toBe(first.body.challenge.id);
    await agent.post("/2fa/verify").send({ code: codeForView, challenge: second.body.challenge.id }).expect(422);
    await agent.post("/2fa/verify").send({ code: codeForTransfer, challenge: first.body.challenge.id }).expect(422);
    expect(shop.counters).toMatchObject({ compares: 2, grants: 0 });
  });

  it("A04 is wrong in the header of a request for another action", async () => {
    const agent = await shop.login("ada");
    await agent.get("/view").expect(401);
    const codeForView = shop.code();
    await agent.get("/transfer").expect(401);
    await agent.get("/transfer").set("Two-Factor-Code", codeForView).expect(422);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });
});

describe("a proof by one method", () => {
  it("A04 does not count where another is asked for", async () => {
    const agent = await shop.login("ada");
    await agent.get("/by-email").expect(401);
    await agent
      .post("/2fa/verify")
      .send({ code: shop.code("ada@example.com") })
      .expect(200);
    await agent.get("/by-email").expect(200);
    const { body } = await agent.get("/by-sms").expect(401);
    expect(body).toMatchObject({ methods: ["sms"], challenge: { method: "sms" } });
  });

  it("A04 cannot be had through a weaker one: the challenge of such a route knows no other method", async () => {
    const agent = await shop.login("ada");
    await agent.get("/by-sms").expect(401);
    for (const method of ["email", "totp", "voice"]) {
      const { body } = await agent.post("/2fa/challenge").send({ method }).expect(403);
      expect(body).toMatchObject({ code: "method_not_allowed" });
    }
    expect(shop.box.messages.map(({ channel }) => channel)).toEqual(["sms"]);
  });

  it("A04 cannot be had through a weaker one: what came by mail does not tell what came by phone", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const byPhone = shop.code("+46707123456");
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    const byMail = shop.code("ada@example.com");
    expect(byMail.slice(0, byPhone.length)).not.toBe(byPhone);

    // somebody who reads the mailbox, and only that, goes back to the phone with what they know
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    await agent.post("/2fa/verify").send({ code: byMail.slice(0, byPhone.length) });
    await agent.get("/by-sms").expect(401);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });
});
