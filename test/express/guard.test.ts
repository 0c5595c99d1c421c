import { describe, expect, it } from "vitest";
import { fixture } from "../helpers/app.js";

describe("a guarded route", () => {
  it("answers a challenge, takes the code and lets the request pass", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("ada");

    const refused = await agent.get("/vault").expect(401);
    expect(refused.body).toMatchObject({
      code: "second_factor_required",
      reason: "missing",
      maxAge: 900,
      methods: ["sms", "email"],
      challenge: { method: "sms", to: "+46•••••••56", attemptsLeft: 5 },
    });
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/vault").expect(200, { ok: true, methods: ["sms"] });
    expect(shop.counters).toMatchObject({ compares: 1, grants: 1, handlerHits: 1 });
  });
});
