import { setTimeout as pause } from "node:timers/promises";
import { generateSync } from "otplib";
import { createClient } from "redis";
import { describe, expect, it } from "vitest";
import {
  memoryStore,
  outbox,
  recoveryCodes,
  sms,
  type Store,
  totp,
  twoFactor,
  type TwoFactorOptions,
} from "../../src/index.js";
import { isTwoFactorError } from "../../src/core/errors.js";
import type { StoredFactor } from "../../src/step-up/factor-book.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { redisServer } from "../helpers/redis-server.js";
import { redisTestStore } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

const SECRET = "a secret of these tests, 32 bytes and more";
const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const LOGINS = 30;
const PAIRS = 3;
const STEP = 30_000;

/** One user in as many logins as it takes; by the real clock, as a database goes by its own. */
function people(options: Partial<TwoFactorOptions>) {
  const tfa = twoFactor({
    secret: SECRET,
    user: () => undefined,
    contact: () => ({}),
    methods: [totp({ secret: () => TOTP_SECRET }), sms(outbox()), recoveryCodes()],
    factors: true,
    limits: { failures: { perAccount: 100 } },
    ...options,
  });
  /** Somebody had to wait too long: then less may happen, more never. */
  let slow = false;
  const answer = async (code: string, login: number, method: "totp" | "recovery-code"): Promise<boolean> => {
    const owner = { user: "ada", session: `login ${login}` };
    try {
      await tfa.challenges.start({ ...owner, method });
      return (await tfa.challenges.verify({ ...owner, code })).ok;
    } catch (error) {
      if (!isTwoFactorError(error) || error.code !== "unavailable") throw error;
      slow = true;
      return false;
    }
  };
  const wrong = (what: string, is: number, should: number): string[] =>
    is === should || (slow && is < should) ? [] : [`${what}: ${is} instead of ${should}`];
  return { tfa, answer, wrong };
}

type People = ReturnType<typeof people>;
const many = <T>(count: number, of: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => of(index)));
const fine = (answers: readonly boolean[]): number => answers.filter(Boolean).length;

/** The same code in many logins at once, and then two codes at once, again and again. */
async function recovering({ tfa, answer, wrong }: People, logins = LOGINS, pairs = PAIRS): Promise<string[]> {
  const [first = "", ...others] = await tfa.factors.newRecoveryCodes("ada");
  /** Counted as used: what is left is what was there without them. */
  const used = async () => 10 - (await tfa.factors.recoveryCodesLeft("ada"));
  const faults = wrong("of many", fine(await many(logins, (login) => answer(first, login, "recovery-code"))), 1);
  faults.push(...wrong("used after one", await used(), 1));
  for (let pair = 0; pair < pairs; pair += 1) {
    const two = others.slice(2 * pair, 2 * pair + 2);
    const both = await many(2, (login) => answer(two[login] ?? "", login, "recovery-code"));
    faults.push(...wrong("of two", fine(both), 2), ...wrong("used", await used(), 3 + 2 * pair));
    faults.push(...wrong("again", fine([await answer(two[0] ?? "", 3, "recovery-code")]), 0));
  }
  return faults;
}

/** The same code in many logins at once; then one of the step before beside one of this step. */
async function stepping({ answer, wrong }: People): Promise<string[]> {
  // Not over the edge of a step in the middle of it.
  const rest = STEP - (Date.now() % STEP);
  if (rest < 4_000) await pause(rest);
  const codeAt = (ahead: number): string =>
    generateSync({ secret: TOTP_SECRET, epoch: Math.floor(Date.now() / 1000) + ahead * 30 });
  const [before, now] = [codeAt(-1), codeAt(0)];
  const faults = wrong("before", fine(await many(LOGINS, (login) => answer(before, login, "totp"))), 1);
  const mixed = await many(LOGINS, (login) => answer(login % 2 === 0 ? now : before, login, "totp"));
  faults.push(...wrong("of this step", fine(mixed.filter((_, index) => index % 2 === 0)), 1));
  faults.push(...wrong("of the used one", fine(mixed.filter((_, index) => index % 2 === 1)), 0));
  for (const code of [now, before]) faults.push(...wrong("afterwards", fine([await answer(code, 1, "totp")]), 0));
  return faults;
}

const ROWS = [
  ["D04 a recovery code", recovering],
  ["D05 a step of an authenticator app", stepping],
] as const;

describe.each(ROWS)("%s is good once, whoever comes at the same instant", (row, race) => {
  it(`${row} in memory`, async () => {
    expect(await race(people({ store: memoryStore() }))).toEqual([]);
  });

  it.skipIf(!service("redis-server"))(`${row} in Redis`, async () => {
    const server = await redisServer();
    const client = createClient({ url: server.url }).on("error", () => {});
    try {
      await client.connect();
      const store = redisTestStore(client);
      await store.catchUp();
      expect(await race(people({ store }))).toEqual([]);
      store.close();
    } finally {
      client.destroy();
      await server.stop();
    }
  });

  it.skipIf(!service("postgres"))(`${row} in Postgres`, async () => {
    const server = await postgresServer();
    try {
      const store = await freshStore(server.pool());
      expect(await race(people({ store }))).toEqual([]);
      await store.close();
    } finally {
      await server.stop();
    }
  });
});

/** A store that keeps no account of steps, and says of everything that it has removed it. */
function forgetful(): Store {
  const store = memoryStore();
  const { consume, removeDocument } = store;
  store.consume = (which, { step: _step, ...use }, now) => consume.call(store, which, use, now);
  store.removeDocument = async (list, name) => (await removeDocument.call(store, list, name)) || true;
  return store;
}

/** Factors of a user in one column, read and written back: what came in between is lost. */
function oneColumn() {
  let column: readonly StoredFactor[] = [];
  const change = async (by: (rows: readonly StoredFactor[]) => readonly StoredFactor[]): Promise<true> => {
    const rows = column;
    // as long as it takes to hash another code
    await pause(20);
    column = by(rows);
    return true;
  };
  return {
    load: () => column,
    add: async (_user: string, row: StoredFactor) => void (await change((rows) => [...rows, row])),
    replace: (_user: string, row: StoredFactor) =>
      change((rows) => rows.map((each) => (each.id === row.id ? row : each))),
    remove: (_user: string, id: string) => change((rows) => rows.filter((each) => each.id !== id)),
  };
}

describe("what is built wrong is caught", () => {
  it("D04 D05 by a store that forgets what was used", async () => {
    expect(await recovering(people({ store: forgetful() }), 5, 0)).not.toEqual([]);
    expect(await stepping(people({ store: forgetful() }))).not.toEqual([]);
  });

  it("D04 by a table that loses one of two removals", async () => {
    let faults: string[] = [];
    for (let tries = 0; faults.length === 0 && tries < 10; tries += 1)
      faults = await recovering(people({ factors: { storage: oneColumn() } }), 1, 2);
    expect(faults).not.toEqual([]);
  });
});
