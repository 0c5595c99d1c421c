/**
 * The attacker answers a challenge for which no code was ever issued, with whatever a careless comparison might take for
 * "no code": null, "null", "undefined", nothing, zero (web2py#2659: `str(None) == "None"`).
 */
import { beforeEach, describe, expect, it } from "vitest";
import { email, sms, totp } from "../../src/index.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { type Fixture, fixture } from "../helpers/app.js";

const NOTHINGS: readonly unknown[] = [
  null,
  undefined,
  "null",
  "undefined",
  "None",
  "nil",
  "NaN",
  "[object Object]",
  "",
  " ",
  "\u0000",
  0,
  "0",
  -0,
  false,
  true,
  "false",
  [],
  [""],
  [null],
  ["000000"],
  {},
  { code: "000000" },
  { $ne: null },
  { toString: "000000", length: 6 },
  Number.NaN,
  0.1,
  "000000",
  "00000000",
  "      ",
  "------",
  "٠٠٠٠٠٠",
];

type Agent = Awaited<ReturnType<Fixture["login"]>>;

/** Every nothing in a body, and those that fit into one in a header. */
async function sendAll(agent: Agent): Promise<number[]> {
  const statuses = new Set<number>();
  for (const code of NOTHINGS) {
    statuses.add((await agent.post("/2fa/verify").send({ code })).status);
    if (typeof code !== "string" || /[^\x20-\x7e]/.test(code)) continue;
    statuses.add((await agent.post("/2fa/verify").type("form").send({ code })).status);
  }
  statuses.add((await agent.post("/2fa/verify")).status);
  return [...statuses].sort((a, b) => a - b);
}

describe("nothing is no code", () => {
  let shop: Fixture;
  beforeEach(() => {
    shop = fixture();
    shop.guard("/vault");
  });

  it("A08 while there is no challenge", async () => {
    const agent = await shop.login("ada");
    expect(await sendAll(agent)).toEqual([400, 404]);
    await agent.get("/vault").expect(401);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0, faults: [] });
  });

  it("A08 while somebody without any method is logged in", async () => {
    const agent = await shop.login("tom");
    await agent.get("/vault").expect(403);
    expect(await sendAll(agent)).toEqual([400, 404]);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0, faults: [] });
  });

  it("A08 after the challenge has expired", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    shop.clock.tick(300_000);
    expect(await sendAll(agent)).toEqual([400, 410]);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0, faults: [] });
  });

  it("A08 after it was canceled", async () => {
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/cancel").expect(204);
    expect(await sendAll(agent)).toEqual([400, 404]);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0, faults: [] });
  });
});

describe("a code that was made and never left", () => {
  /** A carrier that refuses everything, and what it was handed. */
  function refusing() {
    const texts: string[] = [];
    const shop = fixture({
      methods: [
        sms(({ text }) => {
          texts.push(text);
          throw new DeliveryError("no such number", { unsent: true, permanent: true });
        }),
      ],
    });
    shop.guard("/vault");
    return { shop, texts };
  }

  it("A08 is compared with nothing", async () => {
    const { shop } = refusing();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    expect(await sendAll(agent)).toEqual([400, 422]);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0, faults: [] });
  });

  it("A08 is not even right when it is the right one", async () => {
    const { shop, texts } = refusing();
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(502);
    const code = texts[0]?.slice(0, 6) ?? "";
    expect(code).toMatch(/^\d{6}$/);
    await agent.post("/2fa/verify").send({ code }).expect(422);
    expect(shop.counters).toMatchObject({ compares: 0, grants: 0, handlerHits: 0 });
  });

  it("A08 is never right by another method either, after one that did send", async () => {
    const texts: string[] = [];
    const shop = fixture({
      methods: [
        sms(() => undefined),
        email(({ text }) => {
          texts.push(text);
          throw new DeliveryError("no such mailbox", { unsent: true, permanent: true });
        }),
      ],
    });
    shop.guard("/vault");
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    await agent.post("/2fa/challenge").send({ method: "email" }).expect(502);
    await agent
      .post("/2fa/verify")
      .send({ code: texts[0]?.slice(0, 8) })
      .expect(422);
    // held against the code that did leave, and against no other
    expect(shop.counters).toMatchObject({ compares: 1, grants: 0, handlerHits: 0 });
  });
});

describe("a secret that is not there", () => {
  it.each([
    ["nothing", null],
    ["an empty text", ""],
    ["undefined", undefined],
  ])("A08 %s matches no code", async (_name, gone) => {
    let secret: string | null | undefined = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    const shop = fixture({ methods: [totp({ secret: () => secret })] });
    shop.guard("/vault");
    const agent = await shop.login("ada");
    await agent.get("/vault").expect(401);
    // the authenticator is removed while the challenge is open
    secret = gone;
    const statuses = await sendAll(agent);
    expect(statuses.every((status) => [400, 422, 429].includes(status))).toBe(true);
    await agent.get("/vault").expect(403);
    expect(shop.counters).toMatchObject({ grants: 0, handlerHits: 0, faults: [] });
  });
});
