import { afterAll, describe, expect, it } from "vitest";
import { sms, type TwoFactorOptions } from "../../src/index.js";
import { comapiRouter, type ComapiRouterOptions } from "../../src/vendors/comapi/index.js";
import { FaultyStore } from "../helpers/routee-comapi-faulty-store.js";
import { type Answer, curl, engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const hosts: Listening[] = [];
afterAll(() => Promise.all(hosts.map((host) => host.close())));

const UNAUTHORIZED = "No authorization header supplied or invalid username or password";
const ACCOUNTS: ComapiRouterOptions["accounts"] = {
  user: { password: "pass" },
  other: { password: "word", from: "Other", digits: 6 },
};

async function served(options: Partial<ComapiRouterOptions> = {}, engineOptions: Partial<TwoFactorOptions> = {}) {
  const its = engine(engineOptions);
  const faults: unknown[] = [];
  const { tfa, clock } = its;
  const onFault = (error: unknown): unknown => faults.push(error);
  const router = comapiRouter({ verifications: tfa.verifications, accounts: ACCOUNTS, clock, onFault, ...options });
  const host = await listen(hostOf(router));
  hosts.push(host);
  const call = (method: string, path: string, body: object, who = "user:pass"): Promise<Answer> =>
    curl(
      "-X",
      method,
      "-u",
      who,
      "-H",
      "Content-Type: application/json",
      "-d",
      JSON.stringify(body),
      `${host.url}/webapi/verify${path}`,
    );
  const create = (changes: object = {}, who?: string) => call("POST", "", { to: "447979080215", ...changes }, who);
  const validate = (id: string, code: string, who?: string) => call("PUT", `/${id}/validate`, { code }, who);
  return { ...its, url: host.url, create, validate, faults };
}

const idOf = ({ json }: Answer): string => (json as { requestId: string }).requestId;

describe("accounts", () => {
  it("know nothing of each other's requests", async () => {
    const { create, validate, tfa } = await served();
    const id = idOf(await create());
    expect(await validate(id, "1234", "other:word")).toMatchObject({ status: 204, text: "" });
    expect(await tfa.verifications.get({ id, account: "comapi:user" })).toMatchObject({
      status: "pending",
      attempts: 0,
    });
    expect(await validate(id, "1234")).toMatchObject({ status: 200, json: { status: "CodeVerified" } });
  });

  it("do not use up each other's last word", async () => {
    const { create, validate, clock } = await served();
    const id = idOf(await create());
    clock.tick(600_000);
    expect(await validate(id, "1234", "other:word")).toMatchObject({ status: 204 });
    expect(await validate(id, "1234")).toMatchObject({ json: { status: "CodeExpired" } });
  });

  it("have a sender and a length of code of their own", async () => {
    const { create, messages } = await served({}, { generateCode: ({ length }) => "7".repeat(length) });
    await create({}, "other:word");
    expect(messages[0]).toMatchObject({ from: "Other", text: "Your verification code is 777777" });
  });

  it.each([
    ["nothing", []],
    ["nobody", ["-u", "nobody:pass"]],
    ["another's password", ["-u", "user:word"]],
    ["no password", ["-u", "user:"]],
    ["a prototype's name", ["-u", "__proto__:"]],
    ["no base64", ["-H", "Authorization: Basic %%%"]],
    ["no colon", ["-H", `Authorization: Basic ${Buffer.from("user").toString("base64")}`]],
    ["a bearer", ["-H", "Authorization: Bearer dXNlcjpwYXNz"]],
    ["headers of their own", ["-H", "username: user", "-H", "password: pass"]],
    ["what one dash makes of -user", ["-u", "ser:user:pass"]],
  ])("are not opened by %s", async (_what, credentials) => {
    const { url, messages } = await served();
    for (const [method, path] of [
      ["POST", "/webapi/verify"],
      ["PUT", "/webapi/verify/0bd57dc3-580c-4c1d-8aee-2ff79bd8633c/validate"],
    ] as const) {
      const refused = await curl("-X", method, ...credentials, "-d", '{"to":"447979080215","code":"1"}', url + path);
      expect([refused.status, refused.text]).toEqual([401, UNAUTHORIZED]);
    }
    expect(messages).toEqual([]);
  });

  it("are not opened by header credentials beside a wrong authorization", async () => {
    const { url } = await served({ readings: { headerCredentials: true, unauthorizedStatus: 403 } });
    const headers = ["-H", "username: user", "-H", "password: pass"];
    const refused = await curl(
      "-X",
      "POST",
      "-u",
      "user:wrong",
      ...headers,
      "-d",
      '{"to":"447979080215"}',
      `${url}/webapi/verify`,
    );
    expect([refused.status, refused.text]).toEqual([403, UNAUTHORIZED]);
  });
});

describe("a number with ten live codes", () => {
  it("gets no further one, and loses none", async () => {
    const { create, validate } = await served();
    const ids: string[] = [];
    for (let time = 0; time < 10; time += 1) ids.push(idOf(await create()));
    const refused = await create();
    expect(refused).toMatchObject({
      status: 400,
      json: [{ failureCode: "Throttled" }],
      headers: { "retry-after": "600" },
    });
    expect(await validate(ids[0] ?? "", "1234")).toMatchObject({ json: { status: "CodeVerified" } });
    expect(await create()).toMatchObject({ status: 202 });
  });
});

describe("a fault", () => {
  it("of the store is typed, told to the operator, and costs nothing", async () => {
    const store = new FaultyStore();
    const { create, validate, faults } = await served({}, { store: store.proxy });
    const id = idOf(await create());
    store.down = true;
    for (const answer of [await create(), await validate(id, "1234")]) {
      expect(answer).toMatchObject({
        status: 503,
        text: "The service is not available.",
        headers: { "retry-after": "1" },
      });
    }
    expect(faults).toHaveLength(2);
    store.down = false;
    expect(await validate(id, "1234")).toMatchObject({ json: { status: "CodeVerified" } });
  });

  it("of an option is typed as well", async () => {
    const broken = await served({ hasCredit: () => Promise.reject(new Error("the billing is down")) });
    expect(await broken.create()).toMatchObject({ status: 503 });
    const unknownLimit = await served({ limits: ["never_defined"] });
    expect(await unknownLimit.create()).toMatchObject({ status: 503 });
    expect([...broken.faults, ...unknownLimit.faults]).toHaveLength(2);
  });

  it("of every carrier is a code that was not sent, or 503 where that is preferred", async () => {
    const methods = [sms(() => Promise.reject(new Error("down")))];
    const { create } = await served({}, { methods });
    expect(await create()).toMatchObject({ status: 202, json: { status: "CodeNotSent", numberStatus: "On" } });
    const honest = await served({ readings: { undelivered: "unavailable" } }, { methods });
    expect(await honest.create()).toMatchObject({ status: 503 });
  });
});

describe("the options of the router", () => {
  const { tfa } = engine();
  const right = { verifications: tfa.verifications, accounts: ACCOUNTS };
  it.each<[object, RegExp]>([
    [{ verifications: undefined }, /tfa\.verifications/],
    [{ accounts: {} }, /needs one/],
    [{ accounts: { user: { password: "" } } }, /password/],
    [{ accounts: { "a:b": { password: "x" } } }, /colon/],
    [{ accounts: { user: { password: "x", digits: 3 } } }, /digits/],
    [{ accounts: { user: { password: "x", from: "x" } } }, /FromUnderMinTextLength/],
    [{ readings: { longestValidity: "2d" } }, /longestValidity/],
    [{ readings: { validity: "31m" } }, /validity/],
    [{ readings: { maxAttempts: 11 } }, /maxAttempts/],
    [{ readings: { lockOn: "never" } }, /lockOn/],
    [{ readings: { invalidField: "BodyInvalid" } }, /invalidField/],
    [{ readings: { unauthorizedStatus: 402 } }, /unauthorizedStatus/],
    [{ account: {} }, /accounts/],
  ])("refuse %j", (changes, words) => {
    const making = (): unknown => comapiRouter({ ...right, ...changes });
    expect(making).toThrow(expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(words) }));
  });
});
