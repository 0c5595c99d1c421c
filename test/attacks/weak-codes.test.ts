/**
 * The attacker collects codes: old ones off a lock screen, used ones from over a shoulder, all of them from a backup of
 * the store. They try a code after its time, a second time, in another session, after the person asked for a new one,
 * and they count on the attempts starting afresh with every message. From the stored data they try to work out the code
 * of a challenge that is still open, by undoing an encoding or by hashing all the million codes there are.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { email, memoryStore, outbox, sms, voice } from "../../src/index.js";
import { arena, type Arena, PLENTY, wrongCodes } from "../helpers/arena.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { found, spellings } from "../helpers/needles.js";
import { recordingStore } from "../helpers/recording-store.js";

const MINUTE = 60_000;

async function challenged(shop: Fixture, user = "ada") {
  const agent = await shop.login(user);
  await agent.get("/vault").expect(401);
  return agent;
}

function shopWithVault(options: Parameters<typeof fixture>[0] = {}): Fixture {
  const shop = fixture({ limits: PLENTY, ...options });
  shop.guard("/vault");
  return shop;
}

describe("B03: a code after its time", () => {
  it.each([
    ["five minutes by default", undefined, 5 * MINUTE],
    ["ten minutes", "10m", 10 * MINUTE],
    ["a minute", "1m", MINUTE],
    ["one and a half seconds", "1.5s", 1_500],
  ] as const)("opens nothing: a life of %s ends to the millisecond", async (_what, ttl, life) => {
    const box = outbox();
    const shop = shopWithVault({ methods: [sms(box, ttl === undefined ? {} : { ttl })] });
    for (const [age, status] of [
      [life - 1_000, 200],
      [life - 1, 200],
      [life, 410],
      [life + 1_000, 410],
    ] as const) {
      const agent = await challenged(shop);
      const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
      const before = shop.counters.compares;
      shop.clock.tick(age);
      const { body } = await agent.post("/2fa/verify").send({ code }).expect(status);
      if (status === 410) expect(body.code).toBe("challenge_expired");
      expect(shop.counters.compares - before).toBe(status === 200 ? 1 : 0);
    }
    expect(shop.counters.grants).toBe(2);
  });

  it("opens nothing through the header either, but a new challenge stands", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    const code = shop.code();
    shop.clock.tick(5 * MINUTE);
    await agent.get("/vault").set("Two-Factor-Code", code).expect(401);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
    await agent.post("/2fa/verify").send({ code }).expect(422);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  });

  it("is not renewed by a resend", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    shop.clock.tick(4 * MINUTE + 59_000);
    await agent.post("/2fa/resend").expect(200);
    shop.clock.tick(1_000);
    await agent.post("/2fa/verify").send({ code: shop.code() }).expect(410);
  });
});

describe("B04: a code that was used", () => {
  it("opens nothing again in the same session, nor in another", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    const code = shop.code();
    await agent.post("/2fa/verify").send({ code }).expect(200);
    const again = await agent.post("/2fa/verify").send({ code }).expect(409);
    expect(again.body.code).toBe("challenge_used");
    const other = await challenged(shop);
    await other.post("/2fa/verify").send({ code }).expect(422);
    const third = await shop.login("ada");
    await third.post("/2fa/verify").send({ code }).expect(404);
    expect(shop.counters.grants).toBe(1);
  });

  it("answers no other challenge of the same session", async () => {
    const shop = shopWithVault();
    shop.guard("/payout", { action: "payout" });
    const agent = await challenged(shop);
    const code = shop.code();
    await agent.get("/payout").expect(401);
    expect(shop.code()).not.toBe(code);
    await agent.post("/2fa/verify").send({ code }).expect(422);
    await agent.get("/payout").expect(401);
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("opens nothing once its challenge was canceled", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    const code = shop.code();
    await agent.post("/2fa/cancel").expect(204);
    await agent.post("/2fa/verify").send({ code }).expect(404);
    expect(shop.counters.compares).toBe(0);
  });

  it("is the same in every message of a challenge, and its attempts are counted over all of them", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    const code = shop.code();
    const [first, second, third, fourth, fifth] = wrongCodes(code, 5);
    const left: number[] = [];
    const guess = async (typed: string | undefined): Promise<void> => {
      const { body } = await agent.post("/2fa/verify").send({ code: typed }).expect(422);
      left.push(body.attemptsLeft);
    };
    await guess(first);
    await guess(second);
    for (const wait of [30, 60]) {
      shop.clock.tick(wait * 1_000);
      const { body } = await agent.post("/2fa/resend").expect(200);
      expect(body.attemptsLeft).toBe(5 - left.length);
      expect(shop.code()).toBe(code);
      await guess(wait === 30 ? third : fourth);
    }
    await guess(fifth);
    expect(left).toEqual([4, 3, 2, 1, 0]);
    const right = await agent.post("/2fa/verify").send({ code }).expect(429);
    expect(right.body.code).toBe("challenge_spent");
    expect(shop.counters).toMatchObject({ compares: 5, grants: 0 });
  });

  it("is another by every other method, and no attempt comes with the change", async () => {
    const shop = shopWithVault();
    const agent = await challenged(shop);
    const bySms = shop.code();
    await agent.post("/2fa/verify").send({ code: shop.wrong() }).expect(422);
    const { body } = await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    expect(body).toMatchObject({ method: "email", attemptsLeft: 4 });
    expect(shop.code()).toHaveLength(8);
    expect(shop.code()).not.toContain(bySms);
    // what went out first still counts, as what it is
    const proved = await agent.post("/2fa/verify").send({ code: bySms }).expect(200);
    expect(proved.body).toMatchObject({ methods: ["sms"] });
  });
});

describe("B05: a stolen store", () => {
  const PEOPLE = 50;
  const store = recordingStore(memoryStore());
  let at: Arena;
  const codes: string[] = [];

  beforeAll(async () => {
    const box = outbox();
    const methods = [sms(box, { digits: 8 }), voice(box, { digits: 8 }), email(box, { digits: 10 })];
    at = await arena({ store: store.store, methods });
    for (let index = 0; index < PEOPLE; index += 1) {
      const user = at.newUser();
      at.shop.contacts[user] = { phone: "+46707123456", email: `${user}@example.com` };
      const agent = await at.shop.login(user);
      await agent.get("/vault").expect(401);
      at.shop.clock.tick(31_000);
      await agent.post("/2fa/challenge").send({ method: "voice" }).expect(201);
      await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
      at.shop.clock.tick(31_000);
      await agent.post("/2fa/resend").expect(200);
      await agent.post("/2fa/verify").send({ code: "00000000" });
    }
    for (const { text, channel } of box.messages) {
      const code =
        channel === "voice" ? /\d(?:, \d){7}/.exec(text)?.[0].replaceAll(", ", "") : /^\d{8,10}/.exec(text)?.[0];
      if (code !== undefined && !codes.includes(code)) codes.push(code);
    }
  }, 30_000);
  afterAll(() => at.site.close());

  it("holds no code that waits for its answer, in clear, encoded or hashed without the key", () => {
    expect(codes.length).toBeGreaterThanOrEqual(2 * PEOPLE);
    expect(store.calls.filter(({ method }) => method === "open")).toHaveLength(PEOPLE);
    expect(found(store.dump(), codes)).toEqual([]);
  });

  it("names the key that its codes come from, and nothing of the key", () => {
    const dump = store.dump();
    expect(dump).toMatch(/keyId: '[\w-]{8}'/);
    expect(found(dump, ["a secret of the fixture, 32 bytes and more"])).toEqual([]);
  });

  it("would be seen to hold one: the search finds every spelling", () => {
    for (const spelling of spellings("48151623").values()) {
      expect(found(`{"id":"x","note":"${spelling}"}`, ["48151623"])).not.toEqual([]);
    }
    const nested = Buffer.from(JSON.stringify({ code: "48151623" })).toString("base64");
    expect(found(`cookie=${nested}; path=/`, ["48151623"])).not.toEqual([]);
  });
});
