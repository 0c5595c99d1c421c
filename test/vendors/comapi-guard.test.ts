import { describe } from "vitest";
import { comapi, comapiRouter } from "../../src/vendors/comapi/index.js";
import { guardCases } from "../helpers/routee-comapi-guard.js";

describe("require2fa() with sms(comapi())", () => {
  guardCases({
    router: ({ tfa, clock }) =>
      comapiRouter({ verifications: tfa.verifications, accounts: { user: { password: "pass" } }, clock }),
    provider: (baseUrl, clock) => comapi({ username: "user", password: "pass", baseUrl, clock }),
    account: "comapi:user",
  });
});
