import express from "express";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { tokenApi, type TokenApiOptions, tokenApiRouter } from "../../src/vendors/token-api/index.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { fakeClock } from "../helpers/clock.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, listen } from "../helpers/vendor-host.js";

const PHONE = "+919812345678";
const clock = fakeClock();

let server: FaultServer;
beforeAll(async () => void (server = await startFaultServer()));
afterAll(() => server.close());
afterEach(() => {
  server.seen.splice(0);
  vi.unstubAllEnvs();
});

function provider(changes: Partial<TokenApiOptions> = {}) {
  return tokenApi({ apiKey: "k1", baseUrl: new URL(server.url).origin, clock, ...changes });
}

const { text: _text, html: _html, ...composed } = aMessage({ to: PHONE });
const message = {
  ...composed,
  template: "{code} is your {token} code.",
  digits: 6,
  expiresAt: new Date(clock() + 600_000),
};
const start = (changes?: Partial<TokenApiOptions>, more: Partial<typeof message> = {}) =>
  provider(changes).start({ ...message, ...more }, patient());
const check = (token = "123456", changes?: Partial<TokenApiOptions>, to = PHONE) =>
  provider(changes).check("ours", token, { ...patient(), to });

describe("a start", () => {
  it("posts the manual's body to the identifier", async () => {
    server.script("empty");
    expect(await start()).toEqual({ reference: message.idempotencyKey });
    const [seen = expect.fail("nothing arrived")] = server.seen;
    expect(seen).toMatchObject({ method: "POST", url: "/v1/token/sms/%2B919812345678" });
    expect(seen.headers).toMatchObject({ apikey: "k1", "content-type": "application/json" });
    expect(JSON.parse(seen.body)).toEqual({
      type: "numeric",
      length: 6,
      text: "{token} is your token code.",
      expiry: 600,
    });
  });

  it("asks for what the options say", async () => {
    server.script("empty");
    await start(
      { type: "alphanumeric", length: 7, text: "PIN: {token}", expiry: "90s" },
      { to: "xxx@gmail.com", channel: "email" },
    );
    expect(server.seen[0]?.url).toBe("/v1/token/email/xxx%40gmail.com");
    expect(JSON.parse(server.seen[0]?.body ?? "")).toEqual({
      type: "alphanumeric",
      length: 7,
      text: "PIN: {token}",
      expiry: 90,
    });
  });

  it("lets a token live five minutes at least, whatever the clocks say", async () => {
    server.script("empty");
    await start({}, { expiresAt: new Date(0) });
    expect(JSON.parse(server.seen[0]?.body ?? "")).toMatchObject({ expiry: 300 });
  });

  it.each<[Fault, object]>([
    [400, { name: "TokenApiError", code: 400, unsent: true, permanent: true }],
    [401, { code: 401, unsent: true }],
    [204, { code: 204, unsent: false }],
    [500, { code: 500, unsent: false, permanent: false }],
    ["resetAfterAccept", { unsent: false }],
    ["redirect", { unsent: true }],
  ])("answered with %s has failed", async (fault, facts) => {
    server.script(fault);
    await expect(start()).rejects.toMatchObject(facts);
  });
});

describe("a check", () => {
  it("is a GET with everything escaped that a path could not carry", async () => {
    server.script("empty");
    expect(await check("x/d4?f#6%7^+;")).toBe(true);
    expect(server.seen[0]).toMatchObject({
      method: "GET",
      url: "/v1/token/sms/%2B919812345678/x%2Fd4%3Ff%236%257%5E%2B%3B",
    });
    expect(server.seen[0]?.headers).toMatchObject({ apikey: "k1" });
  });

  it("takes an empty 200 for a yes and 400 for a no", async () => {
    server.script("empty", 400, { status: 400, body: "Your request sucks, go home man !!##@@" });
    expect(await check()).toBe(true);
    expect(await check()).toBe(false);
    expect(await check()).toBe(false);
  });

  it.each(["", ".", "..", "\ud800"])("does not ask for the token %j, which no path can carry", async (token) => {
    expect(await check(token)).toBe(false);
    expect(server.seen).toEqual([]);
  });

  it.each<Fault>([
    "html200",
    "garbage",
    "huge",
    "gzipBomb",
    "redirect",
    "resetAfterAccept",
    { status: 200, body: "pending" },
    { status: 200, body: "true" },
    { status: 200, body: "{}" },
    201,
    204,
    206,
    401,
    404,
    405,
    500,
    503,
  ])("answered with %o rejects", async (fault) => {
    server.script(fault);
    await expect(check()).rejects.toBeInstanceOf(Error);
  });

  it("can be told to look at the status alone", async () => {
    server.script({ status: 200, body: "OK -- You are cool, dude !!" });
    expect(await check("123456", { answers: "ignored" })).toBe(true);
  });

  it("ends with its deadline", async () => {
    server.script("timeout");
    const before = performance.now();
    await expect(provider().check("r", "1", { signal: AbortSignal.timeout(100), to: PHONE })).rejects.toBeInstanceOf(
      Error,
    );
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe("client and router", () => {
  it.each([PHONE, "xxx@gmail.com"])("understand each other about %s", async (to) => {
    const { tfa, box, codes } = engine();
    const host = await listen(express().use(tokenApiRouter({ verifications: tfa.verifications, keys: ["k1"] })));
    try {
      const ours = provider({ baseUrl: host.url });
      for (const code of ["123456", "x/d4?f#6%7^+;"]) {
        codes.push(code);
        const { reference } = await ours.start(
          { ...message, to, channel: to.includes("@") ? "email" : "sms" },
          patient(),
        );
        expect(box.messages[0]).toMatchObject({ to, text: `${code} is your token code.` });
        expect(await ours.check(reference, "654321", { ...patient(), to })).toBe(false);
        expect(await ours.check(reference, code, { ...patient(), to })).toBe(true);
        expect(await ours.check(reference, code, { ...patient(), to })).toBe(false);
      }
    } finally {
      await host.close();
    }
  });
});

describe("options", () => {
  const right = { apiKey: "k1", baseUrl: "https://api.example.com" };
  it.each([
    ["no key", { baseUrl: right.baseUrl }, /apiKey/],
    ["no address", { apiKey: "k1" }, /baseUrl/],
    ["a misspelt option", { ...right, expires: "5m" }, /expiry/],
    ["a text without a place", { ...right, text: "PIN: {code}" }, /\{token\}/],
    ["a length out of bounds", { ...right, length: 3 }, /4 to 20/],
    ["an expiry below a second", { ...right, expiry: "500ms" }, /second/],
    ["an expiry in bare numbers", { ...right, expiry: 300 }, /duration/],
    ["another way to read answers", { ...right, answers: "any" }, /answers/],
    ["credentials in the address", { ...right, baseUrl: "https://a:b@api.example.com" }, /baseUrl/],
  ])("with %s are refused", (_what, options, words) => {
    expect(() => tokenApi(options as TokenApiOptions)).toThrow(words);
  });

  it("want https in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(() => tokenApi({ apiKey: "k1", baseUrl: "http://api.example.com" })).toThrow(/https in production/);
  });
});
