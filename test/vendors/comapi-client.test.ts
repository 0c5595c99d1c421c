import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { VerificationProvider } from "../../src/providers/provider.js";
import { comapi, ComapiError, type ComapiOptions, comapiRouter } from "../../src/vendors/comapi/index.js";
import { fakeClock, type FakeClock } from "../helpers/clock.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, type Engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const ID = "0bd57dc3-580c-4c1d-8aee-2ff79bd8633c";
const PASSWORD = "pa55w0rd-of-the-account";

/** The manual's own example of an answer, with this status. */
const verifyCode = (status: string, http = 202, changes: object = {}): Fault => ({
  status: http,
  body: JSON.stringify({
    requestId: ID,
    phoneNumber: "447979080215",
    status,
    numberStatus: "On",
    created: "2016-02-23T11:10:14.552Z",
    ...changes,
  }),
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

function client(options: Partial<ComapiOptions> = {}): VerificationProvider {
  return comapi({ username: "user", password: PASSWORD, baseUrl: server.url, clock, ...options });
}

const message = (changes: Parameters<typeof aMessage>[0] = {}) =>
  aMessage({
    to: "+447979080215",
    template: "{code} is your code.",
    digits: 6,
    expiresAt: new Date(clock() + 300_000),
    ...changes,
  });
const check = (provider: VerificationProvider, code = "1234", reference = ID) =>
  provider.check(reference, code, { ...patient(), to: "+447979080215" });

async function refusal(call: unknown): Promise<ComapiError> {
  const error: unknown = await Promise.resolve(call).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  for (const secret of [PASSWORD, "447979080215", "483920"]) expect(inspect(error, { depth: 9 })).not.toContain(secret);
  return error as ComapiError;
}

describe("its options", () => {
  it.each<[Partial<ComapiOptions>, RegExp]>([
    [{ username: "" }, /username/],
    [{ password: undefined }, /password/],
    [{ username: "a:b" }, /colon/],
    [{ from: "A sender that is too long" }, /FromExceedsMaxTextLength/],
    [{ body: "no place" }, /\{\{code\}\}/],
    [{ baseUrl: "services.comapi.com" }, /complete address/],
    [{ user: "x" } as never, /username/],
  ])("refuse %j", (options, words) => {
    expect(() => client(options)).toThrow(
      expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(words) }),
    );
  });

  it("show no secret", () => {
    expect(inspect(client(), { depth: 9, showHidden: true })).not.toContain(PASSWORD);
  });
});

