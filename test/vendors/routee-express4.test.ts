import { describe, expect, it } from "vitest";
import { routeeCases } from "../helpers/routee-cases.js";
import { majorOfExpress } from "../helpers/routee-comapi-host.js";

describe("Routee on Express 4", () => {
  it("runs on it", () => expect(majorOfExpress()).toBe(4));
  routeeCases();
});
