import { describe, expect, it } from "vitest";
import { outbox, sms, twoFactor } from "../../src/index.js";
import { createKeyring } from "../../src/core/crypto.js";
import { codeIndex, ownerOf } from "../../src/verification/prepare.js";
import { PLENTY } from "../helpers/arena.js";
import { fakeClock } from "../helpers/clock.js";
import { times } from "../helpers/effort.js";

const SECRET = "a secret of the tests that is long enough";

/** Names that were chosen to end a key, to begin a command, or to be taken for one another. */
const NAMES = [
  "ada",
  "Ada",
  "\u0430da",
  "ada ",
  "ada\u0000",
  "ada\r\nFLUSHALL",
  "FLUSHALL",
  'ada"',
  "'; DROP TABLE verifications; --",
  "a:da",
  "*",
  "{ada}",
  "{",
  "[ada]",
  "\u{1f600}",
  "ren\u00e9",
  "rene\u0301",
  "x".repeat(10_000),
  "__proto__",
  "constructor",
  "null",
  '["ada","acme"]',
  "ada\\",
];

const PIECES = [
  "a",
  "b",
  ":",
  ",",
  '"',
  '","',
  "\\",
  "{",
  "}",
  "*",
  "\u0000",
  "\r\n",
  "\u00e9",
  "e\u0301",
  "\u{1f600}",
  "1",
];

/** The same texts in every run, short enough to meet one another often. */
function* texts(): Generator<string, never> {
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (;;) yield Array.from({ length: next(4) }, () => PIECES[next(PIECES.length)]).join("");
}

const TRIPLES = times(100_000, 20_000);

describe("I09 what the service keeps", () => {
  it("goes by keys that no two triples share, wherever their borders lie", () => {
    const keys = createKeyring(SECRET).current;
    const source = texts();
    const seen = new Map<string, string>();
    const triples = new Set<string>();
    for (let count = 0; count < TRIPLES; count += 1) {
      const [account, service, last] = [source.next().value, source.next().value, source.next().value];
      const triple = JSON.stringify([account, service, last]);
      if (triples.has(triple)) continue;
      triples.add(triple);
      // the second costs more, and is made of its parts the same way throughout
      const index = count % 10 === 0 ? [codeIndex(keys, account, service, last)] : [];
      for (const key of [ownerOf(account, service, last), ...index]) {
        const before = seen.get(key);
        if (before !== undefined) throw new Error(`${triple} is taken for ${before}`);
        seen.set(key, triple);
      }
    }
    expect(seen.size).toBeGreaterThan(triples.size);
    expect(triples.size).toBeGreaterThan(TRIPLES / 2);
  });

  it("is an account's own, whatever it is called: verifications, limits, definitions and what is said once", async () => {
    const { verifications, limits } = service();
    for (const account of NAMES) {
      const made = await limits.create({ account, name: "per_name", buckets: [{ max: 1, interval: "1h" }] });
      expect(made).toMatchObject({ ok: true });
      expect(await verifications.claim({ account, name: "told", ttl: "1h" })).toBe(true);
      const request = { to: "+46707123456", account, limits: { per_name: "the same" } };
      expect(await verifications.start(request)).toMatchObject({ ok: true });
      expect(await verifications.start(request)).toMatchObject({ ok: false, reason: "limit_exceeded" });
    }
    for (const account of NAMES) {
      expect(await verifications.search({ account })).toMatchObject({
        total: 1,
        found: [{ account, status: "pending" }],
      });
      expect((await limits.search({ account })).total).toBe(1);
      expect(await verifications.claim({ account, name: "told", ttl: "1h" })).toBe(false);
    }
  });

  it("is a user's own, and one service's own, by the letter: no case, form or look-alike is another's", async () => {
    const { verifications, limits } = service();
    await limits.create({ name: "per_user", buckets: [{ max: 1, interval: "1h" }] });
    const ids = new Map<string, string>();
    for (const name of NAMES) {
      const started = await verifications.start({
        to: "+46707123456",
        service: name,
        user: name,
        limits: { per_user: name },
        metadata: { name },
      });
      if (!started.ok) throw new Error(`${name.slice(0, 40)} shares something: ${started.reason}`);
      ids.set(name, started.verification.id);
    }
    // each is the newest of its service, as none has taken the place of another
    for (const [name, id] of ids) {
      const found = await verifications.get({ to: "+46707123456", service: name });
      expect(found).toMatchObject({ id, status: "pending", service: name, metadata: { name } });
    }
  });
});

function service() {
  return twoFactor({
    secret: SECRET,
    user: () => undefined,
    contact: () => null,
    methods: [sms(outbox())],
    limits: PLENTY,
    clock: fakeClock(),
  });
}
