/**
 * The attacker has many accounts' passwords and sits in one place: three guesses at each account lock none of them. They
 * write other addresses into `X-Forwarded-For`, and take another of the many that an IPv6 network has for each guess.
 */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { LimitOptions } from "../../src/index.js";
import { fixture } from "../helpers/app.js";

const ALLOWED = 50;
const GUESSES = 3;
const failures = { perNetwork: { max: ALLOWED, interval: "10m" } } as const;

function shopOf(limits: LimitOptions = { failures }) {
  const shop = fixture({ limits: { ...limits, sends: { perPrefix: false } } });
  for (let user = 0; user < 40; user += 1) shop.contacts[`user-${user}`] = { phone: `+467071${10_000 + user * 37}` };
  return shop;
}

/** Wrong codes for one account after another, until one is refused: how many were compared. */
async function spray(shop: ReturnType<typeof shopOf>, ip: (guess: number) => string | undefined, users = 40) {
  const before = shop.counters.compares;
  for (let user = 0, guess = 0; user < users; user += 1) {
    const owner = { user: `user-${user}`, session: "a login" };
    await shop.tfa.challenges.start(owner);
    for (let time = 0; time < GUESSES; time += 1) {
      const answer = await shop.tfa.challenges.verify({ ...owner, code: shop.wrong(), ip: ip((guess += 1)) });
      if (!answer.ok && answer.reason === "account_locked")
        return { compares: shop.counters.compares - before, answer };
    }
  }
  return { compares: shop.counters.compares - before };
}

describe("C06: wrong codes at many accounts from one place", () => {
  it("are compared fifty times, and once more, and then nothing is taken from there for a while", async () => {
    const shop = shopOf();
    const { compares, answer } = await spray(shop, () => "192.0.2.7");
    expect(compares).toBe(ALLOWED + 1);
    expect(answer).toMatchObject({ retryAfter: 600 });
    const owner = { user: "bob", session: "another login" };
    await shop.tfa.challenges.start(owner);
    const right = shop.code("+46707123457");
    // not even the right one, as nobody can tell who sends it
    expect(await shop.tfa.challenges.verify({ ...owner, code: right, ip: "192.0.2.7" })).toMatchObject({ ok: false });
    expect(await shop.tfa.challenges.verify({ ...owner, code: right, ip: "192.0.2.8" })).toMatchObject({ ok: true });
  });

  it("are taken again when the time has passed", async () => {
    const shop = shopOf();
    await spray(shop, () => "192.0.2.7");
    shop.clock.tick(10 * 60_000);
    const owner = { user: "bob", session: "another login" };
    await shop.tfa.challenges.start(owner);
    const code = shop.code("+46707123457");
    expect(await shop.tfa.challenges.verify({ ...owner, code, ip: "192.0.2.7" })).toMatchObject({ ok: true });
  });

  it.each([
    ["an IPv6 network", (guess: number) => `2001:db8:1:2::${guess.toString(16)}`],
    ["both spellings of IPv4", (guess: number) => (guess % 2 === 0 ? "192.0.2.7" : "::ffff:192.0.2.7")],
  ])("are those of one place: %s", async (_what, ip) => {
    expect((await spray(shopOf(), ip)).compares).toBe(ALLOWED + 1);
  });

  it("are not those of another: IPv4 addresses, written as IPv6", async () => {
    expect((await spray(shopOf(), (guess) => `::ffff:192.0.2.${guess % 100}`)).compares).toBe(40 * GUESSES);
  });

  it("are not counted where the app says so, nor where it does not say from where", async () => {
    const off = shopOf({ failures: { perNetwork: false } });
    expect((await spray(off, () => "192.0.2.7")).compares).toBe(40 * GUESSES);
    expect((await spray(shopOf(), () => undefined)).compares).toBe(40 * GUESSES);
  });

  it("come from where the connection does, whatever a header says that no proxy of the app's has set", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const shop = shopOf({ failures: { perNetwork: { max: 4, interval: "10m" } } });
    const statuses: number[] = [];
    for (let user = 0; user < 3; user += 1) {
      const agent = await shop.login(`user-${user}`);
      await agent.post("/2fa/challenge").send({});
      for (let time = 0; time < GUESSES; time += 1) {
        const forged = `198.51.100.${user * GUESSES + time}`;
        const { status } = await agent.post("/2fa/verify").set("x-forwarded-for", forged).send({ code: shop.wrong() });
        statuses.push(status);
      }
    }
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429, 429, 429]);
    expect(shop.counters.compares).toBe(5);
    // if it was a proxy after all, the app's owner has been told
    expect(warned.mock.calls).toEqual([
      [expect.stringContaining('app.set("trust proxy", 1)'), { code: "REQUIRE2FA_TRUST_PROXY" }],
    ]);
  });

  it("come from where a proxy of the app's says", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const shop = shopOf({ failures: { perNetwork: { max: 1, interval: "10m" } } });
    shop.app.set("trust proxy", 1);
    const agent = await shop.login("user-1");
    await agent.post("/2fa/challenge").send({});
    const answer = async (ip: string): Promise<number> =>
      (await agent.post("/2fa/verify").set("x-forwarded-for", ip).send({ code: shop.wrong() })).status;
    expect(await answer("198.51.100.1")).toBe(422);
    expect(await answer("198.51.100.1")).toBe(422);
    expect(await answer("198.51.100.1")).toBe(429);
    expect(await answer("198.51.100.2")).toBe(422);
    expect(warned).not.toHaveBeenCalled();
  });
});
