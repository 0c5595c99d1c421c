import { describe, expect, it, vi } from "vitest";
import { comapiCases } from "../helpers/comapi-cases.js";
import { majorOfExpress } from "../helpers/routee-comapi-host.js";

vi.mock("express", () => import("express4"));

describe("Comapi on Express 4", () => {
  it("runs on it", () => expect(majorOfExpress()).toBe(4));
  comapiCases();
});
