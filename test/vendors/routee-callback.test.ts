import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { TimerScheduler } from "../../src/verification/scheduler.js";
import { routee, routeeRouter, type RouteeRouterOptions } from "../../src/vendors/routee/index.js";
import { RETRIES } from "../../src/vendors/routee/status-hook.js";
import { type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const APP = "5756a411e4b06a33d50517c7";
const SECRET = "vb6QpjCIOG";

let receiver: FaultServer;
const hosts: Listening[] = [];
beforeAll(async () => void (receiver = await startFaultServer()));
afterAll(async () => {
  await receiver.close();
  for (const host of hosts) await host.close();
});
afterEach(() => void receiver.seen.splice(0));

async function served(options: Partial<RouteeRouterOptions> = {}) {
  const its = engine();
  const { tfa, clock } = its;
  const scheduler = new TimerScheduler(clock);
  const faults: unknown[] = [];
  const applications = { [APP]: { secret: SECRET, maxRetries: 1, callbackUrl: `${receiver.url}?key=1` } };
  const onFault = (error: unknown): unknown => faults.push(error);
  const router = routeeRouter({
    verifications: tfa.verifications,
    applications,
    clock,
    scheduler,
    onFault,
    ...options,
  });
  const host = await listen(hostOf(router));
  hosts.push(host);
  const client = routee({ applicationId: APP, applicationSecret: SECRET, baseUrl: host.url, maxRetries: 1, clock });
  const start = async (): Promise<string> => {
    const message = aMessage({ template: "{code}", digits: 4, expiresAt: new Date(clock() + 300_000) });
    return (await client.start(message, patient())).reference;
  };
  const answer = (id: string, code: string) => client.check(id, code, { ...patient(), to: "+46701740605" });
  /** Time passes, and what is due by then is done. */
  const wait = async (ms: number): Promise<void> => {
    clock.tick(ms);
    await scheduler.runDue();
  };
  return { client, start, answer, wait, scheduler, faults, verifications: tfa.verifications };
}

const came = (count: number): Promise<void> => vi.waitFor(() => expect(receiver.seen).toHaveLength(count), 5_000);
const told = (): object[] => receiver.seen.map(({ body }) => JSON.parse(body) as object);
/** Long enough for a request that should not come. */
const quiet = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 60));

describe("a change of status", () => {
  it("is posted as the manual writes it", async () => {
    receiver.script(200);
    const { start, answer } = await served();
    const id = await start();
    expect(receiver.seen).toEqual([]);
    await answer(id, "1234");
    await came(1);
    expect(receiver.seen[0]).toMatchObject({
      method: "POST",
      url: "/messages?key=1",
      headers: { "content-type": "application/json" },
    });
    expect(told()).toEqual([
      {
        applicationId: APP,
        trackingId: id,
        recipient: "+46701740605",
        status: "Verified",
        updatedAt: "2026-01-01T00:00:00.000Z",
      },
    ]);
  });

  it("is told for a cancellation, for the last wrong answer and for an expiry, and for nothing else", async () => {
    receiver.script(200);
    const { client, start, answer, wait } = await served();
    const [canceled, failed, expired] = [await start(), await start(), await start()];
    await client.cancel?.(canceled, patient());
    await came(1);
    await answer(failed, "0000");
    await answer(failed, "0000");
    await came(2);
    await answer(failed, "0000");
    await wait(299_999);
    await quiet();
    expect(receiver.seen).toHaveLength(2);
    await wait(1);
    await came(3);
    await wait(90_000_000);
    await quiet();
    expect(told()).toMatchObject([
      { trackingId: canceled, status: "Cancelled" },
      { trackingId: failed, status: "Failed" },
      { trackingId: expired, status: "Expired", updatedAt: "2026-01-01T00:05:00.000Z" },
    ]);
  });
});

