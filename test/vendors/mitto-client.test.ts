import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TwoFactorError } from "../../src/core/errors.js";
import { DeliveryError, type Message } from "../../src/providers/provider.js";
import { mitto, type MittoError, type MittoOptions } from "../../src/vendors/mitto/index.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage } from "../helpers/messages.js";
import { ANSWERS } from "../helpers/mitto-seed.js";
import { SID, SUB, type World, world } from "../helpers/mitto-world.js";
import { listen } from "../helpers/vendor-host.js";

const ACCOUNT = { accountSid: SID, token: "tok", service: "2FA", from: "12012751398" };
const TEMPLATE = "Your verification code is: {code}";
const ID = ANSWERS.ok.requestID;

const patience = (ms = 2_000) => ({ signal: AbortSignal.timeout(ms) });
/** What a call that must fail failed with. */
async function failureOf(call: unknown): Promise<MittoError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error as MittoError;
  }
}
const message = (changes: Partial<Message> = {}): Message => ({
  ...aMessage(),
  to: "+919960639901",
  template: TEMPLATE,
  ...changes,
});

describe("the client against the router", () => {
  let at: World;
  beforeEach(async () => void (at = await world()));
  afterEach(() => at.close());
  const client = (options: Partial<MittoOptions> = {}) => mitto({ ...ACCOUNT, baseUrl: at.url, ...options });
  const to = { to: "+919960639901" };

  it("starts, checks and is told no and yes", async () => {
    const { start, check } = client();
    const { reference } = await start(message(), patience());
    expect(reference).toMatch(/^OTP[0-9a-f]{32}$/);
    expect(at.sent).toMatchObject([
      { channel: "sms", to: "+919960639901", from: "12012751398", text: "Your verification code is: 312209" },
    ]);
    expect(await check(reference, "000000", { ...patience(), ...to })).toBe(false);
    expect(await check(reference, "312209", { ...patience(), ...to })).toBe(true);
    expect(await check(reference, "312209", { ...patience(), ...to })).toBe(false);
  });

  it.each([
    ["an unknown one", async () => "OTP00000000000000000000000000000000"],
    [
      "one that expired",
      async (id: string) => {
        at.clock.tick(300_000);
        return id;
      },
    ],
    [
      "one that was canceled",
      async (id: string) => {
        await client().cancel?.(id, patience());
        return id;
      },
    ],
    [
      "one without attempts",
      async (id: string) => {
        for (let index = 0; index < 5; index += 1) await client().check(id, "000000", { ...patience(), ...to });
        return id;
      },
    ],
    [
      "another account's",
      async () =>
        (await mitto({ ...ACCOUNT, baseUrl: at.url, subAccount: SUB }).start(message(), patience())).reference,
    ],
  ])("is told no for %s", async (_what, spoil) => {
    const { reference } = await client().start(message(), patience());
    expect(await client().check(await spoil(reference), "312209", { ...patience(), ...to })).toBe(false);
  });

  it.each([false, true])("cancels with a form, labelled as JSON: %s", async (seedCancel) => {
    const provider = client({ seedCancel });
    const { reference } = await provider.start(message(), patience());
    await provider.cancel?.(reference, patience());
    expect((await at.get(`/2fa/search/${reference}`)).json.status).toBe("canceled");
    // twice, or for one that never was: there is nothing left to cancel
    await provider.cancel?.(reference, patience());
    await provider.cancel?.("OTP1", patience());
  });

  it("calls, mails, and acts for a sub-account", async () => {
    const provider = client({
      subAccount: SUB,
      languages: { sv: "awspolly.sv-SE" },
      voice: "woman",
      repeat: 2,
      emailFrom: "no-reply@acme.test",
    });
    const call = await provider.start(message({ channel: "voice", locale: "sv" }), patience());
    const mail = await provider.start(
      message({ channel: "email", to: "ada@example.com", subject: "Hello" }),
      patience(),
    );
    expect(at.sent).toMatchObject([
      { channel: "email", to: "ada@example.com", subject: "Hello", from: "no-reply@acme.test" },
      { channel: "voice", locale: "sv", to: "+919960639901" },
    ]);
    for (const { reference } of [call, mail]) {
      expect(await provider.check(reference, "312209", { ...patience(), ...to })).toBe(true);
      expect((await at.get(`/2fa/search/${reference}`, { user: SUB })).status).toBe(200);
    }
  });

  it("counts against limits and keeps a guarded code", async () => {
    await at.post("/2fa/limits", { name: "by_phone", buckets: [{ name: "b", max: 2, interval: 30 }] });
    const provider = client({ limits: ({ to: number }) => ({ by_phone: number }), guardTime: "60s" });
    const first = await provider.start(message(), patience());
    await provider.start(message(), patience());
    const limited = await failureOf(provider.start(message(), patience()));
    expect(limited).toMatchObject({
      code: 429,
      vendorMessage: "Limit exceeded",
      unsent: true,
      permanent: false,
      retryAfter: 30_000,
    });
    expect(await provider.check(first.reference, "312209", { ...patience(), ...to })).toBe(true);
    const unknown = client({ limits: { nope: "x" } }).start(message(), patience());
    await expect(unknown).rejects.toMatchObject({ code: 493, unsent: true, permanent: true });
  });

  it("is refused with a wrong token, whatever it asks", async () => {
    const provider = client({ token: "nope" });
    await expect(provider.start(message(), patience())).rejects.toMatchObject({
      code: 401,
      unsent: true,
      permanent: true,
    });
    await expect(provider.check(ID, "312209", { ...patience(), ...to })).rejects.toMatchObject({ code: 401 });
    await expect(provider.cancel?.(ID, patience())).rejects.toMatchObject({ code: 401 });
  });

  it("works with a router that always answers 200, and below a path", async () => {
    const odd = await world({
      router: { httpStatus: "always200", errorCodes: { wrongCode: 494 } },
      mount: "/as/mitto",
    });
    const provider = mitto({ ...ACCOUNT, baseUrl: `${odd.url}/` });
    const { reference } = await provider.start(message(), patience());
    expect(await provider.check(reference, "000000", { ...patience(), ...to })).toBe(false);
    expect(await provider.check(reference, "312209", { ...patience(), ...to })).toBe(true);
    await odd.close();
  });
});

