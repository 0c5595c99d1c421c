import { afterAll, describe, expect, it, vi } from "vitest";
import { outbox, sms } from "../../src/index.js";
import { postBounded } from "../../src/providers/http.js";
import type { DeliveryProvider } from "../../src/providers/provider.js";
import { routee, routeeRouter } from "../../src/vendors/routee/index.js";
import { fixture } from "../helpers/app.js";
import { startFaultServer } from "../helpers/fault-server.js";
import { guardCases } from "../helpers/routee-comapi-guard.js";

const APP = "5756a411e4b06a33d50517c7";
const SECRET = "vb6QpjCIOG";

describe("require2fa() with sms(routee())", () => {
  guardCases({
    router: ({ tfa, clock }) =>
      routeeRouter({ verifications: tfa.verifications, applications: { [APP]: { secret: SECRET } }, clock }),
    provider: (baseUrl, clock) => routee({ applicationId: APP, applicationSecret: SECRET, baseUrl, clock }),
    account: `routee:${APP}`,
  });
});

describe("a chain of vendors", () => {
  const servers: { close(): Promise<void> }[] = [];
  afterAll(() => {
    vi.useRealTimers();
    return Promise.all(servers.map((server) => server.close()));
  });

  it("goes on to the third when the first hangs and the second answers 500, with a code of our own", async () => {
    const [hanging, broken] = [await startFaultServer(), await startFaultServer()];
    servers.push(hanging, broken);
    hanging.script("timeout");
    const token = JSON.stringify({ access_token: "12dc8af2-6a5b-4d35-8fa3-6c4b9a2a7c10", expires_in: 3599 });
    broken.script(
      { status: 200, body: token },
      { status: 500, body: '{"code":"500000000","developerMessage":"Internal error"}' },
    );
    const first: DeliveryProvider = {
      name: "mitto-like",
      send: async ({ text }, { signal }) =>
        void (await postBounded({ who: "mitto-like", url: hanging.url, body: text, signal })),
    };
    const box = outbox();
    const second = routee({ applicationId: APP, applicationSecret: SECRET, baseUrl: broken.url });
    const shop = fixture({ methods: [sms([first, second, box])] });
    const failed: { provider: string; outcome: string; code?: unknown }[] = [];
    shop.tfa.events.on("delivery.failed", ({ provider, outcome, error }) => {
      failed.push({ provider, outcome, code: (error as { code?: unknown }).code });
    });
    shop.guard("/vault");
    const agent = await shop.login("ada");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
    const asked = agent.get("/vault").then(({ status }) => status);
    while (hanging.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(2_500);
    expect(await asked).toBe(401);
    vi.useRealTimers();
    expect(failed).toEqual([
      { provider: "mitto-like", outcome: "unknown", code: undefined },
      { provider: "routee", outcome: "unknown", code: "500000000" },
    ]);
    const code = /^\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "";
    // the same code went to the first, which may have sent it
    expect(hanging.seen[0]?.body).toContain(code);
    expect(broken.seen.map(({ body }) => body).join()).not.toContain(code);
    await agent.post("/2fa/verify").send({ code }).expect(200);
    await agent.get("/vault").expect(200);
  });
});
