import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { ReceiptReader, Receipts } from "../../src/providers/provider.js";
import { signedHeaders, verifiedId, webhookKeys } from "../../src/providers/standard-webhooks.js";
import { webhook, type WebhookOptions } from "../../src/providers/webhook.js";
import { aMessage, patient } from "../helpers/messages.js";
import { startFaultServer } from "../helpers/fault-server.js";

/** The example that the specification publishes. */
const SPEC = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const NOW = SPEC.timestamp * 1000;
const KEYS = webhookKeys(SPEC.secret, "secret");
const OTHER = "whsec_" + Buffer.from("another key, of 24 bytes or more").toString("base64");

function headersOf(changes: IncomingHttpHeaders = {}): IncomingHttpHeaders {
  return {
    "webhook-id": SPEC.id,
    "webhook-timestamp": String(SPEC.timestamp),
    "webhook-signature": SPEC.signature,
    ...changes,
  };
}

function check(
  changes: IncomingHttpHeaders = {},
  more: { body?: string; now?: number; secret?: string | string[] } = {},
) {
  const { body = SPEC.body, now = NOW, secret = SPEC.secret } = more;
  const post = { headers: headersOf(changes), body: Buffer.from(body), url: "/", now };
  return verifiedId(webhookKeys(secret, "secret"), post);
}

describe("the specification's example", () => {
  it("is signed as published", () => {
    expect(signedHeaders(KEYS, SPEC.id, SPEC.body, NOW + 999)).toEqual(headersOf());
  });

  it("is verified as published", () => {
    expect(check()).toBe(SPEC.id);
  });

  it("is good for five minutes to either side, to the millisecond", () => {
    for (const now of [NOW - 300_000, NOW + 300_000]) expect(check({}, { now })).toBe(SPEC.id);
    for (const now of [NOW - 300_001, NOW + 300_001, Number.NaN]) expect(check({}, { now })).toBeUndefined();
  });

  it.each<[string, string]>([
    ["after one of another version", `v2,abc= ${SPEC.signature}`],
    ["after one of another key", `v1,${Buffer.alloc(32).toString("base64")} ${SPEC.signature}`],
    [
      "before others",
      `${SPEC.signature} v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==`,
    ],
  ])("is found %s", (_where, signature) => {
    expect(check({ "webhook-signature": signature })).toBe(SPEC.id);
  });

  it.each<[string, IncomingHttpHeaders]>([
    ["no id", { "webhook-id": undefined }],
    ["an empty id", { "webhook-id": "" }],
    ["an id sent twice", { "webhook-id": `${SPEC.id}, ${SPEC.id}` }],
    ["another id", { "webhook-id": `${SPEC.id}x` }],
    ["an id of 257 characters", { "webhook-id": "x".repeat(257) }],
    ["no time", { "webhook-timestamp": undefined }],
    ["a time sent twice", { "webhook-timestamp": `${SPEC.timestamp}, ${SPEC.timestamp}` }],
    ["a time in milliseconds", { "webhook-timestamp": `${SPEC.timestamp}000` }],
    ["a time in hexadecimal", { "webhook-timestamp": `0x${SPEC.timestamp.toString(16)}` }],
    ["a time with a fraction", { "webhook-timestamp": `${SPEC.timestamp}.0` }],
    ["a time with a sign", { "webhook-timestamp": `+${SPEC.timestamp}` }],
    ["another time", { "webhook-timestamp": String(SPEC.timestamp + 1) }],
    ["no signature", { "webhook-signature": undefined }],
    ["an empty signature", { "webhook-signature": "" }],
    ["a signature sent twice", { "webhook-signature": `${SPEC.signature}, ${SPEC.signature}` }],
    ["a list of signatures", { "webhook-signature": [SPEC.signature] }],
    ["a signature without its scheme", { "webhook-signature": SPEC.signature.slice(3) }],
    ["a signature of another scheme", { "webhook-signature": SPEC.signature.replace("v1", "v2") }],
    ["a scheme in capitals", { "webhook-signature": SPEC.signature.replace("v1", "V1") }],
    ["a signature cut short", { "webhook-signature": SPEC.signature.slice(0, -4) }],
    ["a signature without its padding", { "webhook-signature": SPEC.signature.slice(0, -1) }],
    ["a signature with more at its end", { "webhook-signature": `${SPEC.signature}=` }],
    ["a signature in base64url", { "webhook-signature": SPEC.signature.replace("+", "-").replace("/", "_") }],
    ["the twenty-first signature", { "webhook-signature": `${"v1,abcd ".repeat(20)}${SPEC.signature}` }],
  ])("does not go with %s", (_what, changes) => {
    expect(check(changes)).toBeUndefined();
  });

  it("goes with no other bit in its signature, not even one that base64 does not use", () => {
    const bytes = Buffer.from(SPEC.signature);
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(check({ "webhook-signature": flipped.toString("latin1") })).toBeUndefined();
    }
  });

  it("goes with no id that a header cannot have meant as one", () => {
    for (const id of ["two words", "a\tb", "\u00e5"]) {
      expect(
        verifiedId(KEYS, {
          headers: signedHeaders(KEYS, id, SPEC.body, NOW),
          body: Buffer.from(SPEC.body),
          url: "/",
          now: NOW,
        }),
      ).toBeUndefined();
    }
  });

  it("goes with no other bit in its body", () => {
    const bytes = Buffer.from(SPEC.body);
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const body = Buffer.from(bytes);
      body[at >> 3] = (body[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(verifiedId(KEYS, { headers: headersOf(), body, url: "/", now: NOW })).toBeUndefined();
    }
  });
});

