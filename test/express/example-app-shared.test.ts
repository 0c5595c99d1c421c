import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BankApp, createApp } from "../../example-app/app.js";
import { readSettings } from "../../example-app/settings.js";
import { sharedBy } from "../../example-app/shared.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { service } from "../helpers/services.js";

const SECRETS = {
  SESSION_SECRET: "the same session secret for both copies",
  JWT_SECRET: "the same token secret for both copies of it",
  TWO_FACTOR_SECRET: "the same second factor secret for both",
};

interface Place {
  readonly program: "redis-server" | "postgres";
  /** Starts the server and names it as the environment would. */
  start(): Promise<{ env: Record<string, string>; stop(): unknown }>;
}

const PLACES: readonly Place[] = [
  {
    program: "redis-server",
    async start() {
      const server = await redisServer();
      return { env: { REDIS_URL: server.url }, stop: () => server.stop() };
    },
  },
  {
    program: "postgres",
    async start() {
      const server = await postgresServer();
      return { env: { DATABASE_URL: server.url }, stop: () => server.stop() };
    },
  },
];

describe.each(PLACES)("two copies of the bank behind one $program", ({ program, start }) => {
  describe.skipIf(!service(program))("", () => {
    const ends: (() => unknown)[] = [];
    const copies: BankApp[] = [];

    beforeAll(async () => {
      const { env, stop } = await start();
      ends.push(stop);
      for (let copy = 0; copy < 2; copy += 1) {
        const shared = await sharedBy(env);
        const bank = createApp({ settings: readSettings(SECRETS, () => {}), shared });
        copies.push(bank);
        ends.push(
          () => shared?.close(),
          () => bank.tfa.close(),
        );
      }
    }, 60_000);
    afterAll(async () => {
      for (const end of ends.toReversed()) await end();
    });

    it("logs in on one, verifies on the other, and passes on both until it is revoked on either", async () => {
      const [first, second] = copies;
      if (!first || !second) throw new Error("two copies were opened");
      const login = await request(first.app).post("/login").send({ username: "ada", password: "lovelace" }).expect(200);
      const cookie = String(login.get("Set-Cookie")?.[0]).split(";")[0] ?? "";
      const vault = ({ app }: BankApp, as: string) => request(app).get("/api/vault").set("Cookie", as);
      await vault(first, cookie).expect(401);
      const [message] = (await request(first.app).get("/outbox").expect(200)).body as { text: string }[];
      const code = /\d{6,8}/.exec(message?.text ?? "")?.[0];
      const verified = await request(second.app)
        .post("/2fa/verify")
        .set({ Cookie: cookie, Origin: "http://127.0.0.1", Host: "127.0.0.1" })
        .send({ code })
        .expect(200);
      const elevated = String(verified.get("Set-Cookie")?.[0]).split(";")[0] ?? "";
      expect(elevated).not.toBe(cookie);
      for (const copy of copies) await vault(copy, elevated).expect(200);
      for (const copy of copies) await vault(copy, cookie).expect(401);
      await second.tfa.revoke("ada");
      await vault(second, elevated).expect(401);
      await expect.poll(async () => (await vault(first, elevated)).status, { timeout: 1_000, interval: 50 }).toBe(401);
    });
  });
});
