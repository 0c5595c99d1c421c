/**
 * The attacker has the password and guesses the second factor: five tries, then a new challenge and five more, a resend, a
 * cancel, another method, a new login, fifty logins at once. Each may be allowed; together they must never give more
 * guesses than one account has, and the right code must be worth nothing once the guesses are used up.
 */
import { afterEach, describe, expect, it } from "vitest";
import { outbox, sms, totp, type TwoFactorOptions } from "../../src/index.js";
import { TOTP_SECRET } from "../helpers/app.js";
import { arena, type Arena, PLENTY, wrongCodes } from "../helpers/arena.js";
import { tally, Visitor } from "../helpers/burst.js";

const MINUTE = 60_000;
const open: Arena[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.site.close();
});

async function shopAt(options: Partial<TwoFactorOptions> = {}): Promise<Arena> {
  const at = await arena(options);
  open.push(at);
  return at;
}

describe("C01: a challenge", () => {
  it("is compared five times, and then not even with the right code", async () => {
    const at = await shopAt();
    const { visitor, right, challenge } = await at.challenged();
    for (const [index, code] of wrongCodes(right, 5).entries()) {
      const { status, body } = await visitor.post("/2fa/verify", { code });
      expect([status, body["code"], body["attemptsLeft"]]).toEqual([422, "wrong_code", 4 - index]);
    }
    for (const code of [right, ...wrongCodes(right, 3)]) {
      for (const which of [{}, { challenge }]) {
        const { status, body } = await visitor.post("/2fa/verify", { code, ...which });
        expect([status, body["code"]]).toEqual([429, "challenge_spent"]);
      }
    }
    expect(at.shop.counters).toMatchObject({ compares: 5, grants: 0, handlerHits: 0 });
  });

  it("has its last attempt for the right code", async () => {
    const at = await shopAt();
    const { visitor, right } = await at.challenged();
    for (const code of wrongCodes(right, 4)) await visitor.post("/2fa/verify", { code });
    expect((await visitor.post("/2fa/verify", { code: right })).status).toBe(200);
    expect(at.shop.counters).toMatchObject({ compares: 5, grants: 1 });
  });

  it.each([1, 3, 10])("is compared %d times where the app says so", async (perChallenge) => {
    const at = await shopAt({ limits: { ...PLENTY, failures: { perChallenge, perAccount: 100 } } });
    const { visitor, right } = await at.challenged();
    for (const code of wrongCodes(right, 12)) await visitor.post("/2fa/verify", { code });
    expect(at.shop.counters.compares).toBe(perChallenge);
  });

  it("counts a code in the header, in a form and in JSON as the same", async () => {
    const at = await shopAt();
    const { visitor, right } = await at.challenged();
    const [a, b, c, d, e] = wrongCodes(right, 5);
    await visitor.get("/vault", { "two-factor-code": a ?? "" });
    await visitor.send("POST", "/2fa/verify", { form: { code: b ?? "" } });
    await visitor.post("/2fa/verify", { code: c });
    await visitor.get("/vault", { "two-factor-code": d ?? "" });
    const { body } = await visitor.post("/2fa/verify", { code: e });
    expect(body["attemptsLeft"]).toBe(0);
    expect((await visitor.post("/2fa/verify", { code: right })).status).toBe(429);
    expect(at.shop.counters.compares).toBe(5);
  });

  it("costs nothing when nobody could say whether it was right, and everything that was compared counts", async () => {
    let away = false;
    const box = outbox();
    const secret = (): string => {
      if (away) throw new Error("the vault with the secrets is sealed");
      return TOTP_SECRET;
    };
    const at = await shopAt({ methods: [sms(box), totp({ secret })] });
    const user = at.newUser();
    const visitor = await Visitor.login(at.site, user);
    await visitor.get("/vault");
    const right = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
    await visitor.post("/2fa/challenge", { method: "totp" });
    away = true;
    // the code that was sent is compared, and only then does the other method fail
    for (const code of wrongCodes(right, 20)) await visitor.post("/2fa/verify", { code });
    expect(at.shop.counters.compares).toBeLessThanOrEqual(5);
  });

  it("costs nothing for what can be no code at all, and nothing is compared", async () => {
    const at = await shopAt();
    const { visitor, right } = await at.challenged();
    for (const code of ["", "1", "12345", "1234567", "abcdef", "x".repeat(100)]) {
      expect((await visitor.post("/2fa/verify", { code })).status).toBe(400);
    }
    expect(at.shop.counters.compares).toBe(0);
    expect((await visitor.post("/2fa/verify", { code: right })).status).toBe(200);
  });
});

