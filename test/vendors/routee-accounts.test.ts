import { afterAll, describe, expect, it } from "vitest";
import type { TwoFactorOptions } from "../../src/index.js";
import { routeeRouter, type RouteeRouterOptions } from "../../src/vendors/routee/index.js";
import { FaultyStore } from "../helpers/routee-comapi-faulty-store.js";
import { type Answer, curl, engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const hosts: Listening[] = [];
afterAll(() => Promise.all(hosts.map((host) => host.close())));

const APPLICATIONS: RouteeRouterOptions["applications"] = {
  one: { secret: "secret of one", account: "acme" },
  two: { secret: "secret of two", account: "acme", digits: 6, maxRetries: 0, lifetime: "60s", originator: "Two" },
  else: { secret: "secret of else" },
};

async function served(options: Partial<RouteeRouterOptions> = {}, engineOptions: Partial<TwoFactorOptions> = {}) {
  const its = engine(engineOptions);
  const faults: unknown[] = [];
  const { tfa, clock } = its;
  const onFault = (error: unknown): unknown => faults.push(error);
  const router = routeeRouter({
    verifications: tfa.verifications,
    applications: APPLICATIONS,
    clock,
    onFault,
    ...options,
  });
  const host = await listen(hostOf(router));
  hosts.push(host);
  const login = async (id: string, secret = `secret of ${id}`) => {
    const basic = ["-u", `${id}:${secret}`, "-d", "grant_type=client_credentials"];
    const { json } = await curl("-X", "POST", ...basic, `${host.url}/oauth/token`);
    const bearer = ["-H", `Authorization: Bearer ${(json as { access_token: string }).access_token}`];
    const call = (method: string, path: string, body?: object): Promise<Answer> =>
      curl(
        "-X",
        method,
        ...bearer,
        ...(body ? ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)] : []),
        host.url + path,
      );
    const start = (changes: object = {}) =>
      call("POST", "/2step", { method: "sms", type: "code", recipient: "+306948530920", ...changes });
    return { call, start };
  };
  return { ...its, url: host.url, login, faults };
}

const idOf = ({ json }: Answer): string => (json as { trackingId: string }).trackingId;

describe("applications", () => {
  it("know nothing of each other's verifications", async () => {
    const { login, tfa } = await served();
    const [one, two] = [await login("one"), await login("two")];
    const id = idOf(await one.start());
    for (const answer of [
      await two.call("GET", `/2step/${id}`),
      await two.call("POST", `/2step/${id}`, { answer: "1234" }),
      await two.call("DELETE", `/2step/${id}`),
    ]) {
      expect(answer).toMatchObject({ status: 404, json: { code: "404011006" } });
      expect(answer.text).toBe((await two.call("GET", "/2step/unknown")).text);
    }
    expect(await tfa.verifications.get({ id, account: "routee:one" })).toMatchObject({
      status: "pending",
      attempts: 0,
    });
  });

  it("see the numbers of their account, and no others", async () => {
    const { login } = await served();
    const [one, two, other] = [await login("one"), await login("two"), await login("else")];
    await one.start();
    await two.start();
    await other.start();
    expect(await one.call("GET", "/2step/reports")).toMatchObject({ json: { total: 2 } });
    expect(await other.call("GET", "/2step/reports")).toMatchObject({ json: { total: 1 } });
    expect(await one.call("GET", "/2step/reports/applications/two")).toMatchObject({
      json: { total: 1, applicationId: "two" },
    });
    for (const unknown of ["else", "nobody", "__proto__"]) {
      const refused = await one.call("GET", `/2step/reports/applications/${unknown}`);
      expect(refused).toMatchObject({ status: 404, json: { code: "404010002" } });
    }
  });

  it("have defaults of their own", async () => {
    const { login, messages, tfa } = await served(
      {},
      { generateCode: ({ length }) => "7".repeat(length), service: "Acme" },
    );
    const two = await login("two");
    const started = await two.start();
    expect(started.json).toMatchObject({ maxRetries: 0, expiresAt: "2026-01-01T00:01:00.000Z" });
    expect(messages[0]).toMatchObject({ from: "Two", text: expect.stringMatching(/^777777 is your Acme /) });
    expect(await two.call("POST", `/2step/${idOf(started)}`, { answer: "0" })).toMatchObject({
      json: { code: "400011005" },
    });
    expect(await two.call("GET", `/2step/${idOf(started)}`)).toMatchObject({ json: { status: "Failed" } });
    const own = await two.start({ digits: 8, maxRetries: 9, lifetimeInSeconds: 86_400, originator: "Else" });
    expect(own.json).toMatchObject({ maxRetries: 9, expiresAt: "2026-01-02T00:00:00.000Z" });
    expect(messages[0]).toMatchObject({ from: "Else", text: expect.stringMatching(/^77777777 /) });
    expect((await tfa.verifications.search({ account: "routee:two" })).total).toBe(2);
  });
});

