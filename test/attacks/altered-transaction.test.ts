/**
 * The attacker sits between the person and the bank: the person approves ten crowns to Bob, and the request that comes
 * afterwards says something else, by a cent, a letter that looks the same, a type, a field more. Or it says the same, thirty
 * times (PSD2 RTS article 5; OWASP TX cheat sheet 2.3, 2.6, 2.8).
 */
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { require2fa, type TwoFactorOptions } from "../../src/index.js";
import { arena, differs, FEWER_ROUNDS, PATIENCE, PLENTY, race, type Round, ROUNDS } from "../helpers/arena.js";
import { type Fixture, fixture } from "../helpers/app.js";
import { brokenStore } from "../helpers/broken-stores.js";
import { CROWDS, type Crowd, rawRequest, Site, tally, Visitor } from "../helpers/burst.js";

const APPROVED = { amount: "10.00", payee: "Zoë", currency: "SEK" };
const APPROVED_TEXT = JSON.stringify(APPROVED);

function bank(options: Partial<TwoFactorOptions> = {}): Fixture {
  const shop = fixture({ limits: PLENTY, ...options });
  addTransfer(shop);
  return shop;
}

function addTransfer(shop: Fixture): void {
  const bind = ({ body }: express.Request) => body as Record<string, string>;
  shop.app.post("/transfer", express.json(), require2fa({ bind }), shop.handler);
}

/** Has the approved transfer approved; nothing has been executed yet. */
async function approve(shop: Fixture, visitor: Visitor): Promise<void> {
  const asked = await visitor.post("/transfer", APPROVED);
  expect(asked.status).toBe(401);
  const verified = await visitor.post("/2fa/verify", { code: shop.code() });
  expect(verified.status).toBe(200);
}

const ALTERED: Readonly<Record<string, string>> = {
  "another amount": JSON.stringify({ ...APPROVED, amount: "10.01" }),
  "the amount as a number": JSON.stringify({ ...APPROVED, amount: 10 }),
  "the amount without its zeros": JSON.stringify({ ...APPROVED, amount: "10" }),
  "the amount with a space": JSON.stringify({ ...APPROVED, amount: "10.00 " }),
  "full-width digits": JSON.stringify({ ...APPROVED, amount: "１０.００" }),
  "another payee": JSON.stringify({ ...APPROVED, payee: "Mallory" }),
  "the payee in another normal form": JSON.stringify({ ...APPROVED, payee: APPROVED.payee.normalize("NFD") }),
  "the payee in capitals": JSON.stringify({ ...APPROVED, payee: "ZOË" }),
  "a payee with an invisible letter": JSON.stringify({ ...APPROVED, payee: "Zoë\u200b" }),
  "a payee of look-alikes": JSON.stringify({ ...APPROVED, payee: "Ζoë" }),
  "another currency": JSON.stringify({ ...APPROVED, currency: "EUR" }),
  "amount and currency swapped": JSON.stringify({ ...APPROVED, amount: "SEK", currency: "10.00" }),
  "a field more": JSON.stringify({ ...APPROVED, note: "" }),
  "a field less": JSON.stringify({ amount: "10.00", payee: "Zoë" }),
  "a field that is null": JSON.stringify({ ...APPROVED, currency: null }),
  "the same key twice": APPROVED_TEXT.replace("{", '{"payee":"Mallory",').replace(
    '"10.00"',
    '"10.00","amount":"99.00"',
  ),
};

/** What cannot be a transaction at all. */
const UNREADABLE: Readonly<Record<string, string>> = {
  "a list in a field": JSON.stringify({ ...APPROVED, payee: ["Zoë"] }),
  "an object in a field": JSON.stringify({ ...APPROVED, amount: { $gt: 0 } }),
  "a list": "[]",
  nothing: "{}",
  "half a character": `{"amount":"10.00","payee":"\\ud800","currency":"SEK"}`,
};

