import { afterEach, describe, expect, it, vi } from "vitest";
import { isPromise, within } from "../../src/core/deadline.js";

const late = (): Error => new Error("too late");

afterEach(() => void vi.useRealTimers());

describe("within()", () => {
  it("hands on what is there already, without a timer", async () => {
    vi.useFakeTimers();
    // oxlint-disable-next-line unicorn/no-thenable -- not one, in truth
    for (const value of [undefined, null, 0, "", { then: "not a function" }])
      expect(await within(value, 10, late)).toBe(value);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("hands on what comes in time, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    const answer = within(new Promise((resolve) => void setTimeout(resolve, 9, "answer")), 10, late);
    await vi.advanceTimersByTimeAsync(9);
    expect(await answer).toBe("answer");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails when the value does not come, at its deadline and not before", async () => {
    vi.useFakeTimers();
    const outcome = vi.fn();
    within(new Promise(() => undefined), 10, late).catch(outcome);
    await vi.advanceTimersByTimeAsync(9);
    expect(outcome).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toHaveBeenCalledWith(late());
  });

  it("hands on a rejection, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    await expect(within(Promise.reject(new Error("no")), 10, late)).rejects.toThrow("no");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("lets a value that fails after its deadline fail unheard", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const slow = new Promise<never>((_resolve, reject) => void setTimeout(reject, 20, new Error("afterwards")));
      await expect(within(slow, 5, late)).rejects.toThrow("too late");
      await new Promise((resolve) => void setTimeout(resolve, 40));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });

  it("waits for anything that can be waited for", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- a promise of somebody else's making
    const thenable = { then: (resolve: (value: string) => void) => resolve("answer") };
    expect(isPromise(thenable as unknown as Promise<string>)).toBe(true);
    expect(await within(thenable as unknown as Promise<string>, 10, late)).toBe("answer");
  });
});
