import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import { type Bench, type Checks, HOUR, LOCK, MINUTE, tally } from "../bench.js";

/** Failures of an account over everything it has open, and the lock that follows. */
export const accountChecks: Checks = {
  async "locks an account after so many failures, over all its verifications"(bench) {
    const failures = await failUntilLocked(bench);
    assert.equal(failures.length, LOCK.after);
    const until = failures.at(-1)?.lockedUntil ?? 0;
    bench.same(until, bench.now + LOCK.first, "lockedUntil");
    assert.ok(failures.slice(0, -1).every(({ lockedUntil }) => lockedUntil === 0));
  },

  async "opens nothing and counts nothing while an account is locked"(bench) {
    const earlier = await bench.opened({ owner: "earlier" });
    const nonce = await bench.counted({ id: earlier.id }, { lock: LOCK });
    await failUntilLocked(bench, 9);
    const charge = { name: "send", key: "send", max: 1, interval: MINUTE };
    const opened = await bench.open({ purpose: "new" }, "account", [charge]);
    assert.equal(opened.outcome, "locked");
    bench.same(opened.outcome === "locked" ? opened.until : 0, bench.now + LOCK.first, "until");
    assert.equal(await bench.charge(charge), "charged");
    assert.equal((await bench.attempt({ id: earlier.id }, { lock: LOCK })).outcome, "locked");
    assert.equal((await bench.find({ id: earlier.id }))?.attempts, 1);
    assert.equal((await bench.consume({ id: earlier.id }, nonce)).outcome, "locked");
    assert.equal((await bench.find({ id: earlier.id }))?.state, "pending");
    await bench.opened({ owner: "somebody" }, "else");
    await bench.counted({ owner: "somebody" }, { account: "else", lock: LOCK });
  },

  async "ends a lock at its instant, not before"(bench) {
    await failUntilLocked(bench);
    await bench.pass(LOCK.first - bench.instant);
    assert.equal((await bench.open({ owner: "after" })).outcome, "locked");
    await bench.pass(bench.instant);
    await bench.opened({ owner: "after" });
    await bench.counted({ owner: "after" }, { lock: LOCK });
  },

  async "doubles every further lock, up to the longest"(bench) {
    const lock = { ...LOCK, after: 3, longest: 50 * MINUTE };
    for (const length of [15, 30, 50, 50]) {
      const until = (await failUntilLocked(bench, lock.after, lock)).at(-1)?.lockedUntil ?? 0;
      bench.same(until, bench.now + length * MINUTE, `the lock of ${length} minutes`);
      await bench.pass(length * MINUTE);
    }
  },

  async "clears the failures with a right answer, and remembers how often it was locked"(bench) {
    const lock = { ...LOCK, after: 3 };
    for (let round = 0; round < 3; round += 1) {
      await failUntilLocked(bench, 2, lock);
      const { id } = await bench.opened({ owner: `right ${round}` });
      assert.equal((await bench.consume({ id }, await bench.counted({ id }, { lock: LOCK }))).outcome, "consumed");
    }
    await failUntilLocked(bench, 3, lock);
    await bench.pass(lock.first);
    const { id } = await bench.opened({ owner: "right" });
    assert.equal((await bench.consume({ id }, await bench.counted({ id }, { lock }))).outcome, "consumed");
    const again = await failUntilLocked(bench, 3, lock);
    bench.same(again.at(-1)?.lockedUntil ?? 0, bench.now + 2 * lock.first, "the second lock");
  },

  async "forgets a lock after a quiet day"(bench) {
    const lock = { ...LOCK, after: 3 };
    await failUntilLocked(bench, 3, lock);
    await bench.pass(lock.first + 25 * HOUR);
    const again = await failUntilLocked(bench, 3, lock);
    bench.same(again.at(-1)?.lockedUntil ?? 0, bench.now + lock.first, "the lock of another day");
  },

  async "opens the lock again for the very request that closed it, if it turns out right"(bench) {
    const lock = { ...LOCK, after: 3 };
    await failUntilLocked(bench, 2, lock);
    const { id } = await bench.opened({ owner: "last" });
    const nonce = randomId();
    const counted = await bench.attempt({ id }, { nonce, lock });
    assert.equal(counted.outcome, "counted");
    bench.same(counted.outcome === "counted" ? counted.lockedUntil : 0, bench.now + lock.first, "lockedUntil");
    assert.equal((await bench.open({ owner: "meanwhile" })).outcome, "locked");
    assert.equal((await bench.consume({ id }, nonce)).outcome, "consumed");
    await bench.opened({ owner: "after" });
    const next = await failUntilLocked(bench, 3, lock);
    bench.same(next.at(-1)?.lockedUntil ?? 0, bench.now + lock.first, "a first lock, as there was none");
  },

  async "repeats the answer that closed a lock for the same nonce"(bench) {
    const { id } = await bench.opened();
    const guess = { nonce: randomId(), lock: { ...LOCK, after: 1 } };
    const first = await bench.attempt({ id }, guess);
    assert.deepEqual(await bench.attempt({ id }, guess), first);
  },

  async "counts a failure once for each nonce"(bench) {
    const lock = { ...LOCK, after: 2 };
    const { id } = await bench.opened();
    const nonce = randomId();
    for (let time = 0; time < 5; time += 1) await bench.counted({ id }, { nonce, lock });
    const second = await bench.attempt({ id }, { lock });
    assert.ok(second.outcome === "counted" && second.lockedUntil > 0);
  },

  async "counts no failure where there was nothing to answer"(bench) {
    const lock = { ...LOCK, after: 2 };
    const spent = await bench.opened({ owner: "spent", maxAttempts: 1 });
    await bench.counted({ id: spent.id }, { lock, account: "another" });
    const canceled = await bench.opened({ owner: "canceled" });
    await bench.store.cancel({ id: canceled.id }, bench.now);
    const foreign = await bench.opened({ owner: "foreign" });
    for (const which of [spent, canceled, { id: "nothing" }, { id: foreign.id, owner: "eve" }]) {
      for (let time = 0; time < 3; time += 1) await bench.attempt(which, { lock });
    }
    const { id } = await bench.opened({ owner: "real" });
    const first = await bench.attempt({ id }, { lock });
    assert.ok(first.outcome === "counted" && first.lockedUntil === 0);
  },

  async "gives back the one failure of an attempt that could not be compared, once"(bench) {
    const lock = { ...LOCK, after: 4 };
    const { id } = await bench.opened();
    await bench.counted({ id }, { lock });
    const lost = await bench.counted({ id }, { lock });
    await bench.counted({ id }, { lock });
    for (let time = 0; time < 3; time += 1) await bench.forgive({ id }, lost, { lock });
    // of three failures two are left: one more is no lock yet, the one after it is
    const [third, fourth] = [await bench.attempt({ id }, { lock }), await bench.attempt({ id }, { lock })];
    assert.ok(third.outcome === "counted" && third.lockedUntil === 0);
    assert.ok(fourth.outcome === "counted" && fourth.lockedUntil > 0);
  },

  async "opens the lock again that an attempt closed which could not be compared, and keeps the failures before it"(
    bench,
  ) {
    const lock = { ...LOCK, after: 3 };
    await failUntilLocked(bench, 2, lock);
    const { id } = await bench.opened({ owner: "last" });
    const lost = await bench.counted({ id }, { lock });
    assert.equal((await bench.open({ owner: "meanwhile" })).outcome, "locked");
    for (let time = 0; time < 3; time += 1) await bench.forgive({ id }, lost, { lock });
    await bench.opened({ owner: "after" });
    const next = await bench.attempt({ owner: "after" }, { lock });
    assert.equal(next.outcome, "counted");
    const until = next.outcome === "counted" ? next.lockedUntil : 0;
    bench.same(until, bench.now + lock.first, "a first lock, by the very next failure");
    // and that one is not opened by a late word about the attempt before
    await bench.forgive({ id }, lost, { lock });
    assert.equal((await bench.open({ owner: "meanwhile" })).outcome, "locked");
  },

  async "counts no more failures than lead to the lock, however many come at once"(bench) {
    const ids = await bench.atOnce(async (index) => (await bench.opened({ owner: `owner ${index}` })).id);
    const answers = await Promise.all(ids.map((id) => bench.attempt({ id }, { lock: LOCK })));
    assert.equal(tally(answers, "counted"), LOCK.after);
    assert.equal(tally(answers, "locked"), answers.length - LOCK.after);
    const closing = answers.filter((answer) => answer.outcome === "counted" && answer.lockedUntil > 0);
    assert.equal(closing.length, 1);
  },

  async "keeps accounts apart, whatever characters they hold"(bench) {
    const lock = { ...LOCK, after: 2 };
    const accounts = [
      "ada",
      "Ada",
      "\u0430da",
      "ada ",
      "a:da",
      "å",
      "a\u030a",
      "ada\u0000",
      "*",
      "__proto__",
      "constructor",
      "",
    ];
    for (const account of accounts) {
      const { id } = await bench.opened({ owner: account }, account);
      const counted = await bench.attempt({ id }, { account, lock });
      assert.ok(counted.outcome === "counted" && counted.lockedUntil === 0, JSON.stringify(account));
    }
  },
};

/** Wrong answers, each to a verification of its own; at most so many, and no more once the lock is closed. */
async function failUntilLocked(
  bench: Bench,
  times: number = LOCK.after,
  lock = LOCK,
): Promise<{ lockedUntil: number }[]> {
  const failures: { lockedUntil: number }[] = [];
  for (let index = 0; index < times; index += 1) {
    const { id } = await bench.opened({ owner: randomId() });
    const counted = await bench.attempt({ id }, { lock });
    assert.equal(counted.outcome, "counted");
    if (counted.outcome === "counted") failures.push(counted);
  }
  return failures;
}
