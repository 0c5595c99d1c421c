import { describe, expect, it } from "vitest";
import { TimerScheduler } from "../../src/verification/scheduler.js";
import { schedulerContract } from "../contracts/scheduler.js";
import { fakeClock } from "../helpers/clock.js";

schedulerContract("timers of this process", { make: () => new TimerScheduler(Date.now), durable: false });

describe("TimerScheduler", () => {
  const at = (key: string, time: number) => ({ key: `test:${key}`, at: time, payload: key });

  it("lets a slow job hold up nobody else, sixteen of them at a time", async () => {
    const clock = fakeClock();
    const scheduler = new TimerScheduler(clock);
    const begun: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    scheduler.onDue("test", async ({ payload }) => {
      begun.push(payload);
      await held;
      return true;
    });
    const names = Array.from({ length: 20 }, (_, index) => String(10 + index));
    for (const name of names) await scheduler.schedule(at(name, clock() + Number(name)));
    clock.tick(100);
    const done = scheduler.runDue();
    await Promise.resolve();
    expect(begun).toEqual(names.slice(0, 16));
    // whoever waits for a turn can still be stopped
    await scheduler.cancel("test:29");
    release();
    await done;
    expect(begun).toEqual(names.slice(0, 19));
    await scheduler.close();
  });

  it("gives up a job that has failed for a day", async () => {
    const clock = fakeClock();
    const scheduler = new TimerScheduler(clock);
    let tries = 0;
    scheduler.onDue("test", async () => {
      tries += 1;
      throw new Error("away");
    });
    await scheduler.schedule(at("a", clock()));
    for (let hour = 0; hour < 48; hour += 1) {
      await scheduler.runDue();
      clock.tick(3_600_000);
    }
    // at once, and each hour of the day that follows
    expect(tries).toBe(25);
    await scheduler.close();
  });
});