describe("H02: secrets in rotation", () => {
  it("all check, and the first signs", () => {
    for (const secret of [
      [OTHER, SPEC.secret],
      [SPEC.secret, OTHER],
    ]) {
      expect(check({}, { secret })).toBe(SPEC.id);
    }
    expect(check({}, { secret: OTHER })).toBeUndefined();
    expect(signedHeaders(webhookKeys([SPEC.secret, OTHER], "secret"), SPEC.id, SPEC.body, NOW)).toEqual(headersOf());
  });

  it.each([[[]], [[SPEC.secret, "short"]], [[undefined]], [{}], [7], [undefined], [""]])("are not %j", (secret) => {
    expect(() => webhookKeys(secret as string, "webhook({ secret })")).toThrow(/webhook\(\{ secret \}\)/);
  });
});

const SECRET = "0123456789abcdef01234567";

function provider(changes: Partial<WebhookOptions> = {}) {
  return webhook({ url: "http://messages.test/", secret: SECRET, receipts: true, ...changes });
}

/** What the provider reads in a body that it has signed itself. */
function read(body: string | Buffer, headers: IncomingHttpHeaders = {}): Receipts | undefined {
  const stamp = String(NOW / 1000);
  const signature = createHmac("sha256", SECRET).update(`evt-1.${stamp}.`).update(body).digest("base64");
  const reader = provider().receipts as ReceiptReader;
  const all = { "webhook-id": "evt-1", "webhook-timestamp": stamp, "webhook-signature": `v1,${signature}`, ...headers };
  return reader({ headers: all, body: Buffer.from(body), url: "/", now: NOW }) as Receipts | undefined;
}

describe("the receipts of a webhook", () => {
  it("are taken only where they are asked for", () => {
    expect(provider().receipts).toBeTypeOf("function");
    expect(provider({ receipts: false })).not.toHaveProperty("receipts");
    expect(webhook({ url: "http://messages.test/", secret: SECRET })).not.toHaveProperty("receipts");
    expect(() => provider({ receipts: "yes" as unknown as boolean })).toThrow(/true or false/);
  });

  it("are one object, or a list of them", () => {
    expect(read('{"id":"m:1","status":"delivered","more":{}}')).toEqual({
      id: "evt-1",
      receipts: [{ message: "m:1", status: "delivered" }],
    });
    const list = [
      { id: "m:1", status: "undelivered", errorCode: 30008, errorMessage: "Unknown error" },
      { id: "m:2", status: "sent", errorCode: null, errorMessage: {} },
    ];
    expect(read(JSON.stringify(list))?.receipts).toEqual([
      { message: "m:1", status: "undelivered", errorCode: "30008", errorMessage: "Unknown error" },
      { message: "m:2", status: "sent" },
    ]);
    expect(read("[]")?.receipts).toEqual([]);
  });

  it.each(["queued", "verified", "approved", "Delivered", "__proto__", ""])("that say %j say nothing", (status) => {
    expect(read(JSON.stringify({ id: "m:1", status }))).toEqual({ id: "evt-1", receipts: [] });
  });

  it.each([
    "",
    "null",
    "7",
    "{",
    '"m:1"',
    "{}",
    '{"id":"m:1"}',
    '{"id":7,"status":"delivered"}',
    '{"id":"m:1","status":true}',
    '[{"id":"m:1","status":"delivered"},null]',
    JSON.stringify(Array.from({ length: 101 }, () => ({ id: "m:1", status: "sent" }))),
    Buffer.from('{"id":"m:\u00ff","status":"sent"}', "latin1"),
    Buffer.from('{"id":"m:1","status":"delivered"}', "utf16le"),
  ])("that are signed, and are %j, cannot be read", (body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it.each(["utf-16", "latin1", "UTF-7", '"utf-16le"', ""])("H01 are not taken in the charset %s", (charset) => {
    const body = '{"id":"m:1","status":"delivered"}';
    expect(read(body, { "content-type": `application/json; charset=${charset}` })).toBeUndefined();
    expect(read(body, { "content-type": "application/json;charset=UTF-8" })).toBeDefined();
  });

  it("show no secret when they are inspected", () => {
    expect(inspect(provider(), { depth: null, showHidden: true })).not.toContain(SECRET);
  });

  it("are not a message of ours, sent back to us", async () => {
    const server = await startFaultServer();
    try {
      await webhook({ url: server.url, secret: SECRET }).send(aMessage(), patient());
      const [{ headers, body } = expect.fail("nothing arrived")] = server.seen;
      const now = Number(headers["webhook-timestamp"]) * 1000;
      const reader = provider().receipts as ReceiptReader;
      expect(() => reader({ headers, body: Buffer.from(body), url: "/", now })).toThrow("A receipt is");
    } finally {
      await server.close();
    }
  });
});
