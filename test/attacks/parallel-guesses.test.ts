/**
 * The attacker knows the password and guesses the code. Five guesses are allowed, so they hold two hundred requests back
 * by their last byte and let all of them go at once: a server that reads the count, compares, and only then writes the
 * count compares two hundred times (Keycloak CVE-2024-4629).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, arena, differs, PATIENCE, race, type Round, wrongCodes } from "../helpers/arena.js";
import { attemptNotAtomic, brokenStore, nothingAtomic } from "../helpers/broken-stores.js";
import { CROWDS, type Crowd, tally } from "../helpers/burst.js";

const GUESSES = 200;
const ALLOWED = 5;

/** Two hundred wrong codes for one challenge, then the right one. */
const guess: Round = async ({ shop: { counters }, site, challenged }, crowd) => {
  const { visitor, right } = await challenged();
  const before = { ...counters };
  const requests = wrongCodes(right, GUESSES).map((code) => visitor.raw("POST", "/2fa/verify", { json: { code } }));
  const statuses = tally(await crowd(site, requests));
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

describe.each(Object.entries<Crowd>(CROWDS))("two hundred wrong codes, %s", (_name, crowd) => {
  let at: Arena;
  beforeAll(async () => {
    at = await arena();
  });
  afterAll(() => at.site.close());

  it("D01 are compared exactly five times, and the right code is refused afterwards", { timeout: 60_000 }, async () => {
    expect(await race(guess, at, crowd)).toEqual([]);
    expect(at.shop.counters).toMatchObject({ grants: 0, handlerHits: 0, faults: [] });
  });
});

describe("the same race with a store", () => {
  it.each(Object.entries({ "that counts in two steps": attemptNotAtomic, "that has no atomic step": nothingAtomic }))(
    "D01 %s is caught",
    { timeout: 60_000 },
    async (_name, store) => {
      const at = await arena({ store: store() });
      expect(await race(guess, at, CROWDS["last bytes at once"], PATIENCE)).not.toEqual([]);
      await at.site.close();
    },
  );

  it("D01 that is written like the broken ones, but is not broken, passes", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({}) });
    expect(await race(guess, at, CROWDS["last bytes at once"], PATIENCE)).toEqual([]);
    await at.site.close();
  });
});
