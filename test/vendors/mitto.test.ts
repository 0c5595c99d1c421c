import { afterEach, describe, expect, it } from "vitest";
import { ANSWERS, COMMANDS, filled, formOf } from "../helpers/mitto-seed.js";
import { SEND, shell, SID, type World, world, type WorldOptions } from "../helpers/mitto-world.js";

const OTP = /^OTP[0-9a-f]{32}$/;
const MINUTE = 60_000;

let at: World;
afterEach(() => at.close());

async function open(options: WorldOptions): Promise<World> {
  at = await world(options);
  return at;
}

/** Real curl, as the cases are written. */
function curl(...args: string[]) {
  const quoted = args.map((arg) => `'${arg.replaceAll("'", String.raw`'\''`)}'`);
  return shell(`curl ${quoted.join(" ")}`);
}

const JSON_TYPE = ["-H", "Content-Type: application/json"];
const BASIC = ["-u", `${SID}:tok`];

describe.each([5, 4] as const)("Mitto's API on Express %i", (version) => {
  it("M01 a send makes a code of six digits, sends it and answers with the request id", async () => {
    const { url, sent, codes } = await open({ express: version });
    codes.push("312209");
    const body =
      '{"service":"2FA","from":"12012751398","to":"919960639901","body":"Your verification code is: {code}"}';
    const answer = await curl("-X", "POST", `${url}/2fa/send`, ...BASIC, ...JSON_TYPE, "-d", body);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, message: "OK", requestID: expect.stringMatching(OTP) });
    expect(sent).toMatchObject([
      { channel: "sms", to: "+919960639901", from: "12012751398", text: "Your verification code is: 312209" },
    ]);
  });

  it("M02 the document's first command, byte for byte as a shell sends it, does the same", async () => {
    const { url, sent, codes } = await open({ express: version });
    codes.push("312209");
    const answer = await shell(filled(COMMANDS.send, url));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, message: "OK", requestID: expect.stringMatching(OTP) });
    expect(sent).toMatchObject([{ to: "+919960639901", text: "Your verification code is: 312209" }]);
  });

  it("M03 the right code is right", async () => {
    const { post, send, codes } = await open({ express: version });
    codes.push("312209");
    const id = await send();
    const answer = await post("/2fa/verify", { service: "2FA", requestId: id, code: "312209" });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, message: "OK", requestID: id });
  });

  it("M04 a wrong code and a right one are both in the record", async () => {
    const { post, get, send, codes, clock } = await open({ express: version });
    codes.push("347469");
    const id = await send();
    clock.tick(20_000);
    const wrong = await post("/2fa/verify", { service: "2FA", requestId: id, code: "847992" });
    expect(wrong.json).toEqual({ code: 422, message: "Invalid code", requestID: null });
    clock.tick(21_000);
    expect((await post("/2fa/verify", { service: "2FA", requestId: id, code: "347469" })).json.code).toBe(200);
    const { json: record } = await get(`/2fa/search/${id}.json`);
    expect(record).toMatchObject({
      sid: id,
      service: "2FA",
      accountSid: SID,
      status: "success",
      uri: `/2fa/search/${id}`,
    });
    expect(record.checks).toEqual([
      {
        sid: expect.stringMatching(/^OTC[0-9a-f]{32}$/),
        dateReceived: "2026-01-01 00:00:20",
        status: "invalid",
        code: "847992",
      },
      {
        sid: expect.stringMatching(/^OTC[0-9a-f]{32}$/),
        dateReceived: "2026-01-01 00:00:41",
        status: "valid",
        code: "347469",
      },
    ]);
    expect(formOf(record, ANSWERS.record)).toEqual([]);
  });

  it("M05 a cancel sent as a form and labelled as JSON ends the OTP", async () => {
    const { url, post, send, codes } = await open({ express: version });
    codes.push("312209");
    const id = await send();
    const pairs = ["-d", `requestId=${id}`, "-d", `accountSid=${SID}`];
    const answer = await curl("-X", "POST", `${url}/2fa/cancel.json`, ...JSON_TYPE, ...pairs, ...BASIC);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, message: "canceled", requestID: id });
    const after = await post("/2fa/verify", { service: "2FA", requestId: id, code: "312209" });
    expect(after.json).toEqual({ code: 409, message: "OTP is not pending", requestID: null });
    expect((await post("/2fa/cancel", { requestId: id })).json.code).toBe(409);
  });

  it("M06 records are listed by status and page, with the filter as JSON in a GET", async () => {
    const { url, get, post, send, codes, clock } = await open({ express: version });
    for (let index = 0; index < 6; index += 1) {
      codes.push("312209");
      const id = await send();
      expect((await post("/2fa/verify", { service: "2FA", requestId: id, code: "312209" })).json.code).toBe(200);
      clock.tick(1000);
    }
    await send();
    const page = (number: number): string => `/2fa/search?pageSize=2&page=${number}&accountSid=${SID}&status=success`;
    const body = '{"pageSize": "2", "page":"0", "status":"success"}';
    const first = await curl("-X", "GET", `${url}/2fa/search`, "-u", ` ${SID}:tok`, "-d", body);
    expect(first.status).toBe(200);
    expect(first.json).toMatchObject({
      page: 0,
      num_pages: 3,
      page_size: 2,
      total: 6,
      start: 0,
      end: 1,
      uri: "/2fa/search",
      first_page_uri: page(0),
      previous_page_uri: null,
      next_page_uri: page(1),
    });
    expect(first.json.twoFaOtpSdrs).toHaveLength(2);
    expect(formOf(first.json, ANSWERS.search)).toEqual([]);
    const last = await get(page(2));
    expect(last.json).toMatchObject({ page: 2, start: 4, end: 5, previous_page_uri: page(1), next_page_uri: null });
    const second = await get(first.json.next_page_uri);
    const all = [first, second, last].flatMap(({ json }) =>
      json.twoFaOtpSdrs.map((record: { sid: string }) => record.sid),
    );
    expect(new Set(all).size).toBe(6);
  });

  it("M07 an OTP that expired unread says what became of its message", async () => {
    const { tfa, get, send, clock } = await open({ express: version });
    const id = await send();
    const found = await tfa.verifications.get({ id, account: SID });
    const receipt = { errorCode: "30008", errorMessage: "Unknown error", status: "undelivered" } as const;
    await tfa.verifications.receipt({ verification: id, event: found?.events[0]?.id ?? "", ...receipt });
    clock.tick(5 * MINUTE);
    const { json: record } = await get(`/2fa/search/${id}`);
    expect(record).toMatchObject({ status: "expired", checks: [] });
    expect(record.dateCreated).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(record.events).toEqual([
      {
        sid: expect.stringMatching(/^OTE[0-9a-f]{32}$/),
        dateCreated: "2026-01-01 00:00:00",
        channel: "sms",
        sender: "12012751398",
        recipient: "919960639901",
        targetSid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
        channelStatus: "undelivered",
        channelErrorCode: "30008",
        channelErrorMessage: "Unknown error",
      },
    ]);
  });

  it("M08 usage is counted over a range and by day", async () => {
    const january = await open({ express: version, at: Date.UTC(2020, 0, 3) });
    for (let index = 0; index < 14; index += 1) await january.send();
    const range = await january.get("/2fa/usage/records.json?startDate=2020-01-01&endDate=2020-01-31");
    expect(range.json.usageRecords).toHaveLength(1);
    expect(range.json.usageRecords[0]).toMatchObject(ANSWERS.usage.usageRecords[0]);
    await january.close();

    const august = await open({ express: version, at: Date.UTC(2019, 7, 5, 12) });
    const sends = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) await august.send();
    };
    await sends(7);
    august.clock.tick(14 * 24 * 60 * MINUTE);
    await sends(4);
    august.clock.tick(24 * 60 * MINUTE);
    await sends(3);
    const { json } = await august.get("/2fa/usage/records/daily.json");
    const days = json.usageRecords.map((each: Record<string, string>) => [
      each["startTime"],
      each["endTime"],
      each["count"],
    ]);
    expect(days).toEqual([
      ["2019-08-05", "2019-08-05", "7"],
      ["2019-08-19", "2019-08-19", "4"],
      ["2019-08-20", "2019-08-20", "3"],
    ]);
  });

  it("M09 the documented address without its question mark answers like the right one", async () => {
    const { url, get, send } = await open({ express: version, at: Date.UTC(2020, 0, 3) });
    await send({ channel: "call" });
    const odd = await curl(
      "-X",
      "GET",
      `${url}/2fa/usage/records.channel=call&startDate=2020-01-01&endDate=2020-01-31`,
      ...BASIC,
    );
    const right = await get("/2fa/usage/records.json?channel=call&startDate=2020-01-01&endDate=2020-01-31");
    expect(odd.status).toBe(200);
    expect(odd.json).toEqual(right.json);
    const expected = { category: "call", description: "Total calls made for OTP", unit: "Calls", count: "1" };
    expect(right.json.usageRecords).toMatchObject([expected]);
  });

  it("M10 a limit comes back with its buckets letter by letter, and its name is taken", async () => {
    const { post } = await open({ express: version });
    const body = {
      name: "limit_on_phonenumber",
      buckets: '[{ "name":"bucket1", "max":"1", "interval":"30"},{ "name":"bucket2", "max":"2", "interval":"300"}]',
      description: "limit on Phone Number",
    };
    const { status, json } = await post("/2fa/limits", body);
    expect(status).toBe(200);
    expect(json.data.sid).toMatch(/^LM[0-9a-f]{32}$/);
    const { sid } = json.data;
    expect(json).toEqual({
      data: { sid, ...body, accountSid: SID, uri: `/2fa/limits/search/${sid}` },
      code: 200,
      message: "OK",
    });
    const again = await post("/2fa/limits", body);
    expect([again.status, again.json]).toEqual([492, ANSWERS.limitExists]);
  });

  it("M11 a limit holds in both of its buckets, for each value by itself, and refusals are not counted", async () => {
    const { post, clock, sent } = await open({ express: version });
    const buckets =
      '[{ "name":"bucket1", "max":"1", "interval":"30"},{ "name":"bucket2", "max":"2", "interval":"300"}]';
    await post("/2fa/limits", { name: "limit_on_phonenumber", buckets });
    const send = (value = "+919960639901") => post("/2fa/send", { ...SEND, limits: { limit_on_phonenumber: value } });
    expect((await send()).json.code).toBe(200);
    clock.tick(10_000);
    const early = await send();
    expect([early.status, early.json]).toEqual([429, { code: 429, message: "Limit exceeded", requestID: null }]);
    expect(early.headers["retry-after"]).toBe("20");
    clock.tick(21_000);
    expect((await send()).json.code).toBe(200);
    clock.tick(31_000);
    expect((await send()).json.code).toBe(429);
    expect((await send("+919960639902")).json.code).toBe(200);
    expect(sent).toHaveLength(3);
  });

  it("M12 a limit that does not exist can be neither changed nor removed", async () => {
    const { call } = await open({ express: version });
    for (const method of ["PUT", "DELETE"]) {
      const answer = await call({
        method,
        path: "/2fa/limits/LM00000000000000000000000000000000",
        body: { description: "x" },
      });
      expect([answer.status, answer.json]).toEqual([493, ANSWERS.unknownLimit]);
    }
  });

  it("M13 a workflow comes back with its channels as a list, and its name is taken", async () => {
    const { call, post } = await open({ express: version });
    const body = {
      name: "Workflow SSV",
      channels:
        '[{ "channel":"sms", "interval":"0"}, { "channel":"sms", "interval":"60"}, { "channel":"voice", "interval":"60"}]',
      description: "Workflow to send SMS, SMS and then Voice",
    };
    const { status, json } = await post("/2fa/workflows", body);
    expect(status).toBe(200);
    expect(json.data.sid).toMatch(/^WF[0-9a-f]{32}$/);
    expect(json.data.channels).toEqual(ANSWERS.workflow.data.channels);
    expect(formOf(json, ANSWERS.workflow)).toEqual([]);
    const again = await post("/2fa/workflows", body);
    expect([again.status, again.json]).toEqual([495, ANSWERS.workflowExists]);
    for (const method of ["PUT", "DELETE"]) {
      const unknown = await call({ method, path: "/2fa/workflows/WF00000000000000000000000000000000", body: {} });
      expect([unknown.status, unknown.json]).toEqual([499, ANSWERS.unknownWorkflow]);
    }
  });

  it("M14 a call asked for by capitalised form fields reaches the number", async () => {
    const { url, sent } = await open({ express: version });
    const pairs = ["From=+12012751398", "To=+919960639901", "service=MittoAPI", "channel=call"];
    const all = [...pairs, "body=Your verification code is: {code}"].flatMap((pair) => ["-d", pair]);
    const answer = await curl("-X", "POST", `${url}/2fa/send.json`, ...JSON_TYPE, ...all, ...BASIC);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: 200, message: "OK", requestID: expect.stringMatching(OTP) });
    const text = "Your verification code is: 312209";
    expect(sent).toMatchObject([{ channel: "voice", to: "+919960639901", from: "+12012751398", text }]);
  });

  it("M15 a new OTP cancels the one before, unless that is under guard", async () => {
    const { post, send, codes, clock } = await open({ express: version });
    codes.push("111111", "222222", "333333", "444444");
    const verify = (requestId: string, code: string) => post("/2fa/verify", { service: "2FA", requestId, code });
    const first = await send();
    await send();
    expect((await verify(first, "111111")).json.code).toBe(409);
    const guarded = await send({ guardTime: 60 });
    clock.tick(29_000);
    await send();
    clock.tick(1000);
    expect((await verify(guarded, "333333")).json).toEqual({ code: 200, message: "OK", requestID: guarded });
  });
});
