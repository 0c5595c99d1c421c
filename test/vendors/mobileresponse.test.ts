import express from "express";
import express4 from "express4";
import { afterEach, describe, expect, it } from "vitest";
import { mobileresponseRouter, type MobileResponseRouterOptions } from "../../src/vendors/mobileresponse/index.js";
import { curl, type Curled, type Engine, engine, type Host, listen } from "../helpers/vendor-host.js";

const TOKEN = "11111111-1111-4111-8111-111111111111";
const WORKFLOW = "00000000-0000-0000-0000-000000000000";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const CREATED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;
const A = "+46707123456";
const B = "+46707123457";

const open: Host[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
});

interface Serving extends Engine {
  readonly url: string;
  /** A call as the vendor's manual makes it. */
  post(body: unknown, ...more: string[]): Promise<Curled>;
  generate(receiver: string, code: string): Promise<void>;
  validate(code: string, metadata?: Record<string, string>): Promise<unknown>;
}

async function serve(
  options: Partial<MobileResponseRouterOptions> = {},
  app: typeof express = express,
): Promise<Serving> {
  const made = engine();
  const { verifications } = made.tfa;
  const router = mobileresponseRouter({
    verifications,
    tokens: [TOKEN],
    workflows: { [WORKFLOW]: {} },
    clock: made.clock,
    ...options,
  });
  const host = await listen(app().use(router));
  open.push(host);
  const post = (body: unknown, ...more: string[]) =>
    curl("-X", "POST", `${host.url}/1/workflows`, ...AUTH, ...TYPE, "-d", JSON.stringify(body), ...more);
  return {
    ...made,
    url: host.url,
    post,
    async generate(receiver, code) {
      made.codes.push(code);
      expect((await post({ workflowid: WORKFLOW, metadata: { receiver } })).status).toBe(200);
      expect(made.box.messages[0]).toMatchObject({ to: receiver, text: `Your verification code is ${code}` });
    },
    async validate(code, metadata = {}) {
      const { json } = await post(validation({ "current-code": code, ...metadata }));
      return (json as { data?: unknown }).data ?? json;
    },
  };
}

const AUTH = ["-H", `api-token: ${TOKEN}`];
const TYPE = ["-H", "content-type: json/application"];

