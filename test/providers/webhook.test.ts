import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { DeliveryProvider } from "../../src/providers/provider.js";
import { webhook, type WebhookOptions } from "../../src/providers/webhook.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, anEmail, patient } from "../helpers/messages.js";

const SECRET = "0123456789abcdef01234567";

let server: FaultServer;
beforeAll(async () => void (server = await startFaultServer()));
afterAll(() => server.close());
afterEach(() => {
  server.seen.splice(0);
  server.script("ok");
  vi.unstubAllEnvs();
});

function provider(changes: Partial<WebhookOptions> = {}): DeliveryProvider {
  return webhook({ url: server.url, secret: SECRET, ...changes });
}

describe("a message", () => {
  it("is posted as JSON with a signature over id, time and body", async () => {
    await provider({ headers: { "x-gateway": "7" } }).send(aMessage(), patient());
    const [{ headers, body } = expect.fail("nothing arrived")] = server.seen;
    const { id, to, channel, text, locale, expiresAt } = JSON.parse(body) as Record<string, string>;
    expect({ id, to, channel, text, locale }).toMatchObject({
      id: "challenge-1.0",
      to: "+46701740605",
      channel: "sms",
      locale: "en",
    });
    expect(text).toContain("483920");
    expect(Date.parse(expiresAt ?? "")).toBeGreaterThan(Date.now());
    const stamp = String(headers["webhook-timestamp"]);
    expect(Math.abs(Number(stamp) - Date.now() / 1000)).toBeLessThan(5);
    const signed = createHmac("sha256", SECRET).update(`challenge-1.0.${stamp}.${body}`).digest("base64");
    expect(headers).toMatchObject({
      "webhook-id": "challenge-1.0",
      "webhook-signature": `v1,${signed}`,
      "content-type": "application/json",
      "x-gateway": "7",
    });
  });

  it("is signed with the bytes behind a whsec_ secret", async () => {
    const key = Buffer.from("the bytes that sign, at least 24");
    await provider({ secret: `whsec_${key.toString("base64")}` }).send(anEmail(), patient());
    const [{ headers, body } = expect.fail("nothing arrived")] = server.seen;
    const signed = createHmac("sha256", key).update(`challenge-1.0.${headers["webhook-timestamp"]}.${body}`);
    expect(headers["webhook-signature"]).toBe(`v1,${signed.digest("base64")}`);
    expect(JSON.parse(body)).toHaveProperty("subject");
  });

  it("keeps its signature headers whatever headers are configured", async () => {
    await provider({ headers: { "Webhook-Id": "mine", "Content-Type": "text/plain" } }).send(aMessage(), patient());
    expect(server.seen[0]?.headers).toMatchObject({
      "webhook-id": "challenge-1.0",
      "content-type": "application/json",
    });
  });
});

describe("an answer", () => {
  const send = async (fault: Fault): Promise<unknown> => {
    server.script(fault);
    return provider().send(aMessage(), patient());
  };

  it.each([
    ['{"id":"m-1"}', "m-1"],
    ['{"reference":"r-1"}', "r-1"],
    ['{"id":42}', "42"],
    ['\ufeff{"id":"m-1"}', "m-1"],
  ])("of %s names the receipt", async (body, reference) => {
    expect(await send({ status: 202, body })).toEqual({ reference });
  });

  it.each([
    "",
    "null",
    "[]",
    '"m-1"',
    '{"id":{"valid":true}}',
    '{"id":""}',
    '{"id":true}',
    `{"id":"${"x".repeat(500)}"}`,
  ])("of %s is accepted without a reference", async (body) => {
    expect(await send({ status: 200, body })).toEqual({});
  });

  it.each(["garbage", "html200", "empty", "deep", "nan", "duplicates"] as const)(
    "that is %s is survived",
    async (fault) => {
      expect(await send(fault)).toEqual({});
    },
  );

  it("of 400 is a refusal for good", async () => {
    await expect(send(400)).rejects.toMatchObject({ name: "DeliveryError", unsent: true, permanent: true });
  });

  it("of 429 and 503 hands on the pause it asks for", async () => {
    const headers = { "retry-after": "30" };
    await expect(send({ status: 429, headers })).rejects.toMatchObject({ unsent: true, retryAfter: 30_000 });
    await expect(send({ status: 503, headers })).rejects.toMatchObject({ unsent: false, retryAfter: 30_000 });
  });

  it("of 500 leaves open whether the message went out", async () => {
    await expect(send(500)).rejects.toMatchObject({ unsent: false, permanent: false });
  });
});

describe("a configuration", () => {
  const refused = (changes: object): string => {
    try {
      provider(changes);
    } catch (error) {
      expect(error).toMatchObject({ name: "TwoFactorError", code: "misconfigured" });
      return String(error);
    }
    return expect.fail("it was accepted");
  };

  it("says that repeats are dropped, under its own name", () => {
    expect(provider()).toMatchObject({ name: "webhook", idempotent: true });
    expect(provider({ name: "acme" }).name).toBe("acme");
  });

  it("needs an https address in production, but for this machine", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(refused({ url: "http://messages.example.com/" })).toContain("https in production");
    for (const url of [
      "https://messages.example.com/",
      "http://127.0.0.1:4000/",
      "http://localhost/",
      "http://[::1]/",
    ]) {
      expect(provider({ url }).name).toBe("webhook");
    }
  });

  it("accepts http outside production", () => {
    expect(provider({ url: "http://messages.test/" }).name).toBe("webhook");
  });

  it.each(["", "messages.example.com", "ftp://example.com/", "file:///etc/passwd", undefined])(
    "refuses %s as an address",
    (url) => {
      expect(refused({ url })).toContain("complete address");
    },
  );

  it("refuses credentials in the address, and does not repeat them", () => {
    expect(refused({ url: "https://user:hunter2@example.com/" })).not.toContain("hunter2");
  });

  it.each([undefined, "", "short", "x".repeat(23), "whsec_c2hvcnQ=", "whsec_not base64 at all, but long enough"])(
    "refuses %s as a secret",
    (secret) => {
      expect(refused({ secret })).toContain("at least 24 bytes");
    },
  );

  it("refuses headers that HTTP does not allow, and options it does not know", () => {
    expect(refused({ headers: { "x-key": "secret\r\nEvil: 1" } })).not.toContain("Evil");
    expect(refused({ secrte: "x" })).toContain('Did you mean "secret"');
  });

  it("shows no secret when it is inspected", () => {
    const views = [inspect(provider(), { depth: null, showHidden: true }), JSON.stringify(provider())];
    for (const view of views) expect(view).not.toContain(SECRET);
  });
});
