import { generateSync } from "otplib";
import request from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import type { EventName } from "../../src/core/events.js";
import {
  memoryStore,
  recoveryCodes,
  sms,
  type Store,
  totp,
  type TwoFactorEvents,
  type TwoFactorOptions,
} from "../../src/index.js";
import { faultyProvider } from "../../src/testing/faulty-provider.js";
import { CONTACTS, type Fixture, fixture } from "../helpers/app.js";

type Agent = ReturnType<typeof request.agent>;
type Told = { readonly [N in EventName]: { readonly name: N; readonly event: TwoFactorEvents[N] } }[EventName];

interface Scene {
  readonly shop: Fixture;
  readonly ada: Agent;
}

/** How an event comes about, and what it has to say. */
interface Trigger {
  readonly by: (scene: Scene) => Promise<unknown>;
  readonly says: object;
  readonly options?: () => Partial<TwoFactorOptions>;
}

const ASKED = { user: "ada", method: "sms", challenge: expect.any(String) };
const SMS = { channel: "sms", verification: expect.any(String) };
const ada = { user: "ada", session: "a login" };

const opened = async ({ ada: agent }: Scene): Promise<void> => void (await agent.get("/vault").expect(401));
async function answered(scene: Scene): Promise<void> {
  await opened(scene);
  await scene.ada.post("/2fa/verify").send({ code: scene.shop.code() }).expect(200);
}
async function guessed(scene: Scene): Promise<void> {
  await opened(scene);
  await scene.ada.post("/2fa/verify").send({ code: scene.shop.wrong() });
}
async function started({ shop }: Scene): Promise<string> {
  const verification = await shop.tfa.verifications.start({ to: "+46707123456" });
  return verification.ok ? verification.verification.id : expect.unreachable(verification.reason);
}
async function enrolled({ shop }: Scene): Promise<string> {
  const begun = await shop.tfa.factors.enroll({ ...ada, method: "totp" });
  if (!begun.ok) return expect.unreachable(begun.reason);
  const { id, secret = "" } = begun.enrollment;
  const code = generateSync({ secret, epoch: Math.floor(shop.clock() / 1000) });
  expect(await shop.tfa.factors.confirm({ ...ada, enrollment: id, code })).toMatchObject({ ok: true });
  return id;
}
async function trusted(scene: Scene): Promise<void> {
  await opened(scene);
  await scene.ada.post("/2fa/verify").send({ code: scene.shop.code(), trustDevice: true }).expect(200);
  scene.shop.clock.tick(16 * 60_000);
}
async function used(scene: Scene): Promise<void> {
  if (!(await scene.shop.sessionCookie(scene.ada))?.includes("device")) await trusted(scene);
  await scene.ada.get("/trusting").expect(200);
}
const trusting = () => ({ trustedDevices: true });
const DEVICE = { user: "ada", device: expect.any(String) };
const enrolling = () => ({ factors: true, methods: [totp(), sms(() => {}), recoveryCodes()] });
const down: { now: boolean; emptied?: () => void } = { now: false };
afterEach(() => void (down.now = false));

/** A store that is down when the test says so. */
function wavering(): Store {
  return new Proxy(memoryStore(), {
    get(target, name): unknown {
      if (name === "onEmptied") return (listener: () => void) => void (down.emptied = listener);
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (name === "revokedAt") return member.bind(target) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        if (down.now) throw new Error("connection refused");
        return Reflect.apply(member, target, args);
      };
    },
  });
}
async function outage(scene: Scene): Promise<void> {
  down.now = true;
  await scene.ada.get("/vault").expect(503);
  down.now = false;
  scene.shop.clock.tick(5_000);
  await scene.ada.get("/vault").expect(401);
}

const FACTOR = { user: "ada", method: "totp", factor: expect.any(String) };
const REFUSED = { user: "ada", method: "GET", path: "/vault", code: "second_factor_required", reason: "missing" };