function validation(metadata: object): object {
  return {
    workflowid: WORKFLOW,
    triggernames: "validate-code",
    metadata,
    RequestSettings: { "content-type": "json", ResponseData: { "code-is-valid": "metadata.code-is-valid" } },
  };
}

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("the MobileResponse router on %s", (_major, app) => {
  it("B01: makes a code without a trigger's name, and answers with a process", async () => {
    const { url, box, codes } = await serve({}, app);
    codes.push("12345");
    const body = `{"workflowid":"${WORKFLOW}","metadata":{"receiver":"+46707123456"}}`;
    const answer = await curl(
      "-X",
      "POST",
      `${url}/1/workflows`,
      ...AUTH,
      "-H",
      "content-type: json/application",
      "-d",
      body,
    );
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ processId: expect.stringMatching(UUID), created: expect.stringMatching(CREATED) });
    expect(answer.headers).toMatchObject({
      "cache-control": "no-store",
      "content-type": expect.stringMatching(/^application\/json/),
    });
    expect(box.messages).toMatchObject([{ to: A, channel: "sms", text: "Your verification code is 12345" }]);
  });

  it("B02: makes one by name", async () => {
    const { post, box } = await serve({}, app);
    const answer = await post({ workflowid: WORKFLOW, triggernames: "generate-code", metadata: { receiver: A } });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ processId: expect.stringMatching(UUID), created: expect.stringMatching(CREATED) });
    expect(box.messages).toMatchObject([{ to: A }]);
  });

  it("B03: tells the code where it is asked for", async () => {
    const { post, box, codes } = await serve({}, app);
    codes.push("12345");
    const answer = await post({
      workflowid: WORKFLOW,
      triggernames: "generate-code",
      metadata: { receiver: A },
      RequestSettings: {
        "content-type": "json",
        ResponseData: { "current-code": "incomingunit.metadata.current-code" },
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      data: { "current-code": "12345" },
      processId: expect.stringMatching(UUID),
      executionTime: expect.any(Number),
    });
    const { executionTime } = answer.json as { executionTime: number };
    expect(Number.isInteger(executionTime) && executionTime >= 0).toBe(true);
    expect(box.messages[0]?.text).toContain("12345");
  });

  it("B04: takes a right code once", async () => {
    const { post, generate } = await serve({}, app);
    await generate(A, "12345");
    const answer = await post(validation({ "current-code": "12345" }));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      data: { "code-is-valid": "true" },
      processId: expect.stringMatching(UUID),
      executionTime: expect.any(Number),
    });
    expect((await post(validation({ "current-code": "12345" }))).json).toMatchObject({
      data: { "code-is-valid": "false" },
    });
  });

  it('B05: says "false" to a wrong one, and no error', async () => {
    const { post, generate } = await serve({}, app);
    await generate(A, "12345");
    const answer = await post(validation({ "current-code": "54321" }));
    expect(answer.status).toBe(200);
    expect((answer.json as { data: unknown }).data).toEqual({ "code-is-valid": "false" });
  });

  it("B06: gives no verdict without RequestSettings", async () => {
    const { post, generate, validate } = await serve({}, app);
    await generate(A, "12345");
    const call = { workflowid: WORKFLOW, triggernames: "validate-code", metadata: { "current-code": "12345" } };
    const answer = await post(call);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ processId: expect.stringMatching(UUID), created: expect.stringMatching(CREATED) });
    expect(await validate("12345")).toEqual({ "code-is-valid": "false" });
  });

  it.each([
    ["workflowId", "triggerNames"],
    ["workflowId", "TriggerNames"],
    ["WORKFLOWID", "triggernames"],
  ])("B07: takes api-key, application/json, /2/workflows/ and the names %s and %s", async (workflow, trigger) => {
    const { url, box } = await serve({}, app);
    const body = JSON.stringify({ [workflow]: WORKFLOW, [trigger]: "generate-code", metadata: { receiver: A } });
    const headers = ["-H", `api-key: ${TOKEN}`, "-H", "Content-Type: application/json"];
    const answer = await curl("-X", "POST", `${url}/2/workflows/`, ...headers, "-d", body);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ processId: expect.stringMatching(UUID), created: expect.stringMatching(CREATED) });
    expect(box.messages).toMatchObject([{ to: A }]);
  });

  it("B08: refuses who it does not know and what makes no sense, and makes no code of it", async () => {
    const { url, post, box, tfa } = await serve({}, app);
    const body = { workflowid: WORKFLOW, metadata: { receiver: A } };
    const bare = ["-X", "POST", `${url}/1/workflows`, ...TYPE, "-d", JSON.stringify(body)];
    const error = { errors: [{ errorMessage: expect.any(String) }] };
    expect(await curl(...bare)).toMatchObject({ status: 401, json: error });
    expect(await curl(...bare, "-H", "api-token: 22222222-2222-4222-8222-222222222222")).toMatchObject({
      status: 401,
      json: error,
    });
    const strange = await post({ ...body, workflowid: "11111111-0000-0000-0000-000000000000" });
    expect(strange).toMatchObject({ status: 404, json: error });
    expect(await post({ workflowid: WORKFLOW, metadata: {} })).toMatchObject({ status: 400, json: error });
    expect(await post({ workflowid: WORKFLOW })).toMatchObject({ status: 400, json: error });
    expect(box.messages).toEqual([]);
    expect((await tfa.verifications.usage({ account: "acme" }))[0]?.count).toBe(0);
  });

  it("B09: maps the paths that lead somewhere, and null for those that do not", async () => {
    const { post } = await serve({}, app);
    const answer = await post({
      workflowid: WORKFLOW,
      metadata: { receiver: A },
      RequestSettings: { "content-type": "json", ResponseData: { p: "incomingunit.phonenumber", x: "metadata.nope" } },
    });
    expect((answer.json as { data: unknown }).data).toEqual({ p: "+46707123456", x: null });
  });

  it("B10: takes a code from anybody, or only from the receiver that is named", async () => {
    const { generate, validate } = await serve({}, app);
    await generate(A, "12345");
    await generate(B, "67890");
    expect(await validate("67890", { receiver: A })).toEqual({ "code-is-valid": "false" });
    expect(await validate("67890")).toEqual({ "code-is-valid": "true" });
    expect(await validate("12345", { receiver: A })).toEqual({ "code-is-valid": "true" });
  });

  it("B11: takes no more guesses after so many failures, not even a right one, until the window has passed", async () => {
    const { post, generate, validate, clock } = await serve({ failures: { max: 3, interval: "10m" } }, app);
    for (const guess of ["00001", "00002", "00003"])
      expect(await validate(guess)).toEqual({ "code-is-valid": "false" });
    await generate(A, "12345");
    const refused = await post(validation({ "current-code": "12345" }));
    expect(refused).toMatchObject({ status: 429, json: { errors: [{ errorMessage: expect.any(String) }] } });
    expect(refused.headers["retry-after"]).toBe("600");
    clock.tick(599_999);
    await generate(A, "12346");
    expect((await post(validation({ "current-code": "12346" }))).status).toBe(429);
    clock.tick(1);
    expect(await validate("12346")).toEqual({ "code-is-valid": "true" });
  });
});

