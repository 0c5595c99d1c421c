import { describe, expect, it } from "vitest";
import { createKeyring, randomId } from "../../src/core/crypto.js";
import { readToken, writeToken } from "../../src/step-up/device-token.js";

const [OLD, NEW] = ["an old secret, of 32 bytes and more", "a newer secret, of 32 bytes and more"];

describe("the token of a device", () => {
  const keys = createKeyring(OLD);
  const device = { id: randomId(), generation: 7 };
  const token = writeToken(keys, "ada", device);

  it("E10 is read for the user it was made for, and for nobody else", () => {
    expect(readToken(keys, "ada", token)).toEqual(device);
    for (const user of ["bob", "", "ada ", "Ada"]) expect(readToken(keys, user, token)).toBeUndefined();
  });

  it("E10 is read by its secret as long as that is there, and never by another", () => {
    expect(readToken(createKeyring([NEW, OLD]), "ada", token)).toEqual(device);
    expect(readToken(createKeyring(NEW), "ada", token)).toBeUndefined();
  });

  it("E10 is not read when a single character differs", () => {
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === "7" ? "8" : "7";
      expect(readToken(keys, "ada", token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
    }
  });
});
