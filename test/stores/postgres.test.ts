import type { Pool } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { storeChecks } from "../../src/testing/store-contract.js";
import { storeContract } from "../contracts/store.js";
import { contractParts } from "../helpers/postgres-stores.js";
import { pgBouncer } from "../helpers/pgbouncer.js";
import { postgresServer } from "../helpers/postgres-server.js";
import { service } from "../helpers/services.js";

const LOAD = { arrivals: 1_000, parallel: 50 };
const LEVELS = ["repeatable read", "serializable"];
/** Where calls come at once: what they see of each other is what the level of isolation decides. */
const RACES = / at once| same time|however many|never both|while it is being/;

/** A procedure with one thing wrong, and the check of the contract that must notice. */
const MUTANTS: readonly [what: string, name: string, right: string | RegExp, wrong: string, caughtBy: string][] = [
  [
    "uses up what was used before",
    "consume",
    /when v\.state = 'verified' and .* then 'used'/,
    "",
    "uses a verification up once, however many right answers come at once",
  ],
  [
    "reads an attempt's row without locking it",
    "attempt",
    /tenant = p_tenant\) for update/,
    "tenant = p_tenant)",
    "counts no more attempts than there are, however many come at once",
  ],
  [
    "waits for its turn, and works on what it saw before",
    "open",
    /read committed(;[^]*?pg_advisory_xact_lock\(.*\);)/,
    "repeatable read$1perform pg_sleep(0.01);",
    "leaves one of an owner's alive when many supersede each other at once",
  ],
  [
    "opens for one owner as often as it is asked at once",
    "open",
    /perform pg_advisory_xact_lock\(.*\);([^]*?)(update \S+ set state)/,
    "$1perform pg_sleep(0.01);$2",
    "leaves one of an owner's alive when many supersede each other at once",
  ],
  [
    "judges a limit before it has the log to itself",
    "charge_all",
    /order by key for update([^]*?)(if refused is not null)/,
    "order by key$1perform pg_sleep(0.01); $2",
    "lets exactly as many through as there is room for, however many come at once",
  ],
  [
    "burns a step that is burnt",
    "consume",
    "steps.value < excluded.value",
    "true",
    "burns a step once, however many verifications prove it at once",
  ],
  [
    "counts the same request again",
    "attempt",
    /if v\.checks @> .* then/,
    "if false then",
    "counts an attempt once for each nonce, and repeats its answer",
  ],
  [
    "counts failures by a method before it has the account to itself",
    "attempt",
    /(where account = p_account) for update;([^]*?)(v_until := 0;)/,
    "$1;$2 perform pg_sleep(0.01); $3",
    "counts no more failures by a method than lead to the ceiling, however many come at once",
  ],
  [
    "lets a method be proved that was disabled meanwhile",
    "consume",
    /if exists \(\s+select 1 from \S+method_failures/,
    "if false and exists (select 1 from pg_class",
    "uses nothing up by a method that others have disabled meanwhile",
  ],
  [
    "lets somebody answer while the account is locked",
    "consume",
    "t < a.locked_until and a.locked_by is distinct",
    "false and a.locked_by is distinct",
    "opens nothing and counts nothing while an account is locked",
  ],
];

describe.skipIf(!service("postgres"))("postgresStore", async () => {
  if (!service("postgres")) return;
  const server = await postgresServer();
  afterAll(() => server.stop());
  const at = (level: string): Pool =>
    server.pool({ options: `-c default_transaction_isolation=${level.replace(" ", "\\ ")}` });

  const { makeStore, time } = contractParts(server.pool());
  storeContract("Postgres", makeStore, { ...LOAD, time });

  describe.each(LEVELS)("D11 at %s", (level) => {
    const pool = at(level);
    const parts = contractParts(pool);
    const races = [...storeChecks(parts.makeStore, { ...LOAD, time: parts.time })].filter(([name]) => RACES.test(name));

    it("begins its sessions there", async () => {
      const { rows } = await pool.query<{ level: string }>("select current_setting('transaction_isolation') as level");
      expect(rows).toEqual([{ level }]);
      expect(races.length).toBeGreaterThan(15);
    });

    for (const [sentence, check] of races) it(sentence, check);
  });

  describe.skipIf(!service("pgbouncer"))("D11 behind PgBouncer, in transaction mode", async () => {
    if (!service("pgbouncer")) return;
    const bouncer = await pgBouncer(server);
    afterAll(() => bouncer.stop());
    const parts = contractParts(bouncer.pool({ max: 20 }), false);

    storeContract("Postgres", parts.makeStore, { arrivals: 100, parallel: 20, time: parts.time });
  });

  describe("is caught by the contract when it", () => {
    const pool = at("repeatable read");

    it.each(MUTANTS)("%s", async (_what, name, right, wrong, caughtBy) => {
      const parts = contractParts(pool);
      await (await parts.makeStore()).close?.();
      const { rows } = await pool.query<{ text: string }>(
        `select pg_get_functiondef(oid) as text from pg_proc where proname = $1 and pronamespace = $2::regnamespace
          order by pronargs desc`,
        [name, parts.schema],
      );
      const text = rows[0]?.text ?? "";
      const broken = text.replace(right, wrong);
      expect(broken).not.toBe(text);
      const check = storeChecks(parts.makeStore, { ...LOAD, time: parts.time }).get(caughtBy);
      if (!check) throw new Error(`The contract has no check named "${caughtBy}".`);
      await check();
      await pool.query(broken);
      await expect(check()).rejects.toThrow(Error);
    });
  });
});
