import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Duration, milliseconds, parseDuration } from "../../src/core/durations.js";

describe("a duration", () => {
  it.each([
    ["250ms", 250],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["30d", 2_592_000_000],
    ["1.5h", 5_400_000],
    ["0.001s", 1],
    ["0s", 0],
    [0, 0],
  ])("%j is %d milliseconds", (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
    expect(milliseconds(written as Duration, "option")).toBe(ms);
  });

  it.each([
    1,
    300,
    -0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    " ",
    "5",
    "m",
    "5 m",
    " 5m",
    "5m ",
    "5m\n",
    "-5m",
    "+5m",
    "5M",
    "5min",
    "1e3s",
    "0x10s",
    ".5s",
    "5.s",
    "1.2345s",
    "1234567890s",
    "\u0665m",
    "\uff15m",
    "5m5s",
    "Infinitys",
    "NaNms",
    null,
    undefined,
    true,
    [],
    ["5m"],
    {},
  ])("%j is none", (written) => {
    expect(parseDuration(written)).toBeUndefined();
  });

  it("is a finite number of milliseconds or nothing, whatever is written", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.string(), fc.stringMatching(/^\d{0,12}\.?\d{0,5}(?:ms|s|m|h|d|w)?$/)),
        (written) => {
          const ms = parseDuration(written);
          expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
        },
      ),
      { seed: 29, numRuns: 2_000 },
    );
  });

  it("is asked for by name when an option holds none", () => {
    expect(() => milliseconds("5 minutes" as Duration, "require2fa({ maxAge })")).toThrow(
      'require2fa({ maxAge }): "5 minutes" is not a duration. Write a number with its unit, as in "30s", "5m", "1h" or "30d"; the only bare number is 0.',
    );
    expect(() => milliseconds(300 as unknown as Duration, "ttl")).toThrow(
      expect.objectContaining({ code: "misconfigured" }),
    );
  });
});