/** The vendor's manual, word for word: what is sent, and what comes back. */
const MANUAL = {
  create: {
    request: `{
"workflowid": "00000000-0000-0000-0000-000000000000",
"metadata": {
  "receiver": "+46707123456"
  }
}`,
    response: `{
"processId": "5506eeff-169a-406b-b4a5-87d7f49148df",
"created": "2017-05-05T06:59:53.3720470Z"
}`,
  },
  validate: {
    request: `{
  "workflowid":"00000000-0000-0000-0000-000000000000",
    "triggernames":"validate-code",
    "metadata": {
    "current-code":"12345"
},
"RequestSettings" : {
    "content-type": "json",
    "ResponseData": {
      "code-is-valid": "metadata.code-is-valid"
    }
  }
}`,
    response: `{
  "data": {
    "code-is-valid": "false"
  },
  "processId": "ff5ba0a0-09c3-4ebb-99e5-64eca041096d",
  "executionTime": 585
}`,
  },
  tell: {
    request: `{
  "workflowid": "00000000-0000-0000-0000-000000000000",
  "triggernames":"generate-code",
  "metadata": {
    "receiver": "+46707123456"
},
"RequestSettings": {
  "content-type": "json",
  "ResponseData": {
    "current-code": "incomingunit.metadata.current-code"
    }
  }
}`,
    response: `{
  "data": {
    "current-code": "12345"
  },
  "processId": "5c657f4a-1f7d-4c7f-8b91-f11d88d1b834",
  "executionTime": 880
}`,
  },
} as const;

describe("an example of the manual", () => {
  /** Names in their order, with the kind of each value: what a client could depend on. */
  const shape = (value: unknown): unknown => {
    if (typeof value === "object" && value !== null)
      return Object.entries(value).map(([name, each]) => [name, shape(each)]);
    if (typeof value !== "string") return Number.isInteger(value) ? "whole number" : typeof value;
    return UUID.test(value) ? "uuid" : CREATED.test(value) ? "instant" : value;
  };

  it.each(Object.entries(MANUAL))("(%s) is answered with the same fields", async (_name, { request, response }) => {
    const { url, codes } = await serve();
    codes.push("12345");
    const answer = await curl("-X", "POST", `${url}/1/workflows`, ...AUTH, ...TYPE, "--data-binary", request);
    expect(answer.status).toBe(200);
    expect(shape(answer.json)).toEqual(shape(JSON.parse(response)));
  });
});