describe("a request", () => {
  it("for a code is the one of the manual", async () => {
    server.script(verifyCode("CodeUnverified"));
    expect(await client({ from: "Test" }).start(message(), patient())).toEqual({ reference: ID });
    const [sent] = server.seen;
    expect(sent).toMatchObject({
      method: "POST",
      url: "/messages/webapi/verify",
      headers: {
        authorization: `Basic ${Buffer.from(`user:${PASSWORD}`).toString("base64")}`,
        "content-type": "application/json",
      },
    });
    expect(JSON.parse(sent?.body ?? "")).toEqual({
      to: "447979080215",
      from: "Test",
      body: "{{code}} is your code.",
      validUntil: "2026-01-01T00:05:00.000Z",
    });
  });

  it("asks for no longer life than Comapi gives, and for none that is over", async () => {
    server.script(verifyCode("CodeNotVerified"));
    await client().start(message({ expiresAt: new Date(clock() + 86_400_000) }), patient());
    await client().start(message({ expiresAt: new Date(clock()) }), patient());
    const [long, over] = server.seen.map(({ body }) => JSON.parse(body) as { validUntil?: string });
    expect(long?.validUntil).toBe("2026-01-01T00:29:59.000Z");
    expect(over).not.toHaveProperty("validUntil");
  });

  it("has the message's sender, and a text of its own, or none", async () => {
    server.script(verifyCode("CodeNotVerified"));
    await client({ from: "Test", body: "Code {{code}}" }).start(message({ from: "+447700900123" }), patient());
    await client({ body: false }).start(message(), patient());
    await client().start(message({ template: "without a place" }), patient());
    const [own, none, placeless] = server.seen.map(({ body }) => JSON.parse(body) as object);
    expect(own).toMatchObject({ from: "447700900123", body: "Code {{code}}" });
    expect(none).not.toHaveProperty("body");
    expect(none).not.toHaveProperty("from");
    expect(placeless).not.toHaveProperty("body");
  });

  it("makes no place of what a value holds", async () => {
    server.script(verifyCode("CodeNotVerified"));
    await client().start(message({ template: "{code} pays {{validMinutes}} to {{ code }}" }), patient());
    expect(JSON.parse(server.seen[0]?.body ?? "")).toMatchObject({
      body: "{{code}} pays { {validMinutes}} to { { code }}",
    });
  });

  it.each(["voice", "email"] as const)("carries nothing by %s", async (channel) => {
    expect(await refusal(client().start(message({ channel }), patient()))).toMatchObject({
      unsent: true,
      permanent: true,
    });
    expect(server.seen).toEqual([]);
  });

  it("sends a code as text", async () => {
    server.script(verifyCode("CodeVerified", 200, { verified: "2016-02-23T11:12:14.552Z" }));
    expect(await check(client(), "0984")).toBe(true);
    expect(server.seen).toMatchObject([
      { method: "PUT", url: `/messages/webapi/verify/${ID}/validate`, body: '{"code":"0984"}' },
    ]);
  });
});

describe("a start", () => {
  it("is refused for a number that is out of use", async () => {
    server.script(verifyCode("CodeNotSent", 202, { numberStatus: "Dead" }));
    expect(await refusal(client().start(message(), patient()))).toMatchObject({
      code: "CodeNotSent",
      unsent: true,
      permanent: true,
    });
  });

  it("keeps the vendor's codes: the manual's example of a bad number", async () => {
    const body =
      '[{"property":"from","failureCode":"ToInvalid","details":"from is not valid. No value was specified."}]';
    server.script({ status: 400, body });
    const error = await refusal(client().start(message(), patient()));
    expect(error).toBeInstanceOf(ComapiError);
    expect(error).toMatchObject({
      code: "ToInvalid",
      failures: ["ToInvalid"],
      status: 400,
      unsent: true,
      permanent: true,
    });
    expect(error.message).toBe("comapi answered with status 400 (ToInvalid).");
  });

  it.each<[string, Fault, object]>([
    [
      "401",
      { status: 401, body: "No authorization header supplied or invalid username or password" },
      { unsent: true, permanent: true, code: undefined },
    ],
    [
      "several",
      { status: 400, body: '[{"failureCode":"Throttled"},{"failureCode":"a code: 447979080215"},null]' },
      { failures: ["Throttled"] },
    ],
    ["500", 500, { status: 500, unsent: false, permanent: false }],
    ["a page", "html200", { unsent: false }],
    ["garbage", "garbage", { unsent: false }],
    ["a verified one", verifyCode("CodeVerified"), { unsent: false }],
    ["a name that leads elsewhere", verifyCode("CodeNotVerified", 202, { requestId: "../x" }), { unsent: false }],
    ["a redirect", "redirect", { permanent: true }],
    ["a reset", "resetAfterAccept", { unsent: false }],
  ])("says of %s whether the message may be out", async (_what, fault, facts) => {
    server.script(fault);
    expect(await refusal(client().start(message(), patient()))).toMatchObject(facts);
  });
});

