import { describe, expect, it } from "vitest";
import { comapiCases } from "../helpers/comapi-cases.js";
import { majorOfExpress } from "../helpers/routee-comapi-host.js";

describe("Comapi on Express 4", () => {
  it("runs on it", () => expect(majorOfExpress()).toBe(4));
  comapiCases();
});
