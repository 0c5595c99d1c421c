/**
 * The attacker has one right code, by reading it off a screen, say, and wants more than one session out of it: fifty
 * requests with it arrive in the same instant. A server that looks whether the code was used, and marks it used a moment
 * later, opens the door fifty times (Ory Kratos, HackerOne #3692149; Authelia #12095).
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { arena, CONTROL, differs, FEWER_ROUNDS, PATIENCE, race, type Round, ROUNDS } from "../helpers/arena.js";
import { brokenStore, halfAtomic, nothingAtomic } from "../helpers/broken-stores.js";
import { type Answer, CROWDS, type Crowd, tally, type Visitor } from "../helpers/burst.js";

const TRIES = 50;

/** Fifty times the right code, then the door by every cookie that was handed out. */
function spendBy(crowd: Crowd, refusals: readonly number[] = [401, 404, 409]): Round {
  return async ({ shop: { counters }, site, challenged }) => {
    const { visitor, right } = await challenged();
    const before = { ...counters };
    const request = visitor.raw("POST", "/2fa/verify", { json: { code: right } });
    const answers = await crowd(
      site,
      Array.from({ length: TRIES }, () => request),
    );
    const granted = counters.grants - before.grants;
    const { 200: won = 0, ...others } = tally(answers);
    const late = await visitor.post("/2fa/verify", { code: right });
    return [
      ...differs("grants", granted, 1),
      ...differs("answers with 200", won, 1),
      ...differs(
        "other answers",
        Object.keys(others)
          .map(Number)
          .filter((each) => !refusals.includes(each)),
        [],
      ),
      ...differs("sessions that open the vault", await elevated(visitor, answers), 1),
      ...differs("the code once more", [401, 409].includes(late.status), true),
    ];
  };
}

/** Different sessions among the cookies of these answers, and the one before, that the guard lets pass. */
async function elevated(visitor: Visitor, answers: readonly Answer[]): Promise<number> {
  const twins = new Map([[visitor.cookie, visitor.twin()]]);
  for (const answer of answers) {
    const twin = visitor.twin();
    twin.keep(answer);
    twins.set(twin.cookie, twin);
  }
  let opened = 0;
  for (const twin of twins.values()) if ((await twin.get("/vault")).status === 200) opened += 1;
  return opened;
}

describe.each(Object.entries<Crowd>(CROWDS))("the right code fifty times, %s", (_name, crowd) => {
  it("D02 is granted exactly once", { timeout: 60_000 }, async () => {
    const at = await arena();
    expect(await race(spendBy(crowd), at, crowd === CROWDS["by Promise.all"] ? FEWER_ROUNDS : ROUNDS)).toEqual([]);
    expect(at.shop.counters.faults).toEqual([]);
    await at.site.close();
  });

  it.each(Object.entries({ "that consumes in two steps": halfAtomic, "that has no atomic step": nothingAtomic }))(
    "D02 a store %s is caught",
    { timeout: 60_000 },
    async (_flaw, store) => {
      const at = await arena({ store: store() });
      expect(await race(spendBy(crowd), at, PATIENCE)).toContainEqual(expect.stringContaining("grants"));
      await at.site.close();
    },
  );

  it("D02 a store that is written like the broken ones, but is not broken, passes", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({}) });
    expect(await race(spendBy(crowd), at, CONTROL)).toEqual([]);
    await at.site.close();
  });
});

describe("the right code fifty times, in an app that looks its users up in a slow database", () => {
  it("D02 is granted exactly once", { timeout: 60_000 }, async () => {
    const contact = async () => {
      await pause(Math.random() * 3);
      return { phone: "+46707123456" };
    };
    const at = await arena({ contact });
    // five are counted before the first has been consumed, and the rest find no attempt left: 429
    const round = spendBy(CROWDS["last bytes at once"], [401, 404, 409, 429]);
    expect(await race(round, at, FEWER_ROUNDS)).toEqual([]);
    expect(at.shop.counters.faults).toEqual([]);
    await at.site.close();
  });
});