const withoutCode = { failures: { max: 20, interval: "10m" } } as const;

describe("failures", () => {
  it("that run at the same time share no place", async () => {
    const { generate, validate } = await serve({ failures: { max: 5, interval: "10m" } });
    await generate(A, "12345");
    const guesses = Array.from({ length: 20 }, (_, index) => validate(String(20_000 + index)));
    const answers = await Promise.all(guesses);
    expect(answers.filter((answer) => JSON.stringify(answer) === '{"code-is-valid":"false"}')).toHaveLength(5);
  });

  it("are counted by token and workflow: nobody else is kept out", async () => {
    const other = "22222222-2222-4222-8222-222222222222";
    const second = "00000000-0000-0000-0000-000000000001";
    const workflows = { [WORKFLOW]: {}, [second]: {} };
    const { generate, validate, post, url } = await serve({
      tokens: { a: TOKEN, b: other },
      workflows,
      failures: { max: 1, interval: "10m" },
    });
    await validate("99999");
    expect((await post(validation({ "current-code": "99999" }))).status).toBe(429);
    expect((await post({ ...validation({ "current-code": "99999" }), workflowid: second })).status).toBe(200);
    const body = JSON.stringify(validation({ "current-code": "99999" }));
    expect(
      (await curl("-X", "POST", `${url}/1/workflows`, "-H", `api-token: ${other}`, ...TYPE, "-d", body)).status,
    ).toBe(200);
    // and a code with its receiver is a guess at one verification: it has attempts of its own
    await generate(A, "12345");
    expect(await validate("12345", { receiver: A })).toEqual({ "code-is-valid": "true" });
  });

  it("of right codes are given back", async () => {
    const { generate, validate } = await serve({ failures: { max: 2, interval: "10m" } });
    for (const code of ["11111", "22222", "33333", "44444"]) {
      await generate(A, code);
      expect(await validate(code)).toEqual({ "code-is-valid": "true" });
    }
  });

  it("with a receiver use up its attempts, and its limit however it is spelt", async () => {
    const { generate, validate, post } = await serve(withoutCode);
    await generate(A, "12345");
    for (let guess = 0; guess < 5; guess += 1) await validate(`0000${guess}`, { receiver: A });
    expect(await validate("12345", { receiver: "+46 70 712 34 56" })).toEqual({ "code-is-valid": "false" });
    for (let round = 1; round <= 3; round += 1) {
      await generate(A, `5000${round}`);
      for (let guess = 0; guess < 5; guess += 1) await validate("00000", { receiver: "+46-70-712 34 56" });
    }
    await generate(A, "12346");
    expect((await post(validation({ "current-code": "12346", receiver: A }))).status).toBe(429);
    expect((await post(validation({ "current-code": "12346", receiver: "+46 707 123 456" }))).status).toBe(429);
  });
});

