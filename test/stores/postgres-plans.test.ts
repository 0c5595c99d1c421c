import type { PoolClient } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerStore } from "../../src/stores/postgres/postgres-store.js";
import { aCharge, anEvent, aPending, DELIVERY, HOUR, LOCK, NO_LOCK, BY_SMS } from "../../src/testing/bench.js";
import { freshStore } from "../helpers/postgres-stores.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

/** A million in the soak: `PLAN_ROWS=1000000`. */
const ROWS = Number(process.env["PLAN_ROWS"] ?? 50_000);
/** After five times a prepared statement may change to a plan for any values: that one is looked at as well. */
const TIMES = 7;
const EXPLAINED = {
  session_preload_libraries: "auto_explain",
  "auto_explain.log_min_duration": "0",
  "auto_explain.log_nested_statements": "on",
  "auto_explain.log_level": "notice",
};

/** Half of them of one tenant, a tenth to one recipient of many, most of them over. */
const FILL = `
  insert into plans.verifications (id, rank, tenant, owner, purpose, service, recipient, subject, created_at, updated_at,
    expires_at, max_attempts, state, lost, fixed, delivery, events)
  select 'id ' || n, n, case when n % 2 = 0 then 'acme' else 'tenant ' || n % 100 end, 'owner ' || n / 3, 'login',
    'service ' || n % 5, '+46' || n / 10, 'user ' || n / 10, at, at, at + 300000, 5,
    case when n % 4 = 0 then 'pending' else 'verified' end, false, '{"id":"x"}',
    '{"method":"sms","status":"sent","sent":[]}', '[{"id":"e","at":0,"channel":"sms","status":"sent"}]'
  from (select n, floor(extract(epoch from now()) * 1000) - (${ROWS} - n) * 10000.0 as at
    from generate_series(1, ${ROWS}) n) rows;
  insert into plans.accounts (account, touched_at, forget_at)
    select 'user ' || n, 9e12 + n, 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.limits (key, times, tags, forget_at)
    select 'limit ' || n, '{1}', '{1}', 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.method_failures (account, method, failures, forget_at)
    select 'user ' || n, 'sms', 1, 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.steps select 'step ' || n, n, 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.uses select 'use ' || n, n, 9e12, 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.kept select 'kept ' || n, '"value"', 9e12 + n from generate_series(1, ${ROWS} / 4) n;
  insert into plans.revocations select 'user ' || n, n, 9e12 + n, '1' from generate_series(1, ${ROWS} / 4) n;
  insert into plans.documents (list, name, document) select 'list ' || n, 'n', '""' from generate_series(1, ${ROWS} / 4) n;
  analyze`;

