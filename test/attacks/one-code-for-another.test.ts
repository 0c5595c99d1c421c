/**
 * The attacker holds the victim's phone and not their mailbox, or the other way round, and the app lets a vendor make the
 * codes of one of the two. The code of one way is typed while the other is asked for, in every order: what it proves is
 * the way it came by, and a vendor that cannot be asked gives nobody free guesses.
 */
import { describe, expect, it } from "vitest";
import { email, outbox, sms, type VerificationProvider } from "../../src/index.js";
import { fixture } from "../helpers/app.js";

function vendor(tells: boolean) {
  const asked: string[] = [];
  const provider: VerificationProvider = {
    kind: "verification",
    name: "vendor",
    start: () => ({ reference: "ref-1", ...(tells ? { code: "7351" } : {}) }),
    check: (_reference, code) => {
      asked.push(code);
      return code === "7351";
    },
  };
  return { provider, asked };
}

describe.each([
  ["tells its code", true],
  ["keeps its code", false],
])("beside a vendor that %s", (_name, tells) => {
  it("the code by phone proves the phone and nothing else", async () => {
    const { provider } = vendor(tells);
    const shop = fixture({ methods: [email(outbox()), sms(provider)] });
    shop.guard("/vault");
    shop.guard("/mail-only", { methods: ["email"] });
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    const proved = await agent.post("/2fa/verify").send({ code: "7351" }).expect(200);
    expect(proved.body).toMatchObject({ methods: ["sms"] });
    await agent.get("/vault").expect(200);
    await agent.get("/mail-only").expect(401);
  });

  it("the code by mail is still right after the phone was asked, with nothing sent again", async () => {
    const { provider } = vendor(tells);
    const mail = outbox();
    const shop = fixture({ methods: [email(mail), sms(provider)] });
    const agent = await shop.login("ada");
    for (const method of ["email", "sms", "email"]) await agent.post("/2fa/challenge").send({ method }).expect(201);
    expect(mail.messages).toHaveLength(1);
    const code = /^\d{8}/.exec(mail.messages[0]?.text ?? "")?.[0];
    const proved = await agent.post("/2fa/verify").send({ code }).expect(200);
    expect(proved.body).toMatchObject({ methods: ["email"] });
  });

  it("five guesses are five, whichever way was asked for first", async () => {
    const { provider, asked } = vendor(tells);
    const shop = fixture({ methods: [email(outbox()), sms(provider)] });
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(201);
    await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      statuses.push((await agent.post("/2fa/verify").send({ code: `100${guess % 10}` })).status);
    }
    expect(statuses).toEqual([...Array<number>(5).fill(422), ...Array<number>(7).fill(429)]);
    expect(asked.length).toBe(tells ? 0 : 5);
  });
});
