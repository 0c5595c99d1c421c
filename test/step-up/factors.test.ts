import { scrypt } from "node:crypto";
import { promisify } from "node:util";
import { generateSync } from "otplib";
import { describe, expect, it } from "vitest";
import {
  email,
  type FactorNotice,
  memoryStore,
  outbox,
  recoveryCodes,
  sms,
  totp,
  twoFactor,
  type TwoFactorOptions,
} from "../../src/index.js";
import { newRecoveryCodes } from "../../src/methods/recovery-codes.js";
import { newSecret } from "../../src/methods/totp-codes.js";
import type { StoredFactor } from "../../src/step-up/factor-book.js";
import { fakeClock } from "../helpers/clock.js";
import { found } from "../helpers/needles.js";

const SECRET = "a secret of these tests, 32 bytes and more";
const ADA = { user: "ada", session: "one login" };

function setUp(options: Partial<TwoFactorOptions> = {}) {
  const clock = fakeClock();
  const box = outbox();
  const told: [string, unknown][] = [];
  const tfa = twoFactor({
    secret: SECRET,
    user: () => undefined,
    contact: (userId) => (userId === "gone" ? null : { email: `${userId}@example.com` }),
    methods: [totp(), sms(box), email(box), recoveryCodes()],
    factors: true,
    service: "Shop",
    clock,
    ...options,
  });
  for (const name of ["factor.added", "factor.removed", "recovery.used", "recovery.renewed"] as const) {
    tfa.events.on(name, (event) => told.push([name, event]));
  }
  const codeOf = (secret: string, ahead = 0): string =>
    generateSync({ secret, epoch: Math.floor(clock() / 1000) + ahead * 30 });
  return { tfa, clock, box, told, codeOf };
}

type Shop = ReturnType<typeof setUp>;

async function begun({ tfa }: Shop, owner = ADA) {
  const started = await tfa.factors.enroll({ ...owner, method: "totp", name: "My phone" });
  if (!started.ok) return expect.unreachable(started.reason);
  return { ...started.enrollment, secret: started.enrollment.secret ?? "" };
}

async function enrolled(shop: Shop, owner = ADA) {
  const { id, secret } = await begun(shop, owner);
  const confirmed = await shop.tfa.factors.confirm({ ...owner, enrollment: id, code: shop.codeOf(secret) });
  expect(confirmed.ok).toBe(true);
  shop.clock.tick(60_000);
  return { id, secret };
}

async function answered({ tfa }: Shop, code: string, method?: "totp" | "sms" | "recovery-code", owner = ADA) {
  const started = await tfa.challenges.start({ ...owner, ...(method && { method }) });
  if (!started.ok) return started;
  return tfa.challenges.verify({ ...owner, challenge: started.challenge.id, code });
}

