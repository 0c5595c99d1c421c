import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Answer, type Call, OTHER, SID, SUB, type World, world } from "../helpers/mitto-world.js";
import { times } from "../helpers/effort.js";

/** Bodies altogether, and how many of them go at once. */
const BODIES = times(20_000, 4_000);
const AT_ONCE = 100;

let at: World;
/** Things that exist, and must stay as they are. */
const live = { otp: "", limit: "", workflow: "" };

beforeAll(async () => {
  at = await world({ router: { failures: { max: 100_000, interval: "1m" } } });
  live.otp = await at.send();
  live.limit = (await at.post("/2fa/limits", { name: "l", buckets: [{ max: 1, interval: 60 }] })).json.data.sid;
  live.workflow = (
    await at.post("/2fa/workflows", { name: "w", channels: [{ channel: "sms", interval: 0 }] })
  ).json.data.sid;
});
afterAll(() => at.close());

const NAMES = [
  "service from to body channel emailTo emailFrom subject language voice repeat",
  "limits guardTime code codeLength length digits expiry workflow workflowSid accountSid requestId",
  "number pageSize page status startDate endDate startTime name buckets channels description",
  "max interval __proto__ constructor prototype toString hasOwnProperty",
].flatMap((row) => row.split(" "));

const oddText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom(
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "NaN",
    "null",
    "true",
    "[]",
    "{}",
    "\u0000",
    "\r\nBcc: x",
    "%00",
    "\ud800",
    "{code}",
    "$&",
  ),
  fc.constantFrom(
    SID,
    SUB,
    OTHER,
    "AC",
    "919960639901",
    "+919960639901",
    "ada@example.com",
    "sms",
    "call",
    "2026-01-01",
    "-30days",
  ),
  fc.constantFrom("[".repeat(500), '{"a":'.repeat(100), "9".repeat(400), "x".repeat(5_000)),
);
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, [], {}, [[]], [null], { "": "" }, 2 ** 53, -0, 1e308),
  fc.jsonValue({ maxDepth: 4 }),
  fc.array(oddText, { maxLength: 3 }),
);
const oddCase = fc.tuple(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 2 })).map(([name, how]) => {
  return how === 0 ? name : how === 1 ? name.toUpperCase() : name.charAt(0).toUpperCase() + name.slice(1);
});
const pairs = fc.array(fc.tuple(oddCase, oddValue), { maxLength: 5 });

/** What is nowhere a text: with it in the one field that each call needs, nothing may ever come of the call. */
const noText = fc.constantFrom<unknown>(null, true, [], {}, ["312209"], { code: "312209" }, [[]], "", " ");

/** A call that cannot succeed, whatever else is in it: where it goes, and the fields that spoil it. */
const target = fc.oneof(
  noText.map((service) => ({
    method: "POST",
    path: "/2fa/send",
    spoilt: { service, to: "919960639901", from: "A", body: "{code}" },
  })),
  noText.map((body) => ({
    method: "POST",
    path: "/2fa/send.json",
    spoilt: { body, service: "2FA", to: "919960639901", from: "A" },
  })),
  noText.map((code) => ({
    method: "POST",
    path: "/2fa/verify",
    spoilt: { code, requestId: live.otp, service: "2FA" },
  })),
  noText.map((requestId) => ({ method: "POST", path: "/2fa/cancel", spoilt: { requestId } })),
  noText.map((name) => ({ method: "POST", path: "/2fa/limits", spoilt: { name, buckets: [{ max: 1, interval: 1 }] } })),
  noText.map((name) => ({ method: "POST", path: "/2fa/workflows", spoilt: { name, channels: [{ channel: "sms" }] } })),
  fc
    .constantFrom<unknown>([], {}, "[", [1], [null], true, 0)
    .map((buckets) => ({ method: "PUT", path: `/2fa/limits/${live.limit}`, spoilt: { buckets } })),
  fc
    .constantFrom<unknown>([], {}, "[", [1], [null], true, 0)
    .map((channels) => ({ method: "PUT", path: `/2fa/workflows/${live.workflow}`, spoilt: { channels } })),
  fc.constantFrom("PUT", "DELETE").map((method) => ({ method, path: "/2fa/limits/LM0", spoilt: {} })),
  fc.constantFrom("PUT", "DELETE").map((method) => ({ method, path: "/2fa/workflows/%E0%A4%A", spoilt: {} })),
  fc.constantFrom("GET", "POST").map((method) => ({ method, path: "/2fa/search", spoilt: {} })),
  fc.constantFrom("GET", "POST").map((method) => ({ method, path: "/2fa/usage/records", spoilt: {} })),
  fc
    .constantFrom(
      "/2fa/limits/search",
      "/2fa/workflows/search",
      "/2fa/usage/records/daily",
      `/2fa/search/${"x".repeat(300)}`,
    )
    .map((path) => ({ method: "GET", path, spoilt: {} })),
);

type Wire = Pick<Call, "body" | "type" | "headers">;

const TYPES = [
  "application/json",
  "application/x-www-form-urlencoded",
  "text/plain",
  "json/application",
  "x",
  "application/json; charset=utf-16",
  "application/json; charset=nope",
  "multipart/form-data; boundary=x",
];

