import session from "express-session";
import { createClient } from "redis";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { redisStore } from "../../src/redis.js";
import { fixture, ORIGIN } from "../helpers/app.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

describe.skipIf(!service("redis-server"))("two processes behind one Redis", () => {
  let server: RedisServer;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await redisServer();
    ends.push(() => server.stop());
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  /** Two apps that share sessions and Redis, and one browser that reaches either. */
  async function pair() {
    const sessions = new session.MemoryStore();
    const apps = await Promise.all(
      [1, 2].map(async () => {
        const client = createClient({ url: server.url }).on("error", () => {});
        await client.connect();
        const store = redisStore(client);
        ends.push(
          () => client.destroy(),
          () => store.close?.(),
        );
        const app = fixture({ store, clock: Date.now }, { store: sessions });
        app.guard("/vault");
        return { ...app, client };
      }),
    );
    const [first, second] = apps;
    if (!first || !second) throw new Error("two apps were made");
    const cookie = (await first.sessionCookie(await first.login("ada"))) ?? "";
    const vault = (at: typeof first) => request(at.app).get("/vault").set("cookie", cookie);
    return { first, second, cookie, vault };
  }

  it("answers on one what was asked on the other, and lets the person pass on both until they are revoked", async () => {
    const { first, second, cookie, vault } = await pair();
    await vault(first).expect(401);
    const verified = await request(second.app)
      .post("/2fa/verify")
      .set({ cookie, origin: ORIGIN })
      .send({ code: first.code() })
      .expect(200);
    const fresh = verified.headers["set-cookie"]?.[0]?.split(";")[0] ?? cookie;
    const again = (at: typeof first) => request(at.app).get("/vault").set("cookie", fresh);
    await again(first).expect(200);
    await again(second).expect(200);
    await second.tfa.revoke("ada");
    await again(second).expect(401);
    await vi.waitFor(() => again(first).expect(401), { timeout: 1_000, interval: 20 });
  });

  it("takes two round trips to start, two to count and use up an answer, and none to pass", async () => {
    const { client } = (await pair()).first;
    const trips = { verification: 0, other: 0 };
    const store = redisTestStore(client, {
      elapsed: () => 0,
      through: (connection) => ({
        ...connection,
        byName(sha, keys, args) {
          trips[keys.some((key) => /:[vo]:/.test(key)) ? "verification" : "other"] += 1;
          return connection.byName(sha, keys, args);
        },
      }),
    });
    store.close();
    await store.catchUp();
    const app = fixture({ store, clock: Date.now });
    app.guard("/vault");
    const taken = async (step: () => PromiseLike<unknown>) => {
      Object.assign(trips, { verification: 0, other: 0 });
      await step();
      return { ...trips };
    };
    const agent = await app.login("ada");
    const started = await taken(() => agent.get("/vault").expect(401));
    expect(started).toEqual({ verification: 2, other: 0 });
    const verified = await taken(() =>
      agent.post("/2fa/verify").set("origin", ORIGIN).send({ code: app.code() }).expect(200),
    );
    // two more see to it that no other process brings the old session id back
    expect(verified).toEqual({ verification: 2, other: 2 });
    expect(await taken(() => agent.get("/vault").expect(200))).toEqual({ verification: 0, other: 0 });
  });

  it("K01 lets nobody pass and says so within a second while Redis is gone, and recovers by itself", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { first, vault } = await pair();
    const told: string[] = [];
    first.tfa.events.on("store.unavailable", () => told.push("down")).on("store.recovered", () => told.push("up"));
    await vault(first).expect(401);
    await server.kill();
    const started = Date.now();
    for (let index = 0; index < 5; index += 1) {
      const answer = await vault(first).expect(503);
      expect(answer.headers["retry-after"]).toBeDefined();
    }
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(told).toEqual(["down"]);
    await server.start();
    const recovered = Date.now();
    await vi.waitFor(() => vault(first).expect(401), { timeout: 5_000, interval: 20 });
    expect(Date.now() - recovered).toBeLessThan(4_000);
    expect(first.counters.handlerHits).toBe(0);
    const codes = () => warned.mock.calls.map(([, options]) => options);
    await vi.waitFor(() => expect(codes()).toContainEqual({ code: "REQUIRE2FA_REDIS_EMPTIED" }), { timeout: 2_000 });
    warned.mockRestore();
  });
});
