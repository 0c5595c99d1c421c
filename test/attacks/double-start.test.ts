/**
 * An impatient person, or somebody who pays for none of the messages, asks for a challenge fifty times in the same
 * instant: a double click, a page of images that all need the second factor, a script. One message goes out, and there is
 * one challenge, with one set of attempts (backstagephp/filament-2fa#9).
 */
import { describe, expect, it } from "vitest";
import { arena, CONTROL, differs, FEWER_ROUNDS, PATIENCE, race, type Round, ROUNDS } from "../helpers/arena.js";
import { brokenStore } from "../helpers/broken-stores.js";
import { CROWDS, type Crowd, tally, Visitor } from "../helpers/burst.js";

const CLICKS = 50;

const ASKED = {
  "of the challenge route": { method: "POST", target: "/2fa/challenge", status: 201 },
  "of a guarded route": { method: "GET", target: "/vault", status: 401 },
} as const;

function startBy(crowd: Crowd, { method, target, status }: (typeof ASKED)[keyof typeof ASKED]): Round {
  return async ({ shop: { box }, site, newUser }) => {
    box.clear();
    const visitor = await Visitor.login(site, newUser());
    const request = visitor.raw(method, target, method === "POST" ? { json: {} } : {});
    const answers = await crowd(
      site,
      Array.from({ length: CLICKS }, () => request),
    );
    const ids = answers.map(({ body }) => ((body["challenge"] ?? body) as { id?: string }).id);
    return [
      ...differs("messages", box.messages.length, 1),
      ...differs("challenges", new Set(ids).size, 1),
      ...differs("statuses", tally(answers), { [status]: CLICKS }),
    ];
  };
}

describe.each(Object.entries(ASKED))("fifty requests %s", (_what, asked) => {
  it.each(Object.entries<Crowd>(CROWDS))(
    "D07 open one challenge and send one message, %s",
    { timeout: 60_000 },
    async (_name, crowd) => {
      const at = await arena();
      const rounds = crowd === CROWDS["by Promise.all"] ? FEWER_ROUNDS : ROUNDS;
      expect(await race(startBy(crowd, asked), at, rounds)).toEqual([]);
      expect(at.shop.counters.faults).toEqual([]);
      await at.site.close();
    },
  );

  it("D07 a store that opens in two steps is caught", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({ open: true }) });
    const faults = await race(startBy(CROWDS["last bytes at once"], asked), at, PATIENCE);
    expect(faults).toContainEqual(expect.stringContaining("messages"));
    await at.site.close();
  });

  it("D07 a store that is written like the broken one, but is not broken, passes", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({}) });
    expect(await race(startBy(CROWDS["last bytes at once"], asked), at, CONTROL)).toEqual([]);
    await at.site.close();
  });
});
