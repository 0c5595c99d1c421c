import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { memoryStore, sms, type TwoFactorError } from "../../src/index.js";
import { mitto, mittoRouter } from "../../src/vendors/mitto/index.js";
import { ACCOUNTS, OTHER, SEND, SID, SUB, type World, world, type WorldOptions } from "../helpers/mitto-world.js";

let at: World;
afterEach(() => at?.close());
const open = async (options: WorldOptions = {}): Promise<World> => (at = await world(options));

const verify = (requestId: string, code: string) => at.post("/2fa/verify", { service: "2FA", requestId, code });
const refusal = (code: number, message: string) => ({ code, message, requestID: null });

/** Everything that a call could have changed, to be compared before and after. */
async function state(): Promise<unknown> {
  const accounts = [SID, SUB, OTHER];
  const { verifications, limits, workflows } = at.tfa;
  const of = async (account: string) => [
    await verifications.search({ account, limit: 100 }),
    await limits.search({ account }),
    await workflows.search({ account }),
  ];
  return JSON.stringify([at.sent.length, await Promise.all(accounts.map(of))]);
}

describe("credentials", () => {
  it.each([
    ["no header", {}],
    ["a wrong token", { authorization: `Basic ${btoa(`${SID}:nope`)}` }],
    ["a token too long", { authorization: `Basic ${btoa(`${SID}:tokk`)}` }],
    ["no token", { authorization: `Basic ${btoa(`${SID}:`)}` }],
    ["an unknown account", { authorization: `Basic ${btoa("AC1:tok")}` }],
    ["the token of another account", { authorization: `Basic ${btoa(`${SID}:other-tok`)}` }],
    ["a name out of the prototype", { authorization: `Basic ${btoa("__proto__:tok")}` }],
    ["another scheme", { authorization: "Bearer tok" }],
    ["rubbish", { authorization: "Basic ???" }],
  ])("with %s are refused before anything is read", async (_what, headers) => {
    await open();
    const before = await state();
    for (const [method, path] of [
      ["POST", "/2fa/send"],
      ["POST", "/2fa/limits"],
      ["GET", "/2fa/search"],
      ["GET", "/2fa/send"],
    ] as const) {
      const answer = await at.call({
        method,
        path,
        ...(method === "POST" ? { body: SEND } : {}),
        headers: { authorization: "", ...headers },
      });
      expect([answer.status, answer.json]).toEqual([401, refusal(401, "Unauthorized")]);
      expect(answer.headers["www-authenticate"]).toMatch(/^Basic /);
    }
    expect(await state()).toBe(before);
  });

  it("may have blanks around either half", async () => {
    await open();
    expect((await at.post("/2fa/send", SEND, { user: ` ${SID} `, token: " tok " })).status).toBe(200);
  });
});

describe("an account with a list of addresses", () => {
  const only = (...allowIps: string[]) => ({ router: { accounts: { [SID]: { token: "tok", allowIps } } } });

  it.each([["127.0.0.1"], ["10.0.0.0/8", "127.0.0.0/8"], ["::1", "127.0.0.1/32"]])(
    "is served to %s",
    async (...ips) => {
      await open(only(...ips));
      await at.send();
      expect(at.sent).toHaveLength(1);
    },
  );

  it.each([["127.0.0.2"], ["10.0.0.0/8"], ["::1"], []])(
    "is a wrong token to everybody else than %s",
    async (...ips) => {
      await open(only(...ips));
      const elsewhere = await at.post("/2fa/send", SEND);
      const wrong = await at.post("/2fa/send", SEND, { token: "wrong" });
      expect(elsewhere).toMatchObject({ status: 401, text: wrong.text });
      expect(at.sent).toEqual([]);
    },
  );

  it.each(["localhost", "127.0.0.1/33", "127.0.0.1/", "1.2.3", "::/129", "10.0.0.0/8/8", ""])(
    "refuses %j for an address",
    async (address) => {
      await expect(open(only(address))).rejects.toMatchObject({ code: "misconfigured" });
      at = await world();
    },
  );
});