const TRIGGERS: Record<EventName, Trigger> = {
  "challenge.opened": { by: opened, says: ASKED },
  "challenge.sent": { by: opened, says: { ...ASKED, to: "+46•••••••56", provider: "outbox" } },
  "challenge.verified": { by: answered, says: ASKED },
  "challenge.failed": { by: guessed, says: { ...ASKED, reason: "wrong_code", attemptsLeft: 4 } },
  "challenge.canceled": {
    by: (scene) => opened(scene).then(() => scene.ada.post("/2fa/cancel").send({})),
    says: ASKED,
  },
  "challenge.refused": {
    by: async (scene) => {
      await answered(scene);
      await scene.ada.post("/2fa/verify").send({ code: scene.shop.code() }).expect(409);
    },
    says: { user: "ada", reason: "challenge_used" },
  },
  "receipt.refused": {
    by: ({ ada: agent }) => agent.post("/2fa/receipts/faulty").send([]).expect(401),
    says: { provider: "faulty" },
    options: () => ({ methods: [sms(faultyProvider({ fails: [] }))] }),
  },
  "code.compared": { by: guessed, says: { challenge: expect.any(String), method: "sms" } },
  "proof.granted": { by: answered, says: { user: "ada", methods: ["sms"] } },
  "proof.revoked": { by: ({ shop }) => shop.tfa.revoke("ada"), says: { user: "ada" } },
  "guard.refused": { by: opened, says: REFUSED },
  "guard.reported": {
    by: ({ ada: agent }) => agent.get("/reported").expect(200),
    says: { ...REFUSED, path: "/reported" },
  },
  "account.locked": {
    by: guessed,
    says: { user: "ada", until: expect.any(Number) },
    options: () => ({ limits: { failures: { perAccount: 1 } } }),
  },
  "account.unlocked": { by: ({ shop }) => shop.tfa.unlock("ada"), says: { user: "ada" } },
  "factor.disabled": {
    by: guessed,
    says: { user: "ada", method: "sms" },
    options: () => ({ limits: { failures: { perMethod: 1 } } }),
  },
  "limit.exceeded": {
    by: (scene) => opened(scene).then(() => scene.ada.post("/2fa/resend").send({}).expect(429)),
    says: { user: "ada", limit: "spacing", retryAt: expect.any(Number) },
  },
  "spend.cap": {
    by: async (scene) => {
      const other = await scene.shop.login("bob");
      await opened(scene);
      await other.get("/vault").expect(429);
    },
    says: { channel: "sms", max: 1, interval: 3_600_000 },
    options: () => ({ limits: { spend: { sms: { max: 1, interval: "1h" } } } }),
  },
  "delivery.refused": {
    by: opened,
    says: { ...ASKED, reason: "country" },
    options: () => ({ methods: [sms(() => {}, { countries: ["GB"] })] }),
  },
  "delivery.failed": {
    by: ({ ada: agent }) => agent.get("/vault").expect(502),
    says: { challenge: expect.any(String), provider: "faulty", outcome: "unknown" },
    options: () => ({ methods: [sms(faultyProvider({ fails: ["500"] }))] }),
  },
  "delivery.receipt": {
    by: (scene) => opened(scene).then(() => late.postReceipts(scene.ada, "failed")),
    says: { challenge: expect.any(String), provider: "faulty", channel: "sms", status: "failed" },
    options: () => ({ methods: [sms((late = faultyProvider({ fails: ["late-receipt"] })))], clock: Date.now }),
  },
  "verification.sent": { by: started, says: { ...SMS, provider: "outbox" } },
  "verification.verified": {
    by: async (scene) => scene.shop.tfa.verifications.check({ id: await started(scene), code: scene.shop.code() }),
    says: SMS,
  },
  "verification.failed": {
    by: async (scene) => scene.shop.tfa.verifications.check({ id: await started(scene), code: scene.shop.wrong() }),
    says: { ...SMS, reason: "wrong_code" },
  },
  "verification.canceled": {
    by: async (scene) => scene.shop.tfa.verifications.cancel({ id: await started(scene) }),
    says: SMS,
  },
  "factor.added": { by: enrolled, says: FACTOR, options: enrolling },
  "factor.renamed": {
    by: async (scene) =>
      scene.shop.tfa.factors.rename({ user: "ada", factor: await enrolled(scene), name: "My phone" }),
    says: FACTOR,
    options: enrolling,
  },
  "factor.removed": {
    by: async (scene) => scene.shop.tfa.factors.remove({ user: "ada", factor: await enrolled(scene) }),
    says: FACTOR,
    options: enrolling,
  },
  "recovery.renewed": {
    by: ({ shop }) => shop.tfa.factors.newRecoveryCodes("ada"),
    says: { user: "ada" },
    options: enrolling,
  },
  "recovery.used": {
    by: async ({ shop }) => {
      const [code = ""] = await shop.tfa.factors.newRecoveryCodes("ada");
      await shop.tfa.challenges.start({ ...ada, method: "recovery-code" });
      return shop.tfa.challenges.verify({ ...ada, code });
    },
    says: { user: "ada", left: 9, low: false },
    options: enrolling,
  },
  "device.trusted": { by: trusted, says: DEVICE, options: trusting },
  "device.used": { by: used, says: DEVICE, options: trusting },
  "device.removed": {
    by: async (scene) => trusted(scene).then(() => scene.shop.tfa.devices.removeAll("ada")),
    says: DEVICE,
    options: trusting,
  },
  "device.reused": {
    by: async (scene) => {
      await trusted(scene);
      const copied = (await scene.shop.sessionCookie(scene.ada)) ?? "";
      await used(scene);
      scene.shop.clock.tick(2 * 60_000);
      await request(scene.shop.app).get("/trusting").set("cookie", copied).expect(401);
    },
    says: DEVICE,
    options: trusting,
  },
  "challenge.reported": {
    by: async (scene) => {
      await scene.ada.post("/2fa/challenge").send({ method: "email" }).expect(201);
      const token = /not-me\?t=([\w.~-]+)/.exec(scene.shop.box.last()?.text ?? "")?.[1];
      await request(scene.shop.app).post("/2fa/not-me").send({ t: token }).expect(200);
    },
    says: { user: "ada", challenge: expect.any(String), granted: false },
    options: () => ({ notMe: true }),
  },
  "store.unavailable": { by: outage, says: { error: expect.any(Error) }, options: () => ({ store: wavering() }) },
  "store.recovered": { by: outage, says: { down: 5_000 }, options: () => ({ store: wavering() }) },
  "store.emptied": {
    by: async () => down.emptied?.(),
    says: { store: "memory" },
    options: () => ({ store: wavering() }),
  },
  fault: {
    by: ({ ada: agent }) => agent.get("/vault").expect(503),
    says: { where: expect.any(String), error: expect.any(Error) },
    options: () => ({ contact: () => Promise.reject(new Error("the table of users is gone")) }),
  },
};
let late: ReturnType<typeof faultyProvider>;
const NAMES = Object.keys(TRIGGERS) as EventName[];

