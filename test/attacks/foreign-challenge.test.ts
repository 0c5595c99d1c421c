/**
 * The attacker has a session of their own and somebody else's code or challenge id: read over a shoulder, forwarded by a
 * helpful colleague, sent to their own phone. They submit it from their session, or name the victim in the body, the
 * query, a header or a cookie (PortSwigger "2FA broken logic"; autentico#361; SimpleIdServer#664).
 */
import request from "supertest";
import { beforeEach, describe, expect, it } from "vitest";
import { type Fixture, fixture } from "../helpers/app.js";

type Agent = Awaited<ReturnType<Fixture["login"]>>;

const ADAS_PHONE = "+46707123456";
const BOBS_PHONE = "+46707123457";

let shop: Fixture;
beforeEach(() => {
  shop = fixture();
  shop.guard("/vault");
});

/** Opens the challenge of `/vault` and names it. */
async function open(agent: Agent): Promise<string> {
  const { body } = await agent.get("/vault").expect(401);
  return body.challenge.id as string;
}

async function attemptsLeft(agent: Agent): Promise<number> {
  const { body } = await agent.get("/vault").expect(401);
  return body.challenge.attemptsLeft as number;
}

describe("a code belongs to the session it was asked in", () => {
  it("A03 a code of one session is refused in another of the same user", async () => {
    const [first, second] = [await shop.login("ada"), await shop.login("ada")];
    const challenge = await open(first);
    const code = shop.code();
    await second.post("/2fa/verify").send({ code, challenge }).expect(404);
    await second.post("/2fa/verify").send({ code }).expect(404);
    await second.get("/vault").expect(401);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
    await first.post("/2fa/verify").send({ code, challenge }).expect(200);
  });

  it("A03 a code of one challenge is refused for the challenge of another session", async () => {
    const [first, second] = [await shop.login("ada"), await shop.login("ada")];
    await open(first);
    const code = shop.code();
    await open(second);
    await second.post("/2fa/verify").send({ code }).expect(422);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it("A03 a code of one user is refused for another, who pays nothing for the try", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const challenge = await open(ada);
    const code = shop.code(ADAS_PHONE);
    for (let index = 0; index < 12; index += 1) {
      await bob.post("/2fa/verify").send({ code, challenge }).expect(404);
    }
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
    expect(await attemptsLeft(ada)).toBe(5);
    expect(await attemptsLeft(bob)).toBe(5);
    await ada.post("/2fa/verify").send({ code }).expect(200);
  });

  it("A03 nobody at all is refused before anything is looked up", async () => {
    const ada = await shop.login("ada");
    const challenge = await open(ada);
    const { body } = await request(shop.app).post("/2fa/verify").send({ code: shop.code(), challenge }).expect(401);
    expect(body).toMatchObject({ code: "first_factor_required" });
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
  });

  it("A03 a foreign challenge and one that never was are answered alike", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const foreign = await open(ada);
    await open(bob);
    const unknown = [...foreign].toReversed().join("");
    for (const path of ["/2fa/verify", "/2fa/resend", "/2fa/cancel"]) {
      const [first, second] = [
        await bob.post(path).send({ code: "123456", challenge: foreign }),
        await bob.post(path).send({ code: "123456", challenge: unknown }),
      ];
      expect(first.status).toBe(404);
      expect(second.status).toBe(404);
      expect(second.text).toBe(first.text);
      expect(Object.keys(second.headers)).toEqual(Object.keys(first.headers));
    }
    expect(await attemptsLeft(ada)).toBe(5);
  });

  it("A03 a foreign challenge is neither canceled nor sent again", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const challenge = await open(ada);
    shop.clock.tick(60_000);
    await bob.post("/2fa/cancel").send({ challenge }).expect(404);
    await bob.post("/2fa/resend").send({ challenge }).expect(404);
    expect(shop.box.messages).toHaveLength(1);
    await ada.post("/2fa/verify").send({ code: shop.code(), challenge }).expect(200);
  });
});

describe("the user is never taken from the request", () => {
  const adas = { user: "ada", userId: "ada", username: "ada", sub: "ada", account: "ada", owner: "ada" };
  const contact = { phone: ADAS_PHONE, email: "ada@example.com", to: ADAS_PHONE, channel: "email" };

  it("A03 another user in the body of a verification changes nothing", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const challenge = await open(ada);
    await open(bob);
    const code = shop.code(ADAS_PHONE);
    await bob
      .post("/2fa/verify")
      .send({ ...adas, ...contact, code, challenge })
      .expect(404);
    await bob
      .post("/2fa/verify")
      .send({ ...adas, ...contact, code })
      .expect(422);
    expect(await attemptsLeft(ada)).toBe(5);
    expect(await attemptsLeft(bob)).toBe(4);
    expect(shop.counters).toMatchObject({ compares: 1, grants: 0, handlerHits: 0 });
  });

  it("A03 another user or address in the start of a challenge changes nothing", async () => {
    const bob = await shop.login("bob");
    const { body } = await bob
      .post("/2fa/challenge")
      .send({ ...adas, ...contact })
      .expect(201);
    expect(body).toMatchObject({ method: "sms", to: "+46•••••••57" });
    expect(shop.box.messages.map(({ to }) => to)).toEqual([BOBS_PHONE]);
  });

  it("A03 nor in a query, a header or a cookie", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const challenge = await open(ada);
    const code = shop.code(ADAS_PHONE);
    await bob
      .post("/2fa/verify")
      .query({ ...adas, challenge })
      .send({ code, challenge })
      .expect(404);
    await bob
      .post("/2fa/verify")
      .set({
        "X-User": "ada",
        "X-User-Id": "ada",
        "X-Forwarded-User": "ada",
        "Remote-User": "ada",
        From: "ada@example.com",
      })
      .send({ code, challenge })
      .expect(404);
    await request(shop.app)
      .post("/2fa/verify")
      .set("Cookie", "verify=ada; user=ada; userId=ada")
      .send({ code, challenge })
      .expect(401);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0 });
    expect(await attemptsLeft(ada)).toBe(5);
  });

  it("A03 nor in a prototype", async () => {
    const [ada, bob] = [await shop.login("ada"), await shop.login("bob")];
    const challenge = await open(ada);
    const code = shop.code(ADAS_PHONE);
    const poison = `{"code":"${code}","challenge":"${challenge}","__proto__":{"user":"ada"},"constructor":{"prototype":{"user":"ada"}}}`;
    await bob.post("/2fa/verify").set("Content-Type", "application/json").send(poison).expect(404);
    expect(Object.hasOwn(Object.prototype, "user")).toBe(false);
    expect(shop.counters.grants).toBe(0);
  });
});