describe("an authenticator app", () => {
  it("E05 counts once a code has confirmed it, and then opens", async () => {
    const shop = setUp();
    const { id, secret, uri } = await begun(shop);
    expect(uri).toMatch(/^otpauth:\/\/totp\/Shop:ada%40example\.com\?secret=[A-Z2-7]{32}&issuer=Shop&/);
    expect(await shop.tfa.factors.list("ada")).toEqual([]);
    const confirmed = await shop.tfa.factors.confirm({ ...ADA, enrollment: id, code: shop.codeOf(secret) });
    expect(confirmed).toMatchObject({ ok: true, factor: { id, method: "totp", name: "My phone" } });
    shop.clock.tick(60_000);
    expect(await answered(shop, shop.codeOf(secret))).toMatchObject({ ok: true, proof: { methods: ["totp"] } });
    expect(await shop.tfa.factors.list("ada")).toMatchObject([{ id, lastUsedAt: new Date(shop.clock()) }]);
    expect(shop.told).toEqual([["factor.added", { user: "ada", method: "totp", factor: id }]]);
  });

  it("E03 has its confirming code used up, and every code after its use", async () => {
    const shop = setUp();
    const { id, secret } = await begun(shop);
    const code = shop.codeOf(secret);
    await shop.tfa.factors.confirm({ ...ADA, enrollment: id, code });
    expect(await answered(shop, code)).toMatchObject({ ok: false, reason: "wrong_code" });
    shop.clock.tick(30_000);
    const next = shop.codeOf(secret);
    expect(await answered(shop, next)).toMatchObject({ ok: true });
    expect(await answered(shop, next)).toMatchObject({ ok: false, reason: "wrong_code" });
  });

  it("E05 neither protects nor blocks while it is not confirmed, and dies of five wrong codes", async () => {
    const shop = setUp({ methods: [totp(), recoveryCodes()] });
    const { id, secret } = await begun(shop);
    expect(await answered(shop, shop.codeOf(secret))).toMatchObject({ ok: false, reason: "not_enrolled" });
    const wrong = String((Number(shop.codeOf(secret)) + 1) % 1_000_000).padStart(6, "0");
    for (let left = 4; left >= 0; left -= 1) {
      const no = await shop.tfa.factors.confirm({ ...ADA, enrollment: id, code: wrong });
      expect(no).toMatchObject({ ok: false, reason: "wrong_code", attemptsLeft: left });
    }
    const late = await shop.tfa.factors.confirm({ ...ADA, enrollment: id, code: shop.codeOf(secret) });
    expect(late).toMatchObject({ ok: false, reason: "challenge_spent" });
    expect(await shop.tfa.factors.list("ada")).toEqual([]);
  });

  it("belongs to the login that began it, and a second one ends the first", async () => {
    const shop = setUp();
    const first = await begun(shop);
    for (const owner of [
      { user: "ada", session: "another" },
      { user: "eve", session: ADA.session },
    ]) {
      const no = await shop.tfa.factors.confirm({ ...owner, enrollment: first.id, code: shop.codeOf(first.secret) });
      expect(no).toMatchObject({ ok: false, reason: "challenge_not_found" });
    }
    await begun(shop);
    const no = await shop.tfa.factors.confirm({ ...ADA, enrollment: first.id, code: shop.codeOf(first.secret) });
    expect(no).toMatchObject({ ok: false, reason: "challenge_not_found" });
  });

  it("is one of several, each with codes of its own, until it is removed", async () => {
    const shop = setUp({ methods: [totp()] });
    const [first, second] = [await enrolled(shop), await enrolled(shop)];
    expect(await answered(shop, shop.codeOf(first.secret))).toMatchObject({ ok: true });
    expect(await answered(shop, shop.codeOf(second.secret))).toMatchObject({ ok: true });
    expect(await shop.tfa.factors.rename({ user: "ada", factor: first.id, name: "Old" })).toBe(true);
    expect(await shop.tfa.factors.remove({ user: "eve", factor: first.id })).toBe(false);
    expect(await shop.tfa.factors.remove({ user: "ada", factor: first.id })).toBe(true);
    expect(await shop.tfa.factors.remove({ user: "ada", factor: first.id })).toBe(false);
    shop.clock.tick(30_000);
    expect(await answered(shop, shop.codeOf(first.secret))).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await answered(shop, shop.codeOf(second.secret))).toMatchObject({ ok: true });
  });

  it("E04 has a seed of 160 bits that is nowhere in the store in clear, and opens for its own user only", async () => {
    const rows = new Map<string, StoredFactor>();
    const storage = {
      load: (user: string) => [...rows].flatMap(([key, row]) => (key.startsWith(`${user}/`) ? [row] : [])),
      add: (user: string, row: StoredFactor) => void rows.set(`${user}/${row.id}`, row),
      replace: (user: string, row: StoredFactor) =>
        rows.has(`${user}/${row.id}`) && !!rows.set(`${user}/${row.id}`, row),
      remove: (user: string, id: string) => rows.delete(`${user}/${id}`),
    };
    const shop = setUp({ factors: { storage }, methods: [totp()] });
    const { id, secret } = await enrolled(shop);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(JSON.stringify([...rows])).not.toContain(secret);
    const row = rows.get(`ada/${id}`) ?? expect.unreachable("kept");

    // The secret was rotated: what the old one sealed opens, and is sealed anew.
    const rotated = setUp({ factors: { storage }, methods: [totp()], secret: [`new ${SECRET}`, SECRET] });
    expect(await answered(rotated, rotated.codeOf(secret))).toMatchObject({ ok: true });
    expect(rows.get(`ada/${id}`)?.sealed.split(".")[0]).not.toBe(row.sealed.split(".")[0]);

    for (const bad of [
      { ...row, id: "another" },
      { ...row, sealed: `${row.sealed.slice(0, -2)}${row.sealed.endsWith("A") ? "B" : "A"}A` },
    ]) {
      rows.set(`eve/${bad.id}`, bad);
      await expect(answered(shop, shop.codeOf(secret), "totp", { user: "eve", session: "x" })).rejects.toMatchObject({
        code: "unavailable",
      });
      rows.delete(`eve/${bad.id}`);
    }
    rows.set(`eve/${id}`, row);
    await expect(shop.tfa.factors.list("eve")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("E04 has another seed each time, of 160 bits, a thousand times", () => {
    const seeds = Array.from({ length: 1_000 }, () => newSecret());
    expect(new Set(seeds).size).toBe(1_000);
    for (const seed of seeds) expect(Math.floor((seed.replace(/=+$/, "").length * 5) / 8)).toBeGreaterThanOrEqual(20);
    // No bit is always the same.
    const bits = seeds.map((seed) =>
      [...seed].map((sign) => BASE32.indexOf(sign).toString(2).padStart(5, "0")).join(""),
    );
    for (let index = 0; index < 160; index += 1) {
      const ones = bits.filter((each) => each[index] === "1").length;
      expect(Math.abs(ones - 500)).toBeLessThan(100);
    }
  });

  it("E04 opens nothing when two people's rows were exchanged or one bit is another", async () => {
    const store = memoryStore();
    const lists = new Map<string, string[]>();
    const { documents } = store;
    let alter: (rows: readonly string[], list: string) => readonly string[] = (rows) => rows;
    store.documents = async (list) => {
      const rows = [...(await documents.call(store, list))];
      if (rows.length > 0) lists.set(list, rows);
      return alter(rows, list);
    };
    const shop = setUp({ methods: [totp()], store });
    const owners = ["ada", "eve"].map((user) => ({ user, session: "one login" }));
    const secrets = [await enrolled(shop, owners[0]), await enrolled(shop, owners[1])];
    for (const { user } of owners) await shop.tfa.factors.list(user);
    const [first = [], second = []] = [...lists.values()];
    expect(lists.size).toBe(2);
    const flipped = (row: string, at: number): string => {
      const { id, sealed } = JSON.parse(row) as StoredFactor;
      const bytes = Buffer.from(sealed.split(".")[1] ?? "", "base64url");
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
      return JSON.stringify({ id, sealed: `${sealed.split(".")[0]}.${bytes.toString("base64url")}` });
    };
    const ways: (typeof alter)[] = [
      (rows) => (rows[0] === first[0] ? second : first),
      ...[0, 7, 20, 41, -1].map((at) => (rows: readonly string[]) => rows.map((row) => flipped(row, at + 1_000))),
    ];
    for (alter of ways) {
      for (const [index, owner] of owners.entries()) {
        const code = shop.codeOf(secrets[index]?.secret ?? "");
        await expect(answered(shop, code, "totp", owner)).rejects.toMatchObject({ code: "unavailable" });
      }
    }
    alter = (rows) => rows;
    expect(await answered(shop, shop.codeOf(secrets[0]?.secret ?? ""), "totp", owners[0])).toMatchObject({ ok: true });
  });
});

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

describe("a number or an address", () => {
  it("E11 is verified before it counts, and then reaches the person before what the app knows", async () => {
    const shop = setUp();
    const started = await shop.tfa.factors.enroll({ ...ADA, method: "sms", to: "+46 70 174 06 05" });
    if (!started.ok) return expect.unreachable(started.reason);
    expect(started.enrollment).toMatchObject({ method: "sms", to: "+46•••••••05" });
    const code = /^\d{6}/.exec(shop.box.messages[0]?.text ?? "")?.[0] ?? "";
    expect(await answered(shop, code, "sms")).toMatchObject({ ok: false, reason: "not_enrolled" });
    expect(await shop.tfa.factors.confirm({ ...ADA, code })).toMatchObject({ ok: true });
    shop.clock.tick(600_000);
    const asked = await shop.tfa.challenges.start({ ...ADA, method: "sms" });
    expect(asked).toMatchObject({ ok: true, challenge: { to: "+46•••••••05" } });
    const again = await shop.tfa.factors.enroll({ ...ADA, method: "sms", to: "+46701740605" });
    expect(again).toMatchObject({ ok: false, reason: "invalid_request" });
  });

  it.each([undefined, "", "not a number", "+8821234567", "+46701740605,+46701740606"])("refuses %j", async (to) => {
    const shop = setUp();
    const no = await shop.tfa.factors.enroll({ ...ADA, method: "sms", ...(to === undefined ? {} : { to }) });
    expect(no).toMatchObject({ ok: false, reason: "invalid_request" });
    expect(shop.box.messages).toEqual([]);
  });
});

describe("recovery codes", () => {
  it("E06 E07 are ten of 80 bits, each good once, and dead when new ones are made", async () => {
    const shop = setUp();
    const codes = await shop.tfa.factors.newRecoveryCodes("ada");
    expect(codes).toHaveLength(10);
    for (const code of codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
    const [first = "", second = ""] = codes;
    const sloppy = ` ${first.toLowerCase().replaceAll("-", " ")} `;
    expect(await answered(shop, sloppy, "recovery-code")).toMatchObject({
      ok: true,
      proof: { methods: ["recovery-code"] },
    });
    expect(await answered(shop, first, "recovery-code")).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await shop.tfa.factors.recoveryCodesLeft("ada")).toBe(9);
    await shop.tfa.factors.newRecoveryCodes("ada");
    expect(await answered(shop, second, "recovery-code")).toMatchObject({ ok: false, reason: "wrong_code" });
    expect(await shop.tfa.factors.recoveryCodesLeft("ada")).toBe(10);
    expect(shop.told).toEqual([
      ["recovery.renewed", { user: "ada" }],
      ["recovery.used", { user: "ada", left: 9, low: false }],
      ["recovery.renewed", { user: "ada" }],
    ]);
  });

  it("E06 are kept as one salted hash each, found by their first four signs, and compared by one hash", async () => {
    const store = memoryStore();
    const kept: string[] = [];
    const { addDocument } = store;
    store.addDocument = (list, name, row) => {
      kept.push(row);
      return addDocument.call(store, list, name, row);
    };
    const shop = setUp({ store });
    const codes = await shop.tfa.factors.newRecoveryCodes("ada");
    const bare = codes.map((code) => code.replaceAll("-", ""));
    expect(found(kept.join("\n"), [...codes, ...bare])).toEqual([]);
    const secrets = (await newRecoveryCodes(shop.clock())).map(({ factor }) => factor.secret.split(":"));
    expect(new Set(secrets.map(([salt]) => salt)).size).toBe(10);
    for (const [salt = "", hash = ""] of secrets) {
      expect(Buffer.from(salt, "base64url")).toHaveLength(16);
      expect(Buffer.from(hash, "base64url")).toHaveLength(32);
    }
    expect(new Set(bare.map((code) => code.slice(0, 4))).size).toBe(10);
    // One hash whether somebody has such a code or nobody has, out of ten: some forty milliseconds of one core.
    for (const code of [codes[0] ?? "", "0000-0000-0000-0000-0000"]) {
      const before = process.cpuUsage();
      await answered(shop, code, "recovery-code");
      const { user, system } = process.cpuUsage(before);
      const one = await hashTime();
      expect((user + system) / one).toBeLessThan(6);
    }
  });

  it("E07 tell their owner of each use, and say when three are left", async () => {
    const told: FactorNotice[] = [];
    const shop = setUp({ factors: { notify: (notice) => told.push(notice) } });
    const codes = await shop.tfa.factors.newRecoveryCodes("ada");
    const [lost, used] = [codes.slice(0, 5), codes.slice(5, 8)];
    for (const code of lost) await shop.tfa.factors.remove({ user: "ada", factor: `recovery-${code.slice(0, 4)}` });
    for (const code of used) expect(await answered(shop, code, "recovery-code")).toMatchObject({ ok: true });
    await shop.tfa.close();
    const uses = told.filter(({ change }) => change === "recovery_code_used");
    expect(uses.map(({ left, low }) => [left, low])).toEqual([
      [4, false],
      [3, true],
      [2, true],
    ]);
    expect(uses[0]).toMatchObject({ user: "ada", contact: { email: "ada@example.com" } });
  });

  it("E07 C03 lock the account when they are guessed, as every method does", async () => {
    const shop = setUp({ limits: { failures: { perAccount: 3 } } });
    const [code = ""] = await shop.tfa.factors.newRecoveryCodes("ada");
    for (let guess = 0; guess < 3; guess += 1) await answered(shop, "0000-0000-0000-0000-0000", "recovery-code");
    expect(await answered(shop, code, "recovery-code")).toMatchObject({ ok: false, reason: "account_locked" });
    expect(await shop.tfa.factors.recoveryCodesLeft("ada")).toBe(10);
  });

  it("need a place to be kept, as apps that people set up do", () => {
    const options = { secret: SECRET, user: () => "ada", contact: () => ({}), store: memoryStore() };
    expect(() => twoFactor({ ...options, methods: [recoveryCodes()] })).toThrow(/factors: true/);
    expect(() => twoFactor({ ...options, methods: [totp()] })).toThrow(/factors: true/);
  });
});

describe("C05 a right code", () => {
  it("C05 forgets the wrong ones before it, and no message", async () => {
    const shop = setUp({ limits: { failures: { perAccount: 5 }, sends: { perUser: [{ max: 3, interval: "1h" }] } } });
    const login = (session: number) => ({ user: "ada", session: `login ${session}` });
    const sent = async (session: number): Promise<string> => {
      const started = await shop.tfa.challenges.start({ ...login(session), method: "email" });
      expect(started.ok).toBe(true);
      return /^\d{8}/.exec(shop.box.messages[0]?.text ?? "")?.[0] ?? "";
    };
    for (const session of [1, 2]) {
      const code = await sent(session);
      const wrong = code.replace(/^./, (digit) => String((Number(digit) + 1) % 10));
      for (let guess = 0; guess < 4; guess += 1) {
        const no = await shop.tfa.challenges.verify({ ...login(session), code: wrong });
        expect(no).toMatchObject({ ok: false, reason: "wrong_code" });
      }
      expect(await shop.tfa.challenges.verify({ ...login(session), code })).toMatchObject({ ok: true });
    }
    await sent(3);
    // three were sent, and no success has given one back
    const fourth = await shop.tfa.challenges.start({ ...login(4), method: "email" });
    expect(fourth).toMatchObject({ ok: false, reason: "limit_exceeded" });
  });
});

describe("eraseUser()", () => {
  it("J05 forgets what the user has enrolled", async () => {
    const shop = setUp();
    await enrolled(shop);
    await shop.tfa.factors.newRecoveryCodes("ada");
    await shop.tfa.eraseUser("ada");
    expect(await shop.tfa.factors.list("ada")).toEqual([]);
    expect(await shop.tfa.factors.recoveryCodesLeft("ada")).toBe(0);
  });
});

/** What one hash costs on this machine, in microseconds of its cores. */
async function hashTime(): Promise<number> {
  const before = process.cpuUsage();
  await promisify<string, string, number, object, Buffer>(scrypt)("code", "salt", 32, { N: 2 ** 14, r: 8, p: 1 });
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
