import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleProvider } from "../../src/providers/console.js";
import { outbox } from "../../src/providers/outbox.js";
import { aMessage, anEmail, patient } from "../helpers/messages.js";

afterEach(() => vi.unstubAllEnvs());

describe("consoleProvider", () => {
  const printed = (...sent: Parameters<typeof aMessage>): string => {
    const written: string[] = [];
    void consoleProvider({ write: (text) => void written.push(text) }).send(aMessage(...sent), patient());
    return written.join("");
  };

  it("frames channel, recipient and text", () => {
    const text = printed({ text: "483920 is your code.\n\n@acme.test #483920" });
    expect(text).toContain("┌─ SMS to +46701740605\n│ 483920 is your code.\n│ \n│ @acme.test #483920\n└─ until ");
  });

  it("prints the subject of an e-mail above its text", () => {
    expect(printed(anEmail())).toContain("│ Your Acme verification code\n│ \n│ 483920");
  });

  it("lets no control character reach the terminal", () => {
    expect(printed({ text: "\u001b]0;owned\u0007\u009b2J483920" })).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
    );
  });

  it("writes to standard output unless told otherwise", () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    void consoleProvider().send(aMessage(), patient());
    expect(write).toHaveBeenCalledOnce();
    write.mockRestore();
  });

  it("refuses production when it is made", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => consoleProvider()).toThrow(expect.objectContaining({ code: "misconfigured" }));
  });

  it("refuses production at every send as well", () => {
    const write = vi.fn();
    const provider = consoleProvider({ write });
    vi.stubEnv("NODE_ENV", "production");
    expect(() => provider.send(aMessage(), patient())).toThrow(expect.objectContaining({ code: "misconfigured" }));
    expect(write).not.toHaveBeenCalled();
  });

  it("names the nearest right option", () => {
    expect(() => consoleProvider({ wriet: 1 } as object)).toThrow(/Did you mean "write"/);
    expect(() => consoleProvider({ write: 1 } as unknown as object)).toThrow(/takes a function/);
  });
});

describe("outbox", () => {
  it("finds what one challenge has sent, and no other whose id begins like it", () => {
    const box = outbox();
    for (const idempotencyKey of ["abc:1", "abcd:1", "abc:2"])
      box.send(aMessage({ idempotencyKey, text: idempotencyKey }));
    expect(box.sentFor("abc").map(({ text }) => text)).toEqual(["abc:2", "abc:1"]);
    expect(box.sentFor("nobody")).toEqual([]);
  });

  it("keeps what was sent, newest first, with the time", () => {
    const box = outbox();
    box.send(aMessage({ text: "first" }));
    box.send(anEmail({ text: "second" }));
    expect(box.messages.map(({ text, channel }) => [text, channel])).toEqual([
      ["second", "email"],
      ["first", "sms"],
    ]);
    expect(new Date(box.messages[0]?.at ?? "").toISOString()).toBe(box.messages[0]?.at);
    expect(Object.keys(box.messages[0] ?? {})).toEqual(["to", "channel", "text", "at"]);
  });

  it("finds the newest message to one recipient", () => {
    const box = outbox();
    box.send(aMessage({ text: "to a phone" }));
    box.send(anEmail({ text: "to a mailbox" }));
    expect(box.last()?.text).toBe("to a mailbox");
    expect(box.last("+46701740605")?.text).toBe("to a phone");
    expect(box.last("+46700000000")).toBeUndefined();
  });

  it("forgets the oldest beyond its capacity", () => {
    const box = outbox({ capacity: 2 });
    for (const text of ["1", "2", "3"]) box.send(aMessage({ text }));
    expect(box.messages.map(({ text }) => text)).toEqual(["3", "2"]);
  });

  it("keeps 200 messages by default", () => {
    const box = outbox();
    for (let count = 0; count < 201; count += 1) box.send(aMessage());
    expect(box.messages).toHaveLength(200);
  });

  it("hands out copies", () => {
    const box = outbox();
    box.send(aMessage());
    box.messages.length = 0;
    Object.assign(box.messages[0] ?? {}, { text: "changed" });
    expect(box.last()?.text).toContain("483920");
  });

  it("forgets everything when cleared", () => {
    const box = outbox();
    box.send(aMessage());
    box.clear();
    expect(box.messages).toEqual([]);
  });

  it("shows no code when it is inspected or turned into JSON", () => {
    const box = outbox();
    box.send(aMessage());
    const views = [
      inspect(box, { depth: null, showHidden: true, getters: true }),
      JSON.stringify({ box }),
      String(box),
    ];
    for (const view of views) expect(view).not.toContain("483920");
  });

  it("refuses production when it is made and at every send", () => {
    const box = outbox();
    vi.stubEnv("NODE_ENV", "production");
    expect(() => outbox()).toThrow(expect.objectContaining({ code: "misconfigured" }));
    expect(() => box.send(aMessage())).toThrow(expect.objectContaining({ code: "misconfigured" }));
    expect(box.messages).toEqual([]);
  });

  it.each([0, 1.5, -1, Number.NaN, "10"])("refuses a capacity of %s", (capacity) => {
    expect(() => outbox({ capacity: capacity as number })).toThrow(expect.objectContaining({ code: "misconfigured" }));
  });
});