describe("accounts", () => {
  it("never learn of each other: what is another's is unknown", async () => {
    await open();
    const id = await at.send();
    const limit = (await at.post("/2fa/limits", { name: "mine", buckets: [{ name: "b", max: 1, interval: 30 }] })).json
      .data.sid;
    const workflow = (await at.post("/2fa/workflows", { name: "mine", channels: [{ channel: "sms", interval: 0 }] }))
      .json.data.sid;
    const unknown = "00000000000000000000000000000000";
    const before = await state();
    const calls = (otp: string, lm: string, wf: string) =>
      [
        ["POST", "/2fa/verify", { service: "2FA", requestId: otp, code: "312209" }],
        ["POST", "/2fa/cancel", { requestId: otp }],
        ["GET", `/2fa/search/${otp}`],
        ["PUT", `/2fa/limits/${lm}`, { description: "x" }],
        ["DELETE", `/2fa/limits/${lm}`],
        ["GET", `/2fa/limits/search/${lm}`],
        ["PUT", `/2fa/workflows/${wf}`, { description: "x" }],
        ["DELETE", `/2fa/workflows/${wf}`],
        ["GET", `/2fa/workflows/search/${wf}`],
        ["POST", "/2fa/send", { ...SEND, workflow: wf }],
      ] as const;
    const theirs = calls(id, limit, workflow);
    const nobodys = calls(`OTP${unknown}`, `LM${unknown}`, `WF${unknown}`);
    for (const user of [OTHER, SUB]) {
      for (const [index, [method, path, body]] of theirs.entries()) {
        const answer = await at.call({ method, path, user, ...(body ? { body } : {}) });
        const [, nowhere = "", nothing] = nobodys[index] ?? [];
        const missing = await at.call({ method, path: nowhere, user, ...(nothing ? { body: nothing } : {}) });
        expect([answer.status, answer.text, answer.reason], path).toEqual([
          missing.status,
          missing.text,
          missing.reason,
        ]);
        expect(answer.status).toBeGreaterThanOrEqual(404);
      }
      expect((await at.get("/2fa/search", { user })).json.total).toBe(0);
      expect((await at.get("/2fa/limits/search", { user })).json.data.total).toBe(0);
      expect((await at.get("/2fa/usage/records", { user })).json.usageRecords[0].count).toBe("0");
      const limited = await at.post("/2fa/send", { ...SEND, limits: { mine: "x" } }, { user });
      expect(limited.json).toEqual(refusal(493, "Invalid Limit Id"));
    }
    expect(await state()).toBe(before);
  });

  it("act for their sub-accounts, and for nobody else", async () => {
    await open();
    const id = await at.send({ accountSid: SUB });
    expect((await at.get(`/2fa/search/${id}`)).status).toBe(404);
    expect((await at.get(`/2fa/search/${id}?accountSid=${SUB}`)).json).toMatchObject({ accountSid: SUB, sid: id });
    expect((await at.get(`/2fa/search/${id}`, { user: SUB })).status).toBe(200);
    const listed = await at.get(`/2fa/search?accountSid=${SUB}&pageSize=1`);
    expect(listed.json.first_page_uri).toBe(`/2fa/search?pageSize=1&page=0&accountSid=${SUB}`);
    expect((await at.get(listed.json.first_page_uri)).json).toEqual(listed.json);

    const before = await state();
    for (const [user, accountSid] of [
      [SID, OTHER],
      [SID, "AC99999999999999999999999999999999"],
      [SUB, SID],
      [OTHER, SUB],
      [SID, "__proto__"],
    ] as const) {
      const answer = await at.post("/2fa/send", { ...SEND, accountSid }, { user });
      expect([answer.status, answer.json]).toEqual([404, refusal(404, "Invalid Account Sid")]);
    }
    expect((await at.post("/2fa/send", { ...SEND, accountSid: [SUB] })).status).toBe(400);
    expect(await state()).toBe(before);
  });

  it("see in a workflow who asked and whose it is", async () => {
    await open();
    const body = { name: "w", channels: [{ channel: "tts", interval: 5 }], accountSid: SUB };
    const { data } = (await at.post("/2fa/workflows", body)).json;
    expect(data).toMatchObject({
      channels: [{ channel: "tts", interval: "5" }],
      description: null,
      accountSid: SID,
      accountEmail: "jane.doe@yourcompany.com",
      targetAccountSid: SUB,
      targetAccountEmail: "sub@yourcompany.com",
    });
    const seen = (await at.get(`/2fa/workflows/search/${data.sid}`, { user: SUB })).json.data;
    expect(seen).toMatchObject({ accountSid: SUB, accountEmail: "sub@yourcompany.com" });
    expect(JSON.stringify(seen)).not.toContain(SID);
    const page = (await at.get(`/2fa/workflows/search?accountSid=${SUB}`)).json.data;
    expect(page.uri).toBe(`/2fa/workflows/search?pageSize=10&page=0&accountSid=${SUB}`);
  });
});

