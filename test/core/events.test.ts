import { describe, expect, it, vi } from "vitest";
import { type EventListeners, Events } from "../../src/core/events.js";

const event = { challenge: "id", method: "sms" };

function broken(how: string): () => never {
  return () => {
    if (how === "an error") throw new Error("a broken log line");
    if (how === "a string") throw "a broken log line" as unknown as Error;
    throw undefined as unknown as Error;
  };
}

describe("events", () => {
  it("reach every listener, those of the options first", () => {
    const heard: string[] = [];
    const events = new Events({ "code.compared": ({ method }) => void heard.push(`options ${method}`) });
    events.on("code.compared", ({ method }) => void heard.push(`on ${method}`));
    events.on("challenge.verified", () => void heard.push("another"));
    events.emit("code.compared", event);
    expect(heard).toEqual(["options sms", "on sms"]);
  });

  it("no longer reach a listener that was taken off, or nobody at all", () => {
    const listener = vi.fn();
    const events = new Events().on("code.compared", listener).off("code.compared", listener);
    events.emit("code.compared", event);
    expect(listener).not.toHaveBeenCalled();
  });

  it.each(["an error", "a string", "nothing"])("change nothing when a listener throws %s", (how) => {
    const after = vi.fn();
    const events = new Events({ "code.compared": broken(how) })
      .on("code.compared", broken(how))
      .on("code.compared", after);
    expect(events.emit("code.compared", event)).toBeUndefined();
    expect(after).toHaveBeenCalledTimes(1);
  });

  it("change nothing when a listener rejects, or answers with something that cannot be waited for", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      // oxlint-disable-next-line unicorn/no-thenable -- what a careless listener may return
      const trap = Object.defineProperty({}, "then", { get: broken("an error") });
      const listeners: (() => unknown)[] = [
        () => Promise.reject(new Error("late")),
        () => trap,
        async () => broken("nothing")(),
      ];
      const events = new Events();
      for (const listener of listeners) events.on("code.compared", listener);
      expect(events.emit("code.compared", event)).toBeUndefined();
      await new Promise((resolve) => void setTimeout(resolve, 5));
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });

  it("of the name that Node treats as fatal are ordinary ones", () => {
    const events = new Events();
    expect(events.emit("fault", { where: "nobody listens", error: new Error("x") })).toBeUndefined();
    expect(events.emit("error" as "fault", { where: "nobody listens", error: new Error("x") })).toBeUndefined();
  });

  it("may have many listeners without a warning", () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const events = new Events();
    for (let index = 0; index < 50; index += 1) events.on("fault", () => undefined);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it("are refused by a name that does not exist, with the nearest that does", () => {
    const listeners = { "acount.locked": () => undefined } as unknown as EventListeners;
    expect(() => new Events(listeners)).toThrow(
      expect.objectContaining({ code: "misconfigured", message: expect.stringContaining("account.locked") }),
    );
  });

  it("are refused without a function", () => {
    const listeners = { "account.locked": "log" } as unknown as EventListeners;
    expect(() => new Events(listeners)).toThrow(expect.objectContaining({ code: "misconfigured" }));
  });
});
