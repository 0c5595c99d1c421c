/**
 * The attacker wants the app to pay: they ask for messages by the thousand, from as many accounts, addresses and numbers as
 * it takes to stay below every limit that counts by one of them. Nobody of them alone does anything unusual; only the sum
 * is. And whoever can stop all messages must not keep those out who need none.
 */
import { generateSync } from "otplib";
import { afterEach, describe, expect, it } from "vitest";
import { email, outbox, type Provider, sms, totp, voice } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { fixture, type Fixture, TOTP_SECRET } from "../helpers/app.js";
import { Site, Visitor } from "../helpers/burst.js";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let site: Site | undefined;
afterEach(() => site?.close());

/** Numbers of different blocks, as strangers have. */
const stranger = (index: number): string => `+4670${String(1_000 + index)}123`;

/** One message for a user whom nobody else has anything to do with: `"sent"`, or the refusal and its wait. */
async function send(shop: Fixture, index: number): Promise<string> {
  shop.contacts[`user ${index}`] = { phone: stranger(index) };
  const started = await shop.tfa.challenges.start({ user: `user ${index}`, session: "session" });
  return started.ok ? "sent" : `${started.reason} ${started.retryAfter}`;
}

describe("C10: a thousand messages in an hour", () => {
  it("are the last: the next is refused like any other, and somebody is told, once", async () => {
    let messages = 0;
    const shop = fixture({ methods: [sms(() => void (messages += 1))] });
    const caps: unknown[] = [];
    let refusals = 0;
    shop.tfa.events.on("spend.cap", (event) => caps.push(event));
    shop.tfa.events.on("limit.exceeded", () => (refusals += 1));
    const began = shop.clock();
    for (let index = 0; index < 1_000; index += 1) {
      expect(await send(shop, index)).toBe("sent");
      shop.clock.tick(SECOND);
    }
    expect(caps).toEqual([]);
    expect(await send(shop, 1_000)).toBe("limit_exceeded 2600");
    const alarm = { channel: "sms", max: 1_000, interval: HOUR, retryAt: began + HOUR };
    expect(caps).toEqual([alarm]);
    for (let index = 1_001; index < 1_050; index += 1) expect(await send(shop, index)).toBe("limit_exceeded 2600");
    expect([caps.length, refusals]).toEqual([1, 50]);
    expect(messages).toBe(1_000);

    shop.clock.tick(2_600 * SECOND - 1);
    expect(await send(shop, 1_000)).toBe("limit_exceeded 1");
    shop.clock.tick(1);
    expect(await send(shop, 1_000)).toBe("sent");
    expect(await send(shop, 1_001)).toBe("limit_exceeded 1");
    expect(caps).toHaveLength(1);
    // an hour after the first alarm it is news again
    shop.clock.tick(1_000 * SECOND);
    for (let index = 2_000; caps.length < 2 && index < 3_100; index += 1) await send(shop, index);
    expect(caps).toHaveLength(2);
  });

  it("stop messages and nothing else: other channels, authenticator apps and codes that are out", async () => {
    const box = outbox();
    const spend = { sms: { max: 3, interval: "1h" }, voice: { max: 1, interval: "1h" } } as const;
    const shop = fixture({
      methods: [totp({ secret: (user) => (user === "grace" ? TOTP_SECRET : null) }), sms(box), voice(box), email(box)],
      limits: { spend },
    });
    shop.guard("/vault");
    site = await Site.open(shop.app);
    const ada = await Visitor.login(site, "ada");
    await ada.get("/vault");
    const code = shop.box.messages.length > 0 ? shop.code() : (box.messages[0]?.text.slice(0, 6) ?? "");
    for (let index = 0; index < 2; index += 1) await send(shop, index);

    const bob = await Visitor.login(site, "bob");
    const refused = await bob.get("/vault");
    expect(refused).toMatchObject({ status: 429, body: { code: "limit_exceeded", retryAfter: 3_600 } });
    expect(refused.text).not.toMatch(/spend|cap\b|1h/i);
    expect(refused.headers["ratelimit-policy"]).toBe('"messages";q=1;w=3600');
    expect((await bob.post("/2fa/challenge", { method: "voice" })).status).toBe(201);

    expect((await ada.post("/2fa/verify", { code })).status).toBe(200);
    const grace = await Visitor.login(site, "grace");
    expect((await grace.get("/vault")).status).toBe(401);
    const counter = Math.floor(shop.clock() / 30_000);
    const answer = generateSync({ strategy: "hotp", secret: TOTP_SECRET, counter });
    expect((await grace.post("/2fa/verify", { code: answer })).status).toBe(200);
    for (let index = 0; index < 20; index += 1) {
      shop.contacts[`mail ${index}`] = { email: `mail${index}@example.com` };
      const started = await shop.tfa.challenges.start({ user: `mail ${index}`, session: "session" });
      expect(started).toMatchObject({ ok: true, challenge: { method: "email" } });
    }
  });

  it("are counted together with the app's own, whatever the account, and with resends and steps of workflows", async () => {
    const shop = fixture({
      limits: { spend: { sms: { max: 6, interval: "1h" } } },
      workflows: {
        twice: [
          { channel: "sms", interval: 0 },
          { channel: "sms", interval: "40s" },
        ],
      },
    });
    const { verifications } = shop.tfa;
    expect(await send(shop, 1)).toBe("sent");
    const first = await verifications.start({ to: stranger(2), account: "a", workflow: "twice" });
    const second = await verifications.start({ to: stranger(3), account: "b" });
    const [one, two] = [first, second].map((each) => (each.ok ? each.verification.id : ""));
    shop.clock.tick(30 * SECOND);
    expect(await verifications.resend({ id: two as string, account: "b" })).toMatchObject({ ok: true });
    expect(await verifications.resend({ id: one as string, account: "a", next: true })).toMatchObject({ ok: true });
    expect(await send(shop, 4)).toBe("sent");
    expect(shop.box.messages).toHaveLength(6);
    const refused = { ok: false, reason: "limit_exceeded", details: { retryAfter: 3_570 } };
    expect(await verifications.start({ to: stranger(5) })).toMatchObject(refused);
    shop.clock.tick(60 * SECOND);
    expect(await verifications.resend({ id: two as string, account: "b" })).toMatchObject({ ok: false });
    expect(await send(shop, 6)).toMatch(/^limit_exceeded/);
    expect(shop.box.messages).toHaveLength(6);
  });

  it("are not counted where nothing left, and are where something may have", async () => {
    const state = { unsent: true, down: true };
    const box = outbox();
    const carry: Provider = (message) => {
      if (state.down) throw new DeliveryError("refused", { unsent: state.unsent, permanent: true });
      box.send(message);
    };
    const shop = fixture({ methods: [sms(carry)], limits: { spend: { sms: { max: 2, interval: "1h" } } } });
    for (let index = 0; index < 5; index += 1) expect(await send(shop, index)).toMatch(/^delivery_failed/);
    state.unsent = false;
    for (let index = 5; index < 7; index += 1) expect(await send(shop, index)).toMatch(/^delivery_failed/);
    state.down = false;
    expect(await send(shop, 8)).toBe("limit_exceeded 3600");
    expect(box.messages).toEqual([]);
  });

  it("may be more where the app says so", async () => {
    const shop = fixture({ limits: { spend: { sms: false } } });
    for (let index = 0; index < 1_100; index += 1) expect(await send(shop, index)).toBe("sent");
  });
});
