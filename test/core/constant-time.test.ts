import { timingSafeEqual } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";

vi.mock(import("node:crypto"), async (original) => {
  const real = await original();
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) };
});

const { sameText } = await import("../../src/core/crypto.js");
const { totp } = await import("../../src/methods/totp.js");
const spy = vi.mocked(timingSafeEqual);

beforeEach(() => void spy.mockClear());

describe("B08: a comparison of codes", () => {
  it.each([
    ["123456", "123456"],
    ["123456", "023456"],
    ["123456", "12345"],
    ["", "123456"],
    ["x".repeat(1_000), "123456"],
    ["å".repeat(6), "123456"],
  ])("of %j and %j is one call of timingSafeEqual, on buffers of one length", (left, right) => {
    sameText(left, right);
    expect(spy).toHaveBeenCalledTimes(1);
    const [a, b] = spy.mock.calls[0] ?? [];
    expect(a?.byteLength).toBe(64);
    expect(b?.byteLength).toBe(64);
  });

  it("with time steps makes the same number of calls for every wrong one", async () => {
    const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    const method = totp({ secret: () => secret }).create({} as never);
    const person = { user: "ada", contact: {}, factors: [] };
    const calls = async (code: string): Promise<number> => {
      spy.mockClear();
      await method.compare({} as never, person, code, 30_000 * 1_000);
      return spy.mock.calls.length;
    };
    const { generateSync } = await import("otplib");
    const at = (counter: number): string => generateSync({ strategy: "hotp", secret, counter });
    const near = at(1_000).replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    const counts = [await calls(near), await calls(at(998)), await calls(at(1_001)), await calls("000000")];
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBe(2);
  });
});
