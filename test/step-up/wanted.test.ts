import { describe, expect, it } from "vitest";
import { ownerOf, purposeOf } from "../../src/step-up/wanted.js";
import { times } from "../helpers/effort.js";

const MANY = times(1_024, 400);

describe("I09: the names that a challenge goes by", () => {
  it("makes no two logins one, wherever the border between user and session lies", () => {
    const pieces = ["", "a", "b", ":", ",", '"', '","', "\\", "[", "\u0000"];
    const parts = pieces.flatMap((left) => pieces.flatMap((right) => [left + right]));
    const seen = new Map<string, string>();
    for (const user of parts) {
      for (const binding of parts) {
        const owner = ownerOf({ user, binding });
        const name = JSON.stringify([user, binding]);
        if ((seen.get(owner) ?? name) !== name) throw new Error(`${name} is taken for ${seen.get(owner)}`);
        seen.set(owner, name);
      }
    }
    expect(seen.size).toBe(new Set(parts).size ** 2);
  });

  it("makes no two of very many logins and purposes one", { timeout: 30_000 }, () => {
    const text = (seed: number): string =>
      ["a", ":", "b", ",", '"', "1", "\\", "é"].map((part, index) => ((seed >> index) & 1 ? part : "")).join("");
    const owners = new Set<string>();
    const purposes = new Set<string>();
    for (let user = 0; user < 256; user += 1) {
      for (let other = 0; other < 256; other += 1) owners.add(ownerOf({ user: text(user), binding: text(other) }));
    }
    for (let action = 0; action < MANY; action += 1) {
      for (let bind = 0; bind < MANY; bind += 1) {
        purposes.add(
          purposeOf({
            action: text(action % 256) + "x".repeat(action >> 8),
            bound: { digest: text(bind % 256) + "x".repeat(bind >> 8), show: [] },
            allowed: undefined,
            maxAge: 0,
            limits: [],
          }),
        );
      }
    }
    expect(owners.size).toBe(256 * 256);
    expect(purposes.size).toBe(MANY * MANY);
  });

  it("tells an action that is missing from one that is called so", () => {
    const base = { maxAge: 0, limits: [], bound: undefined, allowed: undefined };
    const purposes = [undefined, "", "null", "undefined"].map((action) => purposeOf({ ...base, action }));
    expect(new Set(purposes).size).toBe(4);
    expect(purposeOf({ ...base, action: "a", allowed: ["sms"] })).not.toBe(purposeOf({ ...base, action: "a" }));
  });
});
