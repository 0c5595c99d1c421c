/**
 * The attacker skips a step or claims to have done it: a code without a challenge, or for one that was canceled or has
 * expired; and, after a wrong code, the very answer that somebody else got for a right one, in every place where a server
 * might be foolish enough to look.
 */
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { type Fixture, fixture } from "../helpers/app.js";

let shop: Fixture;
beforeEach(() => {
  shop = fixture();
  shop.guard("/vault");
});

describe("A02 a code without an open challenge is refused and compared with nothing", () => {
  it("A02 before there was one", async () => {
    const agent = await shop.login("ada");
    const { body } = await agent.post("/2fa/verify").send({ code: "123456" }).expect(404);
    expect(body).toMatchObject({ code: "challenge_not_found" });
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
    await agent.get("/vault").expect(401);
  });

  it("A02 after it was canceled", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/cancel").expect(204);
    const { body } = await agent.post("/2fa/verify").send({ code: shop.code() }).expect(404);
    expect(body).toMatchObject({ code: "challenge_not_found" });
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
  });

  it("A02 after it has expired, to the millisecond", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    shop.clock.tick(300_000);
    const { body } = await agent.post("/2fa/verify").send({ code: shop.code() }).expect(410);
    expect(body).toMatchObject({ code: "challenge_expired" });
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
  });

  it("A02 a millisecond earlier it is taken", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    shop.clock.tick(299_999);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    expect(shop.counters).toMatchObject({ compares: 1, grants: 1 });
  });

  it("A02 after all its attempts were used", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    for (const left of [4, 3, 2, 1, 0]) {
      const { body } = await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
      expect(body).toMatchObject({ code: "wrong_code", attemptsLeft: left });
    }
    const { body } = await agent.post("/2fa/verify").send({ code: shop.code() }).expect(429);
    expect(body).toMatchObject({ code: "challenge_spent" });
    expect(shop.counters).toMatchObject({ compares: 5, grants: 0 });
  });
});

describe("what a client says about itself decides nothing", () => {
  /** What somebody else was answered with for a right code. */
  async function bobsAnswer() {
    const bob = await shop.login("bob");
    await bob.get("/vault").expect(401);
    const answer = await bob.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await bob.get("/vault").expect(200);
    shop.counters.grants = 0;
    shop.counters.handlerHits = 0;
    return answer.body as Record<string, unknown>;
  }

  it("A02 the body of an earlier success proves nothing after a wrong code", async () => {
    const success = await bobsAnswer();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const claims = { ...success, verified: true, twoFactor: true, amr: ["mfa"], attempts: 0, grant: true };
    const claimed = { ...claims, code: shop.wrong("+46707123456") };
    await agent.post("/2fa/verify").send(claimed).expect(422);
    await agent.post("/2fa/verify").send(claims).expect(400);
    await agent.post("/2fa/verify?verified=true").send(claimed).expect(422);
    await agent
      .get("/vault")
      .query({ verified: "true", twoFactor: JSON.stringify(success) })
      .expect(401);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it.each<[string, Record<string, string>]>([
    ["X-2FA", { "X-2FA": "ok" }],
    ["Two-Factor-Token", { "Two-Factor-Token": "eyJhbGciOiJub25lIn0.eyJ2ZXJpZmllZCI6dHJ1ZX0." }],
    ["a code of another shape", { "Two-Factor-Code": "true" }],
    ["an empty code", { "Two-Factor-Code": "" }],
    ["a cookie", { Cookie: "mfa=1; twoFactor=verified; 2fa=1" }],
  ])("A02 nor does a header: %s", async (_name, headers) => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const cookies = [await cookieOf(agent), headers["Cookie"]].filter((each) => each !== undefined).join("; ");
    const { status } = await request(shop.app)
      .get("/vault")
      .set({ ...headers, Cookie: cookies });
    expect([400, 401]).toContain(status);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
  });

  it("A02 the session cookie from before a success is worth nothing after it", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const before = await cookieOf(agent);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
    await agent.get("/vault").expect(200);
    await request(shop.app).get("/vault").set("Cookie", before).expect(401);
    expect(shop.counters.handlerHits).toBe(1);
  });

  it("A02 a right code in the query, or in a GET, is not looked at", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    const code = shop.code();
    await agent.get(`/vault?code=${code}`).expect(401);
    await agent.get(`/2fa/verify?code=${code}`).expect(405);
    await agent.post(`/2fa/verify?code=${code}`).send({}).expect(400);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
  });
});

/** What this client would send as its cookies. */
async function cookieOf(agent: Awaited<ReturnType<Fixture["login"]>>): Promise<string> {
  const { cookies } = (await agent.get("/nowhere")).request as unknown as { cookies?: string };
  return cookies ?? expect.unreachable();
}
