import express from "express";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NumberStatus } from "../../src/index.js";
import { comapiRouter, type ComapiRouterOptions } from "../../src/vendors/comapi/index.js";
import { type Answer, curl, engine, type Engine, hostOf, type Listening, listen } from "./routee-comapi-host.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const JSON_TYPE = ["-H", "Content-Type: application/json"];
const UNAUTHORIZED = "No authorization header supplied or invalid username or password";
const TO = "447979080215";

/** Acceptance: each request as its bytes, by curl, on the Express of the calling test file. */
export function comapiCases(): void {
  let its: Engine;
  let host: Listening;
  let C: string;
  let router: express.Router = express.Router();

  const make = (options: Partial<ComapiRouterOptions> = {}, engineOptions: Parameters<typeof engine>[0] = {}): void => {
    its = engine(engineOptions);
    const { tfa, clock } = its;
    router = comapiRouter({
      verifications: tfa.verifications,
      accounts: { user: { password: "pass" } },
      clock,
      ...options,
    });
  };
  const raw = (body: string, path = "/webapi/verify"): Promise<Answer> =>
    curl("-X", "POST", ...JSON_TYPE, "-u", "user:pass", "-d", body, C + path);
  const post = (body: object): Promise<Answer> => raw(JSON.stringify(body));
  const put = (id: string, body: object): Promise<Answer> =>
    curl("-X", "PUT", ...JSON_TYPE, "-u", "user:pass", "-d", JSON.stringify(body), `${C}/WebApi/Verify/${id}/validate`);
  const create = async (changes: object = {}): Promise<string> => {
    const created = await post({ to: TO, ...changes });
    expect(created.status).toBe(202);
    return (created.json as { requestId: string }).requestId;
  };
  const codes = ({ status, json }: Answer): unknown => {
    expect(status).toBe(400);
    for (const each of json as object[]) {
      expect(Object.keys(each)).toEqual(["property", "failureCode", "details"]);
      expect(each).toMatchObject({ property: expect.any(String), details: expect.stringMatching(/./) });
    }
    return (json as { failureCode: string }[]).map(({ failureCode }) => failureCode);
  };
  const inMinutes = (minutes: number): string => new Date(its.clock() + minutes * 60_000).toISOString();

  beforeAll(async () => {
    host = await listen(hostOf((req, res, next) => router(req, res, next)));
    C = host.url;
  });
  afterAll(() => host.close());
  beforeEach(() => make());

  describe("the cases of vendors.md section 9.3", () => {
    it("C01", async () => {
      const created = await curl(
        "-X",
        "POST",
        "-H",
        "Content-Type: application/json",
        "-u",
        "user:pass",
        "-d",
        '{"from":"Test","to":"447979080215"}',
        `${C}/webapi/verify`,
      );
      expect([created.status, created.headers["cache-control"]]).toEqual([202, "no-store"]);
      expect(created.json).toEqual({
        requestId: expect.stringMatching(UUID),
        phoneNumber: "447979080215",
        status: "CodeNotVerified",
        numberStatus: "On",
        created: expect.stringMatching(ISO),
      });
      expect(its.messages).toMatchObject([
        { to: "+447979080215", text: "Your verification code is 1234", from: "Test" },
      ]);
    });

    it("C02", async () => {
      const refused = await post({ from: "Test", to: "4479790802150" });
      expect(refused.status).toBe(400);
      expect(refused.json).toEqual([{ property: "to", failureCode: "ToInvalid", details: "to is not valid." }]);
      make({ readings: { toProperty: "from" } });
      expect((await post({ to: "4479790802150" })).json).toMatchObject([
        { property: "from", failureCode: "ToInvalid" },
      ]);
    });

    it("C03", async () => {
      const body = '{"from":"Test","to":"4479790802150"}';
      const none = await curl("-X", "POST", ...JSON_TYPE, "-d", body, `${C}/webapi/verify`);
      const wrong = await curl("-X", "POST", ...JSON_TYPE, "-u", "user:wrong", "-d", body, `${C}/webapi/verify`);
      for (const refused of [none, wrong]) {
        expect([refused.status, refused.text]).toEqual([401, UNAUTHORIZED]);
        expect(refused.headers).toMatchObject({
          "content-type": expect.stringMatching(/^text\/plain/),
          "www-authenticate": expect.stringMatching(/^Basic/),
        });
      }
      expect(its.messages).toEqual([]);
    });

    it("C04", async () => {
      expect(await post({ to: "07123123456", countryIsoCode: "GBR" })).toMatchObject({
        status: 202,
        json: { phoneNumber: "447123123456" },
      });
      expect(codes(await post({ to: "07123123456", countryIsoCode: "GB" }))).toEqual(["CountryIsoCodeInvalid"]);
    });

    it.each([
      ["ABCDEFGHIJKL", "FromExceedsMaxTextLength"],
      ["1234567890123456", "FromExceedsMaxNumericLength"],
      ["A", "FromUnderMinTextLength"],
      ["1", "FromUnderMinTextLength"],
      ["", "FromEmpty"],
      ["T中st", "FromContainsDisallowedCharacters"],
    ])("C05 from %j", async (from, failureCode) => {
      expect(codes(await post({ from, to: TO }))).toEqual([failureCode]);
      expect(its.messages).toEqual([]);
    });

    it("C05", async () => {
      await create();
      expect(its.messages[0]).not.toHaveProperty("from");
      await create({ from: "123456789012345" });
      await create({ from: "A-b_c. 9" });
      expect(its.messages[0]?.from).toBe("A-b_c. 9");
    });

    it("C06", async () => {
      await create({ body: "Code {{code}}, {{validMinutes}} min", validUntil: inMinutes(10) });
      expect(its.messages[0]?.text).toBe("Code 1234, 10 min");
      expect(codes(await post({ to: TO, body: "no placeholder" }))).toEqual(["InvalidJson"]);
      expect((await post({ to: TO, body: "no placeholder" })).json).toMatchObject([{ property: "body" }]);
    });

    it("C07", async () => {
      expect(codes(await post({ to: TO, validUntil: inMinutes(31) }))).toEqual(["ValidUntilMaxExceeded"]);
      expect(codes(await post({ to: TO, validUntil: inMinutes(-1 / 60) }))).toEqual(["ValidUntilMinExceeded"]);
    });

    it("C08", async () => {
      const id = await create();
      const verified = await put(id, { code: "1234" });
      expect(verified.status).toBe(200);
      expect(verified.json).toEqual({
        requestId: id,
        phoneNumber: TO,
        status: "CodeVerified",
        numberStatus: "On",
        created: expect.stringMatching(ISO),
        verified: expect.stringMatching(ISO),
      });
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 204, text: "" });
    });

    it("C09", async () => {
      const id = await create();
      for (const code of ["0000", "0001", "0002", "0003", "0004"]) {
        expect(await put(id, { code })).toMatchObject({
          status: 200,
          json: { requestId: id, status: "CodeNotVerified" },
        });
      }
      expect(await put(id, { code: "1234" })).toMatchObject({
        status: 200,
        json: { requestId: id, status: "CodeLocked" },
      });
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 204, text: "" });
    });

    it("C09, read otherwise", async () => {
      make({ readings: { lockOn: "reach", notVerified: "CodeUnverified" } });
      const id = await create();
      for (const code of ["0000", "0001", "0002", "0003"]) {
        expect((await put(id, { code })).json).toMatchObject({ status: "CodeUnverified" });
      }
      expect((await put(id, { code: "0004" })).json).toMatchObject({ status: "CodeLocked" });
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 204 });
    });

    it("C10", async () => {
      const id = await create({ validUntil: inMinutes(5) });
      its.clock.tick(300_000);
      expect(await put(id, { code: "1234" })).toMatchObject({
        status: 200,
        json: { requestId: id, status: "CodeExpired" },
      });
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 204, text: "" });
    });

    it("C11", async () => {
      expect(await put("0bd57dc3-580c-4c1d-8aee-2ff79bd8633c", { code: "1234" })).toMatchObject({
        status: 204,
        text: "",
      });
    });

    it("C12", async () => {
      for (const body of ["not json", "to=447979080215", "[]", "null", '"text"', "{", ""]) {
        const refused = await raw(body);
        expect(codes(refused)).toEqual(["InvalidJson"]);
        expect(refused.json).toMatchObject([{ property: "" }]);
      }
      expect(codes(await post({ to: "" }))).toEqual(["ToEmpty"]);
      expect(codes(await post({}))).toEqual(["ToEmpty"]);
      const id = await create();
      expect(codes(await put(id, {}))).toEqual(["InvalidJson"]);
      expect((await put(id, {})).json).toMatchObject([{ property: "code" }]);
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 200 });
    });

    it("C13", async () => {
      for (const body of ['[{"from":"Test","to":"447979080215"}]', '{"from":"Test","to":"447979080215",}']) {
        expect(await raw(body)).toMatchObject({ status: 202, json: { phoneNumber: TO } });
      }
      expect(await raw('{"from":"Test","to":"447979080215"}', "/webapi/verify/sendcode")).toMatchObject({
        status: 202,
      });
      expect(its.messages).toHaveLength(3);
    });

    it("C14", async () => {
      make({}, { lookup: () => "dead" });
      const created = await post({ from: "Test", to: TO });
      expect(created).toMatchObject({ status: 202, json: { status: "CodeNotSent", numberStatus: "Dead" } });
      expect(its.messages).toEqual([]);
    });
  });

  describe("the samples of the manual", () => {
    it("are taken as each language sends them", async () => {
      // Java and C#: as C01 and C13; PHP: a form of the URL and a comma of its own; Unirest: line breaks
      const unirest = '{\n    "from": "Test",\n    "to": "447979080215"\n}\n';
      expect(await raw(unirest)).toMatchObject({ status: 202 });
      const php = '{\n    "from": "Test",\n    "to": "447979080215",\n}';
      expect(await raw(php, "/webapi/verify/sendcode")).toMatchObject({ status: 202 });
    });

    it("open nothing by plain headers, unless the router is told so", async () => {
      const jquery = (): Promise<Answer> =>
        curl(
          "-X",
          "POST",
          ...JSON_TYPE,
          "-H",
          "username: user",
          "-H",
          "password: pass",
          "-d",
          `{"to":"${TO}"}`,
          `${C}/webapi/verify`,
        );
      expect(await jquery()).toMatchObject({ status: 401, text: UNAUTHORIZED });
      make({ readings: { headerCredentials: true } });
      expect(await jquery()).toMatchObject({ status: 202 });
    });
  });

  describe("what the documents leave to us", () => {
    it.each<[NumberStatus, string, string, number]>([
      ["on", "On", "CodeNotVerified", 1],
      ["off", "Off", "CodeNotVerified", 1],
      ["landline", "NotProvisioned", "CodeNotVerified", 1],
      ["dead", "Dead", "CodeNotSent", 0],
    ])("says of a number that is %s that it is %s, now and later", async (status, numberStatus, said, sent) => {
      make({}, { lookup: () => status });
      const created = await post({ to: TO });
      expect(created.json).toMatchObject({ numberStatus, status: said });
      expect(its.messages).toHaveLength(sent);
      const { requestId } = created.json as { requestId: string };
      expect((await put(requestId, { code: "9999" })).json).toMatchObject({ numberStatus, status: "CodeNotVerified" });
    });

    it.each(["+447979080215", "00447979080215", " 447979080215", 447979080215])("reads %j as a number", async (to) => {
      expect(await post({ to })).toMatchObject({ status: 202, json: { phoneNumber: TO } });
    });

    it("refuses those signs where it is told to", async () => {
      make({ readings: { lenientTo: false } });
      expect(codes(await post({ to: "+447979080215" }))).toEqual(["ToInvalid"]);
      expect(await post({ to: TO })).toMatchObject({ status: 202 });
    });

    it("tells of several mistakes at once", async () => {
      const refused = await post({ to: "1", from: "", body: "x", validUntil: "yesterday", countryIsoCode: "XX" });
      expect(codes(refused)).toEqual(["CountryIsoCodeInvalid", "FromEmpty", "InvalidJson", "InvalidJson"]);
    });

    it("has a code for an account without credit, for reserved senders and for too many", async () => {
      const named = { per_number: { by: "destination", buckets: [{ max: 1, interval: "1m" }] } } as const;
      make({ limits: ["per_number"], reservedSenders: ["Police"] }, { limits: { named } });
      expect(codes(await post({ to: TO, from: "POLICE" }))).toEqual(["FromReserved"]);
      await create();
      const throttled = await post({ to: TO });
      expect(codes(throttled)).toEqual(["Throttled"]);
      expect(throttled.headers["retry-after"]).toBe("60");
      make({ hasCredit: async (username) => username !== "user" });
      expect(codes(await post({ to: TO }))).toEqual(["InsufficientCredit"]);
      expect(its.messages).toEqual([]);
    });

    it("tells the end of a request once, whoever asks first, and not after it was forgotten", async () => {
      const [expired, forgotten] = [await create(), await create()];
      its.clock.tick(600_000);
      const together = await Promise.all(Array.from({ length: 6 }, () => put(expired, { code: "0000" })));
      expect(together.map(({ status }) => status).sort()).toEqual([200, 204, 204, 204, 204, 204]);
      its.clock.tick(86_400_001);
      expect(await put(forgotten, { code: "0000" })).toMatchObject({ status: 204 });
    });

    it("answers a wrong method and a path that cannot be decoded in its own terms", async () => {
      expect(await curl("-X", "GET", "-u", "user:pass", `${C}/webapi/verify`)).toMatchObject({
        status: 405,
        headers: { allow: "POST" },
      });
      expect(codes(await put("%ff", { code: "1" }))).toEqual(["InvalidJson"]);
      expect(codes(await post({ to: TO, body: `{{code}} ${"x".repeat(70_000)}` }))).toEqual(["InvalidJson"]);
    });

    it("looks the same behind body parsers", async () => {
      const parsers = [express.json(), express.urlencoded({ extended: true })];
      const parsing = await listen(hostOf(...parsers, (req, res, next) => router(req, res, next)));
      C = parsing.url;
      const id = await create();
      expect(await raw(`[{"to":"${TO}"}]`)).toMatchObject({ status: 202 });
      expect(await put(id, { code: "1234" })).toMatchObject({ status: 200, json: { status: "CodeVerified" } });
      expect(codes(await post({}))).toEqual(["ToEmpty"]);
      C = host.url;
      await parsing.close();
    });
  });
}