describe("a call", () => {
  it("of one token cannot see the codes of another", async () => {
    const other = "22222222-2222-4222-8222-222222222222";
    const { generate, url, validate } = await serve({ tokens: { acme: TOKEN, rival: other } });
    await generate(A, "12345");
    const stolen = ["-X", "POST", `${url}/1/workflows`, "-H", `api-token: ${other}`, ...TYPE, "-d"];
    for (const metadata of [{ "current-code": "12345" }, { "current-code": "12345", receiver: A }]) {
      const answer = await curl(...stolen, JSON.stringify(validation(metadata)));
      expect((answer.json as { data: unknown }).data).toEqual({ "code-is-valid": "false" });
    }
    expect(await validate("12345")).toEqual({ "code-is-valid": "true" });
  });

  it("gets a code that no other receiver of the workflow has", async () => {
    const { codes, post, box } = await serve();
    codes.push("12345", "12345", "12345", "77777");
    const ask = (receiver: string) => post({ workflowid: WORKFLOW, metadata: { receiver } });
    expect((await ask(A)).status).toBe(200);
    expect((await ask(B)).status).toBe(200);
    expect(box.messages.map(({ text }) => text.slice(-5))).toEqual(["77777", "12345"]);
  });

  it("does not get the code unless it asks by its path", async () => {
    const { post, codes } = await serve();
    codes.push("98989");
    const wanted = {
      a: "metadata.current-code",
      b: "incomingunit.phone",
      c: "incomingunit.metadata.receiver",
      d: "constructor",
    };
    const answer = await post({
      workflowid: WORKFLOW,
      metadata: { receiver: A },
      RequestSettings: { ResponseData: wanted },
    });
    expect((answer.json as { data: unknown }).data).toEqual({ a: null, b: A, c: null, d: null });
    expect(answer.text).not.toContain("98989");
  });

  it("reads mail for an address, and answers its paths", async () => {
    const { post, box, codes } = await serve();
    codes.push("12345");
    const wanted = { mail: "incomingunit.email", address: "incomingunit.EmailAddress", phone: "incomingunit.phone" };
    const answer = await post({
      workflowid: WORKFLOW,
      metadata: { receiver: "ada@Example.com" },
      RequestSettings: { "content-type": "application/json", ResponseData: wanted },
    });
    expect(answer.json).toMatchObject({ data: { mail: "ada@example.com", address: "ada@example.com", phone: null } });
    expect(box.messages).toMatchObject([{ to: "ada@example.com", channel: "email" }]);
  });

  it("gets the metadata that it brought back when its code is validated, and not before", async () => {
    const { post, codes } = await serve();
    codes.push("12345");
    await post({
      workflowid: WORKFLOW,
      metadata: { receiver: A, "app-user-id": "u-7", "current-code": "99999", "code-is-valid": "true" },
    });
    const wanted = {
      id: "incomingunit.metadata.app-user-id",
      ok: "metadata.code-is-valid",
      code: "incomingunit.metadata.current-code",
    };
    const ask = (metadata: object) => post({ ...validation(metadata), RequestSettings: { ResponseData: wanted } });
    expect((await ask({ "current-code": "99999", "code-is-valid": "true" })).json).toMatchObject({
      data: { id: null, ok: "false", code: null },
    });
    expect((await ask({ "current-code": "12345" })).json).toMatchObject({
      data: { id: "u-7", ok: "true", code: null },
    });
  });

  it("finds a workflow by the names that it gives its triggers and metadata", async () => {
    const names = {
      generate: "send-verify-phone-sms",
      validate: "validate-code-phone",
      receiver: "Verify-Number",
      code: "verify-phone-code",
      isValid: "phone-is-valid",
    };
    const { post, codes, box } = await serve({
      workflows: { [WORKFLOW]: { names, digits: 6, text: { default: "{code} yes", SE: "{code} ja" } } },
    });
    codes.push("123456");
    expect(
      (await post({ workflowid: WORKFLOW, triggernames: "generate-code", metadata: { receiver: A } })).status,
    ).toBe(400);
    const made = await post({
      workflowId: WORKFLOW,
      triggerNames: ["send-verify-phone-sms"],
      metadata: { "verify-number": A },
      requestSettings: { responseData: { c: "incomingUnit.metadata.Verify-Phone-Code" } },
    });
    expect(made.json).toMatchObject({ data: { c: "123456" } });
    expect(box.messages[0]?.text).toBe("123456 ja");
    const checked = await post({
      workflowId: WORKFLOW,
      triggerNames: "validate-code-phone, something-else",
      metadata: { "verify-phone-code": "123456" },
      requestSettings: { responseData: { v: "metadata.phone-is-valid" } },
    });
    expect(checked.json).toMatchObject({ data: { v: "true" } });
  });

  it.each([
    ["no JSON", "workflowid"],
    ["a list", "[1]"],
    [
      "both triggers",
      JSON.stringify({ workflowid: WORKFLOW, triggernames: "generate-code,validate-code", metadata: { receiver: A } }),
    ],
    [
      "an unknown trigger",
      JSON.stringify({ workflowid: WORKFLOW, triggernames: "delete-all", metadata: { receiver: A } }),
    ],
    [
      "triggers that are no names",
      JSON.stringify({ workflowid: WORKFLOW, triggernames: [7], metadata: { receiver: A } }),
    ],
    ["two receivers", JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: [A, B] } })],
    ["two receivers in one", JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: `${A};${B}` } })],
    ["a receiver without a country", JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: "0707123456" } })],
    [
      "settings that are none",
      JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: A }, RequestSettings: "yes" }),
    ],
    ["a body of 70 KB", JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: A, x: "x".repeat(70_000) } })],
    [
      "more than it may bring",
      JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: A, x: "x".repeat(1_001) } }),
    ],
    [
      "a validation without a code",
      JSON.stringify({ workflowid: WORKFLOW, triggernames: "validate-code", metadata: {} }),
    ],
  ])("with %s is a bad one", async (_what, body) => {
    const { url, box } = await serve();
    const answer = await fetch(`${url}/1/workflows`, {
      method: "POST",
      headers: { "api-token": TOKEN, "content-type": "json/application" },
      body,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ errors: [{ errorMessage: expect.any(String) }] });
    expect(box.messages).toEqual([]);
  });

  it("leads nowhere with another method or path", async () => {
    const { url } = await serve();
    expect(await curl(`${url}/1/workflows`, ...AUTH)).toMatchObject({ status: 405, headers: { allow: "POST" } });
    expect((await curl("-X", "POST", `${url}/3/workflows`, ...AUTH)).status).toBe(404);
    expect((await curl("-X", "OPTIONS", `${url}/1/workflows`)).status).toBe(404);
  });

  it("is read below a parser that ran before, and at a mount", async () => {
    const { tfa, clock, box } = await serve();
    const router = mobileresponseRouter({
      verifications: tfa.verifications,
      tokens: [TOKEN],
      workflows: { [WORKFLOW]: {} },
      clock,
    });
    const host = await listen(
      express()
        .use(express.json())
        .use(express.urlencoded({ extended: true }))
        .use("/vendor", router),
    );
    open.push(host);
    const body = JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: A } });
    for (const type of ["application/json", "json/application", "application/x-www-form-urlencoded"]) {
      const answer = await curl(
        "-X",
        "POST",
        `${host.url}/vendor/1/workflows`,
        ...AUTH,
        "-H",
        `Content-Type: ${type}`,
        "-d",
        body,
      );
      expect(answer).toMatchObject({ status: 200, json: { processId: expect.stringMatching(UUID) } });
    }
    expect(box.messages).toHaveLength(3);
  });

  it("is charged to the limits of its workflow by receiver", async () => {
    const { post, tfa } = await serve({
      workflows: { [WORKFLOW]: { limits: ["per_phone"] } },
      tokens: { acme: TOKEN },
    });
    await tfa.limits.create({ account: "acme", name: "per_phone", buckets: [{ max: 1, interval: "60s" }] });
    const ask = (receiver: string) => post({ workflowid: WORKFLOW, metadata: { receiver } });
    expect((await ask(A)).status).toBe(200);
    expect(await ask("+46 70 712 34 56")).toMatchObject({ status: 429, headers: { "retry-after": "60" } });
    expect((await ask(B)).status).toBe(200);
  });
});