describe("a check", () => {
  it.each(["CodeNotVerified", "CodeUnverified", "CodeLocked", "CodeExpired"])("is a no for %s", async (status) => {
    server.script(verifyCode(status, 200));
    expect(await check(client())).toBe(false);
  });

  it("is a no for what is unknown or discarded", async () => {
    server.script(204);
    expect(await check(client())).toBe(false);
  });

  it.each<[string, Fault]>([
    ["somebody else's request", verifyCode("CodeVerified", 200, { requestId: "c0ffee00-580c-4c1d-8aee-2ff79bd8633c" })],
    ["another success", verifyCode("CodeVerified", 202)],
    ["no request", verifyCode("CodeVerified", 200, { requestId: undefined })],
    ["a list of it", { status: 200, body: JSON.stringify([{ requestId: ID, status: "CodeVerified" }]) }],
    ["an unknown status", verifyCode("codeverified", 200)],
    ["an unsent one", verifyCode("CodeNotSent", 200)],
    ["400", { status: 400, body: '[{"property":"code","failureCode":"InvalidJson","details":"x"}]' }],
    ["401", 401],
    ["429", 429],
    ["500", { status: 500, body: JSON.stringify({ requestId: ID, status: "CodeVerified" }) }],
    ["garbage", "garbage"],
    ["a page", "html200"],
    ["nothing", "empty"],
    ["depth", "deep"],
    ["a redirect", "redirect"],
    ["a broken answer", "wrongLength"],
    ["a reset", "resetBefore"],
  ])("rejects %s", async (_what, fault) => {
    server.script(fault);
    await refusal(check(client()));
  });

  it("rejects when there is no answer in time", async () => {
    server.script("slow");
    const started = performance.now();
    await refusal(client().check(ID, "1234", { signal: AbortSignal.timeout(80), to: "+447979080215" }));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("the client against our router", () => {
  let its: Engine;
  let host: Listening;
  let provider: VerificationProvider;
  let dead = false;
  beforeAll(async () => {
    its = engine({ lookup: () => (dead ? "dead" : "off") });
    its.code = "0042";
    const { tfa, clock: time } = its;
    const accounts = { user: { password: PASSWORD } };
    host = await listen(hostOf(comapiRouter({ verifications: tfa.verifications, accounts, clock: time })));
    provider = comapi({ username: "user", password: PASSWORD, baseUrl: host.url, from: "Acme", clock: time });
  });
  afterAll(() => host.close());

  const started = async (changes: Parameters<typeof aMessage>[0] = {}): Promise<string> => {
    const { reference } = await provider.start(
      message({ expiresAt: new Date(its.clock() + 300_000), ...changes }),
      patient(),
    );
    return reference;
  };

  it("has a code sent, and knows it from others", async () => {
    const id = await started();
    expect(its.messages[0]).toMatchObject({ to: "+447979080215", text: "0042 is your code.", from: "Acme" });
    expect(await check(provider, "42", id)).toBe(false);
    expect(await check(provider, "0042", id)).toBe(true);
    expect(await check(provider, "0042", id)).toBe(false);
    expect(await check(provider, "0042", ID)).toBe(false);
    expect(await its.tfa.verifications.get({ id, account: "comapi:user" })).toMatchObject({
      status: "verified",
      attempts: 2,
    });
  });

  it("hears a no from what is locked and from what has expired", async () => {
    const locked = await started();
    for (let time = 0; time < 5; time += 1) expect(await check(provider, "9999", locked)).toBe(false);
    expect(await check(provider, "0042", locked)).toBe(false);
    expect(await check(provider, "0042", locked)).toBe(false);
    const expired = await started();
    its.clock.tick(300_001);
    expect(await check(provider, "0042", expired)).toBe(false);
    expect(await check(provider, "0042", expired)).toBe(false);
  });

  it("keeps the code of what the router refuses", async () => {
    expect(await refusal(started({ to: "+44797" }))).toMatchObject({ code: "ToInvalid", unsent: true });
    expect(await refusal(started({ from: "a sender that is too long" }))).toMatchObject({
      code: "FromExceedsMaxTextLength",
    });
    dead = true;
    expect(await refusal(started())).toMatchObject({ code: "CodeNotSent", unsent: true });
    dead = false;
    const stranger = comapi({ username: "user", password: "other", baseUrl: host.url });
    expect(await refusal(stranger.start(message(), patient()))).toMatchObject({ status: 401, permanent: true });
  });
});
