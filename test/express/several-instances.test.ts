import express from "express";
import session from "express-session";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { memoryStore, outbox, require2fa, sms, type Store, twoFactor } from "../../src/index.js";
import { codeIn } from "../../src/testing/code-in.js";

/** One app with two instances, at /one and /two, each with the store that it is given. */
async function twoInstances(stores: readonly [Store, Store]) {
  const app = express();
  const box = outbox();
  app.use(session({ secret: "for tests", resave: false, saveUninitialized: false }));
  app.post("/login", (req, res) => void res.json(Object.assign(req.session, { userId: "ada" })));
  const [one, two] = (["/one", "/two"] as const).map((path, at) => {
    const tfa = twoFactor({
      secret: "a secret for tests, of 32 bytes or more",
      user: (req) => req.session.userId,
      contact: () => ({ phone: "+46701740605" }),
      methods: [sms(box)],
      limits: { failures: { perAccount: 2 } },
      store: stores[at] ?? expect.unreachable(),
    });
    app.use(path, tfa);
    app.get(`${path}/vault`, require2fa(), (_req, res) => void res.send("gold"));
    return tfa;
  });
  const ada = request.agent(app);
  await ada.post("/login").expect(200);
  const statusOf = async (path: string): Promise<number> => (await ada.get(path)).status;
  const answer = (path: string, code: string) => ada.post(`${path}/2fa/verify`).send({ code });
  return { ada, box, one, two, statusOf, answer };
}

const oneStore = (): [Store, Store] => {
  const store = memoryStore();
  return [store, store];
};

describe.each([
  ["with one store", oneStore, { revoked: 401, locked: 429 }],
  [
    "with a store of its own each, as the README warns,",
    () => [memoryStore(), memoryStore()] as [Store, Store],
    { revoked: 200, locked: 401 },
  ],
] as const)("two instances %s", (_what, stores, expected) => {
  it(`answer ${expected.revoked} at one after a revocation by the other`, async () => {
    const { box, one, two, statusOf, answer } = await twoInstances(stores());
    expect(await statusOf("/two/vault")).toBe(401);
    await answer("/two", codeIn(box.last()?.text ?? "") ?? "").expect(200);
    expect(await statusOf("/two/vault")).toBe(200);
    await one?.revoke("ada");
    expect(await statusOf("/two/vault")).toBe(expected.revoked);
    await Promise.all([one?.close(), two?.close()]);
  });

  it(`answer ${expected.locked} at one after wrong codes at the other`, async () => {
    const { one, two, statusOf, answer } = await twoInstances(stores());
    expect(await statusOf("/one/vault")).toBe(401);
    await answer("/one", "000000").expect(422);
    await answer("/one", "000001");
    expect(await statusOf("/two/vault")).toBe(expected.locked);
    await Promise.all([one?.close(), two?.close()]);
  });
});