describe("a fault", () => {
  it("of the store is a 503, told to the operator and not to the caller", async () => {
    const faults: unknown[] = [];
    const { tfa, clock } = engine();
    const broken = Object.assign(Object.create(tfa.verifications), {
      start: () => Promise.reject(new Error("the secret of the store")),
    }) as typeof tfa.verifications;
    const router = mobileresponseRouter({
      verifications: broken,
      tokens: [TOKEN],
      workflows: { [WORKFLOW]: {} },
      clock,
      onFault: (error) => faults.push(error),
    });
    const host = await listen(express().use(router));
    open.push(host);
    const body = JSON.stringify({ workflowid: WORKFLOW, metadata: { receiver: A } });
    const answer = await curl("-X", "POST", `${host.url}/1/workflows`, ...AUTH, ...TYPE, "-d", body);
    expect(answer).toMatchObject({ status: 503, json: { errors: [{ errorMessage: expect.any(String) }] } });
    expect(answer.text).not.toContain("secret");
    expect(faults).toHaveLength(1);
  });
});

describe("a limit that nobody defined", () => {
  it("is the operator's fault: nothing is sent, and whoever listens breaks nothing", async () => {
    const faults: unknown[] = [];
    const { post, box } = await serve({
      workflows: { [WORKFLOW]: { limits: ["per_phone"] } },
      onFault: (error) => {
        faults.push(error);
        throw new Error("the log is full");
      },
    });
    expect((await post({ workflowid: WORKFLOW, metadata: { receiver: A } })).status).toBe(503);
    expect(box.messages).toEqual([]);
    expect(faults).toHaveLength(1);
  });
});

