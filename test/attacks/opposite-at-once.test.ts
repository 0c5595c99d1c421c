/**
 * The right code arrives in the same instant as something that contradicts it: a cancel, a logout, a resend, the guess
 * that locks the account. Whoever is second must see what the first has done: once a cancel, a logout or a lock has been
 * answered no grant may follow, and no two codes of one challenge may both be taken (OWASP TX cheat sheet 2.5).
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { TwoFactorOptions } from "../../src/index.js";
import {
  arena,
  CONTROL,
  differs,
  FEWER_ROUNDS,
  PLENTY,
  race,
  type Round,
  ROUNDS,
  shuffled,
  wrongCodes,
} from "../helpers/arena.js";
import { brokenStore, halfAtomic } from "../helpers/broken-stores.js";
import { CROWDS, type Crowd, type Visitor } from "../helpers/burst.js";
import { naiveSessionProof } from "../helpers/naive-session-proof.js";

/** Sends named requests in a random order; answers come back under their names. */
async function mixed(crowd: Crowd, visitor: Visitor, requests: Readonly<Record<string, string>>) {
  const names = shuffled(Object.keys(requests));
  const answers = await crowd(
    visitor.site,
    names.map((name) => requests[name] ?? ""),
  );
  return {
    answers,
    status: Object.fromEntries(names.map((name, index) => [name, answers[index]?.status ?? 0])) as Record<
      string,
      number
    >,
  };
}

/** How many of the sessions this client was ever given open the vault. */
async function opened(visitor: Visitor, answers: Awaited<ReturnType<typeof mixed>>["answers"]): Promise<number> {
  const twins = new Map([[visitor.cookie, visitor]]);
  for (const answer of answers) {
    const twin = visitor.twin();
    twin.keep(answer);
    twins.set(twin.cookie, twin);
  }
  let count = 0;
  for (const twin of twins.values()) if ((await twin.get("/vault")).status === 200) count += 1;
  return count;
}

function allowed(status: Record<string, number>, ...outcomes: Record<string, number | readonly number[]>[]): string[] {
  const fits = outcomes.some((outcome) =>
    Object.entries(outcome).every(([name, wanted]) => [wanted].flat().includes(status[name] ?? 0)),
  );
  return fits ? [] : [`this is no allowed outcome: ${JSON.stringify(status)}`];
}