describe("a send", () => {
  it.each<[string, object, Record<string, unknown>]>([
    [
      "names in capitals",
      { Service: "2FA", FROM: "Acme", To: SEND.to, BODY: SEND.body, service: undefined, from: undefined },
      { from: "Acme" },
    ],
    ["a number with its plus", { to: "+919960639901" }, { to: "+919960639901" }],
    ["a number that is a number", { to: 919960639901 }, { to: "+919960639901" }],
    ["a nickname", { to: "client:ada.b-1" }, { to: "client:ada.b-1" }],
    ["a number nobody could have", { to: "120120105123" }, { to: "+120120105123" }],
    ["a number with marks in it", { to: "+1 (201) 275-1398" }, { to: "+12012751398" }],
    ["a call by its name in usage", { channel: "call" }, { channel: "voice" }],
    ["a call by its name in workflows", { channel: "Voice" }, { channel: "voice" }],
    [
      "a call by its name in prose",
      { channel: "TTS", language: "awspolly.sv-SE", voice: "woman", repeat: 2 },
      { channel: "voice", locale: "sv", hints: { language: "awspolly.sv-SE", voice: "woman", repeat: 2 } },
    ],
    [
      "an e-mail",
      { channel: "email", to: "ada@example.com", emailFrom: "no-reply@acme.test", subject: "Hello" },
      { channel: "email", to: "ada@example.com", from: "no-reply@acme.test", subject: "Hello" },
    ],
    [
      "an e-mail to a field of its own",
      { channel: "email", to: undefined, emailTo: "ada@example.com" },
      { to: "ada@example.com" },
    ],
    ["four digits", { codeLength: "4" }, { text: "Your verification code is: 3122" }],
    ["ten digits", { digits: 10 }, { text: "Your verification code is: 3122091234" }],
    ["a code of one's own", { code: "aB3x" }, { text: "Your verification code is: aB3x" }],
    [
      "two places for the code",
      { body: "{code} or {{code}} or {token}\n{code}" },
      { text: "312209 or {{code}} or {token}\n312209" },
    ],
    ["fields that nobody knows", { pumpkin: true, __proto__: { channel: "email" } }, { channel: "sms" }],
  ])("takes %s", async (_what, fields, message) => {
    await open();
    await at.send(fields);
    expect(at.sent).toMatchObject([message]);
  });

  it.each<[string, object]>([
    ["no service", { service: undefined }],
    ["an empty service", { service: " " }],
    ["no sender", { from: undefined }],
    ["no recipient", { to: undefined }],
    ["two recipients", { to: ["919960639901", "919960639902"] }],
    ["two recipients in one", { to: "919960639901,919960639902" }],
    ["a recipient with an extension", { to: "919960639901;ext=2" }],
    ["a nickname without a name", { to: "client:" }],
    ["a nickname that is an address", { to: "client:ada@example.com" }],
    ["a number too long", { to: "9199606399019999" }],
    ["an e-mail address for a message", { to: "ada@example.com" }],
    ["a number for an e-mail", { channel: "email" }],
    ["no text", { body: undefined }],
    ["a text without a place for the code", { body: "Hello" }],
    ["a text with another place", { body: "Hello {token}" }],
    ["a text that is none", { body: { "{code}": 1 } }],
    ["a text with a NUL", { body: "{code}\u0000" }],
    ["a text too long", { body: `{code}${"x".repeat(2_000)}` }],
    ["an unknown channel", { channel: "fax" }],
    ["a channel out of the prototype", { channel: "constructor" }],
    ["three digits", { codeLength: 3 }],
    ["eleven digits", { codeLength: 11 }],
    ["a length that is none", { codeLength: "six" }],
    ["a code too short", { code: "123" }],
    ["a code too long", { code: "12345678901" }],
    ["a code with signs", { code: "12 456" }],
    ["a life of nothing", { expiry: 0 }],
    ["a life beyond a day", { expiry: 86_401 }],
    ["a guard that is none", { guardTime: "soon" }],
    ["a negative guard", { guardTime: -1 }],
    ["limits as a list", { limits: ["a"] }],
    ["limits as a word", { limits: "a" }],
    ["limits by objects", { limits: { a: {} } }],
    ["a sender on two lines", { from: "Acme\r\nBcc: x" }],
    ["a subject on two lines", { channel: "email", to: "ada@example.com", subject: "a\nb" }],
    ["another voice", { voice: "robot" }],
  ])("refuses %s, and nothing happens", async (_what, fields) => {
    await open();
    const before = await state();
    const answer = await at.post("/2fa/send", { ...SEND, ...fields });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual(refusal(400, expect.any(String) as unknown as string));
    expect(await state()).toBe(before);
  });

  it("says by its own code which limit or workflow does not exist", async () => {
    await open();
    expect((await at.post("/2fa/send", { ...SEND, limits: { nope: "1" } })).json).toEqual(
      refusal(493, "Invalid Limit Id"),
    );
    expect((await at.post("/2fa/send", { ...SEND, limits: JSON.parse('{"__proto__":"1"}') })).status).toBe(493);
    expect((await at.post("/2fa/send", { ...SEND, workflow: "nope" })).json).toEqual(
      refusal(499, "Invalid Workflow Id"),
    );
    expect(at.sent).toEqual([]);
  });

  it("counts a telephone number by a limit alike from JSON and from a form", async () => {
    await open();
    await at.post("/2fa/limits", { name: "by_phone", buckets: [{ name: "b", max: 1, interval: 30 }] });
    const form = 'service=2FA&from=Acme&to=+919960639901&body={code}&limits={"by_phone":"+919960639901"}';
    expect((await at.post("/2fa/send", form)).json.code).toBe(200);
    expect((await at.post("/2fa/send", { ...SEND, limits: { by_phone: "+919960639901" } })).status).toBe(429);
  });

  it("goes by the steps of a workflow, by id or name, until it is answered", async () => {
    await open();
    const channels = [
      { channel: "sms", interval: 0 },
      { channel: "voice", interval: 60 },
    ];
    const { data } = (await at.post("/2fa/workflows", { name: "insist", channels })).json;
    for (const fields of [{ workflow: "insist" }, { workflowSid: data.sid }, { WorkflowId: data.sid }]) {
      const id = await at.send(fields);
      await at.tfa.verifications.resend({ id, account: SID, next: true });
      expect(at.sent.slice(0, 2)).toMatchObject([{ channel: "voice" }, { channel: "sms" }]);
      const { events } = (await at.get(`/2fa/search/${id}`)).json;
      expect(events).toMatchObject([
        { channel: "sms", targetSid: expect.stringMatching(/^SM[0-9a-f]{32}$/) },
        { channel: "call", targetSid: expect.stringMatching(/^CA[0-9a-f]{32}$/) },
      ]);
      expect((await verify(id, "312209")).status).toBe(200);
    }
  });

  it("that no provider takes is refused, or accepted where the option says so", async () => {
    await open();
    at.failing = true;
    const refused = await at.post("/2fa/send", SEND);
    expect([refused.status, refused.json]).toEqual([502, refusal(502, "OTP could not be sent")]);
    expect((await at.get("/2fa/search?status=failed")).json.twoFaOtpSdrs).toMatchObject([
      { status: "failed", events: [{ channelStatus: "failed" }] },
    ]);
    await at.close();
    await open({ router: { undelivered: "accept" } });
    at.failing = true;
    const id = await at.send();
    expect((await at.get(`/2fa/search/${id}`)).json).toMatchObject({
      status: "failed",
      events: [{ channelStatus: "failed" }],
    });
    expect((await verify(id, "312209")).status).toBe(422);
  });
});

