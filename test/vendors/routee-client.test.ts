import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { VerificationProvider } from "../../src/providers/provider.js";
import { routee, RouteeError, routeeRouter, type RouteeOptions } from "../../src/vendors/routee/index.js";
import { fakeClock, type FakeClock } from "../helpers/clock.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, type Engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const APP = "5756a411e4b06a33d50517c7";
const SECRET = "vb6QpjCIOG";
const ID = "b9a7f1f0-5c2f-4c2e-9a53-0d7ad7f6a1b2";

/** As the live service was seen to answer (the vendor's PHP SDK keeps these). */
const token = (changes: object = {}): Fault => ({
  status: 200,
  body: JSON.stringify({
    access_token: "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10",
    token_type: "bearer",
    expires_in: 3599,
    scope: "contact 2step sms report account",
    permissions: ["MT_ROLE_ACCOUNT_FINANCE", "MT_ROLE_SMS", "MT_ROLE_REPORT", "MT_ROLE_2STEP", "MT_ROLE_CONTACT"],
    ...changes,
  }),
});
const verification = (status: string, changes: object = {}): Fault => ({
  status: 200,
  body: JSON.stringify({ trackingId: ID, status, updatedAt: "2016-09-19T09:29:39.155Z", ...changes }),
});
const failure = (code: string, developerMessage = "no"): Fault => ({
  status: Number(code.slice(0, 3)),
  body: JSON.stringify({ code, developerMessage }),
});

let server: FaultServer;
let clock: FakeClock;
beforeAll(async () => void (server = await startFaultServer()));
afterAll(() => server.close());
beforeEach(() => void (clock = fakeClock()));
afterEach(() => {
  server.seen.splice(0);
  vi.unstubAllEnvs();
});

function client(options: Partial<RouteeOptions> = {}): VerificationProvider {
  return routee({ applicationId: APP, applicationSecret: SECRET, baseUrl: server.url, clock, ...options });
}

const message = (changes: Parameters<typeof aMessage>[0] = {}) =>
  aMessage({ template: "{code} is your code.", digits: 6, expiresAt: new Date(clock() + 300_000), ...changes });
const check = async (provider: VerificationProvider, code = "4232", reference = ID): Promise<boolean> =>
  provider.check(reference, code, { ...patient(), to: "+46701740605" });
const paths = (): string[] => server.seen.map(({ method, url }) => `${method} ${url.replace("/messages", "")}`);

async function refusal(call: unknown): Promise<RouteeError> {
  const error: unknown = await Promise.resolve(call).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  for (const secret of [SECRET, "+46701740605", "46701740605", "483920", "12dc8af2"]) {
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  }
  return error as RouteeError;
}

describe("its options", () => {
  it.each<[Partial<RouteeOptions>, RegExp]>([
    [{ applicationId: "" }, /applicationId/],
    [{ applicationId: "a:b" }, /colon/],
    [{ baseUrl: "connect.routee.net" }, /complete address/],
    [{ baseUrl: "https://user:pass@connect.routee.net" }, /complete address/],
    [{ authUrl: "ftp://auth.routee.net" }, /complete address/],
    [{ template: "no place" }, /@@pin/],
    [{ templateCountry: "gr" }, /alpha-2/],
    [{ maxRetries: -1 }, /whole number/],
    [{ appId: "x" } as never, /applicationId/],
    [{ restrictions: { entityId: "1" } as never }, /principalEntityId/],
  ])("refuse %j", (options, words) => {
    expect(() => client(options)).toThrow(
      expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(words) }),
    );
  });

  it("want https in production, but for this machine", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => client({ baseUrl: "http://routee.example" })).toThrow(/https/);
    expect(() => client()).not.toThrow();
  });

  it("show no secret", () => {
    expect(inspect(client(), { depth: 9, showHidden: true })).not.toContain(SECRET);
    expect(JSON.stringify(client())).not.toContain(SECRET);
  });
});