describe("a token", () => {
  it("is one application's, and void with another secret, another instance and a tampered sign", async () => {
    const [here, there] = [await served(), await served({}, { secret: "another secret of a served engine, long" })];
    const ask = async (url: string): Promise<string> => {
      const answer = await curl(
        "-X",
        "POST",
        "-u",
        "one:secret of one",
        "-d",
        "grant_type=client_credentials",
        `${url}/oauth/token`,
      );
      return (answer.json as { access_token: string }).access_token;
    };
    const token = await ask(here.url);
    const open = (url: string, bearer: string) => curl("-H", `Authorization: Bearer ${bearer}`, `${url}/2step/reports`);
    expect(await open(here.url, token)).toMatchObject({ status: 200 });
    expect(await open(here.url, token.toUpperCase())).toMatchObject({ status: 401 });
    expect(await open(here.url, "")).toMatchObject({ status: 401 });
    expect(await open(there.url, token)).toMatchObject({ status: 401 });
    expect(await curl("-H", `Authorization: bearer ${token}`, `${here.url}/2step/reports`)).toMatchObject({
      status: 200,
    });
  });

  it("is known to every process that has the secret", async () => {
    const [here, there] = [await served(), await served()];
    const answer = await curl(
      "-X",
      "POST",
      "-u",
      "one:secret of one",
      "-d",
      "grant_type=client_credentials",
      `${here.url}/oauth/token`,
    );
    const { access_token } = answer.json as { access_token: string };
    expect(await curl("-H", `Authorization: Bearer ${access_token}`, `${there.url}/2step/reports`)).toMatchObject({
      status: 200,
    });
  });

  it.each([
    ["nothing", []],
    ["no such application", ["-u", "nobody:secret of one"]],
    ["another's secret", ["-u", "one:secret of two"]],
    ["no secret", ["-u", "one:"]],
    ["a prototype's name", ["-u", "__proto__:"]],
    ["no base64", ["-H", "Authorization: Basic %%%"]],
    ["no colon", ["-H", `Authorization: Basic ${Buffer.from("one").toString("base64")}`]],
    ["a bearer", ["-H", "Authorization: Bearer one"]],
  ])("is not given for %s", async (_what, credentials) => {
    const { url } = await served();
    const refused = await curl(
      "-X",
      "POST",
      ...credentials,
      "-d",
      "grant_type=client_credentials",
      `${url}/oauth/token`,
    );
    expect(refused).toMatchObject({ status: 401, json: { message: "Bad credentials" } });
  });
});

describe("a start", () => {
  it.each([
    ["insufficient_balance", 400, "400001009"],
    ["account_not_found", 404, "404001001"],
    ["application_not_found", 404, "404010002"],
  ] as const)("is refused where the standing is %s", async (standing, status, code) => {
    const { login, messages } = await served({ standing: async () => standing });
    expect(await (await login("one")).start()).toMatchObject({ status, json: { code } });
    expect(messages).toEqual([]);
  });

  it("hands what a regulator wants on to whoever carries the message", async () => {
    const { login, tfa, messages } = await served();
    const restrictions = { contentTemplateId: "1007", principalEntityId: "1001" };
    const id = idOf(await (await login("one")).start({ restrictions }));
    expect(messages).toMatchObject([{ hints: restrictions }]);
    expect(await tfa.verifications.get({ id, account: "routee:one" })).toMatchObject({ metadata: { restrictions } });
  });

  it("is charged to the limits of the router, by recipient", async () => {
    const named = { per_number: { by: "destination", buckets: [{ max: 1, interval: "1m" }] } } as const;
    const { login, messages } = await served({ limits: ["per_number"] }, { limits: { named } });
    const one = await login("one");
    await one.start();
    const refused = await one.start();
    expect(refused).toMatchObject({ status: 429, json: { code: "429000000" }, headers: { "retry-after": "60" } });
    expect(await one.start({ recipient: "+447979080215" })).toMatchObject({ status: 200 });
    expect(messages).toHaveLength(2);
  });

  it("is refused where ten codes for the number are live, and none of them is lost", async () => {
    const { login, clock } = await served();
    const one = await login("one");
    const ids: string[] = [];
    for (let time = 0; time < 10; time += 1) ids.push(idOf(await one.start()));
    expect(await one.start()).toMatchObject({
      status: 429,
      json: { code: "429000000" },
      headers: { "retry-after": "600" },
    });
    expect(await one.call("POST", `/2step/${ids[0]}`, { answer: "1234" })).toMatchObject({
      json: { status: "Verified" },
    });
    clock.tick(600_000);
    expect(await one.start()).toMatchObject({ status: 200 });
  });

  it("that cannot be sent is answered 400005000, or 503 where that is preferred", async () => {
    const methods = (await import("../../src/index.js")).sms(() => Promise.reject(new Error("down")));
    const { login } = await served({}, { methods: [methods] });
    expect(await (await login("one")).start()).toMatchObject({ status: 400, json: { code: "400005000" } });
    const honest = await served({ readings: { undelivered: "503000000" } }, { methods: [methods] });
    expect(await (await honest.login("one")).start()).toMatchObject({ status: 503, json: { code: "503000000" } });
  });

  it.each<[object, string]>([
    [{ method: "fax" }, "method"],
    [{ method: undefined }, "method"],
    [{ type: "token" }, "type"],
    [{ recipient: undefined }, "recipient"],
    [{ recipient: ["+306948530920"] }, "recipient"],
    [{ recipient: "306948530920" }, "recipient"],
    [{ digits: 3 }, "digits"],
    [{ digits: "four" }, "digits"],
    [{ maxRetries: 10 }, "maxRetries"],
    [{ lifetimeInSeconds: 86_401 }, "lifetimeInSeconds"],
    [{ lifetimeInSeconds: 0 }, "lifetimeInSeconds"],
    [{ templateCountry: "GRC" }, "templateCountry"],
    [{ arguments: "Nick" }, "arguments"],
    [{ arguments: { name: { first: "Nick" } } }, "arguments"],
    [{ arguments: { name: "x".repeat(256) } }, "arguments"],
    [{ restrictions: "1" }, "restrictions"],
    [{ restrictions: { templateId: 7 } }, "restrictions"],
  ])("with %j is told that it is %s", async (changes, property) => {
    const { login, messages } = await served();
    const refused = await (await login("one")).start(changes);
    expect(refused).toMatchObject({ status: 400, json: { code: "400000000", developerMessage: "Validation Error!" } });
    expect(Object.keys((refused.json as { properties: object }).properties)).toEqual([property]);
    expect(messages).toEqual([]);
  });

  it("whose message no carrier would take is answered 400005000", async () => {
    const { login, messages } = await served();
    const one = await login("one");
    const args = { name: "x".repeat(255) };
    for (const changes of [
      { originator: "a sender that is too long" },
      { template: `@@pin${"@@name ".repeat(7)}`, arguments: args },
    ]) {
      expect(await one.start(changes)).toMatchObject({ status: 400, json: { code: "400005000" } });
    }
    expect(messages).toEqual([]);
  });
});

