/**
 * The attacker spreads the guesses so that no single challenge looks attacked: the right code hidden among wrong ones,
 * forty logins of one account at a time, a hundred accounts at a time (Microsoft's AuthQuake, 2024: new sessions gave
 * new guesses). The caps belong to the challenge and to the account, and no crowd moves them.
 */
import { describe, expect, it } from "vitest";
import {
  arena,
  type Arena,
  CONTROL,
  differs,
  FEWER_ROUNDS,
  PATIENCE,
  race,
  type Round,
  shuffled,
  wrongCodes,
} from "../helpers/arena.js";
import { attemptNotAtomic, brokenStore, nothingAtomic } from "../helpers/broken-stores.js";
import { tally, Visitor } from "../helpers/burst.js";

const PER_CHALLENGE = 5;
const PER_ACCOUNT = 10;
const A_QUIET_DAY = 2 * 24 * 3_600_000;

/** One right code among 199 wrong ones. */
const needle: Round = async ({ shop: { counters }, site, challenged }) => {
  const { visitor, right } = await challenged();
  const before = { ...counters };
  const codes = shuffled([right, ...wrongCodes(right, 199)]);
  const answers = await site.burst(codes.map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } })));
  const granted = counters.grants - before.grants;
  return [
    ...(counters.compares - before.compares <= PER_CHALLENGE ? [] : ["more than five compares"]),
    ...(granted <= 1 ? [] : ["more than one of the grants"]),
    ...differs("answers with 200", tally(answers)[200] ?? 0, granted),
  ];
};

const needleByCall: Round = async ({ shop: { tfa, code, counters }, newUser }) => {
  const owner = { user: newUser(), session: "a socket" };
  await tfa.challenges.start(owner);
  const right = code();
  const before = counters.compares;
  const codes = shuffled([right, ...wrongCodes(right, 199)]);
  const results = await Promise.all(codes.map((each) => tfa.challenges.verify({ ...owner, code: each })));
  return [
    ...(counters.compares - before <= PER_CHALLENGE ? [] : ["more than five compares"]),
    ...(results.filter((result) => result.ok).length <= 1 ? [] : ["more than one of the grants"]),
  ];
};

/** Five wrong codes in each of forty logins of one account; the same logins from round to round, days apart. */
function swarm({ user, logins }: Swarm): Round {
  return async ({ shop, site }) => {
    shop.clock.tick(A_QUIET_DAY);
    // else the hundredth wrong code would end the method, whatever the locks do
    await shop.tfa.unlock(user);
    const requests: string[] = [];
    for (const visitor of logins) {
      await visitor.get("/vault");
      const codes = wrongCodes(shop.code(), PER_CHALLENGE);
      requests.push(...codes.map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } })));
    }
    const before = shop.counters.compares;
    const statuses = tally(await site.burst(shuffled(requests)));
    return [
      ...differs("compares", shop.counters.compares - before, PER_ACCOUNT),
      ...differs("statuses", statuses, { 422: PER_ACCOUNT, 429: requests.length - PER_ACCOUNT }),
    ];
  };
}

const swarmByCall: Round = async ({ shop: { tfa, code, counters }, newUser }) => {
  const user = newUser();
  const guesses: { user: string; session: string; code: string }[] = [];
  for (let index = 0; index < 40; index += 1) {
    const owner = { user, session: `socket ${index}` };
    await tfa.challenges.start(owner);
    guesses.push(...wrongCodes(code(), PER_CHALLENGE).map((each) => ({ ...owner, code: each })));
  }
  const before = counters.compares;
  await Promise.all(shuffled(guesses).map((guess) => tfa.challenges.verify(guess)));
  return differs("compares", counters.compares - before, PER_ACCOUNT);
};

interface Swarm {
  readonly user: string;
  readonly logins: readonly Visitor[];
}

async function fortyLogins({ site, newUser }: Arena): Promise<Swarm> {
  const user = newUser();
  return { user, logins: await Promise.all(Array.from({ length: 40 }, () => Visitor.login(site, user))) };
}

const TWO_STEPS = { "that counts in two steps": attemptNotAtomic, "that has no atomic step": nothingAtomic };

describe.each(Object.entries({ "over sockets released together": needle, "by Promise.all": needleByCall }))(
  "one right code among 199 wrong ones, %s",
  (_name, round) => {
    it("D03 costs at most five compares and gives at most one grant", { timeout: 60_000 }, async () => {
      const at = await arena();
      expect(await race(round, at, FEWER_ROUNDS)).toEqual([]);
      expect(at.shop.counters.faults).toEqual([]);
      await at.site.close();
    });

    it.each(Object.entries(TWO_STEPS))("D03 a store %s is caught", { timeout: 60_000 }, async (_flaw, store) => {
      const at = await arena({ store: store() });
      expect(await race(round, at, PATIENCE)).toContainEqual(expect.stringContaining("compares"));
      await at.site.close();
    });
  },
);

describe("five wrong codes in each of forty logins of one account", () => {
  it("D03 are compared ten times, over sockets released together", { timeout: 60_000 }, async () => {
    const at = await arena();
    expect(await race(swarm(await fortyLogins(at)), at, FEWER_ROUNDS)).toEqual([]);
    expect(at.shop.counters).toMatchObject({ grants: 0, faults: [] });
    await at.site.close();
  });

  it("D03 are compared ten times, by Promise.all", { timeout: 60_000 }, async () => {
    const at = await arena();
    expect(await race(swarmByCall, at, FEWER_ROUNDS)).toEqual([]);
    await at.site.close();
  });

  it.each(Object.entries(TWO_STEPS))("D03 a store %s is caught", { timeout: 60_000 }, async (_flaw, store) => {
    const at = await arena({ store: store() });
    const faults = await race(swarm(await fortyLogins(at)), at, PATIENCE);
    expect(faults).toContainEqual(expect.stringContaining("compares"));
    await at.site.close();
  });

  it("D03 a store that is written like the broken ones, but is not broken, passes", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({}) });
    expect(await race(swarm(await fortyLogins(at)), at, CONTROL)).toEqual([]);
    await at.site.close();
  });
});

describe("fifty codes for each of a hundred accounts, two hundred at a time", () => {
  it("D03 are compared five times for each account, and nobody pays for another", { timeout: 60_000 }, async () => {
    const at = await arena();
    const { shop, site } = at;
    const compares = new Map<string, number>();
    shop.tfa.events.on("code.compared", ({ challenge }) => compares.set(challenge, (compares.get(challenge) ?? 0) + 1));
    const victims = [];
    for (let index = 0; index < 100; index += 1) victims.push(await at.challenged());
    const bystander = await at.challenged();

    const requests = shuffled(
      victims.flatMap(({ visitor, right }) =>
        wrongCodes(right, 50).map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } })),
      ),
    );
    while (requests.length > 0) await site.burst(requests.splice(0, 200));

    expect(victims.map(({ challenge }) => compares.get(challenge))).toEqual(victims.map(() => PER_CHALLENGE));
    expect(shop.counters).toMatchObject({ grants: 0, faults: [] });
    expect((await bystander.visitor.post("/2fa/verify", { code: bystander.right })).status).toBe(200);
    await site.close();
  });
});
