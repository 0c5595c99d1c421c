import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExpiringMap } from "../../src/stores/memory/expiring-map.js";

interface Entry {
  readonly name: string;
  readonly deadAt: number;
  readonly endsAt?: number;
}

const deadAt = (entry: Entry): number => entry.deadAt;

describe("ExpiringMap", () => {
  it("gives a value until the instant it dies", () => {
    const map = new ExpiringMap<Entry>(10, { deadAt });
    map.set("a", { name: "a", deadAt: 100 }, 0);
    expect(map.get("a", 99)?.name).toBe("a");
    expect(map.get("a", 100)).toBeUndefined();
    expect(map.get("b", 0)).toBeUndefined();
  });

  it("refuses what is new when it is full of the living, and takes a new value for what it has", () => {
    const map = new ExpiringMap<Entry>(2, { deadAt });
    map.set("a", { name: "a", deadAt: 100 }, 0);
    map.set("b", { name: "b", deadAt: 200 }, 0);
    expect(map.set("c", { name: "c", deadAt: 300 }, 1)).toBe(false);
    expect(map.roomAt(1)).toBe(100);
    expect(map.set("a", { name: "a2", deadAt: 150 }, 1)).toBe(true);
    expect(map.get("a", 120)?.name).toBe("a2");
    expect(map.get("b", 120)?.name).toBe("b");
    expect(map.get("c", 1)).toBeUndefined();
  });

  it("takes what is new in place of what has ended, and says who died", () => {
    const buried: string[] = [];
    const lifetimes = {
      deadAt,
      endsAt: (entry: Entry) => entry.endsAt ?? entry.deadAt,
      onDeath: (entry: Entry) => void buried.push(entry.name),
    };
    const map = new ExpiringMap<Entry>(2, lifetimes);
    map.set("a", { name: "a", deadAt: 9_000, endsAt: 0 }, 1_000);
    map.set("b", { name: "b", deadAt: 9_000 }, 1_000);
    expect(map.get("a", 1_000)?.name).toBe("a");
    expect(map.set("c", { name: "c", deadAt: 9_000 }, 1_000)).toBe(true);
    expect(buried).toEqual(["a"]);
    map.delete("b");
    expect(buried).toEqual(["a"]);
  });

  it("walks through a full table once a second, not for every newcomer", () => {
    let looks = 0;
    const map = new ExpiringMap<Entry>(1_000, {
      deadAt(entry) {
        looks += 1;
        return entry.deadAt;
      },
    });
    for (let index = 0; index < 1_000; index += 1) map.set(`${index}`, { name: "", deadAt: 1e9 }, 0);
    looks = 0;
    for (let index = 0; index < 100; index += 1)
      expect(map.set(`new ${index}`, { name: "", deadAt: 1e9 }, 0)).toBe(false);
    expect(looks).toBeLessThan(1_000 + 100 * 2 + 1);
  });

  it("holds no more dead than living in a steady stream", () => {
    const map = new ExpiringMap<Entry>(1_000_000, { deadAt });
    for (let now = 0; now < 50_000; now += 1) {
      map.set(`${now}`, { name: "", deadAt: now + 1_000 }, now);
      expect(map.size).toBeLessThan(2_100);
    }
  });

  it("never loses the living, whatever is done to it", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const command = fc.oneof(
      fc.record({ do: fc.constant("set" as const), key, life: fc.integer({ min: 0, max: 3_000 }) }),
      fc.record({ do: fc.constant("delete" as const), key }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: -500, max: 2_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (commands, max) => {
        const map = new ExpiringMap<Entry>(max, { deadAt });
        const model = new Map<string, Entry>();
        let now = 10_000;
        let latest = now;
        for (const each of commands) {
          if (each.do === "pass") now += each.ms;
          else if (each.do === "delete") {
            map.delete(each.key);
            model.delete(each.key);
          } else {
            const entry = { name: each.key, deadAt: now + each.life };
            if (map.set(each.key, entry, now)) model.set(each.key, entry);
            else expect([...model.values()].length).toBeGreaterThanOrEqual(max);
          }
          latest = Math.max(latest, now);
          // what has been dead once may be gone, also when the clock went back since
          for (const [name, entry] of model) if (latest < entry.deadAt) expect(map.get(name, now)).toBe(entry);
          for (const name of ["a", "b", "c", "d", "e", "f"]) {
            const found = map.get(name, now);
            if (found) expect(now).toBeLessThan(found.deadAt);
          }
          expect(map.size).toBeLessThanOrEqual(max);
        }
      }),
      { seed: 29, numRuns: 500 },
    );
  });
});
