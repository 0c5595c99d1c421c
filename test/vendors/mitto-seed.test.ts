import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ANSWERS, COMMANDS, filled, formOf } from "../helpers/mitto-seed.js";
import { shell, SID, type World, world, type WorldOptions } from "../helpers/mitto-world.js";

let at: World;
const open = async (options: WorldOptions = {}): Promise<World> => (at = await world(options));

/** A command of the document, run by a real shell with a real curl. */
function run(name: keyof typeof COMMANDS, values: Record<string, string> = {}) {
  return shell(filled(COMMANDS[name], at.url, values));
}

describe("the document's commands, answered in the document's form", () => {
  beforeEach(async () => void (await open({ router: { usageKeys: "seed" }, at: Date.UTC(2020, 0, 3) })));
  afterEach(() => at.close());

  it("send, verify, record and search", async () => {
    at.codes.push("312209");
    const sent = await run("send");
    expect(sent.status).toBe(200);
    expect(formOf(sent.json, ANSWERS.ok)).toEqual([]);
    const id = String(sent.json.requestID);
    const yes = { OTPYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY: id, XXXXXX: "312209" };
    const no = await run("verify", { ...yes, XXXXXX: "847992" });
    expect(no.json).toEqual({ code: 422, message: "Invalid code", requestID: null });
    const verified = await run("verify", yes);
    expect(verified.json).toEqual({ code: 200, message: "OK", requestID: id });
    expect(formOf(verified.json, ANSWERS.ok)).toEqual([]);
    const record = await run("record", { "{OTPSid}": id });
    expect(formOf(record.json, ANSWERS.record)).toEqual([]);
    const found = await run("search");
    expect(found.json).toMatchObject({ total: 1, num_pages: 1, page_size: 2, start: 0, end: 0, next_page_uri: null });
    expect(found.json.twoFaOtpSdrs).toEqual([record.json]);
    expect(formOf(found.json, ANSWERS.search)).toEqual([]);
  });

  it("send with limits", async () => {
    for (const name of ["limit_on_ip", "limit_on_phone"]) {
      expect((await run("sendWithLimits")).json).toEqual(ANSWERS.unknownLimit);
      await at.post("/2fa/limits", { name, buckets: [{ name: "one", max: 1, interval: 30 }] });
    }
    const sent = await run("sendWithLimits");
    expect(formOf(sent.json, ANSWERS.ok)).toEqual([]);
    const again = await run("sendWithLimits");
    expect(again).toMatchObject({ status: 429, json: { code: 429, message: "Limit exceeded", requestID: null } });
  });

  it("cancel", async () => {
    const id = await at.send();
    const answer = await run("cancel", { OTPb6eb071d21124dbab20b095c25f1274f: id });
    expect(answer.json).toEqual({ code: 200, message: "canceled", requestID: id });
    expect(formOf(answer.json, ANSWERS.canceled)).toEqual([]);
  });

  it("usage", async () => {
    await at.send();
    await at.send({ to: "919960639902", channel: "call" });
    const all = await run("usage");
    const uri = `/2fa/usage/records?startTime=2020-01-01&endTime=2020-01-31&accountSid=${SID}`;
    expect(all.json.usageRecords).toEqual([{ ...ANSWERS.usage.usageRecords[0], count: "2", uri }]);
    expect(formOf(all.json, ANSWERS.usage)).toEqual([]);
    const calls = await run("usageOfChannel");
    expect(formOf(calls.json, ANSWERS.usageOfChannel)).toEqual([]);
    expect(calls.json.usageRecords).toMatchObject([{ category: "call", count: "1", unit: "Calls" }]);
    const daily = await run("usageDaily");
    expect(formOf(daily.json, ANSWERS.usage)).toEqual([]);
    const today = `/2fa/usage/records/daily?channel=All&startTime=2020-01-03&accountSid=${SID}`;
    expect(daily.json.usageRecords).toMatchObject([
      { startTime: "2020-01-03", endTime: "2020-01-03", count: "2", uri: today },
    ]);
    // every address leads to what it came with
    for (const [answer, address] of [
      [all, uri],
      [daily, today],
    ] as const) {
      expect((await at.get(address)).json).toEqual(answer.json);
    }
    expect((await at.get(String(calls.json.usageRecords[0].uri))).json).toEqual(calls.json);
  });

  it("limits", async () => {
    const created = await run("createLimit");
    expect(created.status).toBe(200);
    expect(formOf(created.json, ANSWERS.limit)).toEqual([]);
    const { sid } = created.json.data;
    const submitted =
      '[{ "name":"bucket1", "max":"1", "interval":"30"},{ "name":"bucket2", "max":"2", "interval":"300"}]';
    expect(created.json.data).toMatchObject({
      buckets: submitted,
      description: "limit on Phone Number",
      accountSid: SID,
    });
    expect((await run("createLimit")).json).toEqual(ANSWERS.limitExists);

    expect((await run("updateLimit")).json).toEqual(ANSWERS.unknownLimit);
    const updated = await run("updateLimit", { LM88170d5b0e1f4eb3ad724ffc8131c9c1: sid });
    expect(formOf(updated.json, ANSWERS.limit)).toEqual([]);
    expect(updated.json.data).toEqual({
      ...created.json.data,
      buckets: '[{"name":"bucket1", "max":"1", "interval":"30"},{"name":"bucket2", "max":"2", "interval":"300"}]',
      description: "limit on Phone Number of receiver blabla",
    });
    const one = await run("oneLimit", { LM88170d5b0e1f4eb3ad724ffc8131c9c1: sid });
    expect(one.json).toEqual(updated.json);

    await at.post("/2fa/limits", { name: "limit_on_IP", buckets: [{ name: "one", max: 1, interval: 30 }] });
    const listed = await run("listLimits");
    expect(formOf(listed.json, ANSWERS.limits)).toEqual([]);
    const uri = "/2fa/limits/search?pageSize=2&page=0";
    expect(listed.json.data).toMatchObject({ pageSize: 2, total: 2, page: 0, numPages: 1, start: 0, end: 1, uri });
    expect(listed.json.data.result[0]).toEqual(updated.json.data);

    const deleted = await run("deleteLimit", { LM4d9cfa53230848199d787a99f1b431a4: sid });
    expect(deleted.json).toEqual(updated.json);
    expect((await run("deleteLimit", { LM4d9cfa53230848199d787a99f1b431a4: sid })).json).toEqual(ANSWERS.unknownLimit);
    expect((await run("oneLimit")).json).toEqual(ANSWERS.unknownLimit);
  });

  it("workflows", async () => {
    const created = await run("createWorkflow");
    expect(created.status).toBe(200);
    expect(formOf(created.json, ANSWERS.workflow)).toEqual([]);
    const { sid } = created.json.data;
    expect(created.json.data).toEqual({
      ...ANSWERS.workflow.data,
      sid,
      accountSid: SID,
      targetAccountSid: SID,
      uri: `/2fa/workflows/search/${sid}`,
    });
    expect((await run("createWorkflow")).json).toEqual(ANSWERS.workflowExists);

    expect((await run("updateWorkflow")).json).toEqual(ANSWERS.unknownWorkflow);
    const updated = await run("updateWorkflow", { WFe7d332c72d2f40b9bfe8982425af14bc: sid });
    expect(formOf(updated.json, ANSWERS.workflow)).toEqual([]);
    expect(updated.json.data.channels[2]).toEqual({ channel: "voice", interval: "120" });
    const one = await run("oneWorkflow", { WF88170d5b0e1f4eb3ad724ffc8131c9c1: sid });
    expect(one.json).toEqual(updated.json);

    await at.post("/2fa/workflows", { name: "Workflow SVV", channels: [{ channel: "sms", interval: 0 }] });
    const listed = await run("listWorkflows");
    expect(formOf(listed.json, ANSWERS.workflows)).toEqual([]);
    expect(listed.json.data.result[0]).toEqual(updated.json.data);

    const deleted = await run("deleteWorkflow", { WFe7d332c72d2f40b9bfe8982425af14bc: sid });
    expect(deleted.json).toEqual(updated.json);
    expect((await run("deleteWorkflow")).json).toEqual(ANSWERS.unknownWorkflow);
  });
});

describe("usage with the fields of both examples", () => {
  afterEach(() => at.close());

  it("holds everything that a client of either one reads", async () => {
    await open({ at: Date.UTC(2020, 0, 3) });
    await at.send({ channel: "call" });
    const [all] = (await run("usage")).json.usageRecords;
    const [calls] = (await run("usageOfChannel")).json.usageRecords;
    for (const [record, example] of [
      [all, ANSWERS.usage.usageRecords[0]],
      [calls, ANSWERS.usageOfChannel.usageRecords[0]],
    ] as const) {
      for (const name of Object.keys(example)) expect(record[name], name).toBeTypeOf("string");
      expect(record).toMatchObject({ channel: record.category, startTime: record.startDate, endTime: record.endDate });
    }
  });
});