describe("a transfer that was approved", () => {
  let shop: Fixture;
  let site: Site;
  beforeAll(async () => {
    shop = bank();
    site = await Site.open(shop.app);
  });
  afterAll(() => site.close());

  const send = (visitor: Visitor, text: string) =>
    visitor.send("POST", "/transfer", { text, headers: { "content-type": "application/json" } });

  it.each(Object.entries(ALTERED))("A05 is void once it was tried with %s", async (_name, text) => {
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    const before = { ...shop.counters };
    const altered = await send(visitor, text);
    expect([altered.status, altered.body["code"], altered.body["reason"]]).toEqual([
      401,
      "second_factor_required",
      "mismatch",
    ]);
    const original = await send(visitor, APPROVED_TEXT);
    expect([original.status, original.body["reason"]]).toEqual([401, "consumed"]);
    expect(shop.counters).toEqual(before);
  });

  it.each(Object.entries(UNREADABLE))("A05 is not executed as %s", async (_name, text) => {
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    const before = { ...shop.counters };
    expect(await send(visitor, text)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    expect(shop.counters).toEqual(before);
  });

  it("A05 is executed once, and the second time it must be approved anew", async () => {
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    const before = shop.counters.handlerHits;
    expect((await send(visitor, APPROVED_TEXT)).status).toBe(200);
    const again = await send(visitor, APPROVED_TEXT);
    expect([again.status, again.body["reason"]]).toEqual([401, "consumed"]);
    expect(shop.counters.handlerHits).toBe(before + 1);
  });

  it("A05 is the same in whatever order its fields come", async () => {
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    const reversed = Object.fromEntries(Object.entries(APPROVED).toReversed());
    expect((await visitor.post("/transfer", reversed)).status).toBe(200);
  });

  it("A05 is nobody else's", async () => {
    const [ada, again, bob] = [
      await Visitor.login(site, "ada"),
      await Visitor.login(site, "ada"),
      await Visitor.login(site, "bob"),
    ];
    await approve(shop, ada);
    const before = shop.counters.handlerHits;
    for (const visitor of [again, bob]) expect((await send(visitor, APPROVED_TEXT)).status).toBe(401);
    expect(shop.counters.handlerHits).toBe(before);
  });

  it("A05 is dead when the proof is too old", async () => {
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    shop.clock.tick(15 * 60_000 + 1);
    const late = await send(visitor, APPROVED_TEXT);
    expect([late.status, late.body["reason"]]).toEqual([401, "expired"]);
  });

  it("A05 does not stand for a transfer by another name, nor for a page that asks for any proof", async () => {
    shop.guard("/vault");
    const visitor = await Visitor.login(site, "ada");
    await approve(shop, visitor);
    expect((await visitor.get("/vault")).status).toBe(401);
  });

  it("A05 the code of one transfer is wrong for another", async () => {
    const visitor = await Visitor.login(site, "ada");
    await visitor.post("/transfer", APPROVED);
    const code = shop.code();
    const other = JSON.stringify({ ...APPROVED, payee: "Mallory" });
    await send(visitor, other);
    const headers = { "content-type": "application/json", "two-factor-code": code };
    const answer = await visitor.send("POST", "/transfer", { text: other, headers });
    expect([answer.status, answer.body["code"]]).toEqual([422, "wrong_code"]);
  });

  it("A05 says in the message what is being approved", async () => {
    const visitor = await Visitor.login(site, "ada");
    await visitor.post("/transfer", APPROVED);
    expect(shop.box.last()?.text).toContain("amount: 10.00, payee: Zoë, currency: SEK");
  });
});

describe("the approved transfer thirty times at once", () => {
  const spend =
    (crowd: Crowd): Round =>
    async ({ shop, site, newUser }) => {
      const visitor = await Visitor.login(site, newUser());
      await approve(shop, visitor);
      const before = shop.counters.handlerHits;
      const transfer = visitor.raw("POST", "/transfer", { json: APPROVED });
      const answers = await crowd(
        site,
        Array.from({ length: 30 }, () => transfer),
      );
      return [
        ...differs("executed", shop.counters.handlerHits - before, 1),
        ...differs("statuses", tally(answers), { 200: 1, 401: 29 }),
      ];
    };

  it.each(Object.entries<Crowd>(CROWDS))("A05 is executed once, %s", { timeout: 60_000 }, async (_name, crowd) => {
    const at = await arena();
    addTransfer(at.shop);
    expect(await race(spend(crowd), at, crowd === CROWDS["by Promise.all"] ? FEWER_ROUNDS : ROUNDS)).toEqual([]);
    expect(at.shop.counters.faults).toEqual([]);
    await at.site.close();
  });

  it("A05 a store that looks first and marks later is caught", { timeout: 60_000 }, async () => {
    const at = await arena({ store: brokenStore({ claim: true }) });
    addTransfer(at.shop);
    const faults = await race(spend(CROWDS["last bytes at once"]), at, PATIENCE);
    expect(faults).toContainEqual(expect.stringContaining("executed"));
    await at.site.close();
  });

  it("A05 is executed once by thirty requests that bring the code themselves", { timeout: 60_000 }, async () => {
    const at = await arena();
    addTransfer(at.shop);
    const inline: Round = async ({ shop, site, newUser }) => {
      const visitor = await Visitor.login(site, newUser());
      await visitor.post("/transfer", APPROVED);
      const before = shop.counters.handlerHits;
      const headers = { cookie: visitor.cookie, "two-factor-code": shop.code() };
      const transfer = rawRequest("POST", "/transfer", { json: APPROVED, headers });
      await site.burst(Array.from({ length: 30 }, () => transfer));
      return differs("executed", shop.counters.handlerHits - before, 1);
    };
    expect(await race(inline, at)).toEqual([]);
    await at.site.close();
  });
});