describe("a fault", () => {
  it("of the store is typed, told to the operator, and costs nothing", async () => {
    const store = new FaultyStore();
    const { login, faults, tfa } = await served({}, { store: store.proxy });
    const one = await login("one");
    const id = idOf(await one.start());
    store.down = true;
    for (const answer of [
      await one.start(),
      await one.call("GET", `/2step/${id}`),
      await one.call("POST", `/2step/${id}`, { answer: "1234" }),
      await one.call("DELETE", `/2step/${id}`),
      await one.call("GET", "/2step/reports"),
    ]) {
      expect(answer).toMatchObject({ status: 503, json: { code: "503000000" }, headers: { "retry-after": "1" } });
    }
    expect(faults).toHaveLength(5);
    store.down = false;
    expect(await tfa.verifications.get({ id, account: "routee:one" })).toMatchObject({
      status: "pending",
      attempts: 0,
    });
  });

  it("of an option that is a function is typed as well", async () => {
    const { login, faults } = await served({ standing: () => Promise.reject(new Error("the billing is down")) });
    expect(await (await login("one")).start()).toMatchObject({ status: 500, json: { code: "500000000" } });
    const unknownLimit = await served({ limits: ["never_defined"] });
    expect(await (await unknownLimit.login("one")).start()).toMatchObject({ status: 500 });
    expect([...faults, ...unknownLimit.faults]).toHaveLength(2);
  });
});

describe("the options of the router", () => {
  const { tfa } = engine();
  const right = { verifications: tfa.verifications, applications: APPLICATIONS };
  it.each<[object, RegExp]>([
    [{ verifications: undefined }, /tfa\.verifications/],
    [{ applications: {} }, /needs one/],
    [{ applications: { one: { secret: "" } } }, /secret/],
    [{ applications: { "a:b": { secret: "x" } } }, /colon/],
    [{ applications: { one: { secret: "x", digits: 3 } } }, /digits/],
    [{ applications: { one: { secret: "x", maxRetries: 10 } } }, /maxRetries/],
    [{ applications: { one: { secret: "x", lifetime: "2d" } } }, /lifetime/],
    [{ applications: { one: { secret: "x", originator: "much too long a name" } } }, /originator/],
    [{ applications: { one: { secret: "x", templates: { default: "no place" } } } }, /@@pin/],
    [{ applications: { one: { secret: "x", templates: { Greece: "@@pin" } } } }, /alpha-2/],
    [{ applications: { one: { secret: "x", callbackUrl: "example.com" } } }, /callbackUrl/],
    [{ applications: { one: { secret: "x", callback: "https://example.com" } } }, /callbackUrl/],
    [{ tokenLifetime: "10ms" }, /tokenLifetime/],
    [{ readings: { lastWrong: "400011006" } }, /lastWrong/],
    [{ readings: { unauthorized: "401" } }, /nine digits/],
    [{ apps: {} }, /applications/],
  ])("refuse %j", (changes, words) => {
    const making = (): unknown => routeeRouter({ ...right, ...changes });
    expect(making).toThrow(expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(words) }));
  });
});