const dress = fc.record({
  how: fc.nat(13),
  type: fc.constantFrom(...TYPES),
  end: fc.double({ min: 0, max: 1, noNaN: true }),
  before: fc.constantFrom("[", "\ufeff", "\\", "\u201c"),
  encoding: fc.constantFrom("gzip", "br", "deflate", "nope"),
  bytes: fc.uint8Array({ maxLength: 100 }),
});

/** The same fields in every dress that a body can come in, and some that are none. */
function dressed(
  fields: object,
  { how, type, end, before, encoding, bytes }: typeof dress extends fc.Arbitrary<infer D> ? D : never,
): Wire {
  const text = JSON.stringify(fields);
  if (how < 5) return { body: text, type };
  if (how < 7) return { body: asForm(fields), type };
  if (how < 9) return { body: text.slice(0, Math.floor(end * text.length)) };
  if (how === 9) return { body: before + text };
  if (how === 10) return { body: Buffer.from(bytes) };
  if (how === 11) return { body: gzipSync(text), headers: { "content-encoding": "gzip" } };
  if (how === 12) return { body: text, headers: { "content-encoding": encoding } };
  return { body: Buffer.from(text, "utf16le") };
}

/** In a form everything is a text: what is spoilt by being none is left out of it. */
function asForm(fields: object): string {
  const written = Object.entries(fields).filter(([name, value]) => typeof value === "string" || !NEEDED.has(name));
  return formOf(written.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

const NEEDED = new Set(["service", "body", "code", "requestId", "name"]);

function formOf(pairs: [name: string, value: string][]): string {
  return new URLSearchParams(pairs.map(([name, value]) => [wellFormed(name), wellFormed(value)])).toString();
}

function wellFormed(text: string): string {
  return text.replaceAll(/\p{Cs}/gu, "\ufffd");
}

const call: fc.Arbitrary<Call> = fc.tuple(target, pairs, dress).map(([{ method, path, spoilt }, more, look]) => {
  const others = more.filter(([name]) => !overrules(spoilt, name));
  return { method, path, ...dressed({ ...spoilt, ...Object.fromEntries(others) }, look) };
});

/** Other names for a field that is spoilt would put it right again. */
function overrules(spoilt: object, name: string): boolean {
  const known = Object.keys(spoilt).map((each) => each.toLowerCase());
  return [...known, "number", "to"].includes(name.toLowerCase());
}

async function state(): Promise<string> {
  const { verifications, limits, workflows } = at.tfa;
  const of = async (account: string) => [
    await verifications.search({ account, limit: 100 }),
    await limits.search({ account }),
    await workflows.search({ account }),
  ];
  return JSON.stringify([at.sent.length, await Promise.all([SID, SUB, OTHER].map(of))]);
}

const READS = /^\/2fa\/(?:search|usage|limits\/search|workflows\/search)/;

/** What is wrong with an answer: nothing, if it is one of the documented kinds. */
function faultOf({ method = "", path }: Call, { status, json, text }: Answer): string | undefined {
  const refused =
    json?.code === status &&
    json.requestID === null &&
    typeof json.message === "string" &&
    Object.keys(json).length === 3;
  if (refused && [400, 404, 405, 493, 499].includes(status)) return undefined;
  // a change of nothing is answered with what there is
  const harmless = method === "PUT" || (READS.test(path) && (method === "GET" || method === "POST"));
  return status === 200 && harmless && typeof json === "object"
    ? undefined
    : `${method} ${path}: ${status} ${text.slice(0, 200)}`;
}

it(
  `${BODIES} bodies of odd types, nestings and encodings get typed answers and change nothing`,
  { timeout: 60_000 },
  async () => {
    const before = await state();
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (calls) => {
        const answers = await Promise.all(calls.map((each) => at.call(each)));
        const faults = calls
          .map((each, index) => faultOf(each, answers[index] as Answer))
          .filter((fault) => fault !== undefined);
        expect(faults).toEqual([]);
        expect(await state()).toBe(before);
      }),
      { numRuns: BODIES / AT_ONCE, endOnFailure: true },
    );
    expect(at.faults).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    // and it still works
    expect((await at.post("/2fa/verify", { service: "2FA", requestId: live.otp, code: "312209" })).json.code).toBe(200);
  },
);

it("addresses of all kinds get typed answers, or are somebody else's", { timeout: 30_000 }, async () => {
  const before = await state();
  const part = fc.oneof(
    fc.constantFrom(
      "search",
      "records",
      "usage",
      "limits",
      "workflows",
      "send.json",
      "..",
      "%2f",
      "%00",
      "%",
      "daily",
      "a=b",
      "records.channel=x&y",
    ),
    fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(wellFormed(text))),
  );
  const path = fc.array(part, { maxLength: 4 }).map((parts) => `/2fa/${parts.join("/")}`);
  const query = fc.array(fc.tuple(fc.constantFrom(...NAMES), oddText), { maxLength: 4 }).map((all) => formOf(all));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, query), { minLength: 50, maxLength: 50 }), async (addresses) => {
      const answers = await Promise.all(addresses.map(([each, asked]) => at.get(`${each}?${asked.slice(0, 4_000)}`)));
      for (const [index, answer] of answers.entries()) {
        const foreign = answer.json === undefined && [400, 404].includes(answer.status);
        const typed = answer.status === 200 ? typeof answer.json === "object" : answer.json?.code === answer.status;
        expect(
          foreign || (typed && answer.status < 500),
          `${addresses[index]?.join("?")} ${answer.status} ${answer.text}`,
        ).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
  expect(await state()).toBe(before);
});