describe("a verify", () => {
  it("names every way in which an OTP cannot be verified", async () => {
    await open();
    expect((await verify("OTP1", "1")).json).toEqual(refusal(404, "Invalid Request Id"));
    const spent = await at.send();
    for (let attempt = 0; attempt < 5; attempt += 1) expect((await verify(spent, "000000")).status).toBe(422);
    expect((await verify(spent, "312209")).json).toEqual(refusal(429, "Max attempts reached"));
    expect((await at.get(`/2fa/search/${spent}`)).json.status).toBe("failed");
    const used = await at.send();
    expect((await verify(used, "312209")).status).toBe(200);
    expect((await verify(used, "312209")).json).toEqual(refusal(409, "OTP is not pending"));
    const late = await at.send({ expiry: 30 });
    at.clock.tick(30_000);
    expect((await verify(late, "312209")).json).toEqual(refusal(410, "OTP expired"));
    expect((await at.post("/2fa/cancel", { requestId: late })).json).toEqual(refusal(409, "OTP is not pending"));
    expect((await at.post("/2fa/cancel", { requestId: "x" })).json).toEqual(refusal(404, "Invalid Request Id"));
  });

  it("finds the newest OTP of a number, as older clients ask for it", async () => {
    await open();
    at.codes.push("111111", "222222");
    await at.send({ guardTime: 60 });
    const id = await at.send();
    const ask = (fields: object) => at.post("/2fa/verify", { service: "2FA", code: "222222", ...fields });
    expect((await ask({ number: "+919960639902" })).status).toBe(404);
    expect((await ask({ number: "919960639901", service: "other" })).status).toBe(404);
    expect((await at.post("/2fa/verify", "service=2FA&number=+919960639901&code=222222")).json.requestID).toBe(id);
  });

  it("does not take the code of one service for another, and costs it no attempt", async () => {
    await open();
    const id = await at.send();
    const answer = await at.post("/2fa/verify", { service: "Bank", requestId: id, code: "312209" });
    expect(answer.status).toBe(404);
    expect((await at.get(`/2fa/search/${id}`)).json.checks).toEqual([]);
  });

  it.each([
    { code: undefined },
    { code: "" },
    { code: {} },
    { code: ["312209"] },
    { code: true },
    { code: "9".repeat(65) },
    { requestId: undefined },
    { requestId: {} },
  ])("refuses %o without counting it", async (fields) => {
    await open();
    const id = await at.send();
    const answer = await at.post("/2fa/verify", { service: "2FA", requestId: id, code: "312209", ...fields });
    expect(answer.status).toBe(400);
    expect((await at.get(`/2fa/search/${id}`)).json.checks).toEqual([]);
  });

  it("takes a code of one's own as it was given, whatever its letters", async () => {
    await open();
    const id = await at.send({ code: "aB3x9" });
    expect((await verify(id, "ab3x9")).status).toBe(422);
    expect((await verify(id, " aB3x9 ")).status).toBe(200);
  });

  it("is limited over all OTPs of a number", async () => {
    await open({ router: { failures: { max: 3, interval: "1m" } } });
    for (let guess = 0; guess < 3; guess += 1) expect((await verify(await at.send(), "000000")).status).toBe(422);
    const limited = await verify(await at.send(), "312209");
    expect([limited.status, limited.headers["retry-after"]]).toEqual([429, "60"]);
    at.clock.tick(60_000);
    expect((await verify(await at.send(), "312209")).status).toBe(200);
  });

  it("answers 503 and loses no attempt when nobody can say whether the code is right", async () => {
    const maker = await world();
    const methods = [sms(mitto({ accountSid: SID, token: "tok", service: "2FA", from: "A", baseUrl: maker.url }))];
    await open({ engine: { methods } });
    const id = await at.send();
    expect((await verify(id, "000000")).status).toBe(422);
    await maker.close();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const answer = await verify(id, "312209");
      expect([answer.status, answer.json]).toEqual([503, refusal(503, "Service unavailable")]);
      expect(answer.headers["retry-after"]).toBe("1");
    }
    expect((await at.get(`/2fa/search/${id}`)).json).toMatchObject({ status: "pending", checks: [{ code: "000000" }] });
  });

  it("answers 503 when the store is down, and somebody is told", async () => {
    const store = memoryStore();
    const find = store.find.bind(store);
    let down = false;
    store.find = (which, now) => (down ? Promise.reject(new Error("down")) : find(which, now));
    await open({ engine: { store } });
    const id = await at.send();
    down = true;
    const calls = [verify(id, "312209"), at.get(`/2fa/search/${id}`), at.post("/2fa/cancel", { requestId: id })];
    for (const answer of await Promise.all(calls)) expect(answer.json).toEqual(refusal(503, "Service unavailable"));
    expect(at.faults).toHaveLength(3);
    down = false;
    expect((await verify(id, "312209")).status).toBe(200);
  });
});

