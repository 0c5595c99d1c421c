/**
 * The attacker has the password and all the time there is: waits for every lock to end, and guesses on. After a hundred
 * guesses in a row at one method there is nothing left to wait for (NIST SP 800-63B-4 section 3.2.2).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { email, memoryStore, outbox, type Outbox, recoveryCodes, sms, type TwoFactorOptions } from "../../src/index.js";
import type { Store } from "../../src/stores/store.js";
import { fixture } from "../helpers/app.js";
import { PLENTY, wrongCodes } from "../helpers/arena.js";
import { type FakeClock, fakeClock } from "../helpers/clock.js";
import { EVERY_STORE, type StoreMaking } from "../helpers/every-store.js";
import { recordingStore } from "../helpers/recording-store.js";

const DAY = 24 * 3_600_000;

function shopOn(store: Store, clock: FakeClock, options: Partial<TwoFactorOptions> = {}) {
  const boxes = { sms: outbox(), email: outbox() };
  const methods = [sms(boxes.sms), email(boxes.email), recoveryCodes()];
  const shop = fixture({ store, clock, methods, factors: true, limits: PLENTY, ...options });
  const told: unknown[] = [];
  shop.tfa.events.on("factor.disabled", (event) => void told.push(event));
  return { ...shop, clock, boxes, told };
}
type Shop = ReturnType<typeof shopOn>;

let sessions = 0;
const login = (user: string) => ({ user, session: `session ${(sessions += 1)}` });
const codeIn = (box: Outbox): string => /^\d{6,8}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";

/** Guesses at SMS codes, waits for every lock, and stops when there is nothing to guess at any more. */
async function guessOn({ tfa, boxes, clock }: Shop, user: string): Promise<string> {
  for (let round = 0; round < 100; round += 1) {
    const by = login(user);
    const started = await tfa.challenges.start({ ...by, method: "sms" });
    if (!started.ok && started.reason !== "account_locked") return started.reason;
    if (!started.ok) clock.tick((started.retryAfter ?? 0) * 1_000);
    else {
      for (const code of wrongCodes(codeIn(boxes.sms), 5)) await tfa.challenges.verify({ ...by, code });
      // and never more than a few a day, so that no lock is ever remembered for long
      clock.tick(DAY);
    }
  }
  return "nothing stopped it";
}

/** A right code by e-mail. */
async function proveByEmail({ tfa, boxes }: Shop, user: string) {
  const by = login(user);
  expect(await tfa.challenges.start({ ...by, method: "email" })).toMatchObject({ ok: true });
  return tfa.challenges.verify({ ...by, code: codeIn(boxes.email) });
}

describe.each(Object.entries(EVERY_STORE))("C04: the ceiling of a method, on %s", (_name, { isHere, begin }) => {
  let making: StoreMaking;
  beforeAll(async () => void (isHere && (making = await begin())), 60_000);
  afterAll(() => making?.end());
  const shopHere = async (options?: Partial<TwoFactorOptions>): Promise<Shop> => {
    const clock = fakeClock();
    const [store = memoryStore()] = await making.make(clock);
    return shopOn(store, clock, options);
  };

  it.runIf(isHere)("is met after a hundred guesses, whatever is waited for, and told once", async () => {
    const shop = await shopHere();
    expect(await guessOn(shop, "ada")).toBe("method_not_allowed");
    expect(shop.counters.compares).toBe(100);
    expect(shop.told).toEqual([{ user: "ada", method: "sms" }]);
    shop.clock.tick(300 * DAY);
    const again = await shop.tfa.challenges.start({ ...login("ada"), method: "sms" });
    expect(again).toMatchObject({ ok: false, reason: "method_not_allowed" });
    // whoever asks for no method in particular gets the next one, and by it the first one back
    const by = login("ada");
    const next = await shop.tfa.challenges.start(by);
    expect(next).toMatchObject({ ok: true, challenge: { method: "email" } });
    expect(await shop.tfa.challenges.verify({ ...by, code: codeIn(shop.boxes.email) })).toMatchObject({ ok: true });
    const back = login("ada");
    expect(await shop.tfa.challenges.start({ ...back, method: "sms" })).toMatchObject({ ok: true });
    const verified = await shop.tfa.challenges.verify({ ...back, code: codeIn(shop.boxes.sms) });
    expect(verified).toMatchObject({ ok: true, proof: { methods: ["sms"] } });
    expect([shop.told.length, shop.counters.compares]).toEqual([1, 102]);
  });

  it.runIf(isHere)(
    "keeps the right code of an open challenge out, without a compare, until the app opens",
    async () => {
      const shop = await shopHere({ limits: { ...PLENTY, failures: { perMethod: 4 } } });
      const { tfa, boxes, counters } = shop;
      const owner = login("bob");
      await tfa.challenges.start(owner);
      const right = codeIn(boxes.sms);
      const eve = login("bob");
      await tfa.challenges.start(eve);
      for (const code of wrongCodes(codeIn(boxes.sms), 5)) await tfa.challenges.verify({ ...eve, code });
      expect(counters.compares).toBe(4);
      const refused = { ok: false, reason: "method_not_allowed" };
      expect(await tfa.challenges.verify({ ...owner, code: right })).toMatchObject(refused);
      expect(await tfa.challenges.start(login("bob"))).toMatchObject(refused);
      await tfa.revoke("bob");
      expect(await tfa.challenges.verify({ ...owner, code: right })).toMatchObject(refused);
      expect([counters.compares, shop.told.length]).toEqual([4, 1]);
      await tfa.unlock("bob");
      expect(await tfa.challenges.verify({ ...owner, code: right })).toMatchObject({ ok: true });
    },
  );

  it.runIf(isHere)("C05: is counted for the used method alone, and by its own success from the start", async () => {
    const shop = await shopHere({ limits: { ...PLENTY, failures: { perMethod: 12 } } });
    const guess = async (times: number): Promise<void> => {
      const by = login("ada");
      await shop.tfa.challenges.start({ ...by, method: "sms" });
      for (const code of wrongCodes(codeIn(shop.boxes.sms), times)) await shop.tfa.challenges.verify({ ...by, code });
    };
    // no lock: another method is right each time; and yet the failures of this one add up
    for (let round = 0; round < 2; round += 1) {
      await guess(5);
      expect(await proveByEmail(shop, "ada")).toMatchObject({ ok: true });
    }
    const by = login("ada");
    await shop.tfa.challenges.start({ ...by, method: "sms" });
    expect(await shop.tfa.challenges.verify({ ...by, code: codeIn(shop.boxes.sms) })).toMatchObject({ ok: true });
    await guess(5);
    expect(shop.told).toEqual([]);
    await proveByEmail(shop, "ada");
    await guess(5);
    await guess(2);
    expect(shop.told).toEqual([{ user: "ada", method: "sms" }]);
    const [code = ""] = await shop.tfa.factors.newRecoveryCodes("ada");
    const recovering = login("ada");
    await shop.tfa.challenges.start({ ...recovering, method: "recovery-code" });
    expect(await shop.tfa.challenges.verify({ ...recovering, code })).toMatchObject({ ok: true });
    expect(await shop.tfa.challenges.start({ ...login("ada"), method: "sms" })).toMatchObject({ ok: true });
  });
});

