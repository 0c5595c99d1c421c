import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { fixture } from "../helpers/app.js";

/** A memory store that answers to one of its methods with what no store should say, once it is told to. */
function strange(method: keyof Store, answer: unknown) {
  const state = { on: false };
  const store = new Proxy(memoryStore(), {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === method && state.on) return () => answer;
      return typeof member === "function"
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
  return { state, store };
}

const NOTHINGS = [undefined, null, "", "0", true, false, {}, []];
const INSTANTS = [...NOTHINGS, Number.NaN, -1, Promise.resolve(0)];
const CONSUMED = [
  ...NOTHINGS,
  "consumed",
  { outcome: "CONSUMED" },
  { outcome: ["consumed"] },
  ...[undefined, null, "x", Number.NaN, -1, Infinity, 1e18].map((at) => ({ outcome: "consumed", at })),
];
const COUNTED = [...NOTHINGS, "counted", { outcome: "counted" }, { outcome: "counted", entry: {}, attemptsLeft: 5 }];

const told = (answer: unknown): string => (answer instanceof Promise ? "a promise" : String(JSON.stringify(answer)));

describe("a store that answers what is no answer", () => {
  it.each(INSTANTS.map((each) => [told(each), each]))(
    "F07: revokedAt() says %s, and no proof counts",
    async (_, said) => {
      const { state, store } = strange("revokedAt", said);
      const { guard, login, code, counters } = fixture({ store });
      guard("/vault");
      const agent = await login("ada");
      await agent.get("/vault").expect(401);
      await agent.get("/vault").set("Two-Factor-Code", code()).expect(200);
      state.on = true;
      await agent.get("/vault").expect(503);
      expect(counters.handlerHits).toBe(1);
    },
  );

  it.each([
    ...CONSUMED.map((each) => ["consume", told(each), each] as const),
    ...COUNTED.map((each) => ["attempt", told(each), each] as const),
  ])("D02: %s() says %s, and nothing is granted for good", async (method, _, said) => {
    const { state, store } = strange(method, said);
    const { guard, login, code, counters, clock } = fixture({ store });
    guard("/vault");
    const agent = await login("ada");
    await agent.get("/vault").expect(401);
    state.on = true;
    await agent.get("/vault").set("Two-Factor-Code", code());
    await agent.get("/vault");
    clock.tick(3_600_000);
    await agent.get("/vault");
    expect(counters.handlerHits).toBe(0);
  });
});
