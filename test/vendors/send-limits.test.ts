import express from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { email, outbox, sms, twoFactor, voice } from "../../src/index.js";
import { comapiRouter } from "../../src/vendors/comapi/index.js";
import { mittoRouter } from "../../src/vendors/mitto/index.js";
import { mobileresponseRouter } from "../../src/vendors/mobileresponse/index.js";
import { routeeRouter } from "../../src/vendors/routee/index.js";
import { tokenApiRouter } from "../../src/vendors/token-api/index.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";
import { type Host, listen } from "../helpers/vendor-host.js";

const SID = "ACae6e420f425248d6a26948c17a9e2acf";
const WORKFLOW = "00000000-0000-0000-0000-000000000000";
const TOKEN = "11111111-1111-4111-8111-111111111111";

let host: Host;
let clock: FakeClock;
let box: ReturnType<typeof outbox>;

/** All five on one engine, which is limited as it comes. */
beforeEach(async () => {
  clock = fakeClock();
  box = outbox();
  const { verifications, limits, workflows } = twoFactor({
    secret: "a secret of the served side, 32 bytes and more",
    user: () => undefined,
    contact: () => null,
    methods: [sms(box), voice(box), email(box)],
    clock,
  });
  const app = express();
  app.use("/mitto", mittoRouter({ verifications, limits, workflows, accounts: { [SID]: { token: "tok" } } }));
  app.use("/routee", routeeRouter({ verifications, applications: { app: { secret: "app-secret" } } }));
  app.use("/comapi", comapiRouter({ verifications, accounts: { user: { password: "pass" } }, clock }));
  app.use("/mr", mobileresponseRouter({ verifications, tokens: [TOKEN], workflows: { [WORKFLOW]: {} } }));
  app.use("/token", tokenApiRouter({ verifications, keys: ["k1"] }));
  host = await listen(app);
});
afterEach(() => host.close());

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

async function post(path: string, body: object, headers: Record<string, string>): Promise<Told> {
  const answer = await fetch(host.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const json: unknown = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text;
  return { status: answer.status, json, retryAfter: answer.headers.get("retry-after") };
}

interface Told {
  readonly status: number;
  readonly json: unknown;
  readonly retryAfter: string | null;
}

async function bearer(): Promise<Record<string, string>> {
  const answer = await fetch(`${host.url}/routee/oauth/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...basic("app", "app-secret") },
    body: "grant_type=client_credentials",
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return { authorization: `Bearer ${token}` };
}

/** Asks each vendor's API for a code; what the vendor answers to one too many, and to a number it does not serve. */
const VENDORS: Record<string, { send: (to: string) => Promise<Told>; sent: object; limited: object; refused: object }> =
  {
    mitto: {
      send: (to) =>
        post("/mitto/2fa/send", { service: "2FA", from: "12012751398", to, body: "{code}" }, basic(SID, "tok")),
      sent: { json: { code: 200 } },
      limited: { json: { code: 429, message: "Limit exceeded", requestID: null } },
      refused: { json: { code: expect.any(Number), requestID: null } },
    },
    routee: {
      send: async (recipient) =>
        post("/routee/2step", { method: "sms", type: "code", recipient, template: "@@pin", digits: 6 }, await bearer()),
      sent: { status: 200 },
      limited: { status: 429, json: { code: "429000000" } },
      refused: { status: 400, json: { code: "400000000" } },
    },
    comapi: {
      send: (to) => post("/comapi/webapi/verify", { from: "Test", to: to.slice(1) }, basic("user", "pass")),
      sent: { status: 202 },
      limited: { status: 400, json: [{ property: "to", failureCode: "Throttled" }] },
      refused: { status: 400, json: [{ property: "to", failureCode: "ToInvalid" }] },
    },
    mobileresponse: {
      send: (receiver) =>
        post("/mr/1/workflows", { workflowid: WORKFLOW, metadata: { receiver } }, { "api-token": TOKEN }),
      sent: { status: 200 },
      limited: { status: 429 },
      refused: { status: 400 },
    },
    "token-api": {
      send: (to) =>
        post(`/token/v1/token/sms/${to}`, { type: "numeric", length: 6, text: "PIN: {token}" }, { apikey: "k1" }),
      sent: { status: 200 },
      limited: { status: 400 },
      refused: { status: 400 },
    },
  };

describe.each(Object.entries(VENDORS))("the API of %s", (_vendor, { send, sent, limited, refused }) => {
  it("sends five codes an hour to a number, and answers for the sixth as its documents say, with the wait", async () => {
    for (let index = 0; index < 5; index += 1) {
      expect(await send("+46707123456")).toMatchObject(sent);
      clock.tick(60_000);
    }
    expect(await send("+46707123456")).toMatchObject({ ...limited, retryAfter: "3300" });
    expect(box.messages).toHaveLength(5);
    clock.tick(3_300_000);
    expect(await send("+46707123456")).toMatchObject(sent);
  });

  it("sends ten codes a minute to a block of neighbours", async () => {
    for (let index = 0; index < 10; index += 1) expect(await send(`+4670712340${index}`)).toMatchObject(sent);
    expect(await send("+46707123456")).toMatchObject({ ...limited, retryAfter: "60" });
    expect(box.messages).toHaveLength(10);
  });

  it.each(["+46900123456", "+881612345678", "+979123456789"])("sends nothing to %s", async (to) => {
    expect(await send(to)).toMatchObject(refused);
    expect(box.messages).toEqual([]);
  });
});
