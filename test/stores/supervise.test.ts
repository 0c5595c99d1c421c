import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Events } from "../../src/core/events.js";
import { memoryStore } from "../../src/stores/memory/memory-store.js";
import type { Store } from "../../src/stores/store.js";
import { supervise } from "../../src/stores/supervise.js";
import { aCharge, aPending, NO_LOCK, BY_SMS } from "../../src/testing/bench.js";
import { fakeClock } from "../../src/testing/clock.js";

type Step = keyof Store;

/** A store behind a network: each call is carried out, and then whatever `net` says becomes of its reply. */
function remote(store: Store, net: { reply: (step: Step) => Promise<void> }) {
  const calls: Step[] = [];
  const proxy = new Proxy(store, {
    get(target, name: Step) {
      const member = target[name];
      if (typeof member !== "function") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        calls.push(name);
        const result: unknown = Reflect.apply(member, target, args);
        await net.reply(name);
        return result;
      };
    },
  });
  return { proxy, calls };
}

const lost = async (): Promise<never> => {
  throw new Error("ECONNRESET");
};
const never = (): Promise<never> => new Promise(() => undefined);

function setUp() {
  const clock = fakeClock();
  const said: string[] = [];
  const events = new Events({
    "store.unavailable": () => said.push("unavailable"),
    "store.recovered": () => said.push("recovered"),
  });
  const net = { reply: async (_step: Step): Promise<void> => undefined };
  const { proxy, calls } = remote(memoryStore(), net);
  const store = supervise(proxy, events, clock);
  const guess = { nonce: "one request", account: "ada", lock: NO_LOCK };
  return { clock, said, net, calls, store, guess };
}

describe("the supervised store", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("K06 counts an attempt once and uses a verification up once where replies are lost after the step was taken", async () => {
    const { store, net, guess, clock, calls, said } = setUp();
    const entry = aPending();
    for (const step of ["open", "attempt", "consume"] as const) {
      let replies = 0;
      net.reply = async (name) => (name === step && ++replies === 1 ? lost() : undefined);
      if (step === "open")
        expect(await store.open(entry, "ada", [aCharge({ max: 1 })], clock())).toMatchObject({ outcome: "opened" });
      if (step === "attempt")
        expect(await store.attempt({ id: entry.id }, guess, clock())).toMatchObject({ attemptsLeft: 4 });
      if (step === "consume")
        expect(await store.consume({ id: entry.id }, { ...BY_SMS, ...guess }, clock())).toMatchObject({
          outcome: "consumed",
        });
    }
    expect(calls).toEqual(["open", "open", "attempt", "attempt", "consume", "consume"]);
    expect(await store.consume({ id: entry.id }, { ...BY_SMS, ...guess, nonce: "another" }, clock())).toEqual({
      outcome: "missing",
    });
    expect(said).toEqual([]);
  });

  it("K06 repeats nothing that could happen twice", async () => {
    const { store, net, calls, clock } = setUp();
    net.reply = lost;
    await expect(store.charge([aCharge()], clock())).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.take("key", clock())).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.cancel({ id: "id" }, clock())).rejects.toMatchObject({ code: "unavailable" });
    expect(calls).toEqual(["charge", "take", "cancel"]);
  });

  it("K02 gives a store that hangs a quarter of a second, twice at the most, and asks a dead one once", async () => {
    const { store, net, calls, clock, guess } = setUp();
    net.reply = never;
    const asked = Promise.resolve(store.attempt({ id: "id" }, guess, clock())).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(499);
    expect(calls).toEqual(["attempt", "attempt"]);
    const early = await Promise.race([asked, Promise.resolve("waiting")]);
    expect(early).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toMatchObject({ code: "unavailable" });
    const again = Promise.resolve(store.attempt({ id: "id" }, guess, clock())).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(250);
    expect(await again).toMatchObject({ code: "unavailable" });
    expect(calls).toEqual(["attempt", "attempt", "attempt"]);
  });

  it("K01 says once that the store is gone and once that it is back", async () => {
    const { store, net, clock, said } = setUp();
    net.reply = lost;
    for (let index = 0; index < 5; index += 1) {
      await expect(store.get("key", clock())).rejects.toMatchObject({ code: "unavailable" });
    }
    expect(said).toEqual(["unavailable"]);
    net.reply = async () => undefined;
    await store.get("key", clock());
    await store.get("key", clock());
    expect(said).toEqual(["unavailable", "recovered"]);
  });
});
