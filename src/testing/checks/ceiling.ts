import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import type { Pending } from "../../stores/pending.js";
import type { Counted, Guess, LockRule } from "../../stores/store.js";
import { type Bench, type Checks, DAY, DELIVERY, MINUTE, NO_LOCK, tally } from "../bench.js";

const lock: LockRule = { ...NO_LOCK, ceiling: 4 };

/** Failures in a row by one method, and the ceiling that disables it (NIST SP 800-63B-4 section 3.2.2). */
export const ceilingChecks: Checks = {
  async "disables a method after so many failures in a row, and counts and opens nothing by it any more"(bench) {
    const open = await one(bench, "sms");
    const failures = await fail(bench, "sms", 4);
    assert.deepEqual(
      failures.map(({ reached }) => reached),
      [[], [], [], ["sms"]],
    );
    assert.equal((await bench.attempt({ id: open.id }, { lock })).outcome, "disabled");
    assert.equal((await bench.find({ id: open.id }))?.attempts, 0);
    const charge = { name: "send", key: "send", max: 1, interval: MINUTE };
    const refused = await bench.open({ owner: "new", offers: ["totp", "sms"] }, "account", [charge]);
    assert.deepEqual(refused, { outcome: "disabled", methods: ["sms"] });
    assert.equal(await bench.find({ owner: "new" }), undefined);
    assert.equal(await bench.charge(charge), "charged");
    await bench.opened({ owner: "new", offers: ["totp"] });
    await fail(bench, "totp", 1);
    await bench.opened({ owner: "else", offers: ["sms"] }, "else");
    await bench.counted({ owner: "else" }, { account: "else", lock });
  },

  async "remembers failures by a method through every lock and for most of a year, and no longer"(bench) {
    const patient = { ...lock, after: 2, first: 15 * MINUTE, longest: DAY };
    for (const last of [[], [], [], ["sms"]]) {
      const [failure] = await fail(bench, "sms", 1, patient);
      assert.deepEqual(failure?.reached, last);
      await bench.pass(90 * DAY);
    }
    const offer = async () => (await bench.open({ owner: randomId(), offers: ["sms"] })).outcome;
    await bench.pass(265 * DAY);
    assert.equal(await offer(), "disabled");
    await bench.pass(11 * DAY);
    assert.equal(await offer(), "opened");
    assert.deepEqual((await fail(bench, "sms", 1))[0]?.reached, []);
  },

  async "starts only the method anew that was proved"(bench) {
    await fail(bench, "sms", 3);
    await fail(bench, "totp", 3);
    await prove(bench, "totp");
    await fail(bench, "totp", 3);
    assert.deepEqual((await fail(bench, "sms", 1))[0]?.reached, ["sms"]);
    assert.deepEqual((await fail(bench, "totp", 1))[0]?.reached, ["totp"]);
  },

  async "enables a method again by a right answer by another"(bench) {
    await fail(bench, "sms", 4);
    await prove(bench, "recovery-code");
    assert.deepEqual((await fail(bench, "sms", 4)).at(-1)?.reached, ["sms"]);
  },

  async "counts an answer for every method whose code it may be, and gives back what it was not"(bench) {
    const sent = ["sms", "voice"].flatMap((method) => DELIVERY.sent.map((each) => ({ ...each, method })));
    const both = { method: "voice", sent };
    const row = async () => bench.opened({ owner: randomId(), delivery: { ...DELIVERY, ...both } });
    await fail(bench, "voice", 2);
    const nonce = randomId();
    const { id } = await row();
    const counted = await bench.attempt({ id }, { nonce, lock });
    assert.deepEqual([...countedOf(counted).methods].sort(), ["sms", "voice"]);
    const proof = { method: "sms", methods: ["voice", "sms"] };
    assert.equal((await bench.consume({ id }, nonce, proof)).outcome, "consumed");
    await fail(bench, "sms", 3);
    assert.deepEqual((await fail(bench, "voice", 1))[0]?.reached, []);
    const last = countedOf(await bench.attempt({ id: (await row()).id }, { lock }));
    assert.deepEqual([...last.reached].sort(), ["sms", "voice"]);
  },

  async "compares nothing with a method that is disabled, and still with another of the same verification"(bench) {
    const { id } = await bench.opened({ owner: "both", delivery: { ...DELIVERY, method: "voice" } });
    await fail(bench, "sms", 4);
    const counted = countedOf(await bench.attempt({ id }, { lock }));
    assert.deepEqual([counted.methods, counted.reached], [["voice"], []]);
  },

  async "counts no more failures by a method than lead to the ceiling, however many come at once"(bench) {
    const rows = await bench.atOnce(() => one(bench, "sms"));
    const answers = await Promise.all(rows.map(({ id }) => bench.attempt({ id }, { lock })));
    assert.equal(tally(answers, "counted"), lock.ceiling);
    assert.equal(tally(answers, "disabled"), answers.length - lock.ceiling);
    const reaching = answers.filter((answer) => answer.outcome === "counted" && answer.reached.length > 0);
    assert.equal(reaching.length, 1);
  },

  async "repeats the answer that reached the ceiling for the same nonce, and takes its right answer"(bench) {
    await fail(bench, "sms", 3);
    const { id } = await one(bench, "sms");
    const guess = { nonce: randomId(), lock };
    const first = await bench.attempt({ id }, guess);
    assert.deepEqual(countedOf(first).reached, ["sms"]);
    assert.deepEqual(await bench.attempt({ id }, guess), first);
    assert.equal((await bench.consume({ id }, guess.nonce)).outcome, "consumed");
    assert.deepEqual((await fail(bench, "sms", 4)).at(-1)?.reached, ["sms"]);
  },

  async "uses nothing up by a method that others have disabled meanwhile"(bench) {
    const { id } = await one(bench, "sms");
    const nonce = await bench.counted({ id }, { lock });
    await fail(bench, "sms", 3);
    assert.equal((await bench.consume({ id }, nonce)).outcome, "disabled");
    assert.equal((await bench.find({ id }))?.state, "pending");
  },

  async "gives back the failure by a method of an attempt that could not be compared, once"(bench) {
    const { id } = await one(bench, "sms");
    await fail(bench, "sms", 2);
    const lost = await bench.counted({ id }, { lock });
    for (let time = 0; time < 3; time += 1) await bench.forgive({ id }, lost, { lock });
    assert.deepEqual((await fail(bench, "sms", 1))[0]?.reached, []);
    // the one that reached the ceiling too: the method is enabled again
    const last = await bench.counted({ id }, { lock });
    await bench.forgive({ id }, last, { lock });
    assert.deepEqual((await fail(bench, "sms", 1))[0]?.reached, ["sms"]);
    // and a late word about the attempt before enables nothing
    await bench.forgive({ id }, last, { lock });
    assert.equal((await bench.open({ owner: "late", offers: ["sms"] })).outcome, "disabled");
  },

  async "unlocks an account and enables its methods, and forgets what led there"(bench) {
    const short = { ...lock, after: 3, first: MINUTE };
    for (const account of ["account", "other"]) await fail(bench, "sms", 3, { ...short, ceiling: 3 }, account);
    assert.equal((await bench.open({ owner: "locked" })).outcome, "locked");
    await bench.store.unlock("account", bench.now);
    await bench.store.unlock("nobody", bench.now);
    await bench.opened({ owner: "open", offers: ["sms"] });
    const failures = await fail(bench, "sms", 3, short);
    assert.deepEqual(
      failures.map(({ lockedUntil, reached }) => [lockedUntil > 0, reached.length]),
      [
        [false, 0],
        [false, 0],
        [true, 0],
      ],
    );
    bench.same(failures.at(-1)?.lockedUntil ?? 0, bench.now + short.first, "a first lock");
    await bench.pass(MINUTE);
    assert.equal((await bench.open({ owner: "theirs", offers: ["sms"] }, "other")).outcome, "disabled");
    await bench.store.erase("other", bench.now);
    await bench.opened({ owner: "theirs", offers: ["sms"] }, "other");
  },
};

/** One that is answered by this method alone, of an owner of its own. */
async function one(bench: Bench, method: string, account?: string): Promise<Pending> {
  const sent = DELIVERY.sent.map((each) => ({ ...each, method }));
  return bench.opened({ owner: randomId(), delivery: { ...DELIVERY, method, sent } }, account);
}

function countedOf(counted: Counted): Counted & { readonly outcome: "counted" } {
  if (counted.outcome === "counted") return counted;
  throw new assert.AssertionError({ actual: counted.outcome, expected: "counted", operator: "strictEqual" });
}

/** Wrong answers, each to a verification of its own. */
async function fail(bench: Bench, method: string, times: number, rule = lock, account = "account") {
  const guess: Partial<Guess> = { lock: rule, account };
  const failures: (Counted & { readonly outcome: "counted" })[] = [];
  for (let time = 0; time < times; time += 1) {
    const { id } = await one(bench, method, account);
    failures.push(countedOf(await bench.attempt({ id }, guess)));
  }
  return failures;
}

async function prove(bench: Bench, method: string): Promise<void> {
  const { id } = await one(bench, method);
  const nonce = await bench.counted({ id }, { lock });
  assert.equal((await bench.consume({ id }, nonce, { method, methods: [method] })).outcome, "consumed");
}
