import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKeyring, sameText } from "../../src/core/crypto.js";
import type { Method, MethodContext } from "../../src/methods/method.js";
import { email, sms } from "../../src/methods/sent-code.js";
import type { Message } from "../../src/providers/provider.js";
import type { Pending } from "../../src/stores/pending.js";
import { checkCodeShape, deriveCode, DIGITS, normalizeCode } from "../../src/verification/code.js";
import { shapeOf } from "../../src/verification/prepare.js";
import { TEXTS } from "../../src/verification/texts.js";
import { Events } from "../../src/core/events.js";
import { chiSquareP, timingT } from "../helpers/statistics.js";
import { times } from "../helpers/effort.js";

const OLD = "the secret of last year, 32 bytes at least";
const NEW = "the secret of this year, 32 bytes at least";
const keys = createKeyring(NEW).current;
const SIX = { length: 6, alphabet: DIGITS };

afterEach(() => void vi.restoreAllMocks());

const MANY = times(1_000_000, 200_000);

describe("B01: a code", () => {
  /** How often each character stands at each place. */
  function census(count: number, length: number, alphabet: string): number[][] {
    const shape = { length, alphabet };
    const counts = Array.from({ length }, () => Array.from({ length: alphabet.length }, () => 0));
    const rank = new Map([...alphabet].map((character, index) => [character, index]));
    for (let index = 0; index < count; index += 1) {
      const code = deriveCode(keys, `challenge ${index}`, "purpose", shape);
      for (let place = 0; place < length; place += 1) {
        const row = counts[place] ?? [];
        const at = rank.get(code[place] ?? "") ?? -1;
        row[at] = (row[at] ?? 0) + 1;
      }
    }
    return counts;
  }

  it("has every digit at every place equally often, and a leading zero in every tenth", { timeout: 60_000 }, () => {
    vi.spyOn(Math, "random").mockImplementation(() => {
      throw new Error("Math.random is not for codes.");
    });
    const counts = census(MANY, 6, DIGITS);
    for (const [place, row] of counts.entries()) {
      const p = chiSquareP(row);
      expect(p, `place ${place}`).toBeGreaterThan(0.001);
      expect(p, `place ${place}`).toBeLessThan(0.999);
    }
    expect(Math.abs((counts[0]?.[0] ?? 0) / MANY - 0.1)).toBeLessThan(0.002);
  });

  it.each([
    [20, "BCDFGHJKLMNPQRSTVWXZ", 8],
    [32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16],
    [36, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 20],
  ])("has every one of %d characters at every place equally often", { timeout: 60_000 }, (size, alphabet, length) => {
    expect(alphabet).toHaveLength(size);
    for (const [place, row] of census(times(150_000, 50_000), length, alphabet).entries()) {
      const p = chiSquareP(row);
      expect(p, `place ${place}`).toBeGreaterThan(0.0005);
      expect(p, `place ${place}`).toBeLessThan(0.9995);
    }
  });

  it("would not pass with the remainder of a byte", () => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 100_000; index += 1) {
      const digit = Math.floor((index * 256) / 100_000) % 10;
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
    expect(chiSquareP(counts)).toBeLessThan(0.001);
  });

  it("is the same again for the same challenge, and another for another challenge, purpose or secret", () => {
    const one = deriveCode(keys, "id", "purpose", SIX);
    expect(one).toMatch(/^\d{6}$/);
    expect(deriveCode(createKeyring(NEW).current, "id", "purpose", SIX)).toBe(one);
    const long = { length: 20, alphabet: DIGITS };
    const others = [
      deriveCode(keys, "id", "purpose", long),
      deriveCode(keys, "id2", "purpose", long),
      deriveCode(keys, "id", "purpose2", long),
      deriveCode(keys, "idp", "urpose", long),
      deriveCode(createKeyring(OLD).current, "id", "purpose", long),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it("is as long as it should be, at every length", () => {
    for (let length = 6; length <= 20; length += 1) {
      expect(deriveCode(keys, "id", "purpose", { length, alphabet: DIGITS })).toMatch(new RegExp(`^\\d{${length}}$`));
    }
  });
});

describe("B02: the shape of a code", () => {
  it.each([
    [6, DIGITS],
    [20, DIGITS],
    [5, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"],
    [20, "01"],
  ])("may be %d of %j", (length, alphabet) => {
    expect(checkCodeShape({ length, alphabet }, "code")).toBeUndefined();
  });

  it.each([
    [5, DIGITS],
    [19, "01"],
    [21, DIGITS],
    [6.5, DIGITS],
    [0, DIGITS],
    [-6, DIGITS],
    [Number.NaN, DIGITS],
    [Number.POSITIVE_INFINITY, DIGITS],
    ["6", DIGITS],
    [6, ""],
    [6, "0"],
    [6, "0000000000"],
  ])("may not be %d of %j", (length, alphabet) => {
    expect(() => checkCodeShape({ length: length as number, alphabet }, "code")).toThrow(
      expect.objectContaining({ code: "misconfigured" }),
    );
  });

  it("of an alphabet given at run time is as strong as it is counted: no character comes twice as often", () => {
    const shape = (() => {
      try {
        return shapeOf({ length: 8, alphabet: `${DIGITS}${"0".repeat(90)}` }, "sms");
      } catch {
        return undefined;
      }
    })();
    expect(new Set(shape?.alphabet).size).toBe(shape?.alphabet.length ?? 0);
  });

  it("may not name a character twice, which would come twice as often", () => {
    expect(() => checkCodeShape({ length: 8, alphabet: `${DIGITS}${"0".repeat(90)}` }, "code")).toThrow(/character/);
  });
});

describe("B09: what a person typed", () => {
  it.each([
    "123456",
    " 123456 ",
    "123 456",
    "123-456",
    "12 34 56",
    "1-2-3-4-5-6",
    "123\u00a0456",
    "123\u202f456",
    "123\u2007456",
    "123\u2011456",
    "123\u2013456",
    "123\u2014456",
    "123\t456\n",
    "\uff11\uff12\uff13\uff14\uff15\uff16",
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    "\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6",
    "1\uff12\u06634-\u0665 6",
  ])("%j is the code 123456", (typed) => {
    expect(normalizeCode(typed, SIX)).toBe("123456");
  });

  it.each<unknown>([
    "",
    " ",
    "12345",
    "1234567",
    "12345a",
    "12345O",
    "12345l",
    "123.456",
    "123,456",
    "+123456",
    "0x1234",
    "1e5000",
    "\u2460\u2461\u2462\u2463\u2464\u2465\u2466",
    "\u096a\u096b\u096c\u096d\u096e\u096f",
    "123456\u0000",
    "\u202e654321",
    "null",
    "undefined",
    "1".repeat(65),
    ` ${"1".repeat(6)}${" ".repeat(60)}`,
    123_456,
    null,
    undefined,
    true,
    [],
    ["123456"],
    {},
    { $gt: "" },
    { toString: () => "123456" },
    new String("123456"),
    Number.NaN,
    Buffer.from("123456"),
  ])("%j is no code, and costs no attempt", (typed) => {
    expect(normalizeCode(typed, SIX)).toBeUndefined();
  });

  it("may be in small letters where the code has none", () => {
    expect(normalizeCode("abcd-2345", { length: 8, alphabet: "ABCDEFGH234567" })).toBe("ABCD2345");
    expect(normalizeCode("abCD", { length: 4, alphabet: "abCD" })).toBe("abCD");
    expect(normalizeCode("ABCD", { length: 4, alphabet: "abCD" })).toBeUndefined();
  });

  it("is a code of the right shape or nothing, and once read is read the same again", () => {
    const typed = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[\d \-\u0660-\u0669\uff10-\uff19]{0,20}$/),
      fc.anything(),
    );
    fc.assert(
      fc.property(typed, (text) => {
        const code = normalizeCode(text, SIX);
        if (code === undefined) return;
        expect(code).toMatch(/^[0-9]{6}$/);
        expect(normalizeCode(code, SIX)).toBe(code);
      }),
      { seed: 29, numRuns: 3_000 },
    );
  });
});

describe("a sent code", () => {
  const sent: Message[] = [];
  const provider = (message: Message): void => void sent.push(message);
  const person = { user: "ada", contact: { phone: "+46707123456", email: "ada@example.com" }, factors: [] };

  function method(secret: string | string[], make = sms(provider)): { method: Method; keyId: string } {
    const ring = createKeyring(secret);
    const context: MethodContext = {
      keys: ring,
      clock: Date.now,
      events: new Events(),
      service: undefined,
      host: undefined,
      origins: [],
      enrols: false,
      book: TEXTS,
    };
    return { method: make.create(context), keyId: ring.current.id };
  }

  function pending(keyId: string, changes: Partial<Pending> = {}): Pending {
    return {
      id: "challenge",
      tenant: "tenant",
      owner: "owner",
      purpose: '["transfer",null,null]',
      keyId,
      createdAt: 0,
      updatedAt: 0,
      expiresAt: 300_000,
      maxAttempts: 5,
      state: "pending",
      attempts: 0,
      revision: 0,
      delivery: {
        method: "sms",
        to: "+46707123456",
        status: "sent",
        sent: [{ method: "sms", to: "+46707123456", sends: 1, resendAt: 0 }],
      },
      checks: [],
      events: [],
      detail: {},
      ...changes,
    };
  }

  async function codeOf({ method: by }: { method: Method }, entry: Pending): Promise<string> {
    await by.send?.({ entry, locale: "en", now: 0 });
    return /^\d+/.exec(sent.at(-1)?.text ?? "")?.[0] ?? "";
  }

  it("is right under the secret that made it, also when another has come before it", async () => {
    const before = method(OLD);
    const entry = pending(before.keyId);
    const code = await codeOf(before, entry);
    expect(code).toMatch(/^\d{6}$/);
    const after = method([NEW, OLD]);
    expect(after.keyId).not.toBe(before.keyId);
    expect(await after.method.compare(entry, person, code, 0)).toEqual({});
    expect(await codeOf(after, entry)).toBe(code);
  });

  it("is right never again once its secret is gone", async () => {
    const before = method(OLD);
    const entry = pending(before.keyId);
    const code = await codeOf(before, entry);
    const gone = method(NEW);
    expect(await gone.method.compare(entry, person, code, 0)).toBeUndefined();
    await expect(gone.method.send?.({ entry, locale: "en", now: 0 })).rejects.toThrow(Error);
  });

  it("is wrong for a record that was altered to approve something else", async () => {
    const made = method(NEW);
    const entry = pending(made.keyId);
    const code = await codeOf(made, entry);
    expect(await made.method.compare(entry, person, code, 0)).toEqual({});
    for (const altered of [{ purpose: '["payout",null,null]' }, { id: "another" }, { keyId: "another" }]) {
      expect(await made.method.compare(pending(made.keyId, altered), person, code, 0)).toBeUndefined();
    }
  });

  it("is the same by SMS and e-mail only where both have as many digits", async () => {
    const entry = pending(method(NEW).keyId);
    const bySms = await codeOf(method(NEW), entry);
    const byMail = await codeOf(method(NEW, email(provider)), entry);
    expect(byMail).toHaveLength(8);
    expect(bySms).toHaveLength(6);
  });

  it("is wrong in every way that it can be wrong, and no way throws", async () => {
    const { method: by, keyId } = method(NEW);
    const entry = pending(keyId);
    const code = await codeOf({ method: by }, entry);
    const wrong = [
      "",
      "0",
      code.slice(0, 5),
      `${code}0`,
      `${code}\0`,
      "x".repeat(1e6),
      "\ud800",
      [...code].toReversed().join("").padEnd(7, "1"),
    ];
    for (const typed of wrong) expect(await by.compare(entry, person, typed, 0)).toBeUndefined();
  });
});

describe("B08: a comparison", () => {
  const code = flat("483920");
  const far = flat("583920");
  const near = flat("483921");

  it(
    "takes as long for a code that is wrong in its first digit as for one wrong in its last",
    { timeout: 60_000 },
    () => {
      // Noise makes t wander; a leak makes it grow with the number of samples. So a large t is measured again, with more.
      let t = Number.POSITIVE_INFINITY;
      for (let samples = 100_000; samples <= 400_000 && Math.abs(t) >= 4.5; samples *= 2) {
        t = timingT((typed) => sameText(typed, code), [far, near], samples);
      }
      expect(Math.abs(t)).toBeLessThan(4.5);
    },
  );

  it("would be caught by the same measurement if it stopped at the first difference", { timeout: 60_000 }, () => {
    const leaky = (left: string, right: string): boolean => {
      for (let place = 0; place < 6; place += 1) {
        if (left.charCodeAt(place) !== right.charCodeAt(place)) return false;
        // what a slower comparison would do with each digit it likes
        for (let spin = 0; spin < 40; spin += 1) sink = (sink * 31 + spin) | 0;
      }
      return true;
    };
    expect(Math.abs(timingT((typed) => leaky(typed, code), [far, near], 50_000))).toBeGreaterThan(4.5);
  });
});

let sink = 1;

/** A string laid out in one piece: V8 keeps what was joined or cut as a tree, and reads that at another speed. */
function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
