import { CHARGE_ARGUMENTS, CHARGES, endOf, LOCK_ROW, procedure, rowOf, WHICH } from "./parts.js";

const LOCALS = `v {s}.verifications%rowtype;
  v_id text;
  v_end text;`;

/** An event in the place of the one with its id, or after the others. */
const WITH_EVENT = `case
        when p_event is null then v.events
        when v.events @> jsonb_build_array(jsonb_build_object('id', p_event -> 'id')) then (
          select jsonb_agg(case when e -> 'id' = p_event -> 'id' then p_event else e end order by n)
          from jsonb_array_elements(v.events) with ordinality x(e, n)
        )
        else v.events || jsonb_build_array(p_event) end`;

/** Asked again after a lost reply, it finds its own work done: the answer stays, and nothing is charged. */
const IS_DONE = `v.revision = p_revision + 1 and v.delivery::text = p_delivery::text
      and (p_event is null or v.events @> jsonb_build_array(p_event))`;

const AMEND = procedure(
  "amend",
  `${WHICH}, p_revision bigint, p_delivery json, p_recipient text, p_lost boolean, p_event jsonb, ${CHARGES}`,
  `${LOCK_ROW}
    v_end := ${endOf("v", "t")};
    if v_end is not null then
      result := json_build_object('outcome', v_end)::text;
      exit work;
    end if;
    if v.revision <> p_revision then
      result := json_build_object('outcome', case when ${IS_DONE} then 'amended' else 'changed' end,
        'row', ${rowOf("v")})::text;
      exit work;
    end if;
    if cardinality(p_keys) > 0 then
      select * into c from {s}.charge_all(${CHARGE_ARGUMENTS}, false, p_now);
      if c.refused is not null then
        result := json_build_object('outcome', 'limited', 'refused', c.refused, 'retryAt',
          nullif(c.retry_at, 'Infinity'))::text;
        exit work;
      end if;
      t := c.at;
    end if;
    update {s}.verifications set delivery = p_delivery, recipient = p_recipient, lost = p_lost,
      events = ${WITH_EVENT}, revision = v.revision + 1, rank = nextval('{s}.ranks'), updated_at = t
      where id = v.id returning * into v;
    result := json_build_object('outcome', 'amended', 'row', ${rowOf("v")})::text;`,
  `${LOCALS}
  c record;`,
);

/** Out of attempts is not over: one of them may still be on its way to be consumed. */
const CANCEL = procedure(
  "cancel",
  WHICH,
  `${LOCK_ROW}
    v_end := ${endOf("v", "t")};
    if coalesce(v_end, 'spent') <> 'spent' or t >= v.expires_at then
      result := 'false';
      exit work;
    end if;
    update {s}.verifications set state = 'canceled', updated_at = t where id = v.id;
    result := 'true';`,
  LOCALS,
);

const NOTE = procedure(
  "note",
  `${WHICH}, p_event jsonb`,
  `${LOCK_ROW}
    if v.id is null or not v.events @> jsonb_build_array(jsonb_build_object('id', p_event -> 'id')) then
      result := 'false';
      exit work;
    end if;
    update {s}.verifications set updated_at = t, events = (
        select jsonb_agg(case when e -> 'id' = p_event -> 'id' then e || p_event else e end order by n)
        from jsonb_array_elements(v.events) with ordinality x(e, n)
      ) where id = v.id;
    result := 'true';`,
  LOCALS,
);

const ERASE = procedure(
  "erase",
  "p_subject text",
  `
    perform 1 from {s}.verifications where subject = p_subject order by id for update;
    delete from {s}.verifications where subject = p_subject;
    delete from {s}.accounts where account = p_subject;`,
);

export const CHANGING: readonly string[] = [AMEND, CANCEL, NOTE, ERASE];