describe("the client against recorded answers", () => {
  let server: FaultServer;
  let base: string;
  beforeAll(async () => {
    server = await startFaultServer();
    base = new URL(server.url).origin;
  });
  afterAll(() => server.close());
  afterEach(() => void server.seen.splice(0));

  const json = (status: number, body: unknown, headers: Record<string, string> = {}): Fault => {
    return {
      status,
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    };
  };
  const client = (options: Partial<MittoOptions> = {}) => mitto({ ...ACCOUNT, baseUrl: base, ...options });
  const check = (...faults: Fault[]) => {
    server.script(...faults);
    return client().check(ID, "312209", { ...patience(), to: "+919960639901" });
  };
  const start = (...faults: Fault[]) => {
    server.script(...faults);
    return client().start(message(), patience());
  };

  it("sends exactly what the document shows", async () => {
    server.script(json(200, ANSWERS.ok));
    const provider = client({
      guardTime: "60s",
      limits: { limit_on_ip: "127.0.0.1" },
      subAccount: "AC1",
      extra: { codeLength: 8, service: "not this" },
    });
    expect(await provider.start(message(), patience())).toEqual({ reference: ID });
    await provider.check(ID, "312209", { ...patience(), to: "+919960639901" });
    const [send, verify] = server.seen;
    expect([send?.method, send?.url, verify?.method, verify?.url]).toEqual([
      "POST",
      "/2fa/send",
      "POST",
      "/2fa/verify",
    ]);
    expect(send?.headers).toMatchObject({
      authorization: `Basic ${btoa(`${SID}:tok`)}`,
      "content-type": "application/json",
    });
    expect(JSON.parse(send?.body ?? "")).toEqual({
      service: "2FA",
      from: "12012751398",
      to: "919960639901",
      body: TEMPLATE,
      limits: { limit_on_ip: "127.0.0.1" },
      guardTime: 60,
      accountSid: "AC1",
      codeLength: 8,
    });
    expect(JSON.parse(verify?.body ?? "")).toEqual({
      service: "2FA",
      requestId: ID,
      code: "312209",
      accountSid: "AC1",
    });

    server.script(json(200, ANSWERS.canceled));
    server.seen.splice(0);
    await provider.cancel?.(ID, patience());
    expect(server.seen[0]).toMatchObject({
      method: "POST",
      url: "/2fa/cancel",
      body: `requestId=${ID}&accountSid=AC1`,
    });
    expect(server.seen[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    await client({ seedCancel: true }).cancel?.(ID, patience());
    expect(server.seen[1]?.headers["content-type"]).toBe("application/json");
  });

  it("prefers the sender of a message, and its own text where it has one", async () => {
    server.script(json(200, ANSWERS.ok));
    await client({ template: "Acme: {code}" }).start(message({ from: "Shop" }), patience());
    expect(JSON.parse(server.seen[0]?.body ?? "")).toMatchObject({ from: "Shop", body: "Acme: {code}" });
  });

  it.each<[string, Fault]>([
    ["the documented yes", json(200, ANSWERS.ok)],
    ["a yes by another good status", json(201, ANSWERS.ok)],
    ["a yes with the id in the spelling of requests", json(200, { code: 200, requestId: ID })],
  ])("takes %s for a yes", async (_what, fault) => {
    expect(await check(fault)).toBe(true);
  });

  it.each<[string, Fault]>([
    ["a wrong code", json(422, { code: 422, message: "Invalid code", requestID: null })],
    ["a wrong code by HTTP 200", json(200, { code: 422, message: "Invalid code" })],
    ["a wrong code by HTTP 400", json(400, { code: 494, message: "Invalid OTP" })],
    ["an unknown id", json(404, { code: 404, message: "Invalid Request Id", requestID: null })],
    ["one that is not pending", json(409, { code: 409 })],
    ["an expired one", json(410, { code: 410 })],
    ["one without attempts", json(429, { code: 429, message: "Max attempts reached" })],
    ["a bad request", json(400, { code: 400, message: "Invalid request" })],
    ["another code of theirs", json(499, ANSWERS.unknownWorkflow)],
    ["a no about this very id", json(422, { code: 422, requestID: ID })],
  ])("takes %s for a no", async (_what, fault) => {
    expect(await check(fault)).toBe(false);
  });

  it.each<[string, Fault]>([
    ["a yes without an id", json(200, { code: 200, message: "OK" })],
    ["a yes with a null for an id", json(200, { code: 200, message: "OK", requestID: null })],
    ["a yes for another request", json(200, { ...ANSWERS.ok, requestID: "OTP1" })],
    ["a yes for an id that is a number", json(200, { code: 200, requestID: 1 })],
    ["a yes by a failed status", json(400, ANSWERS.ok)],
    ["a yes by a failure of theirs", json(500, ANSWERS.ok)],
    ["a no by a failure of theirs", json(503, { code: 422 })],
    ["a failure by a good status", json(200, { code: 500 })],
    ["a yes in words", json(200, { code: "200", message: "OK", requestID: ID })],
    ["a yes that is true", json(200, { code: true })],
    ["a yes deeper down", json(200, { data: { code: 200 } })],
    ["a yes in a list", json(200, [ANSWERS.ok])],
    ["a yes in the prototype", json(200, '{"__proto__":{"code":200}}')],
    ["a status without a body", 200],
    ["an empty object", json(200, {})],
    ["null", json(200, "null")],
    ["a missing login", json(401, { code: 401, message: "Unauthorized" })],
    ["a closed account", json(403, { code: 403 })],
    ["a limit on calls", json(429, { code: 429 }, { "retry-after": "5" })],
    ["a 404 of somebody else", { status: 404, body: "<h1>Not found</h1>" }],
    ["a 422 without words", 422],
    ["a 500", 500],
    ["a redirect", "redirect"],
    ["a page", "html200"],
    ["garbage", "garbage"],
    ["nothing", "empty"],
    ["depth", "deep"],
    ["NaN", "nan"],
    ["an answer too large", "huge"],
    ["a bomb", "gzipBomb"],
    ["half an answer", "wrongLength"],
    ["a broken connection", "resetAfterAccept"],
  ])("takes %s for no verdict at all", async (_what, fault) => {
    await expect(check(fault)).rejects.toBeInstanceOf(DeliveryError);
  });

  it.each<[string, Fault, object]>([
    [
      "a documented refusal",
      json(493, ANSWERS.unknownLimit),
      { code: 493, vendorMessage: "Invalid Limit Id", unsent: true, permanent: true },
    ],
    ["the same by HTTP 200", json(200, ANSWERS.unknownLimit), { code: 493, unsent: true, permanent: true }],
    ["a missing login", json(401, { code: 401 }), { code: 401, unsent: true, permanent: true }],
    [
      "a limit",
      json(429, { code: 429 }, { "retry-after": "20" }),
      { code: 429, unsent: true, permanent: false, retryAfter: 20_000 },
    ],
    ["a failure of theirs", json(500, { code: 500 }), { code: 500, unsent: false }],
    ["a failure without words", 503, { code: undefined, unsent: false }],
    ["a failure by HTTP 200", json(200, { code: 502 }), { code: 502, unsent: false }],
    ["a yes without an id", json(200, { code: 200, message: "OK" }), { code: 200, unsent: false }],
    ["a page", "html200", { unsent: false }],
    ["garbage", "garbage", { unsent: false }],
    ["a redirect", "redirect", { permanent: true }],
    ["a connection that broke before", "resetBefore", { unsent: false }],
  ])("is told by %s whether to try again", async (_what, fault, facts) => {
    const error = await failureOf(start(fault));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject(facts);
  });

  it("keeps what was sent out of its errors", async () => {
    const words = { code: 493, message: "no limit for 919960639901, code 312209, token tok" };
    const error = await failureOf(start(json(493, words)));
    expect(error?.message).toBe("mitto answered with status 493.");
    expect(error?.vendorMessage).toBe(words.message);
  });

  it("gives up at its own deadline, and at that of whoever asks", async () => {
    for (const fault of ["timeout", "slow"] as const) {
      server.script(fault);
      const begun = performance.now();
      await expect(client({ deadline: "100ms" }).check(ID, "1", { ...patience(), to: "" })).rejects.toThrow(/in time/);
      await expect(client().check(ID, "1", { ...patience(100), to: "" })).rejects.toThrow(/in time/);
      await expect(client().start(message(), patience(100))).rejects.toMatchObject({ unsent: false });
      expect(performance.now() - begun).toBeLessThan(1_500);
    }
  });

  it("says that nothing left when nobody was there", async () => {
    const gone = await listen(() => undefined);
    await gone.close();
    const nowhere = mitto({ ...ACCOUNT, baseUrl: gone.url });
    await expect(nowhere.start(message(), patience())).rejects.toMatchObject({ unsent: true });
    await expect(nowhere.check(ID, "1", { ...patience(), to: "" })).rejects.toBeInstanceOf(DeliveryError);
  });
});

describe("mitto() itself", () => {
  it.each<[object, RegExp]>([
    [{ acountSid: "x" }, /unknown option "acountSid". Did you mean "accountSid"/],
    [{ accountSid: undefined }, /mitto\(\{ accountSid \}\) is missing/],
    [{ accountSid: "AC:1" }, /accountSid/],
    [{ token: "" }, /mitto\(\{ token \}\) is missing/],
    [{ token: " tok" }, /token/],
    [{ service: undefined }, /needs \{ service \}/],
    [{ service: "a\nb" }, /service/],
    [{ from: "" }, /from/],
    [{ template: "Hello" }, /\{code\}/],
    [{ baseUrl: "cpaas.mittoapi.com" }, /baseUrl/],
    [{ baseUrl: "https://user:pass@mitto.test" }, /baseUrl/],
    [{ baseUrl: "https://mitto.test?x=1" }, /baseUrl/],
    [{ guardTime: 60 }, /guardTime/],
    [{ guardTime: "1500ms" }, /guardTime/],
    [{ guardTime: "2d" }, /guardTime/],
    [{ voice: "robot" }, /voice/],
    [{ repeat: 0 }, /repeat/],
    [{ deadline: "2m" }, /deadline/],
    [{ name: "" }, /name/],
  ])("refuses %o", (wrong, sentence) => {
    const make = () => mitto({ ...ACCOUNT, ...wrong });
    expect(make).toThrow(sentence);
    try {
      make();
    } catch (error) {
      expect((error as TwoFactorError).code).toBe("misconfigured");
    }
  });

  it("shows no secret when it is looked at", async () => {
    const { inspect } = await import("node:util");
    const provider = mitto(ACCOUNT);
    expect(inspect(provider, { depth: 9, showHidden: true })).not.toMatch(/tok\b|QUNh/);
    expect(JSON.stringify(provider)).toBe('{"kind":"verification","name":"mitto"}');
  });
});
