/**
 * The attacker knows the password and guesses the code. Five guesses are allowed, so they hold two hundred requests back
 * by their last byte and let all of them go at once: a server that reads the count, compares, and only then writes the
 * count compares two hundred times (Keycloak CVE-2024-4629).
 */
import { describe, expect, it } from "vitest";
import { arena, CONTROL, differs, PATIENCE, race, type Round, wrongCodes } from "../helpers/arena.js";
import { attemptNotAtomic, brokenStore, nothingAtomic } from "../helpers/broken-stores.js";
import { tally } from "../helpers/burst.js";

const GUESSES = 200;
const ALLOWED = 5;

/** Two hundred wrong codes for one challenge, then the right one. */
const guess: Round = async ({ shop: { counters }, site, challenged }) => {
  const { visitor, right } = await challenged();
  const before = { ...counters };
  const requests = wrongCodes(right, GUESSES).map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } }));
  const statuses = tally(await site.burst(requests));
  const late = await visitor.post("/2fa/verify", { code: right });
  const vault = await visitor.get("/vault");
  return [
    ...differs("compares", counters.compares - before.compares, ALLOWED),
    ...differs("statuses", statuses, { 422: ALLOWED, 429: GUESSES - ALLOWED }),
    ...differs("the right code afterwards", late.status, 429),
    ...differs("the vault", vault.status, 401),
    ...differs("grants", counters.grants - before.grants, 0),
  ];
};

/** The same without HTTP in between, as from a socket server: `Promise.all` over the instance's own calls. */
const guessByCall: Round = async ({ shop: { tfa, code, counters }, newUser }) => {
  const owner = { user: newUser(), session: "a socket" };
  await tfa.challenges.start(owner);
  const right = code();
  const before = counters.compares;
  const guesses = wrongCodes(right, GUESSES).map((each) => tfa.challenges.verify({ ...owner, code: each }));
  const reasons = (await Promise.all(guesses)).map((result) => (result.ok ? "ok" : result.reason));
  const late = await tfa.challenges.verify({ ...owner, code: right });
  return [
    ...differs("compares", counters.compares - before, ALLOWED),
    ...differs("wrong codes", reasons.filter((reason) => reason === "wrong_code").length, ALLOWED),
    ...differs("spent", reasons.filter((reason) => reason === "challenge_spent").length, GUESSES - ALLOWED),
    ...differs("the right code afterwards", late, { ok: false, reason: "challenge_spent" }),
  ];
};

const ROUND = { "over sockets released together": guess, "by Promise.all": guessByCall };

describe.each(Object.entries(ROUND))("two hundred wrong codes, %s", (_name, round) => {
  it("D01 are compared exactly five times, and the right code is refused afterwards", { timeout: 60_000 }, async () => {
    const at = await arena();
    expect(await race(round, at)).toEqual([]);
    expect(at.shop.counters).toMatchObject({ grants: 0, handlerHits: 0, faults: [] });
    await at.site.close();
  });

  it.each(Object.entries({ "that counts in two steps": attemptNotAtomic, "that has no atomic step": nothingAtomic }))(
    "D01 a store %s is caught",
    { timeout: 60_000 },
    async (_flaw, store) => {
      const at = await arena({ store: store() });
      expect(await race(round, at, PATIENCE)).toContainEqual(expect.stringContaining("compares"));
      await at.site.close();
    },
  );

  it("D01 a store that is written like the broken ones, but is not broken, passes", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({}) });
    expect(await race(round, at, CONTROL)).toEqual([]);
    await at.site.close();
  });
});
