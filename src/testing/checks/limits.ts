import assert from "node:assert/strict";
import type { Charge } from "../../stores/store.js";
import { aCharge, type Checks, MINUTE, SECOND, seeded } from "../bench.js";

/** At most so many in any interval: a sliding log, with waits between. */
export const limitChecks: Checks = {
  async "agrees with the reference model on every one of many random arrivals"(bench) {
    const random = seeded(20_260_729);
    const models = LIMITS.map((charge) => new Model(charge));
    for (let arrival = 0; arrival < bench.load.arrivals; arrival += 1) {
      const index = Math.floor(random() * LIMITS.length);
      const charge = LIMITS[index];
      const model = models[index];
      assert.ok(charge && model);
      // bursts, ordinary gaps, and long silences
      const dice = random();
      if (dice > 0.3)
        await bench.pass(Math.floor(random() * (dice > 0.97 ? 12 * MINUTE : dice > 0.6 ? 8 * SECOND : 400)));
      const answer = await bench.charge(charge);
      const expected = model.arrive(bench.now);
      const told = answer === "charged" ? "charged" : answer.retryAt;
      assert.equal(told, expected, `arrival ${arrival} of ${charge.key} at ${bench.now}`);
    }
  },

  async "lets no double burst through at the edge of an interval"(bench) {
    const charge = aCharge({ max: 5 });
    // a fifth of a second before a full minute of the clock, where counters of minutes start anew
    await bench.pass(2 * MINUTE - (bench.now % MINUTE) - 200);
    for (let index = 0; index < 5; index += 1) assert.equal(await bench.charge(charge), "charged");
    await bench.pass(400);
    assert.notEqual(await bench.charge(charge), "charged");
    await bench.pass(MINUTE - 400 - bench.instant);
    assert.notEqual(await bench.charge(charge), "charged");
    await bench.pass(bench.instant);
    for (let index = 0; index < 5; index += 1) assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "says when to come back, and keeps the promise"(bench) {
    const charge = aCharge({ name: "sends", max: 2 });
    await bench.charge(charge);
    await bench.pass(20 * SECOND);
    await bench.charge(charge);
    const refusal = await bench.charge(charge);
    assert.ok(refusal !== "charged");
    assert.deepEqual([refusal.name, refusal.max, refusal.interval], ["sends", 2, MINUTE]);
    bench.same(refusal.retryAt, bench.now + 40 * SECOND, "retryAt");
    await bench.pass(40 * SECOND - bench.instant);
    assert.notEqual(await bench.charge(charge), "charged");
    await bench.pass(bench.instant);
    assert.equal(await bench.charge(charge), "charged");
  },

  async "does not count what it refuses"(bench) {
    const charge = aCharge({ max: 1 });
    await bench.charge(charge);
    for (let time = 0; time < 5; time += 1) {
      await bench.pass(10 * SECOND);
      assert.notEqual(await bench.charge(charge), "charged");
    }
    await bench.pass(10 * SECOND);
    assert.equal(await bench.charge(charge), "charged");
  },

  async "charges every limit or none, and names the one that lasts longest"(bench) {
    const [short, long, free] = [
      aCharge({ name: "short", key: "short", max: 1 }),
      aCharge({ name: "long", key: "long", max: 1, interval: 10 * MINUTE }),
      aCharge({ name: "free", key: "free", max: 1 }),
    ];
    await bench.charge(short);
    await bench.charge(long);
    for (const order of [
      [free, short, long],
      [long, free, short],
      [short, long, free],
    ]) {
      const refusal = await bench.charge(...order);
      assert.equal(refusal !== "charged" && refusal.name, "long");
    }
    assert.equal(await bench.charge(free), "charged");
  },

  async "refuses by a limit that it only looks at, and does not count there"(bench) {
    const seen = aCharge({ key: "seen", max: 1, peek: true });
    const real = aCharge({ key: "real", max: 100 });
    for (let time = 0; time < 3; time += 1) assert.equal(await bench.charge(seen, real), "charged");
    await bench.charge({ ...seen, peek: false });
    assert.notEqual(await bench.charge(seen, real), "charged");
  },

  async "counts once for two spans that share a log, and refuses by either"(bench) {
    const short = aCharge({ name: "short", key: "shared", max: 2, peek: true });
    const long = aCharge({ name: "long", key: "shared", max: 3, interval: 10 * MINUTE });
    const first = bench.now;
    assert.equal(await bench.charge(short, long), "charged");
    await bench.pass(SECOND);
    assert.equal(await bench.charge(short, long), "charged");
    const early = await bench.charge(short, long);
    assert.ok(early !== "charged" && early.name === "short");
    bench.same(early.retryAt, first + MINUTE, "retryAt of the short one");
    await bench.pass(MINUTE);
    assert.equal(await bench.charge(short, long), "charged");
    const late = await bench.charge(short, long);
    assert.ok(late !== "charged" && late.name === "long");
    bench.same(late.retryAt, first + 10 * MINUTE, "retryAt of the long one");
    await bench.pass(9 * MINUTE);
    assert.equal(await bench.charge(short, long), "charged");
  },

  async "spaces charges by growing waits, and the last wait goes on"(bench) {
    const charge = aCharge({
      key: "gap",
      max: Number.MAX_SAFE_INTEGER,
      interval: 30 * MINUTE,
      gaps: [30, 60, 120].map((s) => s * SECOND),
    });
    for (const wait of [0, 30, 60, 120, 120, 120]) {
      if (wait > 0) {
        await bench.pass(wait * SECOND - bench.instant);
        assert.notEqual(await bench.charge(charge), "charged", `just before ${wait} s`);
        await bench.pass(bench.instant);
      }
      assert.equal(await bench.charge(charge), "charged", `after ${wait} s`);
    }
    await bench.pass(31 * MINUTE);
    assert.equal(await bench.charge(charge), "charged");
    await bench.pass(30 * SECOND);
    assert.equal(await bench.charge(charge), "charged");
  },

  async "lets exactly as many through as there is room for, however many come at once"(bench) {
    for (const max of [1, 5]) {
      const charge = aCharge({ key: `max ${max}`, max });
      const answers = await bench.atOnce(() => bench.charge(charge));
      assert.equal(answers.filter((answer) => answer === "charged").length, max);
    }
  },

  async "charges all or none, however many come at once"(bench) {
    const [tight, wide] = [aCharge({ key: "tight", max: 3 }), aCharge({ key: "wide", max: 5 })];
    await bench.atOnce((index) => (index % 2 === 0 ? bench.charge(tight, wide) : bench.charge(wide, tight)));
    assert.equal(await bench.charge(wide), "charged");
    assert.equal(await bench.charge(wide), "charged");
    assert.notEqual(await bench.charge(wide), "charged");
  },

  async "gives back what was charged at an instant, and nothing else"(bench) {
    const charge = aCharge({ max: 2 });
    const other = aCharge({ key: "other", max: 2 });
    const at = bench.now;
    await bench.charge(charge, other);
    await bench.pass(SECOND);
    await bench.charge(charge, other);
    await bench.store.refund([charge], at);
    assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(other), "charged");
    await bench.store.refund([charge, aCharge({ key: "never charged" })], at - 7);
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "gives back one charge of several at the same instant"(bench) {
    const charge = aCharge({ max: 3 });
    const at = bench.now;
    for (let time = 0; time < 3; time += 1) await bench.charge(charge);
    await bench.store.refund([charge], at);
    assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "gives nothing back to a limit it only looked at"(bench) {
    const charge = aCharge({ max: 1 });
    const at = bench.now;
    await bench.charge(charge);
    await bench.store.refund([{ ...charge, peek: true }], at);
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "keeps limits apart, whatever characters their keys hold"(bench) {
    const keys = ["a", "A", "a:b", "a,b", '["a","b"]', "a b", "å", "a\u030a", "*", "{a}", "__proto__", "toString", ""];
    for (const key of keys) {
      assert.equal(await bench.charge(aCharge({ key, max: 1 })), "charged", key);
      assert.notEqual(await bench.charge(aCharge({ key, max: 1 })), "charged", key);
    }
  },
};

const LIMITS: readonly Charge[] = [
  aCharge({ key: "one", max: 1, interval: 10 * SECOND }),
  aCharge({ key: "five", max: 5, interval: MINUTE }),
  aCharge({ key: "many", max: 40, interval: 10 * MINUTE }),
  aCharge({
    key: "spaced",
    max: Number.MAX_SAFE_INTEGER,
    interval: 10 * MINUTE,
    gaps: [3, 6, 12, 30].map((s) => s * SECOND),
  }),
  aCharge({ key: "both", max: 4, interval: 2 * MINUTE, gaps: [SECOND, 5 * SECOND] }),
];

/** The rule itself, as slow and plain as it can be written: every arrival that passed is kept and counted anew. */
class Model {
  readonly #charge: Charge;
  #passed: number[] = [];

  constructor(charge: Charge) {
    this.#charge = charge;
  }

  /** `"charged"`, or the first instant at which it would be. */
  arrive(now: number): "charged" | number {
    const { interval } = this.#charge;
    this.#passed = this.#passed.filter((at) => at > now - interval);
    const at = this.#firstAllowed(now);
    if (at > now) return at;
    this.#passed.push(now);
    return "charged";
  }

  #firstAllowed(now: number): number {
    const { max, interval, gaps = [] } = this.#charge;
    const candidates = [now, ...this.#passed.map((at) => at + interval)];
    const last = this.#passed.at(-1);
    if (last !== undefined) candidates.push(...gaps.map((gap) => last + gap));
    const allowed = candidates.filter((at) => at >= now && this.#allows(at, max, interval, gaps, now));
    return Math.min(...allowed);
  }

  /** Counted as of now: whoever is told to wait is told by what stands in the log when they ask. */
  #allows(at: number, max: number, interval: number, gaps: readonly number[], now: number): boolean {
    const inSpan = this.#passed.filter((each) => each > at - interval).length;
    const last = this.#passed.at(-1);
    const gap = gaps[Math.min(this.#passed.filter((each) => each > now - interval).length, gaps.length) - 1] ?? 0;
    return inSpan < max && (last === undefined || at >= last + gap);
  }
}