describe("records", () => {
  it("are found by service, recipient, day and status, and every address leads on", async () => {
    await open();
    const first = await at.send({ service: "Bank" });
    at.clock.tick(24 * 3_600_000);
    const second = await at.send({ to: "919960639902" });
    await at.send({ channel: "email", to: "ada@Example.com" });
    const ids = async (query: string) => {
      const { json, text } = await at.get(`/2fa/search?${query}`);
      if (!json.twoFaOtpSdrs) throw new Error(text);
      expect((await at.get(json.first_page_uri)).json).toEqual(json);
      return json.twoFaOtpSdrs.map((record: { sid: string }) => record.sid);
    };
    expect(await ids("service=Bank")).toEqual([first]);
    expect(await ids("to=%2B919960639902")).toEqual([second]);
    expect(await ids("to=+919960639902")).toEqual([second]);
    expect(await ids("to=919960639902&startDate=2026-01-02&endDate=2026-01-02")).toEqual([second]);
    expect(await ids("to=ada@example.com")).toHaveLength(1);
    expect(await ids("endDate=2026-01-01")).toEqual([first]);
    expect(await ids("startDate=-1days")).toHaveLength(3);
    expect(await ids("status=expired")).toEqual([first]);
    expect(await ids("STATUS=Pending")).toHaveLength(2);
    expect(await ids("status=cancelled")).toEqual([]);
    const posted = await at.post("/2fa/search.json", "status=expired");
    expect(posted.json.total).toBe(1);
  });

  it.each([
    "status=nope",
    "status=constructor",
    "pageSize=0",
    "pageSize=x",
    "page=-1",
    "page=1.5",
    "startDate=2026-02-30",
    "startDate=today",
    "endDate=1",
    "to=;",
    "pageSize=1&status[]=x&page=y",
  ])("asked for by %s are refused", async (query) => {
    await open();
    expect((await at.get(`/2fa/search?${query}`)).status).toBe(400);
  });

  it("of the failed are those without attempts and those that reached nobody, newest first over all pages", async () => {
    await open({ router: { maxAttempts: 1 } });
    const order = "fuffuuuffu".split("");
    const made: string[] = [];
    for (const kind of order) {
      at.failing = kind === "u";
      await at.post("/2fa/send", { ...SEND, to: `9199606399${10 + made.length}` });
      const newest = (await at.get("/2fa/search?pageSize=1")).json.twoFaOtpSdrs[0].sid;
      if (kind === "f") await verify(newest, "000000");
      made.unshift(newest);
      at.clock.tick(1000);
    }
    for (const pageSize of [1, 2, 3, 4, 10, 100]) {
      const seen: string[] = [];
      let uri: string | null = `/2fa/search?status=failed&pageSize=${pageSize}`;
      while (uri !== null) {
        const { json } = await at.get(uri);
        expect(json).toMatchObject({ total: 10, num_pages: Math.ceil(10 / pageSize) });
        seen.push(...json.twoFaOtpSdrs.map((record: { sid: string }) => record.sid));
        uri = json.next_page_uri;
      }
      expect(seen).toEqual(made);
    }
    expect((await at.get("/2fa/search?status=failed&page=100")).json.twoFaOtpSdrs).toEqual([]);
  });

  it("of a page with nothing on it count nothing", async () => {
    await open();
    const { json } = await at.get("/2fa/search");
    expect(json).toMatchObject({
      page: 0,
      num_pages: 0,
      page_size: 10,
      total: 0,
      start: 0,
      end: -1,
      next_page_uri: null,
    });
    expect((await at.get("/2fa/search?pageSize=1000")).json.page_size).toBe(100);
  });

  it("can hide what people typed", async () => {
    await open({ router: { maskCodes: true } });
    const id = await at.send();
    await verify(id, "847992");
    expect((await at.get(`/2fa/search/${id}`)).json.checks).toMatchObject([{ status: "invalid", code: "******" }]);
  });
});

