import { comapi, comapiRouter } from "../../src/vendors/comapi/index.js";
import { mitto, mittoRouter } from "../../src/vendors/mitto/index.js";
import { mobileresponse, mobileresponseRouter } from "../../src/vendors/mobileresponse/index.js";
import { routee, routeeRouter } from "../../src/vendors/routee/index.js";
import { tokenApi, tokenApiRouter } from "../../src/vendors/token-api/index.js";
import { type Vendor, vendorContract } from "../contracts/vendor.js";

const OTP = "OTPdb0a3a8d33ab4ab7aa8ec6cec4bce16a";
const ACCOUNT = "ACae6e420f425248d6a26948c17a9e2acf";
const UUID = "5506eeff-169a-406b-b4a5-87d7f49148df";
const WORKFLOW = "00000000-0000-0000-0000-000000000000";
const APPLICATION = "5756a411e4b06a33d50517c7";

const json = (value: unknown, status = 200) => ({
  status,
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
});

const mittoCase: Vendor = {
  name: "mitto",
  router: ({ tfa, clock }) => {
    const { verifications, limits, workflows } = tfa;
    return mittoRouter({ verifications, limits, workflows, accounts: { [ACCOUNT]: { token: "tok" } }, clock });
  },
  provider: (baseUrl) => mitto({ accountSid: ACCOUNT, token: "tok", service: "Acme", from: "Acme", baseUrl }),
  cancels: true,
  answer: () => json({ code: 200, message: "OK", requestID: OTP }),
  isCheck: ({ url }) => url === "/2fa/verify",
  right: () => json({ code: 200, message: "OK", requestID: OTP }),
  wrong: () => json({ code: 422, message: "Invalid code", requestID: OTP }, 422),
  noYes: [
    JSON.stringify({ code: 200, message: "OK", requestID: `${OTP}0` }),
    JSON.stringify({ code: "200", message: "OK", requestID: OTP }),
    JSON.stringify({ code: 200.5, message: "OK", requestID: OTP }),
    JSON.stringify({ code: 422, message: "OK", requestID: OTP }),
    JSON.stringify({ data: { code: 200, message: "OK", requestID: OTP } }),
  ],
};

const pending = {
  trackingId: UUID,
  status: "Pending",
  updatedAt: "2016-09-19T09:29:39.155Z",
  maxRetries: 9,
  expiresAt: "2016-09-19T09:39:39.155Z",
  timesTried: 0,
};

const routeeCase: Vendor = {
  name: "routee",
  router: ({ tfa, clock }) =>
    routeeRouter({
      verifications: tfa.verifications,
      applications: { [APPLICATION]: { secret: "vb6QpjCIOG" } },
      clock,
    }),
  provider: (baseUrl, clock) => routee({ applicationId: APPLICATION, applicationSecret: "vb6QpjCIOG", baseUrl, clock }),
  cancels: true,
  answer: ({ url }) =>
    url.startsWith("/oauth/token")
      ? json({
          access_token: "12dc9fe4-7df4-4786-8d7a-a46d307687f4",
          token_type: "bearer",
          expires_in: 3599,
          scope: "contact 2step sms report account",
          permissions: ["MT_ROLE_2STEP"],
        })
      : json(pending),
  isCheck: ({ method, url }) => method === "POST" && url.startsWith("/2step/"),
  right: () => json({ ...pending, status: "Verified", timesTried: 1 }),
  wrong: () => json({ code: "400011005", developerMessage: "Wrong Answer!" }, 400),
  noYes: [
    JSON.stringify({ ...pending, status: "Verified", trackingId: WORKFLOW }),
    JSON.stringify({ ...pending, status: "Verified", trackingId: undefined }),
    JSON.stringify({ ...pending, status: "verified" }),
    JSON.stringify({ ...pending, status: true }),
    JSON.stringify(pending),
    JSON.stringify({ ...pending, status: "Cancelled" }),
    JSON.stringify([{ ...pending, status: "Verified" }]),
  ],
};

const verifyCode = {
  requestId: UUID,
  phoneNumber: "46707123456",
  status: "CodeNotVerified",
  numberStatus: "On",
  created: "2016-02-23T11:10:14.552Z",
};

const comapiCase: Vendor = {
  name: "comapi",
  router: ({ tfa, clock }) =>
    comapiRouter({ verifications: tfa.verifications, accounts: { user: { password: "pass" } }, clock }),
  provider: (baseUrl, clock) => comapi({ username: "user", password: "pass", from: "Test", baseUrl, clock }),
  cancels: false,
  answer: () => json(verifyCode, 202),
  isCheck: ({ method }) => method === "PUT",
  right: () => json({ ...verifyCode, status: "CodeVerified", verified: "2016-02-23T11:12:14.552Z" }),
  wrong: () => json(verifyCode),
  noYes: [
    JSON.stringify({ ...verifyCode, status: "CodeVerified", requestId: WORKFLOW }),
    JSON.stringify({ ...verifyCode, status: "CodeVerified", requestId: undefined }),
    JSON.stringify({ ...verifyCode, status: "codeverified" }),
    JSON.stringify({ ...verifyCode, status: "CodeVerified " }),
    JSON.stringify({ ...verifyCode, status: "CodeLocked" }),
    JSON.stringify({ ...verifyCode, status: "CodeVerified", phoneNumber: "46707123457" }),
    JSON.stringify([{ ...verifyCode, status: "CodeVerified" }]),
  ],
};

const processed = (data: object) => json({ data, processId: UUID, executionTime: 585 });

const mobileresponseCase: Vendor = {
  name: "mobileresponse",
  router: ({ tfa, clock }) =>
    mobileresponseRouter({
      verifications: tfa.verifications,
      tokens: ["t1"],
      workflows: { [WORKFLOW]: {} },
      clock,
    }),
  provider: (baseUrl) => mobileresponse({ apiToken: "t1", workflowId: WORKFLOW, baseUrl, returnCode: false }),
  cancels: false,
  answer: () => json({ processId: UUID, created: "2017-05-05T06:59:53.3720470Z" }),
  isCheck: ({ body }) => body.includes('"validate-code"'),
  right: () => processed({ "code-is-valid": "true" }),
  wrong: () => processed({ "code-is-valid": "false" }),
  noYes: [
    JSON.stringify({ data: { "code-is-valid": true }, processId: UUID, executionTime: 1 }),
    JSON.stringify({ data: { "code-is-valid": "True" }, processId: UUID, executionTime: 1 }),
    JSON.stringify({ data: { "code-is-valid": "true", receiver: "+46707123457" }, processId: UUID, executionTime: 1 }),
    JSON.stringify({ "code-is-valid": "true" }),
    JSON.stringify({ processId: UUID, created: "2017-05-05T06:59:53.3720470Z" }),
  ],
};

const tokenApiCase: Vendor = {
  name: "token-api",
  router: ({ tfa }) => tokenApiRouter({ verifications: tfa.verifications, keys: ["k1"] }),
  provider: (baseUrl, clock) => tokenApi({ apiKey: "k1", baseUrl, clock }),
  cancels: false,
  answer: () => ({ status: 200 }),
  isCheck: ({ method }) => method === "GET",
  right: () => ({ status: 200 }),
  wrong: () => ({ status: 400 }),
  noYes: ["{}", "200 OK"],
  emptyYes: true,
};

const VENDORS = [mittoCase, routeeCase, comapiCase, mobileresponseCase, tokenApiCase];

for (const vendor of VENDORS) vendorContract(vendor);
