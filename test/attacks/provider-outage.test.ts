import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { outbox, sms, webhook } from "../../src/index.js";
import type { Provider } from "../../src/providers/provider.js";
import { fixture } from "../helpers/app.js";
import { PLENTY } from "../helpers/arena.js";
import { type Fault, type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { times } from "../helpers/effort.js";

const SECRET = "0123456789abcdef01234567";
/** The slower of the two Express versions need not see all of them again. */
const MANY = Number(process.env["RACE_ROUNDS"] ?? times(1_000, 300));

let carrier: FaultServer;
beforeAll(async () => {
  carrier = await startFaultServer();
});
afterAll(() => carrier.close());
afterEach(() => {
  vi.useRealTimers();
  carrier.seen.splice(0);
});

function shopWith(providers: Provider | readonly Provider[]) {
  const shop = fixture({ methods: [sms(providers)], limits: PLENTY });
  shop.guard("/vault");
  return shop;
}

const hook = (url = carrier.url): Provider => webhook({ url, secret: SECRET });

/** Time that a test moves on: that of timers, and that by which the package measures how long things take. */
function skipping(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
}

describe("G02 a carrier that fails", () => {
  it.each<[Fault | "refused", number]>([
    [500, 3],
    [503, 3],
    ["resetAfterAccept", 3],
    ["refused", 0],
  ])("with %j is asked %i times at most, and the client has its answer in time", async (fault, times) => {
    const gone = await startFaultServer();
    await gone.close();
    if (fault !== "refused") carrier.script(fault);
    const shop = shopWith(hook(fault === "refused" ? gone.url : carrier.url));
    const ada = await shop.login("ada");
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const started = performance.now();
    const { status, body } = await ada.get("/vault");
    expect([status, body.code]).toEqual([502, "delivery_failed"]);
    expect(performance.now() - started).toBeLessThan(5_500);
    expect(carrier.seen).toHaveLength(times);
    expect(new Set(carrier.seen.map(({ headers }) => headers["webhook-id"])).size).toBe(Math.min(1, times));
    expect(timers()).toBeLessThanOrEqual(before);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0 });
  });

  it("for good is asked once: 4xx has no repeat", async () => {
    for (const status of [400, 401, 404, 410, 422]) {
      carrier.script(status);
      const ada = await shopWith(hook()).login("ada");
      await ada.get("/vault").expect(502);
      expect(carrier.seen.splice(0)).toHaveLength(1);
    }
  });

  it("by saying nothing at all is given five seconds, and no more", async () => {
    carrier.script("timeout");
    const ada = await shopWith(hook()).login("ada");
    skipping();
    const started = performance.now();
    const asked = ada.get("/vault").then(({ status, body }) => [status, body.code]);
    // a carrier that drops duplicates is asked three times, in half of what is left, half of that and the rest
    for (const [tries, wait] of [
      [1, 2_500],
      [2, 1_300],
      [3, 1_300],
    ] as const) {
      while (carrier.seen.length < tries) await vi.advanceTimersByTimeAsync(50);
      await vi.advanceTimersByTimeAsync(wait);
    }
    expect(await asked).toEqual([502, "delivery_failed"]);
    expect(performance.now() - started).toBeLessThan(5_500);
    expect(carrier.seen).toHaveLength(3);
  });

  it("with 429 and Retry-After 30 is left alone for as long, by everybody", async () => {
    carrier.script({ status: 429, headers: { "retry-after": "30" } }, "ok");
    const shop = shopWith(hook());
    const [ada, bob, grace] = [await shop.login("ada"), await shop.login("bob"), await shop.login("grace")];
    skipping();
    await ada.get("/vault").expect(502);
    vi.advanceTimersByTime(28_000);
    await bob.get("/vault").expect(502);
    expect(carrier.seen).toHaveLength(1);
    vi.advanceTimersByTime(2_500);
    await grace.get("/vault").expect(401);
    expect(carrier.seen).toHaveLength(2);
  });
});

describe("G03 an outage", () => {
  it("of a thousand messages costs the carrier ten calls at most, and nobody time", async () => {
    carrier.script(500);
    const shop = shopWith(hook());
    const ada = await shop.login("ada");
    skipping();
    const first = ada.get("/vault").then(({ status }) => status);
    while (carrier.seen.length < 3) await vi.advanceTimersByTimeAsync(50);
    expect(await first).toBe(502);
    vi.useRealTimers();
    const started = performance.now();
    for (let count = 0; count < MANY; count += 1) {
      const to = `+4670712${String(count).padStart(4, "0")}`;
      expect(await shop.tfa.verifications.start({ to })).toMatchObject({ ok: false, reason: "delivery_failed" });
    }
    expect((performance.now() - started) / MANY).toBeLessThan(50);
    expect(carrier.seen.length).toBeGreaterThanOrEqual(5);
    expect(carrier.seen.length).toBeLessThanOrEqual(10);
    const asked = performance.now();
    await (await shop.login("bob")).get("/vault").expect(502);
    expect(performance.now() - asked).toBeLessThan(1_000);
  });

  it("is over with one call that succeeds, while nobody else is let near or kept waiting", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    let state: "down" | "slow" = "down";
    let calls = 0;
    let release: () => void = () => undefined;
    const moody: Provider = async () => {
      calls += 1;
      if (state === "down") throw Object.assign(new Error("down"), { unsent: false });
      await new Promise<void>((resolve) => void (release = resolve));
    };
    const shop = shopWith(moody);
    const people = await Promise.all(["ada", "bob", "grace"].map((user) => shop.login(user)));
    for (let count = 0; count < 5; count += 1) await shop.tfa.verifications.start({ to: `+4670712000${count}` });
    expect(calls).toBe(5);
    await people[0]?.get("/vault").expect(502);
    expect(calls).toBe(5);
    vi.advanceTimersByTime(30_500);
    state = "slow";
    const probe = shop.tfa.verifications.start({ to: "+46707120009" });
    await vi.waitFor(() => expect(calls).toBe(6));
    for (const person of people) await person.get("/vault").expect(502);
    expect(calls).toBe(6);
    release();
    expect(await probe).toMatchObject({ ok: true });
    const next = people[1]?.get("/vault").then(({ status }) => status);
    await vi.waitFor(() => expect(calls).toBe(7));
    release();
    expect(await next).toBe(401);
  });

  it("sends everybody to the next provider, and leaves the first alone", async () => {
    carrier.script(400, 500);
    const box = outbox();
    const shop = shopWith([webhook({ url: carrier.url, secret: SECRET }), box]);
    for (let count = 0; count < 20; count += 1) {
      expect(await shop.tfa.verifications.start({ to: `+467071200${count + 10}` })).toMatchObject({ ok: true });
    }
    expect(carrier.seen.length).toBeLessThanOrEqual(10);
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
    await ada.get("/vault").set("Two-Factor-Code", code).expect(200);
    expect(box.messages).toHaveLength(21);
  });
});