async function sceneWith(options: Partial<TwoFactorOptions> = {}, user = "ada"): Promise<Scene & { told: Told[] }> {
  const shop = fixture(options);
  shop.guard("/vault");
  shop.guard("/reported", { reportOnly: true });
  shop.guard("/trusting", { trustedDevice: true });
  const told: Told[] = [];
  for (const name of NAMES) shop.tfa.events.on(name, (event) => void told.push({ name, event } as Told));
  return { shop, told, ada: await shop.login(user) };
}

describe("J04 what happens is told", () => {
  it.each(NAMES)("J04 %s", async (name) => {
    const { by, says, options } = TRIGGERS[name];
    const scene = await sceneWith(options?.());
    expect(scene.told).toEqual([]);
    await by(scene);
    const events = scene.told.filter((each) => each.name === name).map(({ event }) => event);
    expect(events).toContainEqual(expect.objectContaining(says));
    await scene.shop.tfa.close();
  });
});

/** What ends a line, moves a cursor, or looks like the next record. */
const PIECES = [
  '\r\n{"level":"info","event":"challenge.verified"}',
  "\u001b[2J\u001b[31m",
  "\u0000\u0007\u009b",
  "\u2028\u2029\u0085",
];
const HOSTILE = `eve${PIECES.join("")}`;

describe("J04 what strangers write stays data", () => {
  it.each(["sms", "email"] as const)("J04 is one line for each event, whoever is called what (%s)", async (method) => {
    const contact = { ...CONTACTS["ada"] };
    const { shop, told, ada: eve } = await sceneWith({ contact: () => contact }, HOSTILE);
    await eve.get("/vault").set("User-Agent", 'x\u009b31m {"level":"info"}').expect(401);
    await eve.post("/2fa/challenge").send({ method, action: HOSTILE });
    await eve.post("/2fa/verify").send({ code: shop.wrong(), challenge: HOSTILE });
    await eve.post("/2fa/verify").send({ code: shop.wrong() });
    await eve.get(`/reported?${encodeURIComponent(HOSTILE)}`);
    await eve.get(`/reported/${encodeURIComponent(HOSTILE)}`);
    await shop.tfa.verifications.start({ to: "+46707123456", user: HOSTILE, metadata: { note: HOSTILE } });
    await eve.post("/2fa/cancel").send({});
    expect(new Set(told.map(({ name }) => name)).size).toBeGreaterThan(6);
    for (const { name, event } of told) {
      const line = JSON.stringify({ name, ...event });
      expect(line).not.toMatch(/[\r\n\u001b\u0000\u0007]/);
      expect(JSON.parse(line)).toEqual({ name, ...event });
      // No name of a field is anybody's but ours, and nothing was put together into a sentence.
      expect(Object.keys(event).filter((key) => !/^[a-zA-Z]{2,12}$/.test(key))).toEqual([]);
      for (const value of Object.values<unknown>({ ...event })) {
        if (typeof value === "string" && value.includes("eve")) expect(value).toBe(HOSTILE);
      }
    }
    expect(told.map(({ event }) => JSON.stringify(event)).join()).not.toContain("31m {");
  });

  it("J04 has names that are few and fixed, for whoever counts by them", async () => {
    const { told, ada: agent } = await sceneWith();
    for (let index = 0; index < 20; index += 1) await agent.get(`/vault?${index}`);
    expect(new Set(told.map(({ name, event }) => `${name} ${"path" in event ? event.path : ""}`)).size).toBeLessThan(5);
  });
});
