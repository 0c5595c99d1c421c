import { createSecretKey } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createKeyring, fingerprint, mac, randomId, sameText, seal, unseal } from "../../src/core/crypto.js";
import { times } from "../helpers/effort.js";

const OLD = "the secret of last year, 32 bytes at least";
const NEW = "the secret of this year, 32 bytes at least";

afterEach(() => void vi.restoreAllMocks());

describe("B07: an id", () => {
  it("is 256 bits that never come twice, in no order", () => {
    vi.spyOn(Math, "random").mockImplementation(() => {
      throw new Error("Math.random is not for ids.");
    });
    const COUNT = times(1_000_000, 200_000);
    const ids = new Set<string>();
    let ascending = 0;
    let malformed = 0;
    let before = "";
    const firsts = new Set<string>();
    for (let index = 0; index < COUNT; index += 1) {
      const id = randomId();
      if (!/^[\w-]{43}$/.test(id)) malformed += 1;
      if (id > before) ascending += 1;
      before = id;
      firsts.add(id.slice(0, 2));
      ids.add(id);
    }
    expect(malformed).toBe(0);
    expect(ids.size).toBe(COUNT);
    expect(Buffer.from(before, "base64url")).toHaveLength(32);
    // half of all neighbours ascend (standard deviation 0.03%), and every beginning occurs
    expect(Math.abs(ascending / COUNT - 0.5)).toBeLessThan(0.003);
    expect(firsts.size).toBe(64 * 64);
  });

  it("has every bit set half of the time", () => {
    const COUNT = 20_000;
    const ones = Array.from({ length: 256 }, () => 0);
    for (let index = 0; index < COUNT; index += 1) {
      const bytes = Buffer.from(randomId(), "base64url");
      for (let bit = 0; bit < 256; bit += 1) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
    }
    // six standard deviations: one false alarm in two million runs
    for (const count of ones) expect(Math.abs(count - COUNT / 2)).toBeLessThan(6 * Math.sqrt(COUNT / 4));
  });
});

describe("a keyring", () => {
  it("makes with the first secret and finds every one", () => {
    const keys = createKeyring([NEW, OLD]);
    const old = createKeyring(OLD);
    expect(keys.current.id).toBe(createKeyring(NEW).current.id);
    expect(keys.find(old.current.id)?.id).toBe(old.current.id);
    expect(keys.find("nothing")).toBeUndefined();
    expect(keys.find("__proto__")).toBeUndefined();
    expect(keys.current.id).not.toBe(old.current.id);
  });

  it("has another key for every use", () => {
    const { code, seal: sealing, token } = createKeyring(NEW).current;
    const exported = [code, sealing, token].map((key) => key.export().toString("hex"));
    expect(new Set(exported).size).toBe(3);
  });

  it.each([undefined, [], "", "short", "x".repeat(31), [NEW, "short"], [NEW, undefined], 5, [Buffer.alloc(32)]])(
    "is not made of %j",
    (secret) => {
      expect(() => createKeyring(secret as string)).toThrow(expect.objectContaining({ code: "misconfigured" }));
    },
  );

  it("counts bytes, not characters", () => {
    expect(createKeyring("å".repeat(16)).current.id).toHaveLength(8);
    expect(() => createKeyring("å".repeat(15))).toThrow(/32 bytes/);
  });

  it("tells its secret to nobody who is refused", () => {
    expect(() => createKeyring("hunter2")).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("hunter2") }),
    );
  });
});

describe("mac()", () => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const hash = (parts: readonly string[]): string => mac(key, parts).toString("hex");

  it.each([
    [
      ["ab", "c"],
      ["a", "bc"],
    ],
    [["a"], ["a", ""]],
    [[""], []],
    [["", ""], [""]],
    [["1:a"], ["1", "a"]],
    [
      ["a", "1:b"],
      ["a1", "b"],
    ],
    [["a:b"], ["a", "b"]],
    [["3:abc"], ["abc"]],
    [["å"], ["a\u030a"]],
    [["\u{1f600}"], ["\ud83d", "\ude00"]],
  ])("fences its parts: %j is not %j", (left, right) => {
    expect(hash(left)).not.toBe(hash(right));
  });

  it("hashes different lists of parts differently, however they are cut", () => {
    const part = fc.stringMatching(/^[ab1:0]{0,4}$/);
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const name = JSON.stringify(parts);
        const known = seen.get(hash(parts));
        expect(known === undefined || known === name).toBe(true);
        seen.set(hash(parts), name);
      }),
      { seed: 29, numRuns: 5_000 },
    );
  });

  it("depends on the key and the algorithm", () => {
    const other = createSecretKey(Buffer.alloc(32, 8));
    expect(mac(other, ["a"]).equals(mac(key, ["a"]))).toBe(false);
    expect(mac(key, ["a"])).toHaveLength(32);
    expect(mac(key, ["a"], "sha512")).toHaveLength(64);
  });
});

