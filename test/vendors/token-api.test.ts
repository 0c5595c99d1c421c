import express from "express";
import express4 from "express4";
import { afterEach, describe, expect, it } from "vitest";
import { unavailable } from "../../src/core/errors.js";
import { sms } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { tokenApiRouter, type TokenApiRouterOptions } from "../../src/vendors/token-api/index.js";
import { curl, type Curled, type Engine, engine, type Host, listen } from "../helpers/vendor-host.js";

const PHONE = "+919812345678";
const BODY =
  '{"type":"numeric","length":6,"text":"One time PIN: {token} has been generated for your request# 12346","expiry":300}';

const open: Host[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
});

interface Serving extends Engine {
  readonly url: string;
  create(path: string, body?: string, ...more: string[]): Promise<Curled>;
  validate(path: string, ...more: string[]): Promise<number>;
  /** The token of the newest message. */
  token(): string;
}

async function serve(options: Partial<TokenApiRouterOptions> = {}, app: typeof express = express): Promise<Serving> {
  const made = engine({ generateCode: undefined as never });
  return { ...made, ...(await serveOn(made, options, app)) };
}

async function serveOn(made: Engine, options: Partial<TokenApiRouterOptions> = {}, app: typeof express = express) {
  const router = tokenApiRouter({ verifications: made.tfa.verifications, keys: ["k1"], ...options });
  const host = await listen(app().use(router));
  open.push(host);
  return {
    url: host.url,
    create: (path: string, body = BODY, ...more: string[]) =>
      curl(
        "-X",
        "POST",
        `${host.url}/v1/token/${path}`,
        ...KEY,
        "-H",
        "content-type: application/json",
        "-d",
        body,
        ...more,
      ),
    validate: async (path: string, ...more: string[]) =>
      (await curl(`${host.url}/v1/token/${path}`, ...KEY, ...more)).status,
    token: () => /(?:PIN:|is) (\S+)/.exec(made.box.messages[0]?.text ?? "")?.[1] ?? "",
  };
}

const KEY = ["-H", "apikey: k1"];

