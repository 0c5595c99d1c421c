import express from "express";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { routeeRouter, type RouteeRouterOptions } from "../../src/vendors/routee/index.js";
import { type Answer, curl, engine, type Engine, hostOf, type Listening, listen } from "./routee-comapi-host.js";

export const APP = "5756a411e4b06a33d50517c7";
export const SECRET = "vb6QpjCIOG";
const BASIC = "Basic NTc1NmE0MTFlNGIwNmEzM2Q1MDUxN2M3OnZiNlFwakNJT0c=";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const FORM = "Content-Type: application/x-www-form-urlencoded";
const TO = "+306948530920";

export const APPLICATIONS: RouteeRouterOptions["applications"] = {
  [APP]: { secret: SECRET, templates: { default: "Your code is @@pin", GR: "Ο κωδικός σας είναι @@pin" } },
};

/** Acceptance: each request as its bytes, by curl, on the Express of the calling test file. */
export function routeeCases(): void {
  let its: Engine;
  let host: Listening;
  let R: string;
  let token: string;
  let router: express.Router = express.Router();

  const make = (options: Partial<RouteeRouterOptions> = {}, engineOptions: Parameters<typeof engine>[0] = {}): void => {
    its = engine(engineOptions);
    its.code = "4232";
    const { tfa, clock } = its;
    router = routeeRouter({ verifications: tfa.verifications, applications: APPLICATIONS, clock, ...options });
  };
  const renew = async (id = APP, secret = SECRET): Promise<void> => {
    const answer = await curl(
      "-X",
      "POST",
      `${R}/oauth/token`,
      "-u",
      `${id}:${secret}`,
      "-d",
      "grant_type=client_credentials",
    );
    token = (answer.json as { access_token: string }).access_token;
  };
  const bearer = (): string[] => ["-H", `Authorization: Bearer ${token}`];
  const json = (method: string, path: string, body: object): Promise<Answer> =>
    curl("-X", method, R + path, ...bearer(), "-H", "Content-Type: application/json", "-d", JSON.stringify(body));
  const get = (path: string): Promise<Answer> => curl("-X", "GET", R + path, ...bearer());
  const answer = (id: string, code: string): Promise<Answer> =>
    curl("-X", "POST", `${R}/2step/${id}`, ...bearer(), "-H", FORM, "--data", `answer=${code}`);
  const start = async (changes: object = {}): Promise<string> => {
    const started = await json("POST", "/2step", {
      method: "sms",
      type: "code",
      recipient: TO,
      template: "@@pin",
      ...changes,
    });
    expect(started.status).toBe(200);
    return (started.json as { trackingId: string }).trackingId;
  };

  beforeAll(async () => {
    host = await listen(hostOf((req, res, next) => router(req, res, next)));
    R = host.url;
  });
  afterAll(() => host.close());
  beforeEach(async () => {
    make();
    await renew();
  });

  describe("the cases of vendors.md section 9.2", () => {
    it("R01", async () => {
      const ask = (): Promise<Answer> =>
        curl(
          "-X",
          "POST",
          `${R}/oauth/token`,
          "-H",
          `Authorization: ${BASIC}`,
          "-H",
          FORM,
          "--data",
          "grant_type=client_credentials",
        );
      const first = await ask();
      expect([first.status, first.headers["cache-control"]]).toEqual([200, "no-store"]);
      expect(first.headers["content-type"]).toMatch(/^application\/json/);
      expect(first.json).toEqual({
        access_token: expect.stringMatching(UUID),
        token_type: "bearer",
        expires_in: expect.any(Number),
        scope: "contact 2step sms report account",
        permissions: expect.arrayContaining(["MT_ROLE_2STEP"]),
      });
      its.clock.tick(10_000);
      const second = await ask();
      const { access_token, expires_in } = second.json as { access_token: string; expires_in: number };
      expect(access_token).toBe((first.json as { access_token: string }).access_token);
      expect(expires_in).toBe((first.json as { expires_in: number }).expires_in - 10);
      expect(expires_in).toBeGreaterThanOrEqual(1);
      expect((first.json as { expires_in: number }).expires_in).toBeLessThanOrEqual(3_600);
    });

    it("R02", async () => {
      const wrong = await curl(
        "-X",
        "POST",
        `${R}/oauth/token`,
        "-u",
        `${APP}:wrong`,
        "--data",
        "grant_type=client_credentials",
      );
      expect(wrong.status).toBe(401);
      expect(wrong.json).toMatchObject({
        status: 401,
        error: "Unauthorized",
        message: "Bad credentials",
        path: "/oauth/token",
        timestamp: expect.any(Number),
        code: "401000000",
        developerMessage: expect.any(String),
      });
      const query = `${R}/oauth/token?grant_type=client_credentials`;
      expect((await curl("-X", "POST", query, "-H", `Authorization: ${BASIC}`)).status).toBe(200);
      expect((await curl("-X", "POST", query, "-H", `Authorization: ${BASIC}`, "-H", FORM, "-d", "")).status).toBe(200);
    });

    it("R03", async () => {
      const started = await curl(
        "-X",
        "POST",
        `${R}/2step`,
        ...bearer(),
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"method":"sms","type":"code","recipient":"+306948530920","template":"@@name your code is @@pin and @@x","arguments":{"name":"Nick"},"lifetimeInSeconds":600,"maxRetries":2,"digits":4}',
      );
      expect(started.status).toBe(200);
      expect(started.json).toEqual({
        trackingId: expect.stringMatching(UUID),
        status: "Pending",
        updatedAt: expect.stringMatching(ISO),
        maxRetries: 2,
        expiresAt: "2026-01-01T00:10:00.000Z",
        timesTried: 0,
      });
      expect(its.messages).toMatchObject([{ to: TO, channel: "sms", text: "Nick your code is 4232 and @@x" }]);
    });

    it("R04", async () => {
      const started = await json("POST", "/2step", { method: "sms", type: "code", recipient: TO });
      expect(started).toMatchObject({ status: 200, json: { maxRetries: 3, expiresAt: "2026-01-01T00:10:00.000Z" } });
      expect(its.messages[0]?.text).toBe("Your code is 4232");
    });

    it("R05", async () => {
      const started = await json("POST", "/2step", {
        method: "sms",
        type: "code",
        recipient: TO,
        template: "no place",
      });
      expect(started).toMatchObject({
        status: 400,
        json: { code: "400011001", developerMessage: "Invalid message template." },
      });
      expect(its.messages).toEqual([]);
    });

    it("R06", async () => {
      const started = await json("POST", "/2step", { method: "sms", type: "code", recipient: "12" });
      expect(started).toMatchObject({
        status: 400,
        json: { code: "400000000", properties: { recipient: expect.any(String) } },
      });
      make({ readings: { properties: "array" } });
      await renew();
      const again = await json("POST", "/2step", { method: "sms", type: "code", recipient: "12" });
      expect(again.json).toMatchObject({ properties: { recipient: ["Invalid mobile number"] } });
    });

    it("R07", async () => {
      const id = await start();
      expect(await get(`/2step/${id}`)).toMatchObject({
        status: 200,
        json: { trackingId: id, status: "Pending", timesTried: 0 },
      });
      expect(await get("/2step/123")).toMatchObject({
        status: 404,
        json: { code: "404011006", developerMessage: expect.any(String) },
      });
    });

    it("R08", async () => {
      const id = await start();
      expect(await answer(id, "4232")).toMatchObject({
        status: 200,
        json: { trackingId: id, status: "Verified", timesTried: 1 },
      });
      expect(await answer(id, "4232")).toMatchObject({
        status: 400,
        json: { code: "400011002", developerMessage: "Invalid Status" },
      });
    });

    it("R09", async () => {
      const id = await start({ maxRetries: 3 });
      for (const wrong of ["0000", "0001", "0002", "0003"]) {
        expect(await answer(id, wrong)).toMatchObject({
          status: 400,
          json: { code: "400011005", developerMessage: "Wrong Answer!" },
        });
      }
      expect(await answer(id, "0004")).toMatchObject({ status: 400, json: { code: "400011002" } });
      expect(await answer(id, "4232")).toMatchObject({ status: 400, json: { code: "400011002" } });
      expect(await get(`/2step/${id}`)).toMatchObject({
        status: 200,
        json: { status: "Failed", timesTried: 4, maxRetries: 3 },
      });
    });

    it("R09, read otherwise", async () => {
      make({ readings: { lastWrong: "400011004", texts: "documented" } });
      await renew();
      const id = await start({ maxRetries: 1 });
      expect((await answer(id, "0000")).json).toMatchObject({
        code: "400011005",
        developerMessage: "Wrong answer provided.",
      });
      expect((await answer(id, "0000")).json).toMatchObject({ code: "400011004" });
      expect((await answer(id, "0000")).json).toMatchObject({ code: "400011002" });
    });

    it("R10", async () => {
      const id = await start();
      const verified = await curl("-X", "POST", `${R}/2step/${id}?answer=4232`, ...bearer());
      expect(verified).toMatchObject({ status: 200, json: { status: "Verified" } });
    });

    it("R11", async () => {
      const id = await start();
      const remove = (which: string): Promise<Answer> =>
        curl(
          "-X",
          "DELETE",
          `${R}/2step/${which}`,
          ...bearer(),
          "-H",
          "Content-Type: application/json",
          "-H",
          "Content-Length: 0",
        );
      expect(await remove(id)).toMatchObject({ status: 200, json: { trackingId: id, status: "Cancelled" } });
      expect(await remove(id)).toMatchObject({ status: 400, json: { code: "400011002" } });
      expect(await remove("00000000-0000-4000-8000-000000000000")).toMatchObject({
        status: 404,
        json: { code: "404011006" },
      });
    });

    it("R12", async () => {
      const id = await start({ lifetimeInSeconds: 600 });
      its.clock.tick(601_000);
      expect(await answer(id, "4232")).toMatchObject({ status: 400, json: { code: "400011003" } });
      expect(await answer(id, "4232")).toMatchObject({ status: 400, json: { code: "400011003" } });
      expect(await get(`/2step/${id}`)).toMatchObject({
        json: { status: "Expired", updatedAt: "2026-01-01T00:10:00.000Z" },
      });
      expect(await curl("-X", "DELETE", `${R}/2step/${id}`, ...bearer())).toMatchObject({
        json: { code: "400011002" },
      });
    });

    it("R13", async () => {
      await answer(await start(), "4232");
      await start({ recipient: "+447979080215" });
      const reports = await get("/2step/reports");
      const zero = { Pending: 0, Verified: 0, Cancelled: 0, Expired: 0, Failed: 0 };
      const report = {
        total: 2,
        totals: { ...zero, Pending: 1, Verified: 1 },
        perCountry: { GR: { ...zero, Verified: 1 }, GB: { ...zero, Pending: 1 } },
      };
      expect(reports).toMatchObject({ status: 200 });
      expect(reports.json).toEqual(report);
      const one = await get(`/2step/reports/applications/${APP}`);
      expect(one.json).toEqual({ ...report, applicationId: APP });
    });

    it("R14", async () => {
      const none = await curl("-X", "GET", `${R}/2step/123`);
      expect(none).toMatchObject({ status: 401, json: { code: "401000000", developerMessage: expect.any(String) } });
      expect(none.headers["www-authenticate"]).toMatch(/^Bearer/);
      for (const templateless of [{ template: undefined }, { template: "English @@pin" }]) {
        await start({ templateCountry: "GR", ...templateless });
        expect(its.messages[0]?.text).toBe("Ο κωδικός σας είναι 4232");
      }
      its.clock.tick(3_601_000);
      expect(await get("/2step/reports")).toMatchObject({ status: 401, json: { code: "401000000" } });
      await renew();
      expect(await get("/2step/reports")).toMatchObject({ status: 200 });
    });
  });

  describe("what the documents and the SDKs send beside", () => {
    it("takes an answer as JSON, and keeps its leading zeros", async () => {
      its.code = "0984";
      const id = await start();
      expect(await json("POST", `/2step/${id}`, { answer: 984 })).toMatchObject({ json: { code: "400011005" } });
      expect(await json("POST", `/2step/${id}`, { answer: "0984" })).toMatchObject({
        status: 200,
        json: { status: "Verified" },
      });
    });

    it("takes arguments as a JSON string, and never reads a value as a place again", async () => {
      const values = JSON.stringify({ name: "@@pin @@name" });
      await start({ template: "@@name: @@pin", arguments: values });
      expect(its.messages[0]?.text).toBe("@@pin @@name: 4232");
    });

    it("calls a landline, with the text that was asked for", async () => {
      await start({ method: "voice", recipient: "+302106930000", template: "Your code is @@pin" });
      expect(its.messages).toMatchObject([{ channel: "voice", to: "+302106930000", text: "Your code is 4232" }]);
    });

    it("keeps the identifiers that Indian law wants, in either spelling", async () => {
      for (const [template, entity] of [
        ["contentTemplateId", "principalEntityId"],
        ["templateId", "entityID"],
      ] as const) {
        const id = await start({
          restrictions: { [template]: "1107160000000012345", [entity]: "1101160000000012345" },
        });
        expect(await its.tfa.verifications.get({ id, account: `routee:${APP}` })).toMatchObject({
          metadata: {
            restrictions: { contentTemplateId: "1107160000000012345", principalEntityId: "1101160000000012345" },
          },
        });
      }
    });

    it("grants scopes in any spelling, all of them for none, and nothing beyond", async () => {
      const ask = (scope: string): Promise<Answer> =>
        curl(
          "-X",
          "POST",
          `${R}/oauth/token`,
          "-H",
          `Authorization: ${BASIC}`,
          "--data",
          `grant_type=client_credentials&scope=${scope}`,
        );
      for (const scope of ["sms,2step", "sms%202step", "sms+2step"]) {
        expect(await ask(scope)).toMatchObject({ status: 200, json: { scope: "2step sms" } });
      }
      expect(await ask("")).toMatchObject({ status: 200, json: { scope: "contact 2step sms report account" } });
      expect(await ask("root")).toMatchObject({
        status: 400,
        json: { error: "invalid_scope", error_description: expect.any(String) },
      });
      const narrow = (await ask("sms")).json as { access_token: string };
      const refused = await curl(
        "-X",
        "GET",
        `${R}/2step/reports`,
        "-H",
        `Authorization: Bearer ${narrow.access_token}`,
      );
      expect(refused).toMatchObject({ status: 403, json: { code: "403000000" } });
      const odd = ["-X", "POST", `${R}/oauth/token`, "-H", `Authorization: ${BASIC}`];
      expect(await curl(...odd, "-d", "grant_type=password")).toMatchObject({
        status: 400,
        json: { error: "unsupported_grant_type" },
      });
      expect(await curl(...odd)).toMatchObject({ status: 400, json: { error: "invalid_request" } });
    });

    it("answers a wrong method, a path that cannot be decoded and more than 64 KB in its own terms", async () => {
      expect(await curl("-X", "PUT", `${R}/2step/123`, ...bearer(), "-d", "x")).toMatchObject({
        status: 405,
        json: { code: "405000000" },
      });
      expect(await curl("-X", "GET", `${R}/2step/%ff`, ...bearer())).toMatchObject({
        status: 400,
        json: { code: "400000000" },
      });
      const large = JSON.stringify({
        method: "sms",
        type: "code",
        recipient: TO,
        template: `@@pin ${"x".repeat(70_000)}`,
      });
      const answered = await curl(
        "-X",
        "POST",
        `${R}/2step`,
        ...bearer(),
        "-H",
        "Content-Type: application/json",
        "-d",
        large,
      );
      expect(answered).toMatchObject({ status: 400, json: { code: "400000000" } });
      expect(its.messages).toEqual([]);
    });

    it("looks the same behind body parsers", async () => {
      const parsing = await listen(
        hostOf(express.json(), express.urlencoded({ extended: true }), (req, res, next) => router(req, res, next)),
      );
      R = parsing.url;
      const id = await start();
      expect(await answer(id, "4232")).toMatchObject({ status: 200, json: { status: "Verified" } });
      expect(await json("POST", "/2step", {})).toMatchObject({ status: 400, json: { code: "400000000" } });
      R = host.url;
      await parsing.close();
    });
  });
}