describe("C04: somebody with a method that is disabled", () => {
  const failures = { perMethod: 1, perAccount: 100 };

  it("is asked by the next one, in two calls of the store, and by one message", async () => {
    const { store, calls } = recordingStore(memoryStore());
    const clock = fakeClock();
    const shop = shopOn(store, clock, { limits: { ...PLENTY, failures }, factors: false, methods: METHODS() });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    await ada.post("/2fa/verify").send({ code: "000000" }).expect(422);
    // the challenge that is open moves on with them
    const before = calls.length;
    const sent = box.messages.length;
    const { body } = await ada.get("/vault").expect(401);
    expect(body.challenge).toMatchObject({ method: "email" });
    await ada
      .post("/2fa/verify")
      .send({ code: codeIn(box) })
      .expect(200);
    await ada.get("/vault").expect(200);
    expect(box.messages.length - sent).toBe(1);
    expect(calls.slice(before).filter(({ method }) => ["open", "find"].includes(method)).length).toBeLessThanOrEqual(2);

    const bob = await shop.login("ada");
    await bob.get("/vault").expect(401);
    const start = calls.length;
    await bob.post("/2fa/challenge").send({ action: "other" }).expect(201);
    expect(calls.slice(start).filter(({ method }) => method === "open").length).toBeLessThanOrEqual(2);
  });

  it("and no other is refused with a sentence that says the way back, and never let through for having none", async () => {
    const clock = fakeClock();
    const shop = shopOn(memoryStore(), clock, { limits: { ...PLENTY, failures } });
    for (const onNotEnrolled of ["deny", "allow", "enroll"] as const) {
      shop.guard(`/${onNotEnrolled}`, { onNotEnrolled, methods: ["sms"] });
    }
    const bob = await shop.login("bob");
    await bob.get("/deny").expect(401);
    await bob.post("/2fa/verify").send({ code: "000000" }).expect(422);
    const { body } = await bob
      .post("/2fa/verify")
      .send({ code: codeIn(shop.boxes.sms) })
      .expect(403);
    expect(body).toMatchObject({ code: "method_not_allowed", detail: expect.stringContaining("Too many wrong codes") });
    for (const path of ["/deny", "/allow", "/enroll"]) {
      const refusal = await bob.get(path).expect(403);
      expect(refusal.body).toMatchObject({
        code: "method_not_allowed",
        detail: expect.stringContaining("another one"),
      });
      const page = await bob.get(path).set({ accept: "text/html", "sec-fetch-mode": "navigate" });
      expect([page.status, page.headers["location"]]).toEqual([403, undefined]);
    }
    expect(shop.counters).toMatchObject({ handlerHits: 0, compares: 1, grants: 0 });
  });
});

let box = outbox();
const METHODS = () => [sms((box = outbox())), email(box)];
