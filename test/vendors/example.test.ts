import { afterAll, beforeAll, describe, expect, it } from "vitest";
import request from "supertest";
import { createApp } from "../../example-app/app.js";
import { readSettings } from "../../example-app/settings.js";
import { createVendors, describeVendors } from "../../example-app/vendors.js";
import { type Host, listen } from "../helpers/vendor-host.js";

let host: Host;
beforeAll(async () => void (host = await listen(createVendors())));
afterAll(() => host.close());

type Described = Record<string, Record<string, string>>;

/** `accountSid` of mitto is `MITTO_ACCOUNT_SID`; the key of the Token API is `TOKEN_API_KEY`. */
function environment(names: readonly string[]): Record<string, string> {
  const shouted = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  const all: Described = describeVendors(host.url);
  const pairs = names.flatMap((vendor) =>
    Object.entries(all[vendor] ?? {}).map(([name, value]) => [
      `${shouted(vendor)}_${name === "apiKey" ? "KEY" : shouted(name)}`,
      value,
    ]),
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}

function bankWith(env: Record<string, string>) {
  return createApp({ settings: readSettings(env, () => undefined) });
}

async function newest(): Promise<{ to: string; channel: string; text: string }> {
  const { body } = await request(host.url).get("/outbox").expect(200);
  return (body as { to: string; channel: string; text: string }[])[0] ?? expect.unreachable("nothing was sent");
}

describe("npm run start:vendors", () => {
  it("says where the five are and with which credentials, in the form that is fixed", () => {
    const shape = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, expect.any(String)]));
    const described = describeVendors("http://localhost:4000");
    expect(described).toEqual({
      mitto: shape(["url", "accountSid", "token"]),
      routee: shape(["url", "applicationId", "applicationSecret"]),
      comapi: shape(["url", "username", "password"]),
      mobileresponse: shape(["url", "apiToken", "workflowId"]),
      tokenApi: shape(["url", "apiKey"]),
    });
    expect(Object.keys(described)).toEqual(["mitto", "routee", "comapi", "mobileresponse", "tokenApi"]);
    expect(JSON.stringify(described)).not.toContain("\n");
  });
});

describe("the example app", () => {
  it.each(["mitto", "routee", "comapi", "mobileresponse", "tokenApi"])(
    "opens its vault with codes that %s makes and checks, over HTTP",
    async (vendor) => {
      const { app, tfa } = bankWith(environment([vendor]));
      const ada = request.agent(app);
      await ada.post("/login").send({ username: "ada", password: "lovelace" }).expect(200);
      await ada.get("/vault").expect(401);
      const { to, channel, text } = await newest();
      expect(channel).toBe("sms");
      const code = /\d{4,8}/.exec(text)?.[0] ?? "";
      const wrong = [...code].map((digit) => (Number(digit) + 1) % 10).join("");
      await ada.get("/vault").set("Two-Factor-Code", wrong).expect(422);
      await ada.get("/vault").set("Two-Factor-Code", code).expect(200);
      expect(to).toMatch(/^\+\d+$/);
      // the message is at the vendor's, not here
      expect((await ada.get("/outbox").expect(200)).body).toEqual([]);
      await tfa.close();
    },
  );

  it("sends through the next where the first has no such account", async () => {
    const { app, tfa } = bankWith({ ...environment(["mitto", "comapi"]), MITTO_TOKEN: "another" });
    const ada = request.agent(app);
    await ada.post("/login").send({ username: "ada", password: "lovelace" }).expect(200);
    await ada.get("/vault").expect(401);
    const code = /\d{4}/.exec((await newest()).text)?.[0] ?? "";
    await ada.get("/vault").set("Two-Factor-Code", code).expect(200);
    await tfa.close();
  });
});