describe("a request", () => {
  it("for a token and for a code is the one of the manual", async () => {
    server.script(token(), verification("Pending"));
    expect(await client({ originator: "Acme" }).start(message(), patient())).toEqual({ reference: ID });
    const [asked, started] = server.seen;
    expect(asked).toMatchObject({
      method: "POST",
      url: "/messages/oauth/token",
      body: "grant_type=client_credentials",
      headers: {
        authorization: "Basic NTc1NmE0MTFlNGIwNmEzM2Q1MDUxN2M3OnZiNlFwakNJT0c=",
        "content-type": "application/x-www-form-urlencoded",
      },
    });
    expect(started).toMatchObject({
      method: "POST",
      url: "/messages/2step",
      headers: { authorization: "Bearer 12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10", "content-type": "application/json" },
    });
    expect(JSON.parse(started?.body ?? "")).toEqual({
      method: "sms",
      type: "code",
      recipient: "+46701740605",
      template: "@@pin is your code.",
      originator: "Acme",
      digits: 6,
      maxRetries: 9,
      lifetimeInSeconds: 300,
    });
    expect(started?.body).not.toContain("483920");
  });

  it("has one address for tokens and one for the rest, where it is told so", async () => {
    server.script(token(), verification("Pending"));
    await client({ baseUrl: `${server.url}/api`, authUrl: `${server.url}/auth/` }).start(message(), patient());
    expect(paths()).toEqual(["POST /auth/oauth/token", "POST /api/2step"]);
  });

  it("calls by voice, with its own text, with none, and never with one that has no place for the code", async () => {
    server.script(...Array.from({ length: 4 }, () => [token(), verification("Pending")]).flat());
    const restrictions = { contentTemplateId: "1", principalEntityId: "2" };
    await client({ template: "Code: @@pin", templateCountry: "GR", restrictions }).start(
      message({ channel: "voice" }),
      patient(),
    );
    await client({ template: false }).start(message(), patient());
    await client().start(message({ template: "c, o, d, e" }), patient());
    await client().start(message({ template: "{code}s" }), patient());
    const bodies = server.seen
      .filter(({ url }) => url.endsWith("/2step"))
      .map(({ body }) => JSON.parse(body) as object);
    expect(bodies[0]).toMatchObject({ method: "voice", template: "Code: @@pin", templateCountry: "GR", restrictions });
    for (const body of bodies.slice(1)) expect(body).not.toHaveProperty("template");
    expect(bodies).toHaveLength(4);
  });

  it("makes no place of what a value holds", async () => {
    server.script(token(), verification("Pending"));
    await client().start(message({ template: "{code} pays @@pin to @@name" }), patient());
    expect(JSON.parse(server.seen[1]?.body ?? "")).toMatchObject({ template: "@@pin pays @ @pin to @ @name" });
  });

  it("carries no e-mail", async () => {
    const error = await refusal(client().start(message({ channel: "email" }), patient()));
    expect(error).toMatchObject({ unsent: true, permanent: true });
    expect(server.seen).toEqual([]);
  });

  it("sends an answer as a form, as text", async () => {
    server.script(token(), verification("Verified"));
    expect(await check(client(), "0984")).toBe(true);
    expect(server.seen[1]).toMatchObject({ method: "POST", url: `/messages/2step/${ID}`, body: "answer=0984" });
    expect(server.seen[1]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  });

  it("cancels, and leaves alone what has ended", async () => {
    server.script(token(), verification("Cancelled"), failure("400011002"), failure("404011006"), 500);
    const provider = client();
    for (let time = 0; time < 3; time += 1) await provider.cancel?.(ID, patient());
    expect(paths().slice(1)).toEqual(Array.from({ length: 3 }, () => `DELETE /2step/${ID}`));
    expect(await refusal(provider.cancel?.(ID, patient()))).toMatchObject({ status: 500 });
  });
});

describe("a check", () => {
  it.each([
    ["400011002", "Invalid Status"],
    ["400011003", "Verification has expired."],
    ["400011004", "Verification max retries reached."],
    ["400011005", "Wrong Answer!"],
    ["404011006", "The verification with the specified tracking id doesn't exist."],
  ])("is a no for %s", async (code, words) => {
    server.script(token(), failure(code, words));
    expect(await check(client())).toBe(false);
  });

  it.each(["Pending", "Failed", "Expired", "Cancelled"])("is a no for status %s", async (status) => {
    server.script(token(), verification(status));
    expect(await check(client())).toBe(false);
  });

  it.each<[string, Fault]>([
    ["somebody else's verification", verification("Verified", { trackingId: "c0ffee00-5c2f-4c2e-9a53-0d7ad7f6a1b2" })],
    ["no trackingId", verification("Verified", { trackingId: undefined })],
    ["an unknown status", verification("verified")],
    ["a list of statuses", verification("Pending", { status: ["Verified"] })],
    ["another success", { status: 202, body: JSON.stringify({ trackingId: ID, status: "Verified" }) }],
    ["a no with the status of something else", { status: 502, body: '{"code":"400011005"}' }],
    ["an error without a code", { status: 400, body: "<h1>Bad Request</h1>" }],
    ["an error that is not about the answer", failure("400000000")],
    ["429", { status: 429, headers: { "retry-after": "7" } }],
    ["500", 500],
    ["garbage", "garbage"],
    ["a page", "html200"],
    ["nothing", "empty"],
    ["depth", "deep"],
    ["NaN", "nan"],
    ["a redirect", "redirect"],
    ["a broken answer", "wrongLength"],
    ["a reset", "resetAfterAccept"],
  ])("rejects %s", async (_what, fault) => {
    server.script(token(), fault);
    await refusal(check(client()));
  });

  it("rejects when there is no answer in time", async () => {
    server.script(token(), "timeout");
    const started = performance.now();
    await refusal(client().check(ID, "4232", { signal: AbortSignal.timeout(80), to: "+46701740605" }));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("a start", () => {
  it.each([
    ["404001001", "Account not found."],
    ["400001009", "Insufficient Balance."],
    ["404010002", "Application not found."],
    ["400011001", "Invalid message template."],
    ["400005000", "Sms contains invalid data."],
  ])("keeps the vendor's code %s", async (code, words) => {
    server.script(token(), failure(code, "to +46701740605: no"));
    const error = await refusal(client().start(message(), patient()));
    expect(error).toBeInstanceOf(RouteeError);
    expect(error).toMatchObject({ code, status: Number(code.slice(0, 3)), unsent: true, permanent: true });
    expect(error.message).toBe(`routee answered with status ${code.slice(0, 3)} (${code}: ${words}).`);
  });

  it.each<[string, Fault, object]>([
    ["500", 500, { status: 500, unsent: false, permanent: false }],
    ["429", { status: 429, headers: { "retry-after": "7" } }, { unsent: true, permanent: false, retryAfter: 7_000 }],
    ["a page", "html200", { unsent: false }],
    ["one that has failed", verification("Failed"), { unsent: false }],
    ["a name that leads elsewhere", verification("Pending", { trackingId: "../../oauth/token" }), { unsent: false }],
  ])("says of %s whether the message may be out", async (_what, fault, facts) => {
    server.script(token(), fault);
    expect(await refusal(client().start(message(), patient()))).toMatchObject(facts);
  });
});

describe("a token", () => {
  it("is used for all calls, until shortly before it expires", async () => {
    server.script(
      token({ expires_in: 630 }),
      verification("Pending"),
      verification("Verified"),
      token(),
      verification("Pending"),
    );
    const provider = client();
    await provider.start(message(), patient());
    clock.tick(599_000);
    await check(provider);
    clock.tick(1_000);
    await provider.start(message(), patient());
    expect(paths()).toEqual([
      "POST /oauth/token",
      "POST /2step",
      `POST /2step/${ID}`,
      "POST /oauth/token",
      "POST /2step",
    ]);
  });

  it("is asked for once by calls that come together", async () => {
    server.script(token(), verification("Verified"));
    const provider = client();
    expect(await Promise.all(Array.from({ length: 12 }, () => check(provider)))).toEqual(
      Array.from({ length: 12 }, () => true),
    );
    expect(paths().filter((path) => path.includes("oauth"))).toHaveLength(1);
  });

  it.each([401, 403])("is renewed once where a call is answered %i", async (status) => {
    server.script(token(), status, token({ access_token: "second" }), verification("Verified"));
    expect(await check(client())).toBe(true);
    expect(server.seen.map(({ headers }) => headers.authorization?.split(" ")[1])).toEqual([
      expect.any(String),
      "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10",
      expect.any(String),
      "second",
    ]);
  });

  it.each([401, 403])("is not renewed a second time for %i", async (status) => {
    server.script(token(), status, token({ access_token: "second" }), status);
    expect(await refusal(client().start(message(), patient()))).toMatchObject({
      status,
      unsent: true,
      permanent: true,
    });
    expect(server.seen).toHaveLength(4);
  });

  it("is not renewed by a call that comes late to a renewal", async () => {
    const provider = client();
    server.script(
      token(),
      verification("Verified"),
      401,
      401,
      token({ access_token: "second" }),
      verification("Verified"),
    );
    await check(provider);
    await Promise.all([check(provider), check(provider)]);
    expect(paths().filter((path) => path.includes("oauth"))).toHaveLength(2);
  });

  it("that is refused means that nothing was sent", async () => {
    server.script({ status: 401, body: '{"status":401,"error":"Unauthorized","message":"Bad credentials"}' });
    const error = await refusal(client().start(message(), patient()));
    expect(error).toMatchObject({ status: 401, unsent: true, permanent: true });
    expect(server.seen).toHaveLength(1);
  });

  it.each<Fault>([
    500,
    "garbage",
    "empty",
    "resetAfterAccept",
    token({ access_token: 7 }),
    token({ access_token: "a b" }),
  ])("that does not come (%j) means that nothing was sent", async (fault) => {
    server.script(fault);
    expect(await refusal(client().start(message(), patient()))).toMatchObject({ unsent: true });
    expect(server.seen).toHaveLength(1);
  });

  it("that is slow keeps nobody longer than the own deadline, and serves the others", async () => {
    server.script("timeout");
    const provider = client();
    const error = await refusal(provider.start(message(), { signal: AbortSignal.timeout(60) }));
    expect(error).toMatchObject({ unsent: true });
  });

  it.each([undefined, "3600", -1, null])("with a life of %j is used once", async (expires_in) => {
    server.script(token({ expires_in }), verification("Verified"), token(), verification("Verified"));
    const provider = client();
    await check(provider);
    await check(provider);
    expect(paths().filter((path) => path.includes("oauth"))).toHaveLength(2);
  });
});

describe("the client against our router", () => {
  let its: Engine;
  let host: Listening;
  let provider: VerificationProvider;
  beforeAll(async () => {
    its = engine();
    its.code = "0042";
    const { tfa, clock: time } = its;
    const applications = { [APP]: { secret: SECRET, originator: "Acme" } };
    host = await listen(hostOf(routeeRouter({ verifications: tfa.verifications, applications, clock: time })));
    provider = routee({ applicationId: APP, applicationSecret: SECRET, baseUrl: host.url, clock: time });
  });
  afterAll(() => host.close());

  const started = async (changes: Parameters<typeof aMessage>[0] = {}): Promise<string> => {
    const { reference } = await provider.start(
      message({ digits: 4, expiresAt: new Date(its.clock() + 300_000), ...changes }),
      patient(),
    );
    return reference;
  };
  const account = `routee:${APP}`;

  it("has a code sent, and knows it from others", async () => {
    const id = await started();
    expect(its.messages[0]).toMatchObject({ to: "+46701740605", text: "0042 is your code.", from: "Acme" });
    expect(await check(provider, "42", id)).toBe(false);
    expect(await check(provider, "0042", id)).toBe(true);
    expect(await check(provider, "0042", id)).toBe(false);
    expect(await check(provider, "0042", "00000000-0000-4000-8000-000000000000")).toBe(false);
    expect(await its.tfa.verifications.get({ id, account })).toMatchObject({
      status: "verified",
      attempts: 2,
      maxAttempts: 10,
    });
  });

  it("hears a no from what is spent, expired and canceled", async () => {
    const spent = await started();
    for (let time = 0; time < 10; time += 1) expect(await check(provider, "9999", spent)).toBe(false);
    expect(await check(provider, "0042", spent)).toBe(false);
    const canceled = await started();
    await provider.cancel?.(canceled, patient());
    await provider.cancel?.(canceled, patient());
    expect(await check(provider, "0042", canceled)).toBe(false);
    const expired = await started();
    its.clock.tick(300_001);
    expect(await check(provider, "0042", expired)).toBe(false);
    expect(await its.tfa.verifications.get({ id: expired, account })).toMatchObject({ status: "expired" });
  });

  it("outlives the end of its token, and is refused with another secret", async () => {
    its.clock.tick(3_600_000);
    expect(await check(provider, "0042", await started())).toBe(true);
    const stranger = routee({ applicationId: APP, applicationSecret: "other", baseUrl: host.url });
    expect(await refusal(stranger.start(message(), patient()))).toMatchObject({
      status: 401,
      code: "401000000",
      permanent: true,
    });
  });

  it("keeps the code of what the router refuses", async () => {
    const sent = its.messages.length;
    expect(await refusal(started({ to: "+4670" }))).toMatchObject({ code: "400000000", unsent: true });
    expect(await refusal(started({ from: "a sender that is too long" }))).toMatchObject({ code: "400005000" });
    expect(its.messages).toHaveLength(sent);
  });
});
