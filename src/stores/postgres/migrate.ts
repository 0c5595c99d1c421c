import { misconfigured } from "../../core/errors.js";
import { ignore, type PostgresClient, type PostgresPool } from "./pool.js";
import { ATTEMPTS } from "./sql/attempts.js";
import { CEILING, CEILING_PROCEDURES } from "./sql/ceiling.js";
import { CHANGING } from "./sql/changing.js";
import { OPENING } from "./sql/opening.js";
import { SCHEMA } from "./sql/parts.js";
import { REGISTERS } from "./sql/registers.js";
import { INDEX_WITHOUT_STATE, TABLES } from "./sql/tables.js";

/**
 * What each version adds to the one before, in order; none is ever changed once it was released. Processes of the
 * version before go on while this one is rolled out: so a procedure that takes other arguments stands beside the old one.
 */
export const VERSIONS: readonly (readonly string[])[] = [
  [...TABLES, ...OPENING, ...ATTEMPTS, ...CHANGING, ...REGISTERS],
  CEILING,
  INDEX_WITHOUT_STATE,
  // Other texts of the procedures, which the next brings anew.
  [],
  // The procedures as they stand now, for whoever has those of before.
  [...OPENING, ...CHANGING, ...REGISTERS, ...CEILING_PROCEDURES],
];

/** Brings the schema to the newest version: all of it in one transaction, for one process at a time. */
export async function migrate(pool: PostgresPool, schema: string): Promise<void> {
  const client = await pool.connect();
  client.on?.("error", ignore);
  let destroy = true;
  try {
    await client.query({ text: "begin isolation level read committed read write" });
    await client.query({ text: "set local search_path = pg_catalog" });
    await upgrade(client, schema);
    await client.query({ text: "commit" });
    destroy = false;
  } catch (error) {
    await client.query({ text: "rollback" }).then(() => {
      destroy = false;
    }, ignore);
    throw error;
  } finally {
    if (!destroy) client.removeListener?.("error", ignore);
    client.release(destroy);
  }
}

async function upgrade(client: PostgresClient, schema: string): Promise<void> {
  const say = async (text: string, values?: unknown[]): Promise<Record<string, unknown>> => {
    const { rows } = await client.query(values ? { text, values } : { text });
    return (rows[0] ?? {}) as Record<string, unknown>;
  };
  const { encoding } = await say("select current_setting('server_encoding') as encoding");
  if (encoding !== "UTF8") {
    throw misconfigured(`postgresStore(): the database has the encoding ${String(encoding)}, and needs UTF8.`);
  }
  const quoted = quote(schema);
  await say("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`require2fa migrate ${schema}`]);
  const { there } = await say("select count(*)::text as there from pg_namespace where nspname = $1", [schema]);
  // Asked for only where it is missing: "if not exists" wants the right to create one even so.
  if (there === "0") await say(`create schema ${quoted}`);
  const { known } = await say("select to_regclass($1)::text as known", [`${quoted}.versions`]);
  if (known === null) {
    await say(`create table ${quoted}.versions (version integer primary key, at timestamptz not null default now())`);
  }
  const { version } = await say(`select coalesce(max(version), 0)::text as version from ${quoted}.versions`);
  for (const [index, statements] of VERSIONS.entries()) {
    if (index < Number(version)) continue;
    for (const text of statements) await say(text.replaceAll(SCHEMA, quoted));
    await say(`insert into ${quoted}.versions (version) values ($1)`, [index + 1]);
  }
}

/** A name that needs no more than quotes to be safe. */
export function checkSchema(schema: string): string {
  if (typeof schema !== "string" || !/^(?!pg_)[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(schema)) {
    throw misconfigured(
      "postgresStore({ schema }) is a name of at most 63 letters, digits, _ and -, that does not begin with pg_.",
    );
  }
  return schema;
}

export function quote(schema: string): string {
  return `"${schema}"`;
}