const PAIRS: Readonly<Record<string, (crowd: Crowd) => Round>> = {
  "a cancel":
    (crowd) =>
    async ({ challenged }) => {
      const { visitor, right } = await challenged();
      const { status, answers } = await mixed(crowd, visitor, {
        verify: visitor.raw("POST", "/2fa/verify", { json: { code: right } }),
        cancel: visitor.raw("POST", "/2fa/cancel", { json: {} }),
      });
      return [
        ...allowed(status, { verify: 200, cancel: [404, 401] }, { verify: 404, cancel: 204 }),
        ...differs("open sessions", await opened(visitor, answers), status["verify"] === 200 ? 1 : 0),
      ];
    },

  "a logout":
    (crowd) =>
    async ({ challenged }) => {
      const { visitor, right } = await challenged();
      const { status, answers } = await mixed(crowd, visitor, {
        verify: visitor.raw("POST", "/2fa/verify", { json: { code: right } }),
        logout: visitor.raw("POST", "/logout"),
      });
      return [
        ...allowed(status, { verify: [200, 401], logout: 204 }),
        ...differs("open sessions", await opened(visitor, answers), 0),
      ];
    },

  "a resend and the same code again":
    (crowd) =>
    async ({ shop: { box, clock, counters }, challenged }) => {
      box.clear();
      const { visitor, right } = await challenged();
      clock.tick(30_000);
      const before = counters.grants;
      const verify = visitor.raw("POST", "/2fa/verify", { json: { code: right } });
      const resend = visitor.raw("POST", "/2fa/resend", { json: {} });
      const { status, answers } = await mixed(crowd, visitor, { first: verify, resend, second: verify });
      return [
        ...allowed(status, { first: 200, second: [401, 409] }, { first: [401, 409], second: 200 }),
        ...allowed(status, { resend: [200, 401, 409] }),
        ...differs("grants", counters.grants - before, 1),
        ...differs("messages", box.messages.length, status["resend"] === 200 ? 2 : 1),
        ...differs("codes sent", [...new Set(box.messages.map(({ text }) => text.slice(0, 6)))], [right]),
        ...differs("open sessions", await opened(visitor, answers), 1),
      ];
    },

  "the guesses that lock the account":
    (crowd) =>
    async ({ shop: { tfa, counters }, challenged, newUser }) => {
      const user = newUser();
      const { visitor: guesser, right: other } = await challenged(user);
      const { visitor, right } = await challenged(user);
      const [first, second, third] = wrongCodes(other, 3);
      await guesser.post("/2fa/verify", { code: first });
      let locks = 0;
      const count = (): void => void (locks += 1);
      tfa.events.on("account.locked", count);
      const before = counters.grants;
      const { status } = await mixed(crowd, visitor, {
        verify: visitor.raw("POST", "/2fa/verify", { json: { code: right } }),
        one: guesser.raw("POST", "/2fa/verify", { json: { code: second } }),
        two: guesser.raw("POST", "/2fa/verify", { json: { code: third } }),
      });
      tfa.events.off("account.locked", count);
      return [
        ...allowed(status, { verify: 200, one: [422, 429], two: [422, 429] }, { verify: 429, one: 422, two: 422 }),
        ...differs("grants and locks", counters.grants - before + locks, 1),
      ];
    },
};

/** Three failures in a row lock an account. Looking one up sometimes takes a moment, so that requests overtake each other. */
const OPTIONS: Partial<TwoFactorOptions> = {
  limits: { ...PLENTY, failures: { perAccount: 3 } },
  contact: async () => {
    if (Math.random() < 0.3) await pause(2);
    return { phone: "+46707123456" };
  },
};

describe.each(Object.entries(PAIRS))("the right code beside %s", (_what, pair) => {
  it.each(Object.entries<Crowd>(CROWDS))("D06 leaves one truth, %s", { timeout: 60_000 }, async (_name, crowd) => {
    const at = await arena(OPTIONS);
    expect(await race(pair(crowd), at, crowd === CROWDS["by Promise.all"] ? FEWER_ROUNDS : ROUNDS)).toEqual([]);
    await at.site.close();
  });
});

describe("the same races", () => {
  const MUTANTS: [pair: string, mutant: string, options: () => Partial<TwoFactorOptions>][] = [
    ["a cancel", "a store that consumes in two steps", () => ({ store: halfAtomic() })],
    ["a cancel", "a store that cancels in two steps", () => ({ store: brokenStore({ cancel: true }) })],
    ["a logout", "a proof that does not look back", () => ({ proof: naiveSessionProof })],
    ["a resend and the same code again", "a store that consumes in two steps", () => ({ store: halfAtomic() })],
    ["the guesses that lock the account", "a store that consumes in two steps", () => ({ store: halfAtomic() })],
  ];

  it.each(MUTANTS)("D06 %s: %s is caught", { timeout: 60_000 }, async (name, _mutant, options) => {
    const pair = PAIRS[name] ?? expect.unreachable();
    const at = await arena({ ...OPTIONS, ...options() });
    expect(await race(pair(CROWDS["last bytes at once"]), at)).not.toEqual([]);
    await at.site.close();
  });

  it.each(Object.entries(PAIRS))("D06 %s: an unbroken store of the same make passes", async (_what, pair) => {
    const at = await arena({ ...OPTIONS, store: brokenStore({}) });
    expect(await race(pair(CROWDS["last bytes at once"]), at, CONTROL)).toEqual([]);
    await at.site.close();
  });
});
