import { FAILURES_KEPT, NEVER } from "../../store.js";
import { attempt, consume, forgive } from "./attempts.js";
import { open } from "./opening.js";
import { byTheHour, procedure } from "./parts.js";
import { INSTANT, KEY } from "./tables.js";

/**
 * Failures in a row by each method of an account, and the request that reached the ceiling, which disables it. A table
 * of its own: the row of the account is forgotten after a quiet day.
 */
const TABLE: readonly string[] = [
  `create table {s}.method_failures (
    account ${KEY},
    method ${KEY},
    failures double precision not null,
    reached_by jsonb,
    forget_at ${INSTANT} not null,
    primary key (account, method)
  ) with (fillfactor = 80)`,
  `create index on {s}.method_failures (forget_at)`,
];

/**
 * Not `forget_at > t`: a plan that is made while the table is empty would go by the index of what is to be forgotten, and
 * read all that is not, for every account.
 */
const REMEMBERED = "forget_at - t > 0";
const BY_ANOTHER = `f.reached_by <> v_nonce and f.${REMEMBERED}`;
/** First the same as `triedBy()`; hardly ever is one of them disabled. */
const ENABLED = `
    v_methods := array[v.delivery ->> 'method'];
    v_sent := v.delivery -> 'sent';
    for i in 0 .. json_array_length(v_sent) - 1 loop
      if v_sent -> i ->> 'method' <> all (v_methods) then
        v_methods := v_methods || (v_sent -> i ->> 'method');
      end if;
    end loop;
    if exists (select 1 from {s}.method_failures f where f.account = p_account and ${BY_ANOTHER}) then
      v_methods := array(select m from unnest(v_methods) m where not exists (
        select 1 from {s}.method_failures f where f.account = p_account and f.method = m and ${BY_ANOTHER}
      ));
    end if;`;
const KNOWN = "case when f.forget_at > t then f.failures else 0 end";

const ATTEMPT = attempt({
  parameters: ", p_ceiling double precision",
  locals: `
  v_sent json;
  v_method text;
  v_methods text[];
  v_reached text[] := '{}';`,
  knowing: `${ENABLED}
      v_reached := array(select method from {s}.method_failures where account = p_account and reached_by = v_nonce);`,
  told: `, ',"methods":', array_to_json(v_methods), ',"reached":', array_to_json(v_reached)`,
  counts: ` and p_ceiling >= ${NEVER}`,
  beforeCounting: `${ENABLED}
    if not v.delivery ->> 'method' = any(v_methods) then
      result := '{"outcome":"disabled"}';
      exit work;
    end if;
`,
  counting: `
    if p_ceiling < ${NEVER} then
      foreach v_method in array v_methods
      loop
        insert into {s}.method_failures as f (account, method, failures, reached_by, forget_at)
          values (p_account, v_method, 1, case when p_ceiling <= 1 then v_nonce end, ${byTheHour(`t + ${FAILURES_KEPT}`)})
          on conflict (account, method) do update set failures = ${KNOWN} + 1,
            reached_by = case when ${KNOWN} + 1 >= p_ceiling then v_nonce end, forget_at = excluded.forget_at
          returning case when reached_by = v_nonce then v_reached || method else v_reached end into v_reached;
      end loop;
    end if;
`,
});

/** What another request has disabled stays so. */
const TAKE_BACK = `
    update {s}.method_failures set failures = failures - 1, reached_by = null
      where account = p_account and method = any(p_methods) and (reached_by is null or reached_by = v_nonce);
    delete from {s}.method_failures where account = p_account and failures <= 0;
`;

const FORGIVE = forgive({ parameters: ", p_methods text[]", forgiving: TAKE_BACK });

/** Only the method that was proved starts anew, and whatever had been disabled beside it. */
const CONSUME = consume({
  parameters: ", p_method text, p_methods text[]",
  beforeConsuming: `
    if exists (
      select 1 from {s}.method_failures f where f.account = p_account and f.method = p_method and ${BY_ANOTHER}
    ) then
      result := '{"outcome":"disabled"}';
      exit work;
    end if;
`,
  consuming: `
    delete from {s}.method_failures where account = p_account and (method = p_method or reached_by <> v_nonce);
    if p_methods <> array[p_method] then${TAKE_BACK}    end if;
`,
});

const OPEN = open({
  parameters: ", p_offers text[]",
  locals: "v_disabled text[];",
  beforeOpening: `
    select array_agg(method) into v_disabled from {s}.method_failures
      where account = p_account and method = any(p_offers) and reached_by is not null and ${REMEMBERED};
    if v_disabled is not null then
      result := json_build_object('outcome', 'disabled', 'methods', v_disabled)::text;
      exit work;
    end if;
`,
});

const FORGET = (account: string): string => `
    delete from {s}.accounts where account = ${account};
    delete from {s}.method_failures where account = ${account};`;

const UNLOCK = procedure("unlock", "p_account text", FORGET("p_account"));

const ERASE = procedure(
  "erase",
  "p_subject text",
  `
    perform 1 from {s}.verifications where subject = p_subject order by id for update;
    delete from {s}.verifications where subject = p_subject;${FORGET("p_subject")}`,
);

export const CEILING_PROCEDURES: readonly string[] = [ATTEMPT, FORGIVE, CONSUME, OPEN, UNLOCK, ERASE];

export const CEILING: readonly string[] = [...TABLE, ...CEILING_PROCEDURES];