describe("C02: an account", () => {
  it("has ten guesses over as many challenges as one likes: start, four wrong, cancel, and again", async () => {
    const at = await shopAt();
    const user = at.newUser();
    const statuses: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const visitor = await Visitor.login(at.site, user);
      const { status } = await visitor.get("/vault");
      if (status !== 401) continue;
      for (const code of wrongCodes(at.shop.code(), 4))
        statuses.push((await visitor.post("/2fa/verify", { code })).status);
      await visitor.post("/2fa/cancel");
    }
    expect(statuses.filter((status) => status === 422)).toHaveLength(10);
    expect(at.shop.counters).toMatchObject({ compares: 10, grants: 0 });
    const { body, headers } = await (await Visitor.login(at.site, user)).get("/vault");
    expect(body["code"]).toBe("account_locked");
    expect(Number(headers["retry-after"])).toBe(15 * 60);
  });

  it("has ten guesses over fifty sessions that guess at the same time", async () => {
    const at = await shopAt();
    const user = at.newUser();
    const sessions = await Promise.all(Array.from({ length: 50 }, () => at.challenged(user)));
    expect(at.shop.box.messages).toHaveLength(50);
    const guesses = sessions.flatMap(({ visitor, right }) =>
      wrongCodes(right, 4).map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } })),
    );
    expect(guesses).toHaveLength(200);
    const answers = await at.site.burst(guesses);
    expect(tally(answers)).toEqual({ 422: 10, 429: 190 });
    expect(at.shop.counters).toMatchObject({ compares: 10, grants: 0 });
    // the right codes of all of them are worth nothing now
    const right = await at.site.burst(
      sessions.map((each) => each.visitor.raw("POST", "/2fa/verify", { json: { code: each.right } })),
    );
    expect(tally(right)).toEqual({ 429: 50 });
    expect(at.shop.counters).toMatchObject({ compares: 10, grants: 0, handlerHits: 0 });
  });

  it("gets no guess back from a resend, another method, another action or a new login", async () => {
    const at = await shopAt();
    const user = at.newUser();
    at.shop.contacts[user] = { phone: "+46707123456", email: "ada@example.com" };
    at.shop.guard("/payout", { action: "payout" });
    const guess = async (visitor: Visitor, times: number): Promise<void> => {
      for (const code of wrongCodes(at.shop.code(), times)) await visitor.post("/2fa/verify", { code });
    };
    const { visitor } = await at.challenged(user);
    await guess(visitor, 2);
    at.shop.clock.tick(31_000);
    await visitor.post("/2fa/resend");
    await guess(visitor, 2);
    await visitor.post("/2fa/challenge", { method: "email" });
    await guess(visitor, 1);
    await visitor.get("/payout");
    await guess(visitor, 3);
    const other = await Visitor.login(at.site, user);
    await other.get("/payout");
    await guess(other, 5);
    expect(at.shop.counters.compares).toBe(10);
    expect((await other.get("/vault")).body["code"]).toBe("account_locked");
  });

  it("is locked twice as long every time, so that a patient guesser has seventy tries in a day", async () => {
    const at = await shopAt();
    const user = at.newUser();
    const locks: number[] = [];
    const start = at.shop.clock();
    while (at.shop.clock() - start < 24 * 60 * MINUTE) {
      const visitor = await Visitor.login(at.site, user);
      const { status, headers } = await visitor.get("/vault");
      if (status === 429) {
        locks.push(Number(headers["retry-after"]) / 60);
        at.shop.clock.tick(Number(headers["retry-after"]) * 1_000);
        continue;
      }
      for (const code of wrongCodes(at.shop.code(), 5)) await visitor.post("/2fa/verify", { code });
    }
    expect(locks).toEqual([15, 30, 60, 120, 240, 480, 960]);
    expect(at.shop.counters.compares).toBe(70);
  });

  it("forgets its failures with a right code, and no other account's", async () => {
    const at = await shopAt();
    const [user, other] = [at.newUser(), at.newUser()];
    const wrongOnce = async (who: string, times: number): Promise<void> => {
      const { visitor, right } = await at.challenged(who);
      for (const code of wrongCodes(right, times)) await visitor.post("/2fa/verify", { code });
      await visitor.post("/2fa/cancel");
    };
    for (const who of [user, other]) {
      await wrongOnce(who, 4);
      await wrongOnce(who, 4);
    }
    const { visitor, right } = await at.challenged(user);
    expect((await visitor.post("/2fa/verify", { code: right })).status).toBe(200);
    await wrongOnce(user, 4);
    await wrongOnce(user, 4);
    expect((await (await Visitor.login(at.site, user)).get("/vault")).status).toBe(401);
    await wrongOnce(other, 2);
    expect((await (await Visitor.login(at.site, other)).get("/vault")).status).toBe(429);
  });

  it("cannot be locked by somebody who is not logged in to it", async () => {
    const at = await shopAt();
    const { visitor, right, challenge } = await at.challenged();
    const stranger = new Visitor(at.site);
    const eve = (await at.challenged()).visitor;
    for (let index = 0; index < 30; index += 1) {
      await stranger.post("/2fa/verify", { code: "000000", challenge });
      await eve.post("/2fa/verify", { code: "000000", challenge, user: "user-1", userId: "user-1" });
    }
    expect((await visitor.post("/2fa/verify", { code: right })).status).toBe(200);
    expect(at.shop.counters.compares).toBe(1);
  });
});
