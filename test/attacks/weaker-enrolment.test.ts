/**
 * A route takes nothing but a passkey. The attacker has the password and was told a code, by a site that looked right or
 * by a telephone number that was taken over: no passkey. They use the code where it still counts, to make a passkey of
 * their own, to take the owner's away, or to get recovery codes.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { outbox, passkey, recoveryCodes, sms, type TwoFactorOptions } from "../../src/index.js";
import { ORIGIN } from "../helpers/app.js";
import { SoftPasskey } from "../helpers/authenticator.js";
import { type Agent, passkeyShop } from "../helpers/passkeys.js";

let shop: ReturnType<typeof passkeyShop>;
let box: ReturnType<typeof outbox>;
/** Ada's own. */
let key: SoftPasskey;
let factor: string;
/** What ada had written down before. */
let codes: readonly string[];
/** Somebody else, as ada, with a code of hers. */
let thief: Agent;

async function open(options: Partial<TwoFactorOptions> = {}): Promise<void> {
  box = outbox();
  shop = passkeyShop({ methods: [passkey(), sms(box), recoveryCodes()], ...options });
  shop.guard("/payout", { methods: "phishing-resistant", onNotEnrolled: "enroll" });
  ({ key, factor } = await shop.owner("ada"));
  codes = await shop.tfa.factors.newRecoveryCodes("ada");
  shop.clock.tick(60_000);
  thief = await proved();
}

/** A login as ada that has proved her telephone. */
async function proved(): Promise<Agent> {
  const agent = await shop.login("ada");
  await agent.post("/2fa/challenge").send({ method: "sms" }).expect(201);
  const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0];
  await agent.post("/2fa/verify").send({ code }).expect(200);
  await agent.get("/vault").expect(200);
  return agent;
}

const left = async (): Promise<string[]> =>
  (await shop.tfa.factors.list("ada")).map((each) => `${each.method} ${each.id === factor ? "of hers" : "of another"}`);

beforeEach(() => open());

describe("a code where a passkey is there", () => {
  it("A07, E09 changes no factor", async () => {
    const sent = box.messages.length;
    await thief.get("/payout").expect(401);
    for (const [path, body] of [
      ["/enroll", { method: "passkey" }],
      ["/enroll", { method: "sms", to: "+46707123499" }],
      ["/confirm", { code: "123456" }],
      ["/remove", { factor }],
      ["/recovery-codes", {}],
    ] as const) {
      const refusal = await thief.post(`/2fa/factors${path}`).send(body).expect(401);
      expect(refusal.body, path).toMatchObject({
        code: "second_factor_required",
        methods: ["passkey", "recovery-code"],
        challenge: { method: "passkey" },
      });
    }
    await thief.post("/2fa/challenge").send({ method: "sms" }).expect(403);
    expect(await left()).toEqual(["passkey of hers"]);
    expect(await shop.tfa.factors.recoveryCodesLeft("ada")).toBe(10);
    expect(box.messages).toHaveLength(sent);
  });

  it("A07, E09 finishes no passkey that was begun before there was one", async () => {
    await shop.tfa.factors.remove({ user: "ada", factor });
    const begun = await shop.enroll(thief);
    ({ factor } = await shop.owner("ada"));
    const code = new SoftPasskey(ORIGIN).create(begun.publicKey);
    await thief.post("/2fa/factors/confirm").send({ enrollment: begun.id, code }).expect(401);
    expect(await left()).toEqual(["passkey of hers"]);
  });

  it("renames one, which opens nothing", async () => {
    await thief.post("/2fa/factors/rename").send({ factor, name: "Mine" }).expect(204);
  });
});

describe("the owner", () => {
  it("changes factors by her passkey", async () => {
    const ada = await shop.login("ada");
    const { publicKey } = await shop.asked(ada);
    await ada
      .post("/2fa/verify")
      .send({ code: key.get(publicKey) })
      .expect(200);
    const second = await shop.addPasskey(ada);
    await ada.post("/2fa/factors/remove").send({ factor }).expect(204);
    shop.clock.tick(1000);
    const other = await shop.login("ada");
    const asked = await shop.asked(other, "/payout");
    await other
      .post("/2fa/verify")
      .send({ code: second.key.get(asked.publicKey) })
      .expect(200);
    await other.get("/payout").expect(200);
  });

  it("who has lost her passkey makes another by a recovery code, which opens nothing else of it", async () => {
    const ada = await shop.login("ada");
    await ada.post("/2fa/factors/enroll").send({ method: "passkey" }).expect(401);
    await ada.post("/2fa/challenge").send({ method: "recovery-code" }).expect(201);
    await ada.post("/2fa/verify").send({ code: codes[0] }).expect(200);
    await ada.get("/payout").expect(401);
    await shop.addPasskey(ada);
    await ada.get("/payout").expect(200);
  });

  it("who logged in by her passkey has what is left", async () => {
    await open({ firstFactor: "passkey" });
    await thief.post("/2fa/factors/enroll").send({ method: "sms", to: "+46707123499" }).expect(201);
  });
});
