import { afterAll, describe, expect, it } from "vitest";
import { randomId } from "../../src/core/crypto.js";
import { aCharge, anEvent, aPending, DELIVERY, HOUR, LOCK, BY_SMS } from "../../src/testing/bench.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

/** What `rowOf()` hands over, so exactly that no function of Postgres fits as well. */
const ROW = `text, json, text, json, text, jsonb, text, jsonb, text, text, text, bigint, text, bigint,
  ${"text, double precision, ".repeat(4)} text, jsonb, text, double precision`;

/** Functions that fit better than those of Postgres; each tells who ran it. */
const PLANTED: readonly (readonly [name: string, takes: string, returns: string, value: string])[] = [
  ["hashtextextended", "text, integer", "bigint", "1"],
  ["cardinality", "text[]", "integer", "0"],
  ["unnest", "double precision[]", "setof double precision", ""],
  ["json_agg", "json", "json", "null"],
  ["json_build_object", ROW, "json", "null"],
  ["json_build_array", "text, text, double precision, double precision", "json", "null"],
  ["times", "numeric, integer", "numeric", "0"],
  ["times_too", "double precision, numeric", "double precision", "0"],
];
const OPERATORS = [
  "create operator public.* (leftarg = numeric, rightarg = integer, function = public.times)",
  "create operator public.* (leftarg = double precision, rightarg = numeric, function = public.times_too)",
];

describe.skipIf(!service("postgres"))("postgresStore beside another user of the database", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer();
  afterAll(() => server.stop());

  it("I09 runs none of the functions that they have put into the search path", async () => {
    const store = await freshStore(server.pool(), { schema: "named" });
    await server.sql(`create role mallory; grant create on schema public to mallory;
      create table public.ran (what text, who text); grant insert on public.ran to public`);
    for (const [name, takes, returns, value] of PLANTED) {
      await server.sql(`set role mallory; create function public.${name}(${takes}) returns ${returns}
        language plpgsql as $$ begin insert into public.ran values ('${name}', current_user); return ${value}; end $$`);
    }
    for (const operator of OPERATORS) await server.sql(`set role mallory; ${operator}`);

    const [id, owner, key] = [randomId(), randomId(), randomId()];
    const charge = aCharge({ key, max: 1 });
    const now = Date.now();
    await store.open(aPending({ id, owner, events: [anEvent({ id: "e" })] }), owner, [], now);
    expect(await store.charge([charge], now)).toMatchObject({ outcome: "charged" });
    expect(await store.charge([charge], now)).toMatchObject({ outcome: "limited" });
    await store.amend({ id }, { revision: 0, delivery: DELIVERY }, [aCharge()], now);
    await store.note({ id }, { id: "e", status: "sent" });
    await store.attempt({ id }, { nonce: "n", account: owner, lock: LOCK });
    await store.forgive({ id }, { ...BY_SMS, nonce: "n", account: owner, lock: LOCK });
    await store.attempt({ id }, { nonce: "m", account: owner, lock: LOCK });
    await store.consume({ id }, { ...BY_SMS, nonce: "m", account: owner, step: { key, value: 1 } });
    expect(await store.find({ id })).toMatchObject({ id, state: "verified" });
    expect(await store.find({ owner })).toMatchObject({ id });
    expect((await store.search({ tenant: "tenant" }, { offset: 0, limit: 9 })).total).toBe(1);
    expect(await store.usage({ tenant: "tenant" })).not.toEqual([]);
    await store.refund([charge], now);
    expect(await store.claim(key, "mine", HOUR)).toBe("mine");
    expect(await store.get(key)).toBe("mine");
    expect(await store.touch({ key, since: now, idle: HOUR })).toBe(true);
    expect(await store.take(key)).toBe("mine");
    await store.addDocument("list", "name", "document");
    expect(await store.documents("list")).toEqual(["document"]);
    await store.revoke("ada", HOUR);
    const other = await freshStore(server.pool(), { schema: "named" });
    expect(other.revokedAt("ada")).toBeGreaterThan(0);
    await store.sweeper.sweep();
    await store.cancel({ id });
    await store.erase(owner);
    await Promise.all([store.close(), other.close()]);
    expect(await server.sql("select distinct what, who from public.ran")).toEqual([]);
  });
});
