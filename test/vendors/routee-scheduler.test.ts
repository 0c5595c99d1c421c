import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { memoryStore } from "../../src/index.js";
import type { VerificationProvider } from "../../src/providers/provider.js";
import { routee, routeeRouter, type RouteeRouterOptions } from "../../src/vendors/routee/index.js";
import { type Runner, type Scheduler, TimerScheduler } from "../../src/verification/scheduler.js";
import { fakeClock } from "../helpers/clock.js";
import { type FaultServer, startFaultServer } from "../helpers/fault-server.js";
import { KeptJobs } from "../helpers/kept-jobs.js";
import { aMessage, patient } from "../helpers/messages.js";
import { engine, hostOf, type Listening, listen } from "../helpers/routee-comapi-host.js";

const TO = "+46701740605";

let receiver: FaultServer;
const hosts: Listening[] = [];
beforeAll(async () => void (receiver = await startFaultServer()));
afterAll(() => receiver.close());
afterEach(async () => {
  receiver.seen.splice(0);
  for (const host of hosts.splice(0)) await host.close();
});

const clock = fakeClock();
const store = memoryStore();

/** A process of an app that serves these applications; what runs its timers is given to `twoFactor()` alone. */
async function process(scheduler: Scheduler, ...served: readonly string[]) {
  const { tfa } = engine({ clock, store, scheduler });
  const faults: unknown[] = [];
  const open = async (id: string) => {
    const applications: RouteeRouterOptions["applications"] = { [id]: { secret: id, callbackUrl: receiver.url } };
    const onFault = (error: unknown): unknown => faults.push(error);
    const host = await listen(hostOf(routeeRouter({ verifications: tfa.verifications, applications, clock, onFault })));
    hosts.push(host);
    return routee({ applicationId: id, applicationSecret: id, baseUrl: host.url, maxRetries: 1, clock });
  };
  const clients: VerificationProvider[] = [];
  for (const id of served) clients.push(await open(id));
  const start = async (client = clients[0]): Promise<string> => {
    const message = aMessage({ template: "{code}", digits: 4, expiresAt: new Date(clock() + 300_000) });
    return (await client?.start(message, patient()))?.reference ?? "";
  };
  return { clients, start, faults };
}

const told = (): object[] => receiver.seen.map(({ body }) => JSON.parse(body) as object);
const came = (count: number): Promise<void> => vi.waitFor(() => expect(receiver.seen).toHaveLength(count), 5_000);

describe("status webhooks", () => {
  it("run on the scheduler of the instance, which learns no number, and outlive a process", async () => {
    receiver.script(200);
    const kept = new KeptJobs();
    const dead = await process(kept.worker(), "acme");
    const [right, expired] = [await dead.start(), await dead.start()];
    expect(await dead.clients[0]?.check(right, "1234", { ...patient(), to: TO })).toBe(true);
    expect(kept.jobs.size).toBe(2);
    expect(JSON.stringify([...kept.jobs.values()])).not.toContain("46701740605");
    expect(JSON.stringify([...kept.jobs.values()])).not.toContain("1234");

    const worker = kept.worker();
    const alive = await process(worker, "acme");
    await worker.runDue(clock());
    await came(1);
    clock.tick(300_000);
    await worker.runDue(clock());
    await worker.runDue(clock());
    await came(2);
    expect(told()).toMatchObject([
      { applicationId: "acme", trackingId: right, recipient: TO, status: "Verified" },
      { applicationId: "acme", trackingId: expired, recipient: TO, status: "Expired" },
    ]);
    await vi.waitFor(() => expect(kept.jobs.size).toBe(0));
    expect([...dead.faults, ...alive.faults]).toEqual([]);
  });

  it("of two routers of one instance are told by the one that has the application", async () => {
    receiver.script(200);
    const scheduler = new TimerScheduler(clock);
    const { clients, start } = await process(scheduler, "one", "two");
    for (const client of clients) {
      await client.check(await start(client), "1234", { ...patient(), to: TO });
      await scheduler.runDue();
    }
    await came(2);
    expect(told()).toMatchObject([{ applicationId: "one" }, { applicationId: "two" }]);
    await scheduler.close();
  });

  it("are left to another process where nobody has the application", async () => {
    const kept = new KeptJobs();
    const runs = new Map<string, Runner>();
    const worker = Object.assign(kept.worker(), { onDue: (queue: string, run: Runner) => void runs.set(queue, run) });
    const { start } = await process(worker, "acme");
    await start();
    const [job] = kept.jobs.values();
    if (!job) throw new Error("nothing was scheduled");
    expect(await runs.get("routee")?.(job)).toBe(true);
    await process(worker, "other");
    expect(await runs.get("routee")?.(job)).toBe(false);
  });
});
