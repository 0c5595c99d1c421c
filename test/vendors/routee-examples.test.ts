import { afterAll, describe, expect, it } from "vitest";
import { routeeRouter, type RouteeRouterOptions } from "../../src/vendors/routee/index.js";
import { type Answer, curl, engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

/** The seed document's own tables, and answers of the live service that the vendor's SDKs keep, field by field. */

const APP = "5756a411e4b06a33d50517c7";
const SECRET = "vb6QpjCIOG";
const START = { method: "sms", type: "code", recipient: "+306948530920", template: "@@pin" };

const hosts: Listening[] = [];
afterAll(() => Promise.all(hosts.map((host) => host.close())));

async function served(options: Partial<RouteeRouterOptions> = {}) {
  const its = engine();
  const { tfa, clock } = its;
  const router = routeeRouter({
    verifications: tfa.verifications,
    applications: { [APP]: { secret: SECRET } },
    clock,
    ...options,
  });
  const host = await listen(hostOf(router));
  hosts.push(host);
  const login = () =>
    curl("-X", "POST", "-u", `${APP}:${SECRET}`, "-d", "grant_type=client_credentials", `${host.url}/oauth/token`);
  const { access_token } = (await login()).json as { access_token: string };
  const call = (method: string, path: string, body: object): Promise<Answer> =>
    curl(
      "-X",
      method,
      "-H",
      `Authorization: Bearer ${access_token}`,
      "-H",
      "Content-Type: application/json",
      "-d",
      JSON.stringify(body),
      host.url + path,
    );
  return { ...its, login, call };
}

/** Names in their order, and the type behind each. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).map(([name, each]) => [name, shapeOf(each)]);
}

describe("the table of response parameters", () => {
  it("is what a verification has, no more and no less, in its order", async () => {
    const { call } = await served();
    const names = ["trackingId", "status", "updatedAt", "maxRetries", "expiresAt", "timesTried"];
    const started = await call("POST", "/2step", START);
    expect(Object.keys(started.json)).toEqual(names);
    const { trackingId } = started.json as { trackingId: string };
    for (const answer of [
      await call("GET", `/2step/${trackingId}`, {}),
      await call("DELETE", `/2step/${trackingId}`, {}),
    ]) {
      expect(shapeOf(answer.json)).toEqual(shapeOf(started.json));
    }
  });
});

describe("the table of error codes", () => {
  it.each<[number, string, string, Partial<RouteeRouterOptions>, object]>([
    [404, "404001001", "Account not found.", { standing: () => "account_not_found" }, {}],
    [400, "400001009", "Insufficient Balance.", { standing: () => "insufficient_balance" }, {}],
    [404, "404010002", "Application not found.", { standing: () => "application_not_found" }, {}],
    [400, "400011001", "Invalid message template.", {}, { template: "Your code" }],
    [400, "400005000", "Sms contains invalid data.", {}, { originator: "much too long a name" }],
  ])("%i %s %s", async (status, code, developerMessage, options, changes) => {
    const { call } = await served(options);
    const refused = await call("POST", "/2step", { ...START, ...changes });
    expect([refused.status, refused.json]).toEqual([status, { code, developerMessage }]);
  });
});

describe("the table of body parameters", () => {
  it("is understood whole", async () => {
    const { call, messages, tfa } = await served();
    const started = await call("POST", "/2step", {
      method: "sms",
      type: "code",
      recipient: "+306948530920",
      template: "@@name your code is @@pin",
      arguments: { name: "Nick" },
      templateCountry: "GR",
      originator: "Routee",
      lifetimeInSeconds: 120,
      maxRetries: 1,
      digits: 4,
      restrictions: { contentTemplateId: "1107160000000012345", principalEntityId: "1101160000000012345" },
    });
    expect(started.json).toMatchObject({ maxRetries: 1, expiresAt: "2026-01-01T00:02:00.000Z" });
    expect(messages).toMatchObject([{ text: "Nick your code is 1234", from: "Routee" }]);
    const { trackingId: id } = started.json as { trackingId: string };
    expect(await tfa.verifications.get({ id, account: `routee:${APP}` })).toMatchObject({
      channel: "sms",
      maxAttempts: 2,
    });
  });
});

describe("captured answers", () => {
  it("a token", async () => {
    const captured = {
      access_token: "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10",
      token_type: "bearer",
      expires_in: 3599,
      scope: "contact 2step sms report account",
      permissions: ["MT_ROLE_ACCOUNT_FINANCE", "MT_ROLE_SMS", "MT_ROLE_REPORT", "MT_ROLE_2STEP", "MT_ROLE_CONTACT"],
    };
    const { login } = await served();
    const { json } = await login();
    expect(shapeOf(json)).toEqual(shapeOf(captured));
    expect(json).toMatchObject({ scope: captured.scope, permissions: captured.permissions });
  });

  it("a field that makes no sense", async () => {
    const captured = {
      code: "400000000",
      developerMessage: "Validation Error!",
      entity: "SmsTracking",
      properties: { to: "Invalid mobile number" },
    };
    const { call } = await served();
    const { json } = await call("POST", "/2step", { ...START, recipient: "12" });
    expect(Object.keys(json)).toEqual(Object.keys(captured));
    expect(json).toMatchObject({ code: captured.code, developerMessage: captured.developerMessage });
    expect((json as { properties: object }).properties).toEqual({ recipient: captured.properties.to });
  });

  it("a report", async () => {
    const { call } = await served();
    await call("POST", "/2step", START);
    const { json } = await call("GET", "/2step/reports", {});
    const totals = { Pending: 15, Verified: 20, Cancelled: 30, Expired: 15, Failed: 20 };
    expect(shapeOf(json)).toEqual(shapeOf({ total: 100, totals, perCountry: { GR: totals } }));
  });
});
