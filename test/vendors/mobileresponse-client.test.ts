import express from "express";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  mobileresponse,
  type MobileResponseOptions,
  mobileresponseRouter,
} from "../../src/vendors/mobileresponse/index.js";
import { sms, twoFactor } from "../../src/index.js";
import { fakeClock } from "../helpers/clock.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, listen } from "../helpers/vendor-host.js";

const TOKEN = "11111111-1111-4111-8111-111111111111";
const WORKFLOW = "00000000-0000-0000-0000-000000000000";
const TO = "+46707123456";

/** Answers as the manual prints them. */
const STARTED = '{\n"processId": "5506eeff-169a-406b-b4a5-87d7f49148df",\n"created": "2017-05-05T06:59:53.3720470Z"\n}';
const TOLD = '{"data":{"current-code":"12345"},"processId":"5c657f4a-1f7d-4c7f-8b91-f11d88d1b834","executionTime":880}';
const INVALID =
  '{"data":{"code-is-valid":"false"},"processId":"ff5ba0a0-09c3-4ebb-99e5-64eca041096d","executionTime":585}';
const VALID = INVALID.replace("false", "true");

let server: FaultServer;
beforeAll(async () => void (server = await startFaultServer()));
afterAll(() => server.close());
afterEach(() => {
  server.seen.splice(0);
  vi.unstubAllEnvs();
});

function provider(changes: Partial<MobileResponseOptions> = {}) {
  return mobileresponse({
    apiToken: TOKEN,
    workflowId: WORKFLOW,
    baseUrl: new URL(server.url).origin,
    returnCode: false,
    ...changes,
  });
}

const { text: _text, html: _html, ...message } = aMessage({ to: TO });
const start = async (changes?: Partial<MobileResponseOptions>) => provider(changes).start(message, patient());
const check = async (code = "12345") => provider().check("a process", code, { ...patient(), to: TO });

describe("a start", () => {
  it("is the manual's first case, and its process is the reference", async () => {
    server.script({ status: 200, body: STARTED });
    expect(await start()).toEqual({ reference: "5506eeff-169a-406b-b4a5-87d7f49148df" });
    const [seen = expect.fail("nothing arrived")] = server.seen;
    expect(seen).toMatchObject({ method: "POST", url: "/1/workflows" });
    expect(seen.headers).toMatchObject({ "api-token": TOKEN, "content-type": "json/application" });
    expect(JSON.parse(seen.body)).toEqual({
      workflowid: WORKFLOW,
      triggernames: "generate-code",
      metadata: { receiver: TO },
    });
  });

  it("with returnCode is its second case, and brings the code", async () => {
    server.script({ status: 200, body: TOLD });
    expect(await start({ returnCode: true })).toEqual({
      reference: "5c657f4a-1f7d-4c7f-8b91-f11d88d1b834",
      code: "12345",
    });
    expect(JSON.parse(server.seen[0]?.body ?? "")).toEqual({
      workflowid: WORKFLOW,
      triggernames: "generate-code",
      metadata: { receiver: TO },
      RequestSettings: {
        "content-type": "json",
        ResponseData: { "current-code": "incomingunit.metadata.current-code" },
      },
    });
  });

  it("speaks the newer dialect, to a workflow with names of its own", async () => {
    server.script({ status: 200, body: STARTED });
    await start({
      version: 2,
      authHeader: "api-key",
      contentType: "application/json",
      metadata: { "app-user-id": "u-7", "verify-number": "mine" },
      names: { generate: "send-verify-phone-sms", receiver: "verify-number" },
    });
    const [seen = expect.fail("nothing arrived")] = server.seen;
    expect(seen.url).toBe("/2/workflows");
    expect(seen.headers).toMatchObject({ "api-key": TOKEN, "content-type": "application/json" });
    expect(seen.headers).not.toHaveProperty("api-token");
    const { triggernames, metadata } = JSON.parse(seen.body) as Record<string, unknown>;
    expect({ triggernames, metadata }).toEqual({
      triggernames: "send-verify-phone-sms",
      metadata: { "app-user-id": "u-7", "verify-number": TO },
    });
  });

  it.each<[string, Fault, Partial<MobileResponseOptions>]>([
    ["says nothing", "empty", {}],
    ["is a page", "html200", {}],
    ["is garbage", "garbage", {}],
    ["names no process", { status: 200, body: "{}" }, {}],
    ["names its process by a number", { status: 200, body: '{"processId":7}' }, {}],
    ["tells no code", { status: 200, body: STARTED }, { returnCode: true }],
    ["tells a code that is a number", { status: 200, body: TOLD.replace('"12345"', "12345") }, { returnCode: true }],
    ["tells a code that is none", { status: 200, body: TOLD.replace("12345", "1 2") }, { returnCode: true }],
    ["is another yes", { status: 201, body: STARTED }, {}],
  ])("that %s has failed, and may have been sent", async (_what, fault, changes) => {
    server.script(fault);
    await expect(start(changes)).rejects.toMatchObject({
      name: "MobileResponseError",
      unsent: false,
      code: expect.any(Number),
    });
  });

  it("that is refused was not sent, and keeps what the vendor says", async () => {
    server.script({ status: 401, body: '{"errors":[{"errorMessage":"Unknown token"},{"errorMessage":7},"x"]}' });
    const error: unknown = await start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 401, errors: ["Unknown token"], unsent: true, permanent: true });
    expect(String(error)).not.toContain(TOKEN);
    server.script({ status: 429, headers: { "retry-after": "7" } });
    await expect(start()).rejects.toMatchObject({ code: 429, unsent: true, permanent: false, retryAfter: 7_000 });
  });

  it.each<[Fault, boolean]>([
    [500, false],
    [503, false],
    ["resetAfterAccept", false],
    ["redirect", true],
    ["huge", false],
    ["gzipBomb", false],
    ["deep", false],
    ["wrongLength", false],
  ])("that ends in %s fails with what is known", async (fault, unsent) => {
    server.script(fault);
    await expect(start()).rejects.toMatchObject({ unsent });
  });
});

