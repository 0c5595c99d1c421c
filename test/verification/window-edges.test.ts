import { describe, expect, it } from "vitest";
import { seeded } from "../../src/testing/bench.js";
import { syncStore } from "../helpers/sync-store.js";
import { times } from "../helpers/effort.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const T = Date.UTC(2026, 0, 1);

/** The rule as it is written: at most `max` in any `interval`, found by looking at all that ever passed. */
class Model {
  readonly #passed: number[] = [];

  constructor(
    readonly max: number,
    readonly interval: number,
  ) {}

  /** The first instant at which one more may pass. */
  next(now: number): number {
    const at = [now, ...this.#passed.map((each) => each + this.interval)].sort((a, b) => a - b);
    return at.find((each) => each >= now && this.#within(each) < this.max) ?? Number.NaN;
  }

  pass(now: number): void {
    this.#passed.push(now);
  }

  #within(at: number): number {
    return this.#passed.filter((each) => each > at - this.interval && each <= at).length;
  }
}

const TRACES = times(100_000, 20_000);

describe("C15: traces of random arrivals", () => {
  it("pass and are told to come back exactly as by the rule, for pairs of limits that are charged together", () => {
    const random = seeded(1_515);
    const store = syncStore();
    let differences = 0;
    let refusals = 0;
    for (let trace = 0; trace < TRACES; trace += 1) {
      const rules = [
        new Model(1 + Math.floor(random() * 5), MINUTE),
        new Model(2 + Math.floor(random() * 7), 10 * MINUTE),
      ];
      const charges = rules.map(({ max, interval }) => {
        return { name: "limit", key: `${trace} ${interval}`, max, interval };
      });
      // at any part of a minute, so that every seam is met from every side
      let now = T + trace * 3_600 * SECOND + Math.floor(random() * MINUTE);
      for (let arrival = 0; arrival < 6; arrival += 1) {
        const expected = Math.max(...rules.map((rule) => rule.next(now)));
        const charged = store.charge(charges, now);
        const found = charged.outcome === "charged" ? now : charged.refusal.retryAt;
        if (found !== expected) differences += 1;
        if (expected === now) for (const rule of rules) rule.pass(now);
        else refusals += 1;
        // often exactly when it was told, one millisecond before, or at once
        const dice = random();
        if (expected > now && dice < 0.4) now = expected - (dice < 0.2 ? 1 : 0);
        else if (dice < 0.8) now += Math.floor(random() * (dice < 0.6 ? 200 : 2 * MINUTE));
      }
    }
    expect(differences).toBe(0);
    expect(refusals).toBeGreaterThan(TRACES);
  });
});
