import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => vi.unstubAllEnvs());

describe("the test kit", () => {
  it("J01 does not load in production, and loads everywhere else", async () => {
    vi.resetModules();
    vi.stubEnv("NODE_ENV", "production");
    await expect(import("../../src/testing/index.js")).rejects.toMatchObject({
      code: "misconfigured",
      message: expect.stringContaining("NODE_ENV=production"),
    });
    vi.resetModules();
    vi.stubEnv("NODE_ENV", "test");
    await expect(import("../../src/testing/index.js")).resolves.toMatchObject({ testKit: expect.any(Function) });
  });
});