describe("usage", () => {
  it("has eight stretches of time, in any case and with any channel", async () => {
    await open({ at: Date.UTC(2025, 11, 31, 12) });
    await at.send();
    at.clock.tick(24 * 3_600_000);
    await at.send({ to: "919960639902", channel: "call" });
    const counts = async (path: string) => {
      const { json, text } = await at.get(`/2fa/usage/records${path}`);
      if (!json.usageRecords) throw new Error(text);
      return json.usageRecords.map((record: Record<string, string>) => [
        record["startTime"],
        record["endTime"],
        record["count"],
      ]);
    };
    expect(await counts("/Daily")).toEqual([
      ["2025-12-31", "2025-12-31", "1"],
      ["2026-01-01", "2026-01-01", "1"],
    ]);
    expect(await counts("/monthly.json")).toEqual([
      ["2025-12-01", "2025-12-31", "1"],
      ["2026-01-01", "2026-01-31", "1"],
    ]);
    expect(await counts("/YEARLY")).toEqual([
      ["2025-01-01", "2025-12-31", "1"],
      ["2026-01-01", "2026-12-31", "1"],
    ]);
    expect(await counts("/AllTime")).toEqual([["2025-12-31", "2026-01-01", "2"]]);
    expect(await counts("/Today")).toEqual([["2026-01-01", "2026-01-01", "1"]]);
    expect(await counts("/Yesterday")).toEqual([["2025-12-31", "2025-12-31", "1"]]);
    expect(await counts("/ThisMonth")).toEqual([["2026-01-01", "2026-01-01", "1"]]);
    expect(await counts("/LastMonth.json")).toEqual([["2025-12-01", "2025-12-31", "1"]]);
    expect(await counts("/today?channel=tts")).toEqual([["2026-01-01", "2026-01-01", "1"]]);
    expect(await counts("/daily?channel=SMS")).toEqual([["2025-12-31", "2025-12-31", "1"]]);
    expect(await counts("?channel=email")).toMatchObject([["2026-01-01", "2026-01-01", "0"]]);
    expect(await counts("?startDate=-1days&endDate=-1days&channel=all")).toEqual([["2025-12-31", "2025-12-31", "1"]]);
    expect(await counts(".json&channel=call")).toMatchObject([[expect.any(String), expect.any(String), "1"]]);
    const posted = await at.post("/2fa/usage/records", '{"channel":"sms"}');
    expect(posted.json.usageRecords).toMatchObject([
      { description: "Total SMS sent for OTP", unit: "SMS", count: "1" },
    ]);
  });

  it.each(["/weekly", "/constructor", "/__proto__"])("has no stretch %s", async (path) => {
    await open();
    expect((await at.get(`/2fa/usage/records${path}`)).json).toEqual(refusal(404, "Not found"));
  });

  it.each(["?channel=fax", "?startDate=2020-13-01", ".channel=fax"])("asked for by %s is refused", async (query) => {
    await open();
    expect((await at.get(`/2fa/usage/records${query}`)).status).toBe(400);
  });
});

describe("definitions", () => {
  it("of a limit can change in part, and go", async () => {
    await open();
    const created = await at.post("/2fa/limits", {
      name: "l",
      buckets: [{ max: 1, interval: 60 }],
      description: "first",
    });
    expect(created.json.data.buckets).toBe('[{"name":"bucket1","max":"1","interval":"60"}]');
    const path = `/2fa/limits/${created.json.data.sid}`;
    const described = await at.call({ method: "PUT", path, body: { description: "second\\n[mitto {}]" } });
    expect(described.json.data).toEqual({ ...created.json.data, description: "second\\n[mitto {}]" });
    const loosened = await at.call({
      method: "PUT",
      path: `${path}.json`,
      body: 'buckets=[{"name":"x","max":2,"interval":60}]',
    });
    expect(loosened.json.data).toMatchObject({
      buckets: '[{"name":"x","max":2,"interval":60}]',
      description: "second\\n[mitto {}]",
    });
    for (const status of [200, 200, 429])
      expect((await at.post("/2fa/send", { ...SEND, limits: { l: "v" } })).status).toBe(status);
    expect((await at.call({ method: "DELETE", path })).json).toEqual(loosened.json);
    expect((await at.call({ method: "PUT", path, body: {} })).status).toBe(493);
  });

  it("made by the app itself are shown as if they had been made here", async () => {
    await open();
    await at.tfa.limits.create({
      account: SID,
      name: "own",
      description: "by the app",
      buckets: [{ max: 3, interval: "1m" }],
    });
    await at.tfa.workflows.create({ account: SID, name: "own", steps: [{ channel: "voice", interval: "1m" }] });
    const [limit] = (await at.get("/2fa/limits/search")).json.data.result;
    expect(limit).toMatchObject({
      buckets: '[{"name":"bucket1","max":"3","interval":"60"}]',
      description: "by the app",
    });
    const [workflow] = (await at.get("/2fa/workflows/search")).json.data.result;
    expect(workflow).toMatchObject({ channels: [{ channel: "voice", interval: "60" }], description: null });
    const path = `/2fa/workflows/${encodeURIComponent(workflow.sid)}`;
    expect((await at.call({ method: "PUT", path, body: { description: "d" } })).json.data).toEqual({
      ...workflow,
      description: "d",
    });
  });

  it("come in pages that lead to one another, or by name", async () => {
    await open();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await at.post("/2fa/workflows", { name, channels: '[{"channel":"sms","interval":"0"}]' });
    const { data } = (await at.get("/2fa/workflows/search?pageSize=2&page=1")).json;
    expect(data).toMatchObject({ pageSize: 2, total: 5, page: 1, numPages: 3, start: 2, end: 3 });
    expect(data.previousPageUri).toBe("/2fa/workflows/search?pageSize=2&page=0");
    const next = (await at.get(data.nextPageUri)).json.data;
    expect(next.result.map(({ name }: { name: string }) => name)).toEqual(["e"]);
    expect(next).not.toHaveProperty("nextPageUri");
    expect((await at.get("/2fa/workflows/search?name=d")).json.data).toMatchObject({
      total: 1,
      result: [{ name: "d" }],
    });
    expect((await at.get("/2fa/limits/search?name=d")).json.data).toMatchObject({ total: 0, result: [] });
  });

  it.each<[string, object]>([
    ["limits", { name: "x" }],
    ["limits", { buckets: [{ name: "a", max: 1, interval: 1 }] }],
    ["limits", { name: {}, buckets: [{ name: "a", max: 1, interval: 1 }] }],
    ["limits", { name: "x", buckets: "[" }],
    ["limits", { name: "x", buckets: "[]" }],
    ["limits", { name: "x", buckets: {} }],
    ["limits", { name: "x", buckets: [1] }],
    ["limits", { name: "x", buckets: [{ max: 0, interval: 1 }] }],
    ["limits", { name: "x", buckets: [{ max: 1, interval: 0 }] }],
    ["limits", { name: "x", buckets: [{ max: "many", interval: 1 }] }],
    ["limits", { name: "x", buckets: [{ max: 1e9, interval: 1 }] }],
    [
      "limits",
      {
        name: "x",
        buckets: [
          { name: "a", max: 1, interval: 1 },
          { name: "a", max: 2, interval: 2 },
        ],
      },
    ],
    ["limits", { name: "x", buckets: [1, 2, 3].map((max) => ({ max, interval: max })) }],
    ["workflows", { name: "x" }],
    ["workflows", { name: "x", channels: "sms" }],
    ["workflows", { name: "x", channels: [] }],
    ["workflows", { name: "x", channels: [{ channel: "fax", interval: 0 }] }],
    ["workflows", { name: "x", channels: [{ channel: "sms", interval: -1 }] }],
    ["workflows", { name: "x", channels: [{ channel: "sms" }, { channel: "email" }] }],
    ["workflows", { name: "x", channels: Array.from({ length: 11 }, () => ({ channel: "sms", interval: 1 })) }],
  ])("of %s by %o are refused", async (kind, body) => {
    await open();
    const before = await state();
    expect((await at.post(`/2fa/${kind}`, body)).json).toEqual(refusal(400, expect.any(String) as unknown as string));
    expect(await state()).toBe(before);
  });

  it("with two buckets over one time hold by the smaller", async () => {
    await open();
    await at.post("/2fa/limits", {
      name: "l",
      buckets: [
        { name: "a", max: 3, interval: 60 },
        { name: "b", max: 2, interval: 60 },
      ],
    });
    for (const status of [200, 200, 429])
      expect((await at.post("/2fa/send", { ...SEND, limits: { l: "v" } })).status).toBe(status);
  });
});