describe("fingerprint()", () => {
  it("is the same for the same parts only, types included", () => {
    const tuples: unknown[][] = [
      ["a", "b"],
      ["ab"],
      ["a,b"],
      ['a","b'],
      [["a", "b"]],
      ["a", "b", ""],
      ["a", "b", null],
      [1],
      ["1"],
      [true],
      ["true"],
      [],
      [""],
      ["å"],
      ["a\u030a"],
      ["\ud800"],
      ["\udfff"],
      ["\ufffd"],
    ];
    const prints = tuples.map(fingerprint);
    expect(new Set(prints).size).toBe(tuples.length);
    expect(tuples.map(fingerprint)).toEqual(prints);
    for (const print of prints) expect(print).toMatch(/^[\w-]{32}$/);
  });
});

describe("sameText()", () => {
  it("says of texts up to 64 bytes whether they are the same", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 16, unit: "grapheme" }),
        fc.string({ maxLength: 16, unit: "grapheme" }),
        (left, right) => {
          fc.pre(Buffer.byteLength(left) <= 64 && Buffer.byteLength(right) <= 64 && !`${left}${right}`.includes("\0"));
          expect(sameText(left, right)).toBe(left === right);
          expect(sameText(left, left)).toBe(true);
        },
      ),
      { seed: 29, numRuns: 2_000 },
    );
  });

  it.each([
    ["", "\0"],
    ["123456", "123456\0"],
    ["123456", "123456\0\0\0"],
    ["\0", "\0\0"],
  ])("tells %j from %j", (left, right) => {
    expect(sameText(left, right)).toBe(false);
    expect(sameText(right, left)).toBe(false);
  });

  it("takes nothing longer than its buffers for the same, not even itself", () => {
    expect(sameText("x".repeat(64), "x".repeat(64))).toBe(true);
    expect(sameText("x".repeat(65), "x".repeat(65))).toBe(false);
    expect(sameText("x".repeat(64), "x".repeat(65))).toBe(false);
    expect(sameText(`${"x".repeat(63)}å`, `${"x".repeat(63)}å`)).toBe(false);
    expect(sameText(`${"x".repeat(63)}å`, `${"x".repeat(63)}\u00e4`)).toBe(false);
  });

  it("never throws, whatever the two are", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ minLength: 60, maxLength: 70 }),
      fc.constantFrom("", "\ud800", "\udfff", "x".repeat(1e6)),
    );
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(sameText(left, right)).toBeTypeOf("boolean");
      }),
      { seed: 29, numRuns: 2_000 },
    );
  });
});

describe("what is sealed", () => {
  const keys = createKeyring([NEW, OLD]);

  it("opens to the same text, and looks different every time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (plain, context) => {
        const sealed = seal(keys, plain, context);
        expect(unseal(keys, sealed, context)).toBe(plain);
        expect(seal(keys, plain, context)).not.toBe(sealed);
      }),
      { seed: 29 },
    );
  });

  it("opens in no other context and under no other secret", () => {
    const sealed = seal(keys, "plain", "ada.transfer");
    expect(unseal(keys, sealed, "ada.transfer")).toBe("plain");
    expect(unseal(keys, sealed, "eve.transfer")).toBeUndefined();
    expect(unseal(keys, sealed, "")).toBeUndefined();
    expect(unseal(createKeyring(OLD), sealed, "ada.transfer")).toBeUndefined();
    const [, body] = sealed.split(".");
    expect(unseal(keys, `${createKeyring(OLD).current.id}.${body}`, "ada.transfer")).toBeUndefined();
  });

  it("opens after a rotation, until the old secret is gone", () => {
    const sealed = seal(createKeyring(OLD), "plain", "context");
    expect(unseal(createKeyring([NEW, OLD]), sealed, "context")).toBe("plain");
    expect(unseal(createKeyring(NEW), sealed, "context")).toBeUndefined();
    expect(seal(createKeyring([NEW, OLD]), "plain", "context").split(".")[0]).toBe(createKeyring(NEW).current.id);
  });

  it("does not open when a single bit is flipped or a byte is missing", () => {
    const sealed = seal(keys, "plain", "context");
    const [id, body = ""] = sealed.split(".");
    const bytes = Buffer.from(body, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unseal(keys, `${id}.${flipped.toString("base64url")}`, "context")).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(unseal(keys, `${id}.${bytes.subarray(0, length).toString("base64url")}`, "context")).toBeUndefined();
    }
  });

  it("is nothing, and no error, when it is not ours", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String().map((text) => `${keys.current.id}.${text}`),
          fc.constantFrom("", ".", "..", `${keys.current.id}.`),
        ),
        (sealed) => {
          expect(unseal(keys, sealed, "context")).toBeUndefined();
        },
      ),
      { seed: 29, numRuns: 1_000 },
    );
  });
});
