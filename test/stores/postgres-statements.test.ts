import type { Pool, PoolClient } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { aCharge, anEvent, aPending, DELIVERY, HOUR, LOCK } from "../../src/testing/bench.js";
import { fixture, ORIGIN } from "../helpers/app.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

/** What goes out through a pool, but for the looks for what was revoked, which come by themselves. */
function sentThrough(pool: Pool): string[] {
  const sent: string[] = [];
  pool.on("connect", (client: PoolClient) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query(...args: unknown[]) {
        const [statement] = args as [string | { text: string }];
        const text = typeof statement === "string" ? statement : statement.text;
        if (!text.includes(".revocations")) sent.push(/(?<="\.)\w+/.exec(text)?.[0] ?? text);
        return query(...args);
      },
    });
  });
  return sent;
}

describe.skipIf(!service("postgres"))("the statements of postgresStore", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer();
  afterAll(() => server.stop());
  const pool = server.pool();
  const sent = sentThrough(pool);
  const store = await freshStore(pool);
  afterAll(() => store.close());
  const taken = async (step: () => unknown): Promise<string[]> => {
    sent.length = 0;
    await step();
    return [...sent];
  };

  it("are one for each step", async () => {
    const entry = aPending({ id: "one" });
    const which = { id: "one" };
    const proof = { nonce: "n", account: "ada", method: "sms", methods: ["sms"] };
    const steps: Record<string, () => unknown> = {
      open: () => store.open(entry, "ada", [aCharge(), aCharge({ key: "other" })], 0),
      verifications: () => store.find(which),
      amend: () => store.amend(which, { revision: 0, delivery: DELIVERY, event: anEvent() }, [aCharge()], 0),
      note: () => store.note(which, { id: "e", status: "sent" }),
      attempt: () => store.attempt(which, { nonce: "n", account: "ada", lock: LOCK }),
      consume: () => store.consume(which, { ...proof, step: { key: "step", value: 1 } }),
      forgive: () => store.forgive(which, { ...proof, lock: LOCK }),
      cancel: () => store.cancel(which),
      charge: () => store.charge([aCharge(), aCharge({ key: "other" })], 0),
      claim: () => store.claim("key", "value", HOUR),
    };
    for (const [name, step] of Object.entries(steps)) expect(await taken(step)).toEqual([name]);
  });

  it("are two to start, two to count and use up an answer, one for a wrong one, and none to pass", async () => {
    const app = fixture({ store, clock: Date.now });
    app.guard("/vault");
    const agent = await app.login("ada");
    const answer = (code: string) => agent.post("/2fa/verify").set("origin", ORIGIN).send({ code });
    expect(await taken(() => agent.get("/vault").expect(401))).toEqual(["open", "note"]);
    expect(await taken(() => answer("000000").expect(422))).toEqual(["attempt"]);
    // two more see to it that no other process brings the old session id back
    const verified = await taken(() => answer(app.code()).expect(200));
    expect(verified.slice(0, 2)).toEqual(["attempt", "consume"]);
    expect(verified).toHaveLength(4);
    expect(await taken(() => agent.get("/vault").expect(200))).toEqual([]);
  });
});
