import { CLOCK_SKEW } from "../../../core/clock.js";

/** Stands for the quoted schema in every text of SQL. */
export const SCHEMA = "{s}";

/** Milliseconds since the epoch by the database's clock, read at this very place; `p_now` is for tests. */
export const CLOCK = "coalesce(p_now, floor(extract(epoch from clock_timestamp()) * 1000)::double precision)";

/** Exact enough to forget by; and a value that seldom changes keeps updates off its index. */
export const byTheHour = (at: string): string => `ceil((${at}) / 3600000) * 3600000`;

/**
 * What the store knows of a row, in words that `pending.ts` reads, piece by piece for `concat()`: to lay JSON side by side
 * takes a fifth of the time of building it.
 */
export const rowPieces = (v: string): string => `'{"fixed":', ${v}.fixed, ',"delivery":', ${v}.delivery,
  ',"checks":', ${v}.checks, ',"events":', ${v}.events, ',"state":"', ${v}.state, '","attempts":', ${v}.attempts,
  ',"revision":', ${v}.revision, ',"createdAt":', ${v}.created_at, ',"updatedAt":', ${v}.updated_at,
  ',"expiresAt":', ${v}.expires_at, ',"guardUntil":', coalesce(${v}.guard_until::text, 'null'),
  ',"usedBy":', coalesce(${v}.used_by::text, 'null'), ',"usedAt":', coalesce(${v}.used_at::text, 'null'), '}'`;

/** All of it. */
export const rowText = (v: string): string => `pg_catalog.concat(${rowPieces(v)})`;
export const rowOf = (v: string): string => `${rowText(v)}::json`;

/** The same as `endOf()` in TypeScript. */
export const endOf = (v: string, at: string): string => `case when ${v}.id is null then 'missing'
  when ${v}.state = 'verified' then 'used' when ${v}.state = 'canceled' then 'canceled'
  when ${v}.attempts >= ${v}.max_attempts then 'spent'
  when ${at} >= ${v}.expires_at or ${at} < ${v}.created_at - ${CLOCK_SKEW} then 'expired' end`;

/** The same as `isLive()`; its end is that of an index. */
export const isLive = (v: string, at: string): string => `(${v}.state = 'pending' and ${v}.expires_at > ${at}
  and ${v}.attempts < ${v}.max_attempts and ${at} >= ${v}.created_at - ${CLOCK_SKEW})`;

/** The same as `statusOf()`. */
export const statusOf = (v: string, at: string): string => `case when ${v}.state <> 'pending' then ${v}.state
  when ${v}.attempts >= ${v}.max_attempts then 'failed' when ${v}.lost then 'undeliverable'
  when ${at} >= ${v}.expires_at or ${at} < ${v}.created_at - ${CLOCK_SKEW} then 'expired' else 'pending' end`;

export const WHICH = "p_id text, p_owner text, p_tenant text";
export const CHARGES = `p_keys text[], p_maxes double precision[], p_intervals double precision[], p_gaps jsonb,
  p_peeks boolean[], p_tag double precision`;
export const CHARGE_ARGUMENTS = "p_keys, p_maxes, p_intervals, p_gaps, p_peeks, p_tag";

/**
 * Locks the row meant as `v` and reads the clock after that. Whose newest it is may change while it waits for the lock:
 * then it looks again.
 */
export const LOCK_ROW = `
    loop
      v_id := p_id;
      if v_id is null then
        v_id := {s}.newest(p_owner, p_tenant, ${CLOCK});
      end if;
      select * into v from {s}.verifications where id = v_id and (p_owner is null or owner = p_owner)
        and (p_tenant is null or tenant = p_tenant) for update;
      t := ${CLOCK};
      exit when p_id is not null or v_id is null or ${isLive("v", "t")};
      exit when v.id is not null and {s}.newest(p_owner, p_tenant, t) = v_id;
    end loop;`;

export const HAS_COUNTED = "v.checks @> jsonb_build_array(jsonb_build_object('nonce', v_nonce))";

/**
 * A procedure that does one primitive: it takes locks one after the other, reads the clock after the last of them, and
 * must see what others have committed until then. So it always runs at READ COMMITTED, whatever the session's default:
 * at any other level it would work on what it saw before it waited. `exit work` leaves it early.
 *
 * It knows no names but those of Postgres and its own: whoever may create a function in a schema of the search path,
 * such as `public` before Postgres 15, could make one that fits better than theirs, and have it run as this user.
 *
 * Its plans are made once for a connection: every one of them finds rows by their keys, and to plan it anew would take
 * longer than to run it. Made while a table is still empty, one of them would walk through it and go on to do so while it
 * grows: so none may. `p_ms` is how long its caller still waits, more than 0, and `p_until` the instant of that by the
 * database's clock, where the caller knows it: a server that was stopped begins late. What has not come to its end by
 * then is undone: whoever asked has had an error for an answer.
 */
export function procedure(name: string, parameters: string, body: string, locals = ""): string {
  return `create or replace procedure {s}.${name}(${parameters}, p_now double precision, p_ms double precision,
  p_until double precision, inout result text)
language plpgsql as $require2fa$
declare
  v_setting text;
  t double precision;
  ${locals}
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    commit;
    set transaction isolation level read committed;
  end if;
  v_setting := set_config('search_path', 'pg_catalog', true);
  v_setting := concat(set_config('lock_timeout', ceil(p_ms * 0.8)::integer::text, true),
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true));
  result := '{}';
  <<work>>
  begin${body}
  end;
  if clock_timestamp() > least(statement_timestamp() + p_ms * interval '1 millisecond', to_timestamp(p_until / 1000)) then
    raise exception 'require2fa: too late to count' using errcode = 'query_canceled';
  end if;
end
$require2fa$`;
}
