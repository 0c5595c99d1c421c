import { byTheHour, CLOCK, procedure } from "./parts.js";

const CLAIM = procedure(
  "claim",
  "p_key text, p_value text, p_ttl double precision",
  `
    loop
      insert into {s}.kept (key, value, forget_at) values (p_key, p_value, ${CLOCK} + p_ttl)
        on conflict (key) do update set value = excluded.value, forget_at = excluded.forget_at
        where kept.forget_at <= ${CLOCK} returning value into result;
      exit when found;
      select value into result from {s}.kept where key = p_key;
      exit when found;
    end loop;`,
);

const PUT = procedure(
  "put",
  "p_key text, p_value text, p_ttl double precision",
  `
    insert into {s}.kept (key, value, forget_at) values (p_key, p_value, ${CLOCK} + p_ttl)
      on conflict (key) do update set value = excluded.value, forget_at = ${CLOCK} + p_ttl;
    result := 'true';`,
);

const TAKE = procedure(
  "take",
  "p_key text",
  `
    delete from {s}.kept where key = p_key
      returning case when forget_at > ${CLOCK} then value end into result;`,
);

const TOUCH = procedure(
  "touch",
  "p_key text, p_since double precision, p_idle double precision, p_peek boolean",
  `
    select * into u from {s}.uses where key = p_key for update;
    t := ${CLOCK};
    if t - greatest(p_since, case when u.dead_at > t then u.at end) > p_idle then
      result := 'false';
      exit work;
    end if;
    if not p_peek then
      insert into {s}.uses (key, at, dead_at, forget_at)
        values (p_key, t, t + p_idle + 1, ${byTheHour("t + p_idle + 1")})
        on conflict (key) do update set at = excluded.at, dead_at = excluded.dead_at, forget_at = excluded.forget_at;
    end if;
    result := 'true';`,
  "u {s}.uses%rowtype;",
);

/** Never taken back, neither by a clock that went back nor by a shorter word after it. */
const REVOKE = procedure(
  "revoke",
  "p_subject text, p_ttl double precision",
  `
    t := ${CLOCK};
    insert into {s}.revocations as r (subject, at, forget_at, xid)
      values (p_subject, t, t + p_ttl, pg_current_xact_id())
      on conflict (subject) do update set at = greatest(r.at, ${CLOCK}), xid = excluded.xid,
        forget_at = greatest(r.forget_at, greatest(r.at, ${CLOCK}) + p_ttl)
      returning json_build_array(at, forget_at)::text into result;`,
);

export const REGISTERS: readonly string[] = [CLAIM, PUT, TAKE, TOUCH, REVOKE];
