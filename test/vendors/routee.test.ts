import { describe, expect, it } from "vitest";
import { routeeCases } from "../helpers/routee-cases.js";
import { majorOfExpress } from "../helpers/routee-comapi-host.js";

describe("Routee on Express 5", () => {
  it("runs on it", () => expect(majorOfExpress()).toBe(5));
  routeeCases();
});
