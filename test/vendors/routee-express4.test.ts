import { describe, expect, it, vi } from "vitest";
import { routeeCases } from "../helpers/routee-cases.js";
import { majorOfExpress } from "../helpers/routee-comapi-host.js";

vi.mock("express", () => import("express4"));

describe("Routee on Express 4", () => {
  it("runs on it", () => expect(majorOfExpress()).toBe(4));
  routeeCases();
});
