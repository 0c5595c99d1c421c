import request from "supertest";
import { describe, expect, it } from "vitest";
import { email, sms } from "../../src/index.js";
import { faultyProvider, type ProviderFault } from "../../src/testing/faulty-provider.js";
import { fixture } from "../helpers/app.js";
import { fakeClock } from "../helpers/clock.js";

function shopWith(...fails: ProviderFault[]) {
  const clock = fakeClock();
  const faulty = faultyProvider({ fails, clock });
  const shop = fixture({ methods: [sms(faulty), email(faulty)], clock });
  shop.guard("/vault");
  const seen: string[] = [];
  shop.tfa.events.on("delivery.failed", ({ outcome }) => void seen.push(outcome));
  shop.tfa.events.on("delivery.receipt", ({ status }) => void seen.push(status));
  return { ...shop, faulty, seen };
}

const codeIn = (text = ""): string => /^\d+/.exec(text)?.[0] ?? "";

describe("faultyProvider", () => {
  it.each([
    ["timeout", 1, ["unknown"]],
    ["500", 0, ["unknown"]],
  ] as const)("%s: the person may ask again, and gets a code", async (fault, arrived, outcomes) => {
    const { login, faulty, seen } = shopWith(fault);
    const agent = await login("ada");
    expect((await agent.get("/vault")).body.code).toBe("delivery_failed");
    expect([faulty.handed, faulty.box.messages.length, seen]).toEqual([1, arrived, outcomes]);
    await agent.post("/2fa/resend").send({}).expect(200);
    expect(faulty.handed).toBe(2);
    await agent
      .post("/2fa/verify")
      .send({ code: codeIn(faulty.box.last()?.text) })
      .expect(200);
  });

  it("duplicate: the same code twice, good for once", async () => {
    const { login, faulty } = shopWith("duplicate");
    const agent = await login("ada");
    await agent.get("/vault").expect(401);
    const [first, second] = faulty.box.messages.map(({ text }) => codeIn(text));
    expect(first).toBe(second);
    await agent.post("/2fa/verify").send({ code: first }).expect(200);
    await agent.post("/2fa/verify").send({ code: second }).expect(409);
  });

  it("late-receipt: told once, when the test says so, and grants nothing", async () => {
    const { app, login, faulty, seen } = shopWith("late-receipt");
    const agent = await login("ada");
    await agent.get("/vault").expect(401);
    expect(seen).toEqual([]);
    expect((await faulty.postReceipts(request(app), "undelivered")).status).toBe(200);
    expect(seen).toEqual(["undelivered"]);
    await agent.get("/vault").expect(401);
    await expect(faulty.postReceipts(request(app), "delivered")).rejects.toThrow(/no message has had its/);
  });

  it("late-receipt: is refused where the app goes by another clock", async () => {
    const { app, login, faulty, clock } = shopWith("late-receipt");
    await (await login("ada")).get("/vault").expect(401);
    clock.tick(0);
    const other = faultyProvider({ fails: ["late-receipt"] });
    const shop = fixture({ methods: [sms(other)], clock });
    shop.guard("/vault");
    await (await shop.login("ada")).get("/vault").expect(401);
    expect((await other.postReceipts(request(shop.app), "sent")).status).toBe(401);
    expect((await faulty.postReceipts(request(app), "sent")).status).toBe(200);
  });

  it("says which faults it knows", () => {
    const start = (fails: unknown) => () => faultyProvider({ fails: fails as ProviderFault[] });
    expect(start(["timeuot"])).toThrow(/Did you mean "timeout"/);
    expect(start("timeout")).toThrow(/must be a list/);
  });
});
