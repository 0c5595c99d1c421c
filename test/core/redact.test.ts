import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskAddress, maskEmail, maskPhone } from "../../src/core/redact.js";

describe("a masked address", () => {
  it.each([
    ["+46707123456", "+46•••••••56"],
    ["+447979080215", "+44••••••••15"],
    ["+12025550123", "+12•••••••23"],
    ["ada@example.com", "a••••@example.com"],
    ["a@example.com", "a••••@example.com"],
    ["a.very.long.name@example.com", "a••••@example.com"],
  ])("%s is shown as %s", (address, masked) => {
    expect(maskAddress(address)).toBe(masked);
  });

  it("shows four digits of a number and hides at least three", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{7,14}$/), (phone) => {
        const masked = maskPhone(phone);
        expect(masked).toHaveLength(phone.length);
        expect(masked.match(/\d/g)).toHaveLength(4);
        expect(masked.match(/•/g)?.length).toBeGreaterThanOrEqual(3);
      }),
      { seed: 29 },
    );
  });

  it("hides all but the first character of a local part, and how long it is", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z.]{1,30}$/), fc.domain(), (local, domain) => {
        expect(maskEmail(`${local}@${domain}`)).toBe(`${local.slice(0, 1)}••••@${domain}`);
      }),
      { seed: 29 },
    );
  });

  it("never throws, and never shows a number in full", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom("", "+", "@", "+1", "a@", "@b", "+123456")), (address) => {
        const masked = maskAddress(address);
        expect(masked).toContain("•••");
        if (address.length > 0) expect(masked).not.toBe(address);
      }),
      { seed: 29, numRuns: 1_000 },
    );
  });
});
