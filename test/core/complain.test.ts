import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inOneLine } from "../../src/core/complain.js";
import { Events } from "../../src/core/events.js";

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, "error").mockImplementation((...words: unknown[]) => void lines.push(words.join(" ")));
});
afterEach(() => vi.restoreAllMocks());

const FAULT = { where: "require2fa()", answer: "The user callback failed.", error: new TypeError("no id") };

describe("what must not happen in silence", () => {
  it("is said on the console, once for each occurrence and in one line", () => {
    const events = new Events();
    events.emit("fault", FAULT);
    events.emit("delivery.failed", {
      challenge: "c",
      provider: "smtp",
      outcome: "failed",
      error: new Error("smtp failed\nbadly"),
    });
    events.emit("store.unavailable", { error: Object.assign(new Error(""), { code: "ECONNREFUSED" }) });
    expect(lines).toEqual([
      "require2fa: fault in require2fa(): The user callback failed. TypeError: no id",
      "require2fa: delivery.failed at smtp (failed): Error: smtp failed badly",
      "require2fa: store.unavailable: Error: ECONNREFUSED",
    ]);
  });

  it("is the listener's business as soon as there is one, for that event alone", () => {
    const heard = vi.fn();
    const events = new Events({ fault: heard });
    events.emit("fault", FAULT);
    expect(lines).toEqual([]);
    events.off("fault", heard).emit("fault", FAULT);
    expect(heard).toHaveBeenCalledTimes(1);
    expect(lines).toHaveLength(1);
    events.on("fault", heard).emit("store.unavailable", { error: "gone" });
    expect(lines).toHaveLength(2);
  });

  it("is all that is said: everything else happens without a word", () => {
    new Events().emit("account.locked", { user: "ada", until: 1 });
    expect(lines).toEqual([]);
  });

  it("changes nothing where the console throws", () => {
    vi.spyOn(console, "error").mockImplementation(() => {
      throw new Error("EPIPE");
    });
    expect(new Events().emit("fault", FAULT)).toBeUndefined();
  });
});

describe("an error in one line", () => {
  it.each<[string, unknown, string]>([
    ["an address", new Error("no row for ada@example.com"), "Error: no row for a••••@example.com"],
    ["a number", new Error("SMS to +46 70-712 34 56 failed"), "Error: SMS to [number] failed"],
    ["a code", new Error("123456 is your code"), "Error: [number] is your code"],
    ["a code of letters and digits", new Error("code K7QX2M"), "Error: code [removed]"],
    ["a password in a URL", new Error("postgres://app:hunter2@db:5432/app"), "Error: postgres://•••@db:5432/app"],
    ["a key", new Error(`key sk_live_${"a1".repeat(20)}`), "Error: key [removed]"],
    ["nothing of a server's address", new Error("connect 127.0.0.1:5432"), "Error: connect 127.0.0.1:5432"],
    ["its code, once", Object.assign(new Error("ECONNRESET: x"), { code: "ECONNRESET" }), "Error: ECONNRESET: x"],
    ["its causes", new Error("a", { cause: new TypeError("b") }), "Error: a <- TypeError: b"],
    ["several lines", new Error("a\r\nb\u2028c\u0007"), "Error: a b c "],
    ["a text", "gone", "gone"],
    ["nothing", undefined, "undefined"],
    ["an object of no kind", Object.create(null), "an error without words"],
  ])("is told with %s masked or kept as is right", (_what, error, line) => {
    expect(inOneLine(error)).toBe(line);
  });

  it("may throw at whoever reads it, have itself for a cause, or be endless", () => {
    const trap = new Proxy(new Error("x"), {
      get() {
        throw new Error("no");
      },
    });
    expect(inOneLine(trap)).toBe("an error that cannot be read");
    const circle = new Error("circle");
    circle.cause = circle;
    expect(inOneLine(circle)).toContain("circle");
    expect(inOneLine(new Error("x ".repeat(100_000))).length).toBeLessThanOrEqual(400);
  });
});
