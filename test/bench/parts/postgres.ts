import { Pool, type PoolClient } from "pg";
import { postgresStore } from "require2fa/postgres";
import { postgresServer } from "../../helpers/postgres-server.js";
import { service } from "../../helpers/services.js";
import { answersTo } from "../answers.js";
import type { Case, Figures, Part, Row } from "../part.js";
import { pendingRows } from "../pending.js";
import { byTurns, inFlight, insisting } from "../turns.js";

const KEYS = 10_000;
const MILLION = 1_000_000;
const FEW = 1_000;
/** As it is run where nothing may be lost. */
const DURABLE = { fsync: "on", full_page_writes: "on", shared_buffers: "256MB" };

/** What somebody writes who has no library: one statement, prepared once for a connection. */
const BARE = `update bare set attempts = attempts + 1 where key = $1 and expires > $2 and attempts < max
  returning mac, attempts`;

async function opened(schema: string) {
  const pool = new Pool({
    connectionString: process.env["BENCH_POSTGRES"],
    max: 10,
    connectionTimeoutMillis: 5_000,
  });
  const store = postgresStore(pool, { schema });
  await store.migrate();
  await insisting(() => store.catchUp?.());
  return { pool, store };
}

const verifying =
  (atOnce: number): Case =>
  async () => {
    const { pool, store } = await opened("bench");
    await pool.query(`create table if not exists bare (key text primary key, mac bytea not null, attempts int not null,
      max int not null, expires bigint not null) with (fillfactor = 80)`);
    await pool.query(`insert into bare select 'key ' || n, sha256(n::text::bytea), 0, 1e9, 9e15
      from generate_series(0, ${KEYS - 1}) n on conflict do nothing`);
    const bare = (index: number) =>
      pool.query({ name: "bare", text: BARE, values: [`key ${index % KEYS}`, Date.now()] });
    const turns = { bare: { run: bare }, ...answersTo(store) };
    const { start: _start, ...measured } = turns;
    const sample = await byTurns(measured, atOnce, atOnce === 1 ? 200 : 1_000);
    const calls = { "wrong statements": 0, "right statements": 0 };
    for (const name of ["wrong", "right"] as const) {
      await turns[name].prepare?.(10);
      calls[`${name} statements`] = (await statementsOf(pool, () => inFlight(turns[name].run, 1, 10))) / 10;
    }
    return { ...sample, ...calls };
  };

/** What is sent through a pool meanwhile, but for the looks for what was revoked. */
async function statementsOf(pool: Pool, run: () => Promise<void>): Promise<number> {
  let count = 0;
  const counted = new WeakSet<PoolClient>();
  pool.on("acquire", (client) => {
    if (counted.has(client)) return;
    counted.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query(...args: unknown[]) {
        const { text } = args[0] as { text: string };
        if (!text.includes(".revocations")) count += 1;
        return query(...args);
      },
    });
  });
  await run();
  return count;
}

const FILL = (schema: string, from: number, to: number): string => `
  insert into ${schema}.verifications (id, rank, tenant, owner, purpose, recipient, subject, created_at, updated_at,
    expires_at, max_attempts, lost, fixed, delivery, events)
  select 'filled ' || n, n, '#guard', 'owner ' || n, '', '+46' || n, 'user ' || n, at, at, at + 600000, 5, false,
    json_build_object('id', 'filled ' || n, 'tenant', '#guard', 'keyId', 'Nb3Xr0aJ'),
    '{"method":"sms","to":"+46700000000","status":"sent","sent":[]}',
    '[{"id":"e","at":0,"channel":"sms","to":"+46700000000","status":"sent"}]'
  from (select n, floor(extract(epoch from now()) * 1000) as at from generate_series(${from}, ${to} - 1) n) rows;
  insert into ${schema}.accounts (account, touched_at, forget_at)
    select 'user ' || n, 9e12, 9e12 from generate_series(${from}, ${to} - 1) n;
  analyze`;

/** A few and many beside each other, each in a schema of its own: the same slow second meets both. */
const pending: Case = async () => {
  const filled = async (name: string, count: number) => {
    const schema = `${name}_${process.pid}`;
    const { pool, store } = await opened(schema);
    await pool.query(FILL(schema, 0, count));
    const { start, right } = answersTo(store);
    return { pool, schema, start, right };
  };
  const [few, many] = [await filled("few", FEW), await filled("many", MILLION)];
  await many.pool.query("checkpoint");
  const turns = {
    "start, few": few.start,
    "start, many": many.start,
    "right, few": few.right,
    "right, many": many.right,
  };
  const sample = await byTurns(turns, 10, 500);
  for (const { pool, schema } of [few, many]) await pool.query(`drop schema ${schema} cascade`);
  return sample;
};

const AT_ONCE = [1, 10, 50];
const NAMES = AT_ONCE.map((atOnce) => [atOnce, `${atOnce} in flight`] as const);

export const postgres: Part = {
  peers: ["pg"],
  async around() {
    if (!service("postgres")) return undefined;
    const server = await postgresServer(DURABLE);
    return { env: { BENCH_POSTGRES: server.url }, end: () => server.stop() };
  },
  cases: { ...Object.fromEntries(NAMES.map(([atOnce, name]) => [name, verifying(atOnce)])), pending },
  rows: [
    {
      what: "Postgres, statements of a right answer",
      beside: "bare UPDATE: 1",
      value: (m) => Math.max(...NAMES.map(([, name]) => m(name, "right statements"))),
      unit: "",
      target: { most: 2 },
    },
    ...NAMES.flatMap(([, name]): Row[] => {
      const statements = (m: Figures): number => m(name, "right") * m(name, "right statements");
      return [
        {
          what: `Postgres statements a second, ${name}, wrong answers`,
          beside: "bare UPDATE ... RETURNING",
          value: (m) => m(name, "wrong") / m(name, "bare"),
          target: { least: 0.6 },
        },
        {
          what: `Postgres statements a second, ${name}, right answers`,
          beside: "bare UPDATE ... RETURNING",
          value: (m) => statements(m) / m(name, "bare"),
          target: { least: 0.6 },
        },
      ];
    }),
    ...pendingRows("Postgres"),
  ],
};
