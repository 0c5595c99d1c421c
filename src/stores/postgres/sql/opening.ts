import { byTheHour, CHARGE_ARGUMENTS, CHARGES, CLOCK, isLive, procedure, rowOf, rowText } from "./parts.js";

/** An owner's newest: the live one that was opened, returned or amended last, and where none lives, of all. */
const NEWEST = `
  select v.id into v_id from {s}.verifications v
    where v.owner = p_owner and (p_tenant is null or v.tenant = p_tenant) and ${isLive("v", "t")}
    order by v.rank desc limit 1;
  if v_id is null then
    select v.id into v_id from {s}.verifications v
      where v.owner = p_owner and (p_tenant is null or v.tenant = p_tenant) order by v.rank desc limit 1;
  end if;`;

/** For whoever is about to lock it: sees what was committed until now. */
const FOR_LOCKING = `create or replace function {s}.newest(p_owner text, p_tenant text, t double precision) returns text
language plpgsql volatile as $require2fa$
declare
  v_id text;
begin${NEWEST}
  return v_id;
end
$require2fa$`;

/** For a reader: everything as it stood when the statement came. */
const FOR_READING = `create or replace function {s}.find_newest(p_owner text, p_tenant text, p_now double precision)
returns text language plpgsql stable set plan_cache_mode = force_generic_plan
set enable_seqscan = off set search_path = pg_catalog as $require2fa$
declare
  v_id text;
  t double precision := coalesce(p_now, floor(extract(epoch from statement_timestamp()) * 1000)::double precision);
begin${NEWEST}
  return (select ${rowText("v")} from {s}.verifications v where v.id = v_id);
end
$require2fa$`;

/** What of a log still counts. */
const inside = (times: string, i: string): string =>
  `array(select x from unnest(${times}) x where x > at - p_intervals[${i}])`;

/**
 * Charges all or none: locks every log in the order of the keys, then reads the clock, then judges. A log holds the
 * instants of what was let through, by the database's clock, each with the instant that the caller named: a refund finds
 * it by that. `p_dry` judges only.
 */
const CHARGE_ALL = `create or replace function {s}.charge_all(${CHARGES}, p_dry boolean, p_now double precision,
  out refused bigint, out retry_at double precision, out at double precision)
language plpgsql as $require2fa$
declare
  v_keys text[];
  v_count bigint;
  v_times double precision[];
  v_retry double precision;
begin
  select array_agg(distinct c.key order by c.key) into v_keys
    from unnest(p_keys, p_peeks) c(key, peek) where not c.peek;
  while v_keys is not null and not p_dry loop
    perform 1 from {s}.limits where key = any(v_keys) order by key for update;
    get diagnostics v_count = row_count;
    exit when v_count = cardinality(v_keys);
    insert into {s}.limits (key) select k from unnest(v_keys) k on conflict do nothing;
  end loop;
  at := ${CLOCK};
  for i in 1 .. cardinality(p_keys) loop
    select times into v_times from {s}.limits where key = p_keys[i];
    if v_times[1] <= at - p_intervals[i] then
      v_times := ${inside("v_times", "i")};
    end if;
    v_count := coalesce(cardinality(v_times), 0);
    v_retry := case when p_maxes[i] <= 0 then 'Infinity' when v_count = 0 then '-Infinity' else greatest(
      case when v_count >= p_maxes[i] then v_times[(v_count - p_maxes[i])::integer + 1] + p_intervals[i] end,
      v_times[v_count] + (p_gaps -> i - 1 ->>
        (least(v_count, jsonb_array_length(p_gaps -> i - 1))::integer - 1))::double precision) end;
    if v_retry > at and v_retry > coalesce(retry_at, 0) then
      refused := i;
      retry_at := v_retry;
    end if;
  end loop;
  if refused is not null or p_dry then
    return;
  end if;
  for i in 1 .. cardinality(p_keys) loop
    continue when p_peeks[i];
    update {s}.limits r set forget_at = greatest(r.forget_at, ${byTheHour("at + p_intervals[i]")}),
      times = case when r.times[1] <= at - p_intervals[i] then ${inside("r.times", "i")} else r.times end || at,
      tags = case when r.times[1] <= at - p_intervals[i] then array(
        select y from unnest(r.times, r.tags) u(x, y) where x > at - p_intervals[i]
      ) else r.tags end || p_tag
      where key = p_keys[i];
  end loop;
end
$require2fa$`;

/** The owner's live ones: which is the same, which stay and which go. */
const LIVE = `    for v in select * from {s}.verifications r where r.owner = p_owner and r.tenant = p_tenant
      and ${isLive("r", "t")} order by r.id for update
    loop
      if v.purpose = p_purpose and (v_same.id is null or v.rank < v_same.rank) then
        v_same := v;
      end if;
      if p_supersede = 'cancel' and coalesce(v.guard_until, 0) <= t then
        v_over := v_over || v.id;
      else
        v_staying := v_staying + 1;
        v_room_at := least(v_room_at, v.expires_at);
      end if;
    end loop;
`;