describe.skipIf(!service("postgres"))("the plans of postgresStore", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer({ autovacuum: "off", maintenance_work_mem: "128MB" });
  afterAll(() => server.stop());
  const settings = Object.entries(EXPLAINED).map(([name, value]) => `-c ${name}=${value}`);
  const pool = server.pool({ max: 1, options: settings.join(" ") });
  const plans: string[] = [];
  pool.on("connect", (client: PoolClient) => client.on("notice", ({ message }) => plans.push(message ?? "")));
  let store: ServerStore;
  beforeAll(async () => {
    store = await freshStore(pool, { schema: "plans", retention: 10 * 365 * 24 * HOUR });
    await server.sql(FILL);
  }, 600_000);
  afterAll(() => store.close());

  const which = (n: number) => ({ id: `id ${ROWS - n}` });
  const page = { offset: 0, limit: 20 };
  const hours = (count: number) => Date.now() - count * HOUR;
  const calls: Record<string, (n: number) => unknown> = {
    "find by id": (n) => store.find(which(n)),
    "find the newest": (n) => store.find({ owner: `owner ${n}`, tenant: "acme" }),
    open: (n) =>
      store.open(
        aPending({ owner: `owner ${n}`, supersede: "cancel", offers: ["sms", "totp"] }),
        `user ${n}`,
        [aCharge(), aCharge({ key: `limit ${n}` })],
        0,
      ),
    attempt: (n) => store.attempt(which(4 * n), { nonce: "n", account: `user ${n}`, lock: { ...LOCK, ceiling: 100 } }),
    "attempt the newest": (n) =>
      store.attempt({ owner: `owner ${n}` }, { nonce: "n", account: `user ${n}`, lock: { ...LOCK, ceiling: 100 } }),
    consume: (n) =>
      store.consume(which(4 * n), {
        ...BY_SMS,
        nonce: "n",
        account: `user ${n}`,
        step: { key: `step ${n}`, value: 9e9 },
      }),
    forgive: (n) => store.forgive(which(n), { ...BY_SMS, nonce: "n", account: `user ${n}`, lock: NO_LOCK }),
    amend: (n) => store.amend(which(4 * n + 4), { revision: 0, delivery: DELIVERY, event: anEvent() }, [aCharge()], 0),
    note: (n) => store.note(which(n), { id: "e", status: "sent" }),
    cancel: (n) => store.cancel(which(n)),
    charge: (n) => store.charge([aCharge({ key: `limit ${n}` }), aCharge({ key: `limit ${n + 1}` })], 0),
    refund: (n) => store.refund([aCharge({ key: `limit ${n}` })], 0),
    claim: (n) => store.claim(`kept ${n}`, "value", HOUR),
    touch: (n) => store.touch({ key: `use ${n}`, since: Date.now(), idle: HOUR }),
    put: (n) => store.put(`kept ${n}`, "value", HOUR),
    get: (n) => store.get(`kept ${n}`),
    take: (n) => store.take(`kept ${n}`),
    revoke: (n) => store.revoke(`user ${n}`, HOUR),
    documents: (n) => store.documents(`list ${n}`),
    "search by recipient": (n) => store.search({ tenant: "acme", to: `+46${n}` }, page),
    "search by subject": (n) => store.search({ subject: `user ${n}` }, page),
    "search by tenant and time": (n) => store.search({ tenant: "acme", since: hours(n + 2), until: hours(n) }, page),
    "search by tenant, time and status": (n) =>
      store.search({ tenant: "acme", since: hours(n + 2), status: "verified" }, page),
    "usage of a tenant's hours": (n) => store.usage({ tenant: "acme", since: hours(n + 2) }),
    unlock: (n) => store.unlock(`user ${n + TIMES}`),
    erase: (n) => store.erase(`user ${n}`),
    sweep: () => store.sweeper.sweep(),
  };

  it.each(Object.keys(calls))("use an index at so many rows: %s", async (name) => {
    plans.length = 0;
    for (let time = 1; time <= TIMES; time += 1) await calls[name]?.(time);
    expect(plans.length).toBeGreaterThanOrEqual(TIMES);
    expect(plans.filter((plan) => plan.includes("Seq Scan"))).toEqual([]);
    expect(plans.some((plan) => /Index (Only )?Scan|Arbiter Indexes/.test(plan))).toBe(true);
  });

  it("look for what was revoked since the last look by an index", async () => {
    await store.catchUp();
    plans.length = 0;
    await expect.poll(() => plans.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(plans.join()).toMatch(/Index Scan using revocations_xid_subject_idx/);
  });

  it("go by the key that is asked for where they are made on tables that are empty, and grow", async () => {
    const young = await freshStore(pool, { schema: "young" });
    plans.length = 0;
    for (let n = 0; n < TIMES; n += 1) {
      const [id, owner, key] = [`id ${n}`, `owner ${n}`, `key ${n}`];
      const proof = { ...BY_SMS, nonce: `nonce ${n}`, account: owner };
      const guess = { ...proof, lock: { ...LOCK, ceiling: 100 } };
      const limit = aCharge({ key });
      await young.open(
        aPending({ id, owner, subject: owner, supersede: "cancel", offers: ["sms"] }),
        owner,
        [limit],
        n,
      );
      await young.find({ id, tenant: "acme" });
      await young.find({ owner });
      await young.amend({ id }, { revision: 0, delivery: DELIVERY, event: anEvent() }, [limit], n);
      await young.note({ id }, { id: "e", status: "sent" });
      await young.attempt({ owner }, { ...guess, nonce: `another ${n}` });
      await young.forgive({ id }, { ...guess, nonce: `another ${n}` });
      await young.attempt({ id }, guess);
      await young.consume({ id }, { ...proof, step: { key, value: n } });
      await young.refund([limit], n);
      await young.claim(key, "value", HOUR);
      await young.get(key);
      await young.touch({ key, since: Date.now(), idle: HOUR });
      await young.search({ subject: owner }, page);
    }
    expect(plans.filter((plan) => plan.includes("Seq Scan on verifications"))).toEqual([]);
    // but for the looks for what was revoked, which come by themselves
    const asked = plans.filter((plan) => !plan.includes(".revocations"));
    const used = asked.flatMap((plan) =>
      [...plan.matchAll(/Index (?:Only )?Scan.* using (\w+)/g)].map(([, name]) => name),
    );
    expect([...new Set(used)].toSorted()).toEqual([
      "accounts_pkey",
      "kept_pkey",
      "limits_pkey",
      "method_failures_pkey",
      "uses_pkey",
      "verifications_owner_expires_at_idx",
      "verifications_owner_rank_idx",
      "verifications_pkey",
      "verifications_subject_created_at_id_idx",
    ]);
    await young.close();
  });

  it("find no index where there is none: what the judge above goes by", async () => {
    plans.length = 0;
    await pool.query("select * from plans.verifications where purpose = 'other'");
    expect(plans.join()).toMatch(/Seq Scan on verifications/);
  });
});
