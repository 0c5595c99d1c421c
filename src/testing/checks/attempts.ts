import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import { type Checks, tally } from "../bench.js";

/** Count, then consume: the two steps that decide who gets in. */
export const attemptChecks: Checks = {
  async "counts every attempt down to none"(bench) {
    const { id } = await bench.opened({ maxAttempts: 3 });
    for (const left of [2, 1, 0]) {
      const counted = await bench.attempt({ id });
      assert.equal(counted.outcome, "counted");
      assert.equal(counted.outcome === "counted" && counted.attemptsLeft, left);
      assert.equal(counted.outcome === "counted" && counted.entry.attempts, 3 - left);
    }
    assert.equal((await bench.attempt({ id })).outcome, "spent");
    assert.equal((await bench.find({ id }))?.attempts, 3);
  },

  async "counts no more attempts than there are, however many come at once"(bench) {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await bench.opened({ purpose: `round ${round}` });
      const answers = await bench.atOnce(() => bench.attempt({ id }));
      assert.equal(tally(answers, "counted"), 5);
      assert.equal(tally(answers, "spent"), answers.length - 5);
      const left = answers.flatMap((answer) => (answer.outcome === "counted" ? [answer.attemptsLeft] : []));
      assert.deepEqual(
        left.sort((a, b) => a - b),
        [0, 1, 2, 3, 4],
      );
    }
  },

  async "counts an attempt once for each nonce, and repeats its answer"(bench) {
    const { id } = await bench.opened({ maxAttempts: 2 });
    const nonce = randomId();
    const first = await bench.attempt({ id }, { nonce });
    const second = await bench.attempt({ id }, { nonce });
    assert.deepEqual(second, first);
    assert.equal((await bench.find({ id }))?.attempts, 1);
    await bench.counted({ id });
    const third = await bench.attempt({ id }, { nonce });
    assert.equal(third.outcome, "counted");
    assert.equal((await bench.find({ id }))?.attempts, 2);
  },

  async "counts one attempt when the same nonce comes many times at once"(bench) {
    const { id } = await bench.opened();
    const nonce = randomId();
    const answers = await bench.atOnce(() => bench.attempt({ id }, { nonce }));
    assert.equal(tally(answers, "counted"), answers.length);
    assert.equal((await bench.find({ id }))?.attempts, 1);
  },

  async "remembers every attempt that counted, in order, and what was typed where it is told"(bench) {
    const { id } = await bench.opened();
    const first = await bench.counted({ id }, { typed: "sealed" });
    const at = bench.now;
    await bench.pass(50);
    const second = await bench.counted({ id });
    await bench.attempt({ id }, { nonce: first, typed: "another" });
    const row = await bench.find({ id });
    assert.deepEqual(
      row?.checks.map(({ nonce, typed }) => [nonce, typed]),
      [
        [first, "sealed"],
        [second, undefined],
      ],
    );
    bench.same(row?.checks[0]?.at ?? 0, at, "the first");
    bench.same(row?.checks[1]?.at ?? 0, bench.now, "the second");
    bench.same(row?.updatedAt ?? 0, bench.now, "updatedAt");
    await bench.consume({ id }, second);
    assert.equal((await bench.find({ id }))?.usedBy, second);
  },

  async "gives back the one attempt that could not be compared, once"(bench) {
    const { id } = await bench.opened({ maxAttempts: 3 });
    const kept = await bench.counted({ id });
    const lost = await bench.counted({ id });
    await bench.counted({ id });
    assert.equal((await bench.attempt({ id })).outcome, "spent");
    for (let time = 0; time < 3; time += 1) await bench.forgive({ id, owner: "owner" }, lost);
    const row = await bench.find({ id });
    assert.equal(row?.attempts, 2);
    assert.equal(row?.checks.length, 2);
    assert.ok(!row?.checks.some(({ nonce }) => nonce === lost));
    // what was taken back opens nothing; what was not still does
    assert.equal((await bench.consume({ id }, lost)).outcome, "missing");
    const again = await bench.attempt({ id });
    assert.equal(again.outcome === "counted" && again.attemptsLeft, 0);
    assert.equal((await bench.attempt({ id })).outcome, "spent");
    assert.equal((await bench.consume({ id }, kept)).outcome, "consumed");
  },

  async "gives one attempt back when many ask for the same at once"(bench) {
    const { id } = await bench.opened({ maxAttempts: 3 });
    const lost = await bench.counted({ id });
    await bench.counted({ id });
    await bench.atOnce(() => bench.forgive({ id }, lost));
    assert.equal((await bench.find({ id }))?.attempts, 1);
  },

  async "gives no attempt back to somebody else, for another request, or of what was used up"(bench) {
    const { id } = await bench.opened();
    const nonce = await bench.counted({ id });
    await bench.forgive({ id, owner: "eve" }, nonce);
    await bench.forgive({ owner: "eve" }, nonce);
    await bench.forgive({ id: "nothing" }, nonce);
    await bench.forgive({ id }, randomId());
    assert.equal((await bench.find({ id }))?.attempts, 1);
    await bench.consume({ id }, nonce);
    await bench.forgive({ id }, nonce);
    const row = await bench.find({ id });
    assert.deepEqual([row?.state, row?.attempts, row?.usedBy], ["verified", 1, nonce]);
    assert.equal((await bench.consume({ id }, nonce)).outcome, "consumed");
  },

  async "counts nothing for somebody else's verification"(bench) {
    const { id } = await bench.opened({ owner: "ada" });
    for (const which of [{ id, owner: "eve" }, { owner: "eve" }]) {
      assert.equal((await bench.attempt(which)).outcome, "missing");
    }
    assert.equal((await bench.find({ id }))?.attempts, 0);
  },

  async "uses a verification up for a request that counted, and for no other"(bench) {
    const { id } = await bench.opened();
    assert.notEqual((await bench.consume({ id }, randomId())).outcome, "consumed");
    const nonce = await bench.counted({ id });
    assert.notEqual((await bench.consume({ id, owner: "eve" }, nonce)).outcome, "consumed");
    assert.notEqual((await bench.consume({ id }, `${nonce}x`)).outcome, "consumed");
    assert.equal((await bench.find({ id }))?.state, "pending");
    const consumed = await bench.consume({ id, owner: "owner" }, nonce);
    assert.equal(consumed.outcome, "consumed");
    bench.same(consumed.outcome === "consumed" ? consumed.at : 0, bench.now, "at");
    assert.equal((await bench.find({ id }))?.state, "verified");
  },

  async "lets the last attempt be the right one"(bench) {
    const { id } = await bench.opened({ maxAttempts: 1 });
    assert.equal((await bench.consume({ id }, await bench.counted({ id }))).outcome, "consumed");
  },

  async "uses a verification up once, however many right answers come at once"(bench) {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await bench.opened({ purpose: `round ${round}`, maxAttempts: bench.load.parallel });
      const nonces = await bench.atOnce(() => bench.counted({ id }));
      const answers = await Promise.all(nonces.map((nonce) => bench.consume({ id }, nonce)));
      assert.equal(tally(answers, "consumed"), 1);
      assert.equal(tally(answers, "used"), answers.length - 1);
    }
  },

  async "uses a verification up again for the same nonce, with the same answer"(bench) {
    const { id } = await bench.opened();
    const nonce = await bench.counted({ id });
    const other = await bench.counted({ id });
    const first = await bench.consume({ id }, nonce);
    await bench.pass(50);
    assert.deepEqual(await bench.consume({ id }, nonce), first);
    assert.equal((await bench.consume({ id }, other)).outcome, "used");
  },

  async "uses nothing up that was canceled"(bench) {
    const { id } = await bench.opened();
    const nonce = await bench.counted({ id });
    await bench.store.cancel({ id }, bench.now);
    assert.equal((await bench.consume({ id }, nonce)).outcome, "canceled");
    assert.equal((await bench.find({ id }))?.state, "canceled");
  },

  async "burns a step with the verification that proved it, and every earlier one"(bench) {
    const steps: [number, "consumed" | "replayed"][] = [
      [100, "consumed"],
      [100, "replayed"],
      [99, "replayed"],
      [0, "replayed"],
      [101, "consumed"],
      [100, "replayed"],
    ];
    for (const [index, [value, outcome]] of steps.entries()) {
      const { id } = await bench.opened({ owner: `owner ${index}` });
      const nonce = await bench.counted({ id });
      const consumed = await bench.consume({ id }, nonce, { step: { key: "totp", value } });
      assert.equal(consumed.outcome, outcome, `step ${value}`);
      assert.equal((await bench.find({ id }))?.state, outcome === "consumed" ? "verified" : "pending");
    }
    const { id } = await bench.opened({ owner: "another user" });
    const consumed = await bench.consume({ id }, await bench.counted({ id }), { step: { key: "other", value: 1 } });
    assert.equal(consumed.outcome, "consumed");
  },

  async "leaves a verification open for the next step when this one was used before"(bench) {
    const first = await bench.opened();
    await bench.consume({ id: first.id }, await bench.counted({ id: first.id }), { step: { key: "totp", value: 5 } });
    const { id } = await bench.opened({ maxAttempts: 2 });
    const replay = await bench.consume({ id }, await bench.counted({ id }), { step: { key: "totp", value: 5 } });
    assert.equal(replay.outcome, "replayed");
    const right = await bench.consume({ id }, await bench.counted({ id }), { step: { key: "totp", value: 6 } });
    assert.equal(right.outcome, "consumed");
  },

  async "burns a step once, however many verifications prove it at once"(bench) {
    const nonces = await bench.atOnce(async (index) => {
      const { id } = await bench.opened({ owner: `owner ${index}` });
      return { id, nonce: await bench.counted({ id }) };
    });
    const step = { key: "totp", value: 7 };
    const answers = await Promise.all(nonces.map(({ id, nonce }) => bench.consume({ id }, nonce, { step })));
    assert.equal(tally(answers, "consumed"), 1);
    assert.equal(tally(answers, "replayed"), answers.length - 1);
  },

  async "burns no step for a verification that was used or canceled"(bench) {
    const step = { key: "totp", value: 9 };
    const canceled = await bench.opened();
    const nonce = await bench.counted({ id: canceled.id });
    await bench.store.cancel({ id: canceled.id }, bench.now);
    await bench.consume({ id: canceled.id }, nonce, { step });
    const { id } = await bench.opened();
    assert.equal((await bench.consume({ id }, await bench.counted({ id }), { step })).outcome, "consumed");
  },
};