describe("a change that the app makes itself", () => {
  it("is told as one that a client of the API makes: a right answer, the last wrong one, a cancel", async () => {
    receiver.script(200);
    const { start, wait, verifications } = await served();
    const account = `routee:${APP}`;
    const [right, wrong, dropped] = [await start(), await start(), await start()];
    expect(await verifications.check({ id: right, account, code: "1234" })).toMatchObject({ ok: true });
    await came(1);
    for (let time = 0; time < 3; time += 1) await verifications.check({ id: wrong, account, code: "0000" });
    await came(2);
    expect(await verifications.cancel({ id: dropped, account })).toBe(true);
    await came(3);
    // nobody else's, and nothing a second time when the codes would have died
    const other = await verifications.start({ to: "+46701740605", account: "somebody" });
    await verifications.cancel({ id: other.ok ? other.verification.id : "", account: "somebody" });
    await wait(600_000);
    await quiet();
    expect(told()).toMatchObject([
      { trackingId: right, status: "Verified" },
      { trackingId: wrong, status: "Failed" },
      { trackingId: dropped, status: "Cancelled" },
    ]);
  });

  it("is told when the code would have died where this process has not seen it", async () => {
    receiver.script(200);
    const { start, wait, verifications } = await served();
    const id = await start();
    // a newer one of the app's own takes its place in the store, and nobody hears of that
    await verifications.start({ to: "+46701740605", account: `routee:${APP}` });
    expect(await verifications.get({ id, account: `routee:${APP}` })).toMatchObject({ status: "canceled" });
    await wait(299_000);
    await quiet();
    expect(told()).toEqual([]);
    await wait(2_000);
    await came(1);
    expect(told()).toMatchObject([{ trackingId: id, status: "Cancelled" }]);
  });
});

describe("a receiver that does not answer 200", () => {
  it("is tried again after each wait of the manual, twelve times", async () => {
    receiver.script(500, 204, 302, "resetAfterAccept", 404, 500);
    const { start, answer, wait, faults } = await served();
    await answer(await start(), "1234");
    await came(1);
    expect(RETRIES.map((ms) => ms / 1_000)).toEqual([
      30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400,
    ]);
    for (const [index, ms] of RETRIES.entries()) {
      await wait(ms - 1);
      await quiet();
      expect(receiver.seen).toHaveLength(index + 1);
      await wait(1);
      await came(index + 2);
    }
    await vi.waitFor(() => expect(faults).toHaveLength(1));
    await wait(100_000_000);
    await quiet();
    expect(receiver.seen).toHaveLength(13);
    expect(new Set(receiver.seen.map(({ body }) => body)).size).toBe(1);
  });

  it("is left alone once it has", async () => {
    receiver.script(503, 200);
    const { start, answer, wait, faults } = await served();
    await answer(await start(), "1234");
    await came(1);
    await wait(30_000);
    await came(2);
    await quiet();
    await wait(100_000_000);
    await quiet();
    expect(receiver.seen).toHaveLength(2);
    expect(faults).toEqual([]);
  });

  it("has two seconds, in which nobody else waits", async () => {
    receiver.script("timeout", 200);
    const { start, answer, wait } = await served();
    const [first, second] = [await start(), await start()];
    const started = performance.now();
    await answer(first, "1234");
    await came(1);
    await answer(second, "1234");
    await came(2);
    expect(performance.now() - started).toBeLessThan(1_500);
    await new Promise((resolve) => void setTimeout(resolve, 2_100));
    await wait(30_000);
    await came(3);
    expect(told()).toMatchObject([{ trackingId: first }, { trackingId: second }, { trackingId: first }]);
  });
});

describe("a scheduler that fails", () => {
  it("spoils no answer", async () => {
    const broken = {
      schedule: () => Promise.reject(new Error("the queue is down")),
      cancel: () => Promise.reject(new Error("the queue is down")),
      onDue: () => undefined,
      close: () => Promise.resolve(),
    };
    const { start, answer, faults } = await served({ scheduler: broken });
    expect(await answer(await start(), "1234")).toBe(true);
    expect(faults).toHaveLength(2);
  });
});