/** What a later version does besides, each at its place. */
export interface OpenSteps {
  readonly parameters: string;
  readonly locals: string;
  readonly beforeOpening: string;
}

/** One after the other for each owner, so that two at once cannot both find nothing there. */
export const open = (more: OpenSteps): string =>
  procedure(
    "open",
    `p_id text, p_tenant text, p_owner text, p_purpose text, p_service text, p_recipient text, p_subject text,
  p_fixed json, p_delivery json, p_lost boolean, p_events jsonb, p_max_attempts bigint, p_ttl double precision,
  p_guard double precision, p_supersede text, p_account text, p_per_owner bigint, ${CHARGES}${more.parameters}`,
    `
    perform pg_advisory_xact_lock(hashtextextended('{s}' || p_tenant || '/' || p_owner, 0));
    select * into v from {s}.verifications where id = p_id;
    if v.tenant = p_tenant then
      result := json_build_object('outcome', 'opened', 'row', ${rowOf("v")})::text;
      exit work;
    end if;
    t := ${CLOCK};
    select locked_until into v_until from {s}.accounts where account = p_account;
    if v_until > t then
      result := json_build_object('outcome', 'locked', 'until', v_until)::text;
      exit work;
    end if;
${more.beforeOpening}${LIVE}    if p_supersede = 'return' and v_same.id is not null then
      if v_same.rank < (select max(rank) from {s}.verifications where owner = p_owner and tenant = p_tenant) then
        update {s}.verifications set rank = nextval('{s}.ranks') where id = v_same.id;
      end if;
      result := json_build_object('outcome', 'exists', 'row', ${rowOf("v_same")})::text;
      exit work;
    end if;
    select * into c from {s}.charge_all(${CHARGE_ARGUMENTS}, v_staying >= p_per_owner, p_now);
    if c.refused is not null then
      result := json_build_object('outcome', 'limited', 'refused', c.refused, 'retryAt',
        nullif(c.retry_at, 'Infinity'))::text;
      exit work;
    end if;
    if v_staying >= p_per_owner then
      result := json_build_object('outcome', 'full', 'retryAt', v_room_at)::text;
      exit work;
    end if;
    update {s}.verifications set state = 'canceled', updated_at = c.at where id = any(v_over);
    insert into {s}.verifications (id, rank, tenant, owner, purpose, service, recipient, subject, created_at, updated_at,
      expires_at, guard_until, max_attempts, lost, fixed, delivery, events)
    values (p_id, nextval('{s}.ranks'), p_tenant, p_owner, p_purpose, p_service, p_recipient, p_subject, c.at, c.at,
      c.at + p_ttl, c.at + p_guard, p_max_attempts, p_lost, p_fixed, p_delivery, p_events)
    returning * into v;
    result := json_build_object('outcome', 'opened', 'row', ${rowOf("v")})::text;`,
    `v {s}.verifications%rowtype;
  v_same {s}.verifications%rowtype;
  v_until double precision;
  v_over text[] := '{}';
  v_staying bigint := 0;
  v_room_at double precision;
  c record;${more.locals}`,
  );

const CHARGE = procedure(
  "charge",
  CHARGES,
  `
    select * into c from {s}.charge_all(${CHARGE_ARGUMENTS}, false, p_now);
    result := json_build_object('outcome', case when c.refused is null then 'charged' else 'limited' end,
      'refused', c.refused, 'retryAt', nullif(c.retry_at, 'Infinity'))::text;`,
  "c record;",
);

const REFUND = procedure(
  "refund",
  "p_keys text[], p_tag double precision",
  `
    for r in select * from {s}.limits where key = any(p_keys) order by key for update
    loop
      for v_times in 1 .. cardinality(array_positions(p_keys, r.key)) loop
        v_at := (array_positions(r.tags, p_tag))[cardinality(array_positions(r.tags, p_tag))];
        exit when v_at is null;
        r.times := r.times[:v_at - 1] || r.times[v_at + 1:];
        r.tags := r.tags[:v_at - 1] || r.tags[v_at + 1:];
      end loop;
      update {s}.limits set times = r.times, tags = r.tags where key = r.key;
    end loop;`,
  `r {s}.limits%rowtype;
  v_at integer;`,
);

const OPEN = open({ parameters: "", locals: "", beforeOpening: "" });

export const OPENING: readonly string[] = [FOR_LOCKING, FOR_READING, CHARGE_ALL, OPEN, CHARGE, REFUND];