describe("on the wire", () => {
  it("a path may be in any case, end in a slash or in .json, and lie below another", async () => {
    await open({ mount: "/as/mitto" });
    for (const path of ["/2FA/Send", "/2fa/send/", "/2fa/send.JSON"]) {
      expect((await at.post(path, SEND)).status).toBe(200);
    }
    expect((await at.get("/2fa/search?pageSize=1")).json.uri).toBe("/2fa/search");
  });

  it("another method is refused with those that are not; what is not Mitto's goes on", async () => {
    await open();
    const refused = await at.get("/2fa/send");
    expect([refused.status, refused.headers.allow]).toEqual([405, "POST"]);
    expect((await at.call({ method: "PATCH", path: "/2fa/limits/LM1", body: {} })).headers.allow).toBe("PUT, DELETE");
    for (const path of ["/", "/2fa", "/2fa/sends", "/2fa/search/a/b", "/2fa/status", "/other/2fa/send"]) {
      expect((await at.get(path)).json, path).toBeUndefined();
    }
    expect((await at.call({ method: "OPTIONS", path: "/2fa/send" })).status).toBe(404);
    const head = await at.call({ method: "HEAD", path: "/2fa/search" });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  it("an answer is JSON that nobody keeps, and none is ever a 304", async () => {
    await open();
    const { headers } = await at.get("/2fa/search");
    expect(headers).toMatchObject({ "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
    expect(headers).not.toHaveProperty("etag");
    expect((await at.call({ method: "DELETE", path: "/2fa/limits/x" })).reason).toBe("Invalid Limit Id");
  });

  it("the status can always be 200, but for a missing login and a fault of ours", async () => {
    await open({ router: { httpStatus: "always200", errorCodes: { wrongCode: 400 } } });
    const id = await at.send();
    const wrong = await verify(id, "000000");
    expect([wrong.status, wrong.json]).toEqual([200, refusal(400, "Invalid code")]);
    expect((await at.call({ method: "DELETE", path: "/2fa/limits/x" })).status).toBe(200);
    expect((await at.get("/2fa/search", { token: "nope" })).status).toBe(401);
    at.failing = true;
    expect((await at.post("/2fa/send", SEND)).status).toBe(502);
  });

  it.each([
    ["JSON without a beginning", '"service"'],
    ["JSON that breaks off", '{"service":'],
    ["JSON with rubbish behind it", `${JSON.stringify(SEND)}]`],
    ["too deep", `${'{"a":'.repeat(200)}1${"}".repeat(200)}`],
    ["a list", JSON.stringify([SEND])],
    ["null", "null"],
    ["a number", "1"],
    ["bytes", Buffer.from([0xff, 0xfe, 0x00, 0x7b])],
    ["beyond 64 KB", JSON.stringify({ ...SEND, filler: "x".repeat(65_536) })],
  ])("a body that is %s is refused", async (_what, body) => {
    await open();
    const before = await state();
    expect((await at.post("/2fa/send", body as string)).json.code).toBe(400);
    expect(await state()).toBe(before);
  });

  it("a body may have curly quotes, breaks inside of texts and a comma too many", async () => {
    await open();
    await at.send();
    const body =
      '{ \\\n\u201cservice\u201d: \u201c2FA\u201d, "from": "A", "to": "919960639901",\n"body": "one\ntwo \\{code}", }';
    expect((await at.post("/2fa/send", body)).json.code).toBe(200);
    expect(at.sent[0]?.text).toBe("one two 312209");
  });
});

describe.each([5, 4] as const)("behind the parsers of an app on Express %i", (version) => {
  const open4 = (...before: NonNullable<WorldOptions["before"]>) => open({ express: version, before });

  it("JSON that was parsed is taken as it is, and a form labelled as JSON by nobody", async () => {
    await open4(express.json(), express.urlencoded({ extended: true }));
    const id = await at.send();
    expect((await verify(id, "312209")).status).toBe(200);
    expect((await at.post("/2fa/limits", { name: "l", buckets: '[{"max":"1","interval":"9"}]' })).json.code).toBe(200);
  });

  it.each([true, false])(
    "a form is taken, and JSON that was labelled as one is put right (extended: %s)",
    async (extended) => {
      await open4(express.urlencoded({ extended }));
      const type = "application/x-www-form-urlencoded";
      const form = "service=2FA&from=Acme&to=%2B919960639901&body=Your+code%3A+{code}";
      expect((await at.post("/2fa/send", form, { type })).json.code).toBe(200);
      expect(at.sent[0]).toMatchObject({ to: "+919960639901", text: "Your code: 312209" });
      const search = await at.get("/2fa/search", {
        body: '{\n"pageSize": "2", "page":"0", "status":"pending"\n}',
        type,
      });
      expect(search.json).toMatchObject({ page_size: 2, total: 1 });
      const sent = await at.post("/2fa/send", JSON.stringify(SEND), { type });
      expect(sent.json.code).toBe(200);
    },
  );

  it("a body that was read as text or as bytes is read on", async () => {
    for (const parser of [express.text({ type: () => true }), express.raw({ type: () => true })]) {
      await open4(parser);
      const id = await at.send();
      expect((await at.post("/2fa/cancel.json", `requestId=${id}`)).json).toMatchObject({ message: "canceled" });
      await at.close();
    }
    await open();
  });
});

describe("mittoRouter() itself", () => {
  const options = async () => {
    const { verifications, limits, workflows } = (await open()).tfa;
    return { verifications, limits, workflows, accounts: ACCOUNTS };
  };

  it.each<[object, RegExp]>([
    [{ acounts: {} }, /unknown option "acounts". Did you mean "accounts"/],
    [{ verifications: undefined }, /needs \{ verifications \}/],
    [{ limits: undefined }, /needs \{ limits \}/],
    [{ workflows: null }, /needs \{ workflows \}/],
    [{ accounts: {} }, /needs \{ accounts \}/],
    [{ accounts: { AC1: {} } }, /token is missing/],
    [{ accounts: { AC1: { token: " tok" } } }, /blanks/],
    [{ accounts: { "AC 1": { token: "tok" } } }, /neither blanks nor colons/],
    [{ accounts: { AC1: { token: "tok", pasword: "x" } } }, /unknown option "pasword"/],
    [{ accounts: { AC1: { token: "tok", email: 1 } } }, /e-mail/],
    [{ accounts: { AC1: { token: "tok", parent: "AC2" } } }, /not one of the accounts/],
    [{ accounts: { AC1: { token: "t", parent: "AC2" }, AC2: { token: "t", parent: "AC1" } } }, /below it/],
    [{ httpStatus: "sometimes" }, /httpStatus/],
    [{ usageKeys: "both" }, /usageKeys/],
    [{ undelivered: "ignore" }, /undelivered/],
    [{ maskCodes: 1 }, /maskCodes/],
    [{ errorCodes: { wrongCode: 200 } }, /errorCodes.wrongCode/],
    [{ errorCodes: { limitExists: 400 } }, /unknown option "limitExists"/],
    [{ codeLength: 3 }, /codeLength/],
    [{ expiry: "2d" }, /expiry/],
    [{ expiry: 300 }, /duration/],
    [{ maxAttempts: 0 }, /maxAttempts/],
    [{ pageSize: 101 }, /pageSize/],
    [{ failures: { max: 0, interval: "1m" } }, /failures.max/],
    [{ failures: { max: 1, interval: 0 } }, /failures.interval/],
    [{ onFault: true }, /onFault/],
    [{ clock: 1 }, /clock/],
  ])("refuses %o", async (wrong, sentence) => {
    const right = await options();
    const make = () => mittoRouter({ ...right, ...wrong });
    expect(make).toThrow(sentence);
    try {
      make();
    } catch (error) {
      expect((error as TwoFactorError).code).toBe("misconfigured");
    }
  });
});
