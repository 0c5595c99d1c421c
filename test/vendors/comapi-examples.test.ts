import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { comapiRouter } from "../../src/vendors/comapi/index.js";
import { type Answer, curl, engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

/** Every example of the seed document that is well-formed: its request as it stands, its answer field by field. */

let host: Listening;
beforeAll(async () => {
  const { tfa, clock } = engine();
  host = await listen(
    hostOf(comapiRouter({ verifications: tfa.verifications, accounts: { user: { password: "pass" } }, clock })),
  );
});
afterAll(() => host.close());

/** The curls write `-user`, which curl reads as `-u ser`; with the one letter they mean, they are these. */
const example = (body: string, ...credentials: string[]): Promise<Answer> =>
  curl("-X", "POST", "-H", "Content-Type: application/json", ...credentials, "-d", body, `${host.url}/webapi/verify`);

describe("the response examples", () => {
  it("send a verification code to a phone number", async () => {
    const documented = {
      requestId: "0bd57dc3-580c-4c1d-8aee-2ff79bd8633c",
      phoneNumber: "447979080215",
      status: "CodeUnverified",
      numberStatus: "On",
      created: "2016-02-23T11:10:14.552Z",
    };
    const answer = await example('{\n    "from": "Test",\n    "to": "447979080215"\n}', "-u", "user:pass");
    expect(answer.status).toBe(202);
    const given = answer.json as typeof documented;
    expect(Object.keys(given)).toEqual(Object.keys(documented));
    expect(given).toMatchObject({ phoneNumber: documented.phoneNumber, numberStatus: documented.numberStatus });
    expect(given.requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(given.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    // the manual's table, which its example contradicts, has this word; an option has the other
    expect(given.status).toBe("CodeNotVerified");
  });

  it("request with a bad phone number supplied", async () => {
    const documented = [
      { property: "from", failureCode: "ToInvalid", details: "from is not valid. No value was specified." },
    ];
    const answer = await example('{\n    "from": "Test",\n    "to": "4479790802150"\n}', "-u", "user:pass");
    expect(answer.status).toBe(400);
    const given = answer.json as typeof documented;
    expect(given.map((each) => Object.keys(each))).toEqual(documented.map((each) => Object.keys(each)));
    expect(given.map(({ failureCode }) => failureCode)).toEqual(["ToInvalid"]);
    expect(given[0]?.property).toBe("to");
  });

  it("request without an authorization header", async () => {
    const answer = await example('{\n    "from": "Test",\n    "to": "4479790802150"\n}');
    expect([answer.status, answer.text]).toEqual([
      401,
      "No authorization header supplied or invalid username or password",
    ]);
  });
});

describe("the language examples", () => {
  it("C#: a list of one", async () => {
    expect(await example('[{"from":"Test","to":"447979080215"}]', "-u", "user:pass")).toMatchObject({ status: 202 });
  });

  it("curl and Java: a body with line breaks", async () => {
    const body = '{\n    "from": "Test",\n    "to": "447979080215"\n}\n';
    const answer = await curl(
      "-X",
      "POST",
      "-H",
      "content-type: application/json",
      "-H",
      "cache-control: no-cache",
      "-u",
      "user:pass",
      "--data-binary",
      body,
      `${host.url}/webapi/verify`,
    );
    expect(answer).toMatchObject({ status: 202, json: { phoneNumber: "447979080215" } });
  });

  it("PHP: another path, and a comma too many", async () => {
    const basic = Buffer.from("user:pass").toString("base64");
    const answer = await curl(
      "-X",
      "POST",
      "-H",
      `authorization: Basic ${basic}`,
      "-H",
      "accept: application/json",
      "-H",
      "content-type: application/json",
      "-d",
      '{\n    "from": "Test",\n    "to": "447979080215",\n}',
      `${host.url}/webapi/verify/sendcode`,
    );
    expect(answer).toMatchObject({ status: 202, json: { phoneNumber: "447979080215" } });
  });
});