function wrong(token: string): string {
  return [...token].map((each) => (each === "7" ? "8" : "7")).join("");
}

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("the Token API router on %s", (_major, app) => {
  it("T01: creates a token and says no more than yes", async () => {
    const { url, box } = await serve({}, app);
    const answer = await curl(
      "-X",
      "POST",
      `${url}/v1/token/sms/+919812345678`,
      "-H",
      "apikey: k1",
      "-H",
      "content-type: application/json",
      "-d",
      BODY,
    );
    expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-length": "0" } });
    expect(box.messages).toMatchObject([
      {
        to: PHONE,
        channel: "sms",
        text: expect.stringMatching(/^One time PIN: \d{6} has been generated for your request# 12346$/),
      },
    ]);
  });

  it("T02: with letters, as long as it is asked for", async () => {
    const { create, token } = await serve({}, app);
    expect((await create(`sms/${PHONE}`, '{"type":"alphanumeric","length":7}')).status).toBe(200);
    expect(token()).toMatch(/^[0-9a-z]{7}$/);
  });

  it("T03: is valid once", async () => {
    const { create, url, validate, token } = await serve({}, app);
    await create(`sms/${PHONE}`);
    const answer = await curl(`${url}/v1/token/sms/${PHONE}/${token()}`, ...KEY);
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(400);
  });

  it("T04: is the right one, for its identifier, by its path", async () => {
    const { create, validate, token } = await serve({}, app);
    await create("email/ada@example.com");
    const mailed = token();
    await create(`sms/${PHONE}`);
    expect(await validate(`sms/${PHONE}/${wrong(token())}`)).toBe(400);
    expect(await validate(`sms/+919812345679/${token()}`)).toBe(400);
    expect(await validate(`sms/${PHONE}/${mailed}`)).toBe(400);
    expect(await validate(`email/${PHONE}/${token()}`)).toBe(400);
    expect(await validate(`sms/ada@example.com/${mailed}`)).toBe(400);
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(200);
  });

  it("T05: goes by e-mail", async () => {
    const { create, validate, token, box } = await serve({}, app);
    expect((await create("email/xxx@gmail.com")).status).toBe(200);
    expect(box.messages).toMatchObject([{ to: "xxx@gmail.com", channel: "email" }]);
    expect(await validate(`email/xxx@gmail.com/${token()}`)).toBe(200);
  });

  it("T06: dies after its expiry", async () => {
    const { create, validate, token, clock } = await serve({}, app);
    await create(`sms/${PHONE}`);
    clock.tick(301_000);
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(400);
  });

  it.each([
    ["fax/1", BODY],
    [`sms/${PHONE}`, '{"text":"no place"}'],
    [`sms/${PHONE}`, '{"length":0}'],
    [`sms/${PHONE}`, '{"length":"abc"}'],
    [`sms/${PHONE}`, '{"length":1000}'],
    [`sms/${PHONE}`, '{"expiry":-1}'],
  ])("T07: %s with %s is a bad request", async (path, body) => {
    const { create, box } = await serve({}, app);
    expect(await create(path, body)).toMatchObject({ status: 400, text: "" });
    expect(box.messages).toEqual([]);
  });

  it("T08: wants its key", async () => {
    const { url, box } = await serve({}, app);
    const bare = ["-X", "POST", `${url}/v1/token/sms/${PHONE}`, "-d", BODY];
    expect((await curl(...bare)).status).toBe(400);
    expect((await curl(...bare, "-H", "apikey: k2")).status).toBe(400);
    const strict = await serve({ unauthorized: 401 }, app);
    expect((await curl("-X", "POST", `${strict.url}/v1/token/sms/${PHONE}`, "-d", BODY)).status).toBe(401);
    expect((await curl(`${strict.url}/v1/token/sms/${PHONE}/123456`)).status).toBe(401);
    expect([...box.messages, ...strict.box.messages]).toEqual([]);
  });

  it("T09: knows a plus sign by either name", async () => {
    const { create, validate, token } = await serve({}, app);
    await create("sms/%2B919812345678");
    expect(await validate(`sms/+919812345678/${token()}`)).toBe(200);
    await create("sms/+919812345678");
    expect(await validate(`sms/%2b919812345678/${token()}`)).toBe(200);
  });

  it.each(["xd4f67^", "xd4f67%5E"])("T10: takes any character, as in %s", async (written) => {
    const made = engine();
    made.codes.push("xd4f67^");
    const { create, validate } = await serveOn(made, {}, app);
    await create(`sms/${PHONE}`);
    expect(made.texts()[0]).toContain("xd4f67^");
    expect(await validate(`sms/${PHONE}/${written}`)).toBe(200);
  });

  it("T11: takes the place of the one before", async () => {
    const { create, validate, token } = await serve({}, app);
    await create(`sms/${PHONE}`);
    const first = token();
    await create(`sms/${PHONE}`);
    expect(await validate(`sms/${PHONE}/${first}`)).toBe(400);
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(200);
  });

  it("T12: is kept out of caches, and used up by GET only", async () => {
    const { create, url, validate, token } = await serve({}, app);
    expect((await create(`sms/${PHONE}`)).headers["cache-control"]).toBe("no-store");
    const target = `${url}/v1/token/sms/${PHONE}/${token()}`;
    expect(await curl("--head", target, ...KEY)).toMatchObject({ status: 405, headers: { allow: "GET" } });
    expect(await curl(target, ...KEY, "-H", "Sec-Purpose: prefetch;prerender")).toMatchObject({ status: 405 });
    expect(await curl("-X", "POST", target, ...KEY)).toMatchObject({ status: 405 });
    expect(await curl("-X", "DELETE", `${url}/v1/token/sms/${PHONE}`, ...KEY)).toMatchObject({
      status: 405,
      headers: { allow: "POST" },
    });
    const answer = await curl(target, ...KEY);
    expect(answer).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(400);
  });
});

describe("a token", () => {
  it("is what the manual's body asks for, and its defaults where there is none", async () => {
    const { url, texts, validate, token } = await serve();
    expect((await curl("-X", "POST", `${url}/v1/token/sms/${PHONE}`, ...KEY)).status).toBe(200);
    expect(texts()[0]).toMatch(/^One time PIN: \d{6}$/);
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(200);
  });

  it("of one key is nobody else's", async () => {
    const made = engine();
    const { create, url, validate, token } = await serveOn(made, { keys: { acme: "k1", rival: "k2" } });
    await create(`sms/${PHONE}`);
    const mine = token();
    const rival = ["-H", "apikey: k2"];
    expect((await curl(`${url}/v1/token/sms/${PHONE}/${mine}`, ...rival)).status).toBe(400);
    expect((await curl("-X", "POST", `${url}/v1/token/sms/${PHONE}`, ...rival, "-d", BODY)).status).toBe(200);
    expect(await validate(`sms/${PHONE}/${mine}`)).toBe(200);
    expect(await made.tfa.verifications.search({ account: "acme" })).toMatchObject({
      total: 1,
      found: [{ status: "verified" }],
    });
  });

  it("has five attempts", async () => {
    const { create, validate, token } = await serve();
    await create(`sms/${PHONE}`);
    for (let guess = 0; guess < 5; guess += 1) expect(await validate(`sms/${PHONE}/${wrong(token())}`)).toBe(400);
    expect(await validate(`sms/${PHONE}/${token()}`)).toBe(400);
  });

  it("may hold every character that a path can carry", async () => {
    const made = engine();
    const { create, validate } = await serveOn(made);
    for (const token of ["a/b?c#d%", "%2F%2F", "..;a=b", "&&&&", "\\\\\\\\", "a+b+c"]) {
      made.codes.push(token);
      expect((await create(`sms/${PHONE}`)).status).toBe(200);
      expect(await validate(`sms/${PHONE}/${encodeURIComponent(token)}`)).toBe(200);
    }
  });

  it("comes from the alphabet that the server adds", async () => {
    const { create, token } = await serve({
      alphabets: { hex: "0123456789abcdef" },
      defaults: { type: "hex", length: 8 },
    });
    await create(`sms/${PHONE}`, "{}");
    expect(token()).toMatch(/^[0-9a-f]{8}$/);
    expect((await create(`sms/${PHONE}`, '{"type":"constructor"}')).status).toBe(400);
  });

  it("that cannot be sent is a no; one that the store cannot keep is a fault, told to the operator", async () => {
    const refused = new DeliveryError("refused", { unsent: true, permanent: true });
    const refusing = engine({ methods: [sms(() => Promise.reject(refused))] });
    expect((await (await serveOn(refusing)).create(`sms/${PHONE}`)).status).toBe(400);

    const faults: unknown[] = [];
    const fault = new Error("the store has gone");
    const made = engine();
    const verifications = Object.assign(Object.create(made.tfa.verifications), {
      start: () => Promise.reject(unavailable("later", fault, 7)),
      check: () => Promise.reject(fault),
    }) as typeof made.tfa.verifications;
    const { create, validate } = await serveOn(made, { verifications, onFault: (error) => faults.push(error) });
    expect(await create(`sms/${PHONE}`)).toMatchObject({ status: 503, text: "", headers: { "retry-after": "7" } });
    expect(await validate(`sms/${PHONE}/123456`)).toBe(503);
    expect(faults).toMatchObject([{ code: "unavailable", cause: fault }, fault]);
  });

  it("is charged to the limits it names by identifier", async () => {
    const made = engine();
    await made.tfa.limits.create({ account: "acme", name: "per_phone", buckets: [{ max: 1, interval: "60s" }] });
    const { create } = await serveOn(made, { keys: { acme: "k1" }, limits: ["per_phone"] });
    expect((await create(`sms/${PHONE}`)).status).toBe(200);
    expect(await create("sms/%2B91%2098123%2045678")).toMatchObject({ status: 400, headers: { "retry-after": "60" } });
  });

  it.each([
    ["a path that is no text", `sms/%ff%ff`],
    ["a path that goes on", `sms/${PHONE}/123456/more`],
    ["no identifier", "sms/"],
    ["no path at all", ""],
    ["two identifiers", `sms/${PHONE},+919812345679`],
    ["an address by SMS", "sms/ada@example.com"],
  ])("is not made for %s", async (_what, path) => {
    const { create, box } = await serve();
    expect(await create(path)).toMatchObject({ text: "" });
    expect((await create(path)).status).toBeGreaterThanOrEqual(400);
    expect((await create(path)).status).toBeLessThan(500);
    expect(box.messages).toEqual([]);
  });

  it.each([
    "{type:numeric,length:6,text:One",
    "type=numeric&length=6",
    "[]",
    "7",
    '"text"',
    '{"type":7}',
    '{"type":"letters"}',
    '{"text":7}',
    '{"text":{"token":"{token}"}}',
    '{"text":"{code}"}',
    '{"length":3}',
    '{"length":21}',
    '{"length":6.5}',
    '{"length":true}',
    '{"expiry":0}',
    '{"expiry":86401}',
    '{"expiry":"soon"}',
    JSON.stringify({ text: `{token}${"x".repeat(2_000)}` }),
    JSON.stringify({ text: `{token}${"x".repeat(70_000)}` }),
  ])("is not made of %s", async (body) => {
    const { url, box } = await serve();
    const answer = await fetch(`${url}/v1/token/sms/%2B919812345678`, {
      method: "POST",
      headers: { apikey: "k1", "content-type": "application/json" },
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([400, ""]);
    expect(box.messages).toEqual([]);
  });
});

describe("the router", () => {
  it("leaves other paths alone, and works below a mount and a parser", async () => {
    const { tfa, box } = engine();
    const router = tokenApiRouter({ verifications: tfa.verifications, keys: ["k1"] });
    const app = express().use(express.json()).use("/api", router);
    const host = await listen(app);
    open.push(host);
    expect((await curl(`${host.url}/api/v1/other`)).status).toBe(404);
    expect((await curl("-X", "OPTIONS", `${host.url}/api/v1/token/sms/${PHONE}`)).status).toBe(404);
    const answer = await curl(
      "-X",
      "POST",
      `${host.url}/api/v1/token/sms/${PHONE}`,
      ...KEY,
      "-H",
      "content-type: application/json",
      "-d",
      BODY,
    );
    expect(answer.status).toBe(200);
    expect(box.messages[0]?.text).toMatch(/^One time PIN: \d{6} has been/);
  });

  const right = { verifications: engine().tfa.verifications, keys: ["k1"] };
  it.each([
    ["no keys", { ...right, keys: {} }, /at least one key/],
    ["an unknown option", { ...right, key: "k" }, /keys/],
    ["another status", { ...right, unauthorized: 403 }, /400 or 401/],
    ["a text without a place", { ...right, defaults: { text: "Hello" } }, /\{token\}/],
    ["a default that nobody knows", { ...right, defaults: { type: "numbers" } }, /numeric/],
    ["a small alphabet", { ...right, alphabets: { bits: "01" } }, /at least 10/],
    ["a default below the shortest", { ...right, shortest: 8, defaults: { length: 6 } }, /8 to 20/],
    ["a long life", { ...right, longest: "2d" }, /longest/],
    ["no verifications", { keys: ["k1"] }, /tfa\.verifications/],
  ])("is not made with %s", (_what, options, words) => {
    expect(() => tokenApiRouter(options as TokenApiRouterOptions)).toThrow(words);
  });
});