describe("options", () => {
  const { tfa } = engine();
  const right = { verifications: tfa.verifications, tokens: [TOKEN], workflows: { [WORKFLOW]: {} } };
  it.each([
    ["no tokens", { ...right, tokens: [] }, /at least one key/],
    ["a token with a blank", { ...right, tokens: ["a b"] }, /printable/],
    ["the same token twice", { ...right, tokens: { a: "t", b: "t" } }, /twice/],
    ["no workflows", { ...right, workflows: {} }, /workflows/],
    ["a text without a place", { ...right, workflows: { [WORKFLOW]: { text: "Hello" } } }, /place for the code/],
    ["three digits", { ...right, workflows: { [WORKFLOW]: { digits: 3 } } }, /4 to 20/],
    ["an unknown option", { ...right, token: "x" }, /tokens/],
    [
      "an unknown option of a workflow",
      { ...right, workflows: { [WORKFLOW]: { length: 5 } } },
      /unknown option "length"/,
    ],
    ["a status that is no error", { ...right, statuses: { limited: 200 } }, /400 to 499/],
    ["no verifications", { tokens: [TOKEN], workflows: { [WORKFLOW]: {} } }, /tfa\.verifications/],
    [
      "one trigger for both",
      { ...right, workflows: { [WORKFLOW]: { names: { generate: "a", validate: "A" } } } },
      /both/,
    ],
  ])("with %s are refused", (_what, options, words) => {
    expect(() => mobileresponseRouter(options as MobileResponseRouterOptions)).toThrow(words);
  });

  it("choose what the vendor leaves open", async () => {
    const { url, post } = await serve({
      errorBody: (error) => ({ error }),
      statuses: { unauthorized: 403, limited: 420, notFound: 410, invalid: 422 },
      unknownPath: "absent",
    });
    expect((await curl("-X", "POST", `${url}/1/workflows`)).status).toBe(403);
    expect((await post({ workflowid: "x" })).status).toBe(410);
    expect(await post({})).toMatchObject({ status: 422, json: { error: "workflowid is missing." } });
    const wanted = { p: "incomingunit.phone", x: "metadata.nope" };
    const answer = await post({
      workflowid: WORKFLOW,
      metadata: { receiver: A },
      RequestSettings: { ResponseData: wanted },
    });
    expect((answer.json as { data: unknown }).data).toEqual({ p: A });
  });
});
