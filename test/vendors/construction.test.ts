import { afterEach, describe, expect, it } from "vitest";
import { email, outbox, sms, smtp, twoFactor, voice, type MethodFactory } from "../../src/index.js";
import type { Provider, VerificationProvider } from "../../src/providers/provider.js";
import { comapi } from "../../src/vendors/comapi/index.js";
import { mitto } from "../../src/vendors/mitto/index.js";
import { mobileresponse } from "../../src/vendors/mobileresponse/index.js";
import { routee } from "../../src/vendors/routee/index.js";
import { tokenApi } from "../../src/vendors/token-api/index.js";
import { type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";

const UNSET = process.env["A_VARIABLE_THAT_NOBODY_SETS"];

/** As an app writes them, with what its environment gives: each setting is missing once. */
const CLIENTS: readonly [setting: string, make: (missing: string) => VerificationProvider][] = [
  ["mitto({ accountSid })", () => mitto({ accountSid: UNSET, token: "t", service: "Acme" })],
  ["mitto({ token })", () => mitto({ accountSid: "AC1", token: UNSET, service: "Acme" })],
  ["routee({ applicationId })", () => routee({ applicationId: UNSET, applicationSecret: "s" })],
  ["routee({ applicationSecret })", () => routee({ applicationId: "a", applicationSecret: UNSET })],
  ["comapi({ username })", () => comapi({ username: UNSET, password: "p" })],
  ["comapi({ password })", () => comapi({ username: "u", password: UNSET })],
  ["mobileresponse({ apiToken })", () => mobileresponse({ apiToken: UNSET, workflowId: "w" })],
  ["mobileresponse({ workflowId })", () => mobileresponse({ apiToken: "t", workflowId: UNSET })],
  ["tokenApi({ apiKey })", () => tokenApi({ apiKey: UNSET, baseUrl: "https://tokens.test" })],
  ["tokenApi({ baseUrl })", () => tokenApi({ apiKey: "k", baseUrl: UNSET })],
];

describe("a client of a vendor", () => {
  it.each(CLIENTS)("says that %s is missing, and where to look", (setting, make) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: "misconfigured",
        message: `${setting} is missing: is its environment variable set?`,
      }),
    );
  });
});

const ROUTEE = routee({ applicationId: "a", applicationSecret: "s" });
const COMAPI = comapi({ username: "u", password: "p" });
const MOBILE = mobileresponse({ apiToken: "t", workflowId: "w" });
const TOKEN = tokenApi({ apiKey: "k", baseUrl: "https://tokens.test" });
const SMTP = smtp({ host: "127.0.0.1", from: "no-reply@shop.example" });

function built(method: MethodFactory) {
  return () =>
    twoFactor({
      secret: "a secret of the tests that is long enough",
      user: () => undefined,
      contact: () => null,
      methods: [method],
    });
}

describe("a channel", () => {
  it.each<[string, (provider: Provider | Provider[]) => MethodFactory, Provider]>([
    ["voice", voice, TOKEN],
    ["voice", voice, MOBILE],
    ["voice", voice, COMAPI],
    ["voice", voice, SMTP],
    ["sms", sms, SMTP],
    ["email", email, ROUTEE],
    ["email", email, COMAPI],
  ])("%s() refuses whoever cannot carry it, when it is built", (name, method, provider) => {
    const sentence = new RegExp(`^${name}\\(\\) has no provider that can carry it: .* cannot`);
    expect(built(method(provider))).toThrow(expect.objectContaining({ code: "misconfigured" }));
    expect(built(method(provider))).toThrow(sentence);
    expect(built(method([provider, provider]))).toThrow(sentence);
  });

  it("passes such a provider over in a chain, and has codes of its own where no other is left", async () => {
    const box = outbox();
    const { verifications } = built(voice([TOKEN, box]))();
    const started = await verifications.start({ to: "+46707123456", channel: "voice", code: { value: "314159" } });
    expect(started).toMatchObject({ ok: true });
    expect(box.messages).toMatchObject([{ channel: "voice" }]);
  });
});

describe("what a message says to its carrier", () => {
  let server: FaultServer | undefined;
  afterEach(() => server?.close());
  const bodies = () => server?.seen.map(({ body }) => JSON.parse(body) as Record<string, unknown>) ?? [];

  it("reaches Mitto: the voice of this call, in place of the one of all calls", async () => {
    server = await startFaultServer();
    server.script({ status: 200, body: JSON.stringify({ code: 200, message: "OK", requestID: "OTP1" }) });
    const options = { accountSid: "AC1", token: "t", service: "Acme", baseUrl: new URL(server.url).origin };
    const client = mitto({ ...options, voice: "man", repeat: 1 });
    const call = aMessage({ channel: "voice", template: "{code}", digits: 6 });
    await client.start(
      { ...call, hints: { voice: "woman", repeat: 3, language: "awspolly.ja-JP", pumpkin: 1 } },
      patient(),
    );
    await client.start(call, patient());
    expect(bodies()).toMatchObject([
      { voice: "woman", repeat: 3, language: "awspolly.ja-JP" },
      { voice: "man", repeat: 1 },
    ]);
    expect(bodies()[0]).not.toHaveProperty("pumpkin");
  });

  it("reaches Routee: the ids that a text is registered by", async () => {
    server = await startFaultServer();
    const token = JSON.stringify({ access_token: "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10", expires_in: 3599 });
    const pending = JSON.stringify({ trackingId: "5506eeff-169a-406b-b4a5-87d7f49148df", status: "Pending" });
    server.script({ status: 200, body: token }, { status: 200, body: pending });
    const client = routee({
      applicationId: "a",
      applicationSecret: "s",
      baseUrl: new URL(server.url).origin,
      restrictions: { contentTemplateId: "1", principalEntityId: "2" },
    });
    const message = aMessage({ template: "{code}", digits: 4 });
    await client.start({ ...message, hints: { contentTemplateId: "1007" } }, patient());
    await client.start(message, patient());
    const [, ...starts] = server.seen.map(({ body }) => body);
    expect(starts.map((body) => (JSON.parse(body) as { restrictions: object }).restrictions)).toEqual([
      { contentTemplateId: "1007", principalEntityId: "2" },
      { contentTemplateId: "1", principalEntityId: "2" },
    ]);
  });
});