describe("a check", () => {
  it("asks for this code and this receiver, and whose it was", async () => {
    server.script({ status: 200, body: VALID });
    expect(await check()).toBe(true);
    expect(JSON.parse(server.seen[0]?.body ?? "")).toEqual({
      workflowid: WORKFLOW,
      triggernames: "validate-code",
      metadata: { "current-code": "12345", receiver: TO },
      RequestSettings: {
        "content-type": "json",
        ResponseData: { "code-is-valid": "metadata.code-is-valid", receiver: "incomingunit.phonenumber" },
      },
    });
  });

  it("for no code at all asks nobody", async () => {
    expect(await check("")).toBe(false);
    expect(server.seen).toEqual([]);
  });

  it('takes "true" for a yes and "false" for a no', async () => {
    server.script({ status: 200, body: VALID }, { status: 200, body: INVALID });
    expect(await check()).toBe(true);
    expect(await check()).toBe(false);
  });

  it.each([
    ["+46707123456", true],
    ["0046707123456", true],
    ["46 707 12 34 56", true],
    ["", true],
    ["+46707123457", false],
    ["somebody", false],
  ])("of a vendor that says the code was %s's is %s", async (receiver, expected) => {
    server.script({ status: 200, body: JSON.stringify({ data: { "code-is-valid": "true", receiver } }) });
    expect(await check()).toBe(expected);
  });

  it.each([
    '{"data":{"code-is-valid":true}}',
    '{"data":{"code-is-valid":1}}',
    '{"data":{"code-is-valid":"TRUE"}}',
    '{"data":{"code-is-valid":"true "}}',
    '{"data":{"code-is-valid":["true"]}}',
    '{"data":{"Code-Is-Valid":"true"}}',
    '{"data":"{\\"code-is-valid\\":\\"true\\"}"}',
    '{"data":[["code-is-valid","true"]]}',
    '{"Data":{"code-is-valid":"true"}}',
    '[{"data":{"code-is-valid":"true"}}]',
    '{"data":{"__proto__":{"code-is-valid":"true"}}}',
    '"true"',
    "true",
    "",
    "null",
    "[]",
  ])("answered with %s rejects", async (body) => {
    server.script({ status: 200, body });
    await expect(check()).rejects.toMatchObject({ name: "MobileResponseError" });
  });

  it.each<Fault>([
    { status: 404, body: VALID },
    { status: 202, body: VALID },
    { status: 500, body: VALID },
    "html200",
    "redirect",
  ])("answered with %o rejects", async (fault) => {
    server.script(fault);
    await expect(check()).rejects.toBeInstanceOf(Error);
  });

  it("ends with its deadline", async () => {
    server.script("timeout");
    const before = performance.now();
    await expect(provider().check("p", "12345", { signal: AbortSignal.timeout(100), to: TO })).rejects.toBeInstanceOf(
      Error,
    );
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe("client and router", () => {
  it.each([false, true])("understand each other (returnCode: %s)", async (returnCode) => {
    const { tfa, clock, codes, box } = engine();
    const router = mobileresponseRouter({
      verifications: tfa.verifications,
      tokens: [TOKEN],
      workflows: { [WORKFLOW]: {} },
      clock,
    });
    const host = await listen(express().use(router));
    try {
      codes.push("12345");
      const ours = provider({ baseUrl: host.url, returnCode });
      const started = await ours.start(message, patient());
      expect(started.code).toBe(returnCode ? "12345" : undefined);
      expect(box.messages).toMatchObject([{ to: TO, text: "Your verification code is 12345" }]);
      expect(await ours.check(started.reference, "54321", { ...patient(), to: TO })).toBe(false);
      expect(await ours.check(started.reference, "12345", { ...patient(), to: "+46707123457" })).toBe(false);
      expect(await ours.check(started.reference, "12345", { ...patient(), to: TO })).toBe(true);
      expect(await ours.check(started.reference, "12345", { ...patient(), to: TO })).toBe(false);
    } finally {
      await host.close();
    }
  });

  it("understand each other about mail, and about names of a workflow's own", async () => {
    const { tfa, clock, codes } = engine();
    const names = { generate: "Send", validate: "Check", receiver: "Who", code: "Code", isValid: "Right" };
    const workflows = { [WORKFLOW]: { names } };
    const host = await listen(
      express().use(mobileresponseRouter({ verifications: tfa.verifications, tokens: [TOKEN], workflows, clock })),
    );
    try {
      codes.push("12345", "23456");
      const told = provider({ baseUrl: host.url, names, returnCode: true });
      expect(await told.start({ ...message, to: "ada@example.com", channel: "email" }, patient())).toMatchObject({
        code: "12345",
      });
      const asked = provider({ baseUrl: host.url, names });
      await asked.start({ ...message, to: "Ada@example.com", channel: "email" }, patient());
      expect(await asked.check("p", "23456", { ...patient(), to: "Ada@example.com" })).toBe(true);
    } finally {
      await host.close();
    }
  });
});

describe("a code that the vendor tells", () => {
  it("is compared by us: the vendor is not asked, and no other code of its workflow answers for it", async () => {
    const clock = fakeClock();
    server.script({ status: 200, body: TOLD });
    const { verifications } = twoFactor({
      secret: "a secret of the asking side, 32 bytes and more",
      user: () => undefined,
      contact: () => null,
      methods: [sms(provider({ returnCode: true }))],
      clock,
    });
    const started = await verifications.start({ to: TO });
    const id = started.ok ? started.verification.id : "";
    server.script({ status: 200, body: VALID });
    expect(await verifications.check({ id, code: "54321" })).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await verifications.check({ id, code: "12345" })).toMatchObject({ ok: true });
    expect(server.seen).toHaveLength(1);
    expect(JSON.stringify(await verifications.get({ id }))).not.toContain('"current-code"');
  });
});

describe("options", () => {
  const right = { apiToken: TOKEN, workflowId: WORKFLOW };
  it.each([
    ["no token", { workflowId: WORKFLOW }, /apiToken/],
    ["a token with a line break", { ...right, apiToken: "a\nb" }, /apiToken/],
    ["no workflow", { apiToken: TOKEN }, /workflowId/],
    ["a misspelt option", { ...right, apitoken: "x" }, /apiToken/],
    ["another header", { ...right, authHeader: "authorization" }, /authHeader/],
    ["another version", { ...right, version: 3 }, /version/],
    ["metadata that is no text", { ...right, metadata: { a: 1 } }, /metadata/],
    ["an address that is none", { ...right, baseUrl: "rest.mobileresponse.io" }, /baseUrl/],
  ])("with %s are refused", (_what, options, words) => {
    expect(() => mobileresponse(options as MobileResponseOptions)).toThrow(words);
  });

  it("want https in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => mobileresponse({ ...right, baseUrl: "http://rest.example.com" })).toThrow(/https in production/);
    expect(() => mobileresponse(right)).not.toThrow();
  });
});
