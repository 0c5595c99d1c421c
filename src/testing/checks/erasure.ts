import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import type { NewPending } from "../../stores/pending.js";
import { anEvent, type Bench, type Checks, DELIVERY, HOUR, LOCK } from "../bench.js";

/** What is left of a user once they are erased. */
export const erasureChecks: Checks = {
  async "erases every verification about a user, live or ended, of every tenant, and of nobody else"(bench) {
    const live = await one(bench, { subject: "ada", tenant: "a", owner: "shared" });
    const ended = await one(bench, { subject: "ada", tenant: "b" });
    await bench.store.cancel({ id: ended.id }, bench.now);
    const nonce = await bench.counted({ id: live.id });
    const others = [
      await one(bench, { subject: "Ada" }),
      await one(bench, { subject: "ada " }),
      await one(bench, { subject: "" }),
      await one(bench, { owner: "ada" }),
      await one(bench, { owner: "shared", tenant: "a", purpose: "another" }),
    ];
    await bench.store.erase("ada", bench.now);
    for (const { id } of [live, ended]) {
      assert.equal(await bench.find({ id }), undefined);
      assert.equal((await bench.attempt({ id })).outcome, "missing");
    }
    assert.equal((await bench.consume({ id: live.id }, nonce)).outcome, "missing");
    assert.deepEqual(await bench.search({ subject: "ada" }), { total: 0, entries: [] });
    assert.equal((await bench.search()).total, others.length);
    for (const { id } of others) await bench.counted({ id });
    assert.equal((await bench.find({ owner: "shared" }))?.id, others.at(-1)?.id);
    // whoever comes back starts anew
    await one(bench, { subject: "ada", tenant: "a", owner: "shared" });
    assert.equal((await bench.search({ subject: "ada" })).total, 1);
  },

  async "erases a user's failures and lock, and leaves what others depend on"(bench) {
    const lock = { ...LOCK, after: 2 };
    const fail = async (account: string, times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) {
        const { id } = await bench.opened({ owner: randomId(), subject: account }, account);
        await bench.counted({ id }, { account, lock });
      }
    };
    await fail("locked", 2);
    await fail("failed", 1);
    await fail("other", 2);
    await bench.store.revoke("locked", HOUR, bench.now);
    const revokedAt = bench.store.revokedAt("locked");
    for (const subject of ["locked", "failed", "nobody"]) await bench.store.erase(subject, bench.now);
    for (const account of ["locked", "failed"]) {
      const { id } = await bench.opened({ owner: randomId() }, account);
      const counted = await bench.attempt({ id }, { account, lock });
      assert.ok(counted.outcome === "counted" && counted.lockedUntil === 0, account);
      const second = await bench.attempt({ id }, { account, lock });
      assert.ok(second.outcome === "counted");
      bench.same(second.lockedUntil, bench.now + lock.first, "a first lock");
    }
    assert.equal((await bench.open({ owner: "other" }, "other")).outcome, "locked");
    assert.equal(bench.store.revokedAt("locked"), revokedAt);
  },

  async "lets nothing live on of what is erased while it is being answered"(bench) {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await one(bench, { subject: "ada" });
      const nonce = await bench.counted({ id });
      const calls: (() => unknown)[] = [
        () => bench.consume({ id }, nonce),
        () => bench.attempt({ id }),
        () => bench.amend({ id }, 0, {}, [], anEvent()),
        () => bench.store.cancel({ id }, bench.now),
        () => bench.store.erase("ada", bench.now),
      ];
      await Promise.all([...calls.slice(round % 5), ...calls.slice(0, round % 5)].map(async (call) => call()));
      assert.equal(await bench.find({ id }), undefined);
    }
    assert.equal((await bench.search()).total, 0);
  },
};

/** One of an owner of its own. */
async function one(bench: Bench, changes: Partial<NewPending> = {}, to?: string) {
  const delivery = to === undefined ? {} : { delivery: { ...DELIVERY, to } };
  return bench.opened({ owner: randomId(), ...delivery, ...changes });
}
