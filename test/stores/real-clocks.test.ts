import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomId } from "../../src/core/crypto.js";
import { memoryStore } from "../../src/index.js";
import { postgresStore } from "../../src/postgres.js";
import { redisStore } from "../../src/redis.js";
import type { Store } from "../../src/stores/store.js";
import { aCharge, aPending } from "../../src/testing/bench.js";
import { VerificationService } from "../../src/verification/service.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { service } from "../helpers/services.js";

/** Servers with the clocks they have: the contract suite gives them its own, which hides what comes of two of them. */
const KINDS: Readonly<Record<string, () => Promise<{ store: Store; stop: () => Promise<void> }>>> = {
  memory: async () => ({ store: memoryStore(), stop: async () => undefined }),
  ...(service("redis-server") && {
    async redis() {
      const server = await redisServer();
      const client = createClient({ url: server.url }).on("error", () => undefined);
      await client.connect();
      const store = redisStore(client);
      return {
        store,
        async stop() {
          await store.close?.();
          client.destroy();
          await server.stop();
        },
      };
    },
  }),
  ...(service("postgres") && {
    async postgres() {
      const server = await postgresServer();
      const store = postgresStore(server.pool());
      await store.migrate();
      return {
        store,
        async stop() {
          await store.close();
          await server.stop();
        },
      };
    },
  }),
};

describe.each(Object.keys(KINDS))("the %s store and a process, each by its own clock", (kind) => {
  let made: { store: Store; stop: () => Promise<void> };
  beforeAll(async () => {
    const make = KINDS[kind];
    if (make) made = await make();
  });
  afterAll(() => made.stop());

  it.each([0, -40, 7_000])(
    "C08 gives back what a first message was charged that never left (%i ms apart)",
    async (apart) => {
      const verifications = new VerificationService(made.store, () => Date.now() + apart);
      const charge = aCharge({ key: randomId(), max: 1 });
      const start = (ok: boolean) => {
        const { id: _ours, delivery: _none, events: _neither, ...row } = aPending({ owner: randomId() });
        return verifications.open({
          account: randomId(),
          row,
          way: {
            method: "sms",
            to: "+46700000000",
            charges: () => [charge],
            gapAfter: () => 0,
            send: async () => (ok ? { ok, provider: "p" } : { ok, outcome: "failed" }),
          },
        });
      };
      expect(await start(false)).toMatchObject({ ok: true, delivered: { ok: false } });
      expect(await start(true)).toMatchObject({ ok: true, delivered: { ok: true } });
      expect(await start(true)).toMatchObject({ ok: false, reason: "limited" });
    },
  );

  it("H05 neither tells of nor writes over what another tenant has under the same id", async () => {
    const { store } = made;
    const [id, owner] = [randomId(), randomId()];
    await store.open(aPending({ id, owner, tenant: "one" }), owner, [], Date.now());
    const second = async () => store.open(aPending({ id, tenant: "two" }), randomId(), [], Date.now());
    await expect(second()).rejects.toThrow();
    expect(await store.find({ id, tenant: "two" }, Date.now())).toBeUndefined();
    expect(await store.find({ id }, Date.now())).toMatchObject({ tenant: "one", owner, state: "pending" });
  });
});
