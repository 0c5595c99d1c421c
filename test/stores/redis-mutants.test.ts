import { AssertionError } from "node:assert";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeChecks } from "../../src/testing/store-contract.js";
import { CLIENTS, type OpenClient } from "../helpers/redis-clients.js";
import { type RedisServer, redisServer } from "../helpers/redis-server.js";
import { contractStores, mutated } from "../helpers/redis-store.js";
import { service } from "../helpers/services.js";

/** Scripts with one thing wrong, and the check that must notice. */
const MUTANTS: readonly { name: string; from: string; to: string; caughtBy: string }[] = [
  {
    name: "lets everybody use a verification up that was used",
    from: "if row.usedBy == nonce then",
    to: "if true then",
    caughtBy: "uses a verification up once, however many right answers come at once",
  },
  {
    name: "consumes for a request that never counted",
    from: "if not counted then return { 'missing' } end",
    to: "if not row then return { 'missing' } end",
    caughtBy: "uses a verification up for a request that counted, and for no other",
  },
  {
    name: "counts without an end",
    from: "if row.attempts >= row.max then return 'spent' end",
    to: "",
    caughtBy: "counts no more attempts than there are, however many come at once",
  },
  {
    name: "counts a repeated request twice",
    from: "if counted then",
    to: "if false then",
    caughtBy: "counts an attempt once for each nonce, and repeats its answer",
  },
  {
    name: "burns no step",
    from: "redis.call('HSET', id, 'value', ARGV[8]",
    to: "redis.call('HSET', id, 'value', '-1'",
    caughtBy: "burns a step once, however many verifications prove it at once",
  },
  {
    name: "never locks",
    from: "now < a.locked and a.by ~= nonce and a.locked or 0",
    to: "0",
    caughtBy: "opens nothing and counts nothing while an account is locked",
  },
  {
    name: "counts for the method in use alone",
    from: "local tried = cjson.decode(row.tried)",
    to: "local tried = { cjson.decode(row.tried)[1] }",
    caughtBy: "counts an answer for every method whose code it may be, and gives back what it was not",
  },
  {
    name: "lets a method be proved that was disabled meanwhile",
    from: "if isDisabled(who, ARGV[9], nonce) then",
    to: "if false then",
    caughtBy: "uses nothing up by a method that others have disabled meanwhile",
  },
  {
    name: "enables what is disabled by a right answer of its own alone",
    from: "if m.by ~= '' then a.methods[method] = nil end",
    to: "",
    caughtBy: "enables a method again by a right answer by another",
  },
  {
    name: "takes a row that is past its end for a live one",
    from: "if now >= row.expires or",
    to: "if",
    caughtBy: "ends a verification at the instant it was given, by its timestamp and not by a sweep",
  },
  {
    name: "charges although it refuses",
    from: "if refused then return refused end",
    to: "charge(6, count, by, call) if refused then return refused end",
    caughtBy: "does not count what it refuses",
  },
  {
    name: "lets an interval end a moment too soon",
    from: "'(' .. text(now - charge.interval)",
    to: "'(' .. text(now - charge.interval + 1)",
    caughtBy: "says when to come back, and keeps the promise",
  },
  {
    name: "asks nobody whose it is",
    from: "(owner == '' or row.owner == owner)",
    to: "true",
    caughtBy: "finds a verification for its owner only",
  },
  {
    name: "amends whatever the revision",
    from: "if row.revision ~= ARGV[6] then",
    to: "if false then",
    caughtBy: "changes a verification once for each revision",
  },
  {
    name: "leaves what it takes",
    from: "redis.call('DEL', key('k', ARGV[3]))",
    to: "",
    caughtBy: "takes a value out once",
  },
];

describe.skipIf(!service("redis-server"))("the store contract, on scripts that are broken", () => {
  let server: RedisServer;
  let opened: OpenClient;
  beforeAll(async () => {
    server = await redisServer();
    opened = await (CLIENTS["redis 6"]?.(server.port) ?? Promise.reject(new Error("no client")));
  });
  afterAll(async () => {
    opened.end();
    await server.stop();
  });

  it.each(MUTANTS)("catches one that $name: $caughtBy", async ({ from, to, caughtBy }) => {
    let changed = false;
    const { make, time } = contractStores(
      () => opened.client,
      (connection) => mutated(connection, from, to, () => (changed = true)),
    );
    const check = storeChecks(make, { arrivals: 600, parallel: 20, time }).get(caughtBy);
    if (!check) throw new Error(`The contract has no check named "${caughtBy}".`);
    await expect(check()).rejects.toThrow(AssertionError);
    expect(changed).toBe(true);
  });
});
