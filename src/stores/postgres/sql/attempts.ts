import { NEVER } from "../../store.js";
import { byTheHour, CLOCK, endOf, HAS_COUNTED, LOCK_ROW, procedure, rowPieces, WHICH } from "./parts.js";

const DAY = 24 * 3_600_000;
/** A level, and a failure that led to nothing, are forgotten after a quiet day. */
const forgotten = `t >= greatest(a.touched_at, a.locked_until) + ${DAY}`;
const LOCALS = `v {s}.verifications%rowtype;
  a {s}.accounts%rowtype;
  v_id text;
  v_end text;
  v_nonce jsonb;
  v_until double precision := 0;`;

const FORGET_AT = byTheHour(`greatest(a.touched_at, a.locked_until) + ${DAY}`);
const KEEP_ACCOUNT = `
      update {s}.accounts set failures = a.failures, level = a.level, locked_until = a.locked_until,
        locked_by = a.locked_by, touched_at = a.touched_at, forget_at = ${FORGET_AT} where account = a.account;`;

/** What a later version does besides, each at its place. */
export interface AttemptSteps {
  readonly parameters: string;
  readonly locals: string;
  /** Comes before any answer that something was counted. */
  readonly knowing: string;
  /** Goes into each of these, in pieces of JSON. */
  readonly told: string;
  /** Also without a lock. */
  readonly counts: string;
  readonly beforeCounting: string;
  readonly counting: string;
}

export interface ForgiveSteps {
  readonly parameters: string;
  readonly forgiving: string;
}

export interface ConsumeSteps {
  readonly parameters: string;
  readonly beforeConsuming: string;
  readonly consuming: string;
}

const counted = (told: string): string =>
  `result := concat('{"outcome":"counted","row":', ${rowPieces("v")}, ',"until":', coalesce(v_until, 0)${told}, '}');`;

/** The row first, then the account: whoever needs both takes them in this order. */
export const attempt = (more: AttemptSteps): string =>
  procedure(
    "attempt",
    `${WHICH}, p_check jsonb, p_account text, p_after double precision, p_first double precision,
  p_longest double precision${more.parameters}`,
    `${LOCK_ROW}
    v_nonce := p_check -> 'nonce';
    if ${HAS_COUNTED} then
      select locked_until into v_until from {s}.accounts
        where account = p_account and t < locked_until and locked_by = v_nonce;${more.knowing}
      ${counted(more.told)}
      exit work;
    end if;
    loop
      select * into a from {s}.accounts where account = p_account for update;
      t := ${CLOCK};
      v_end := ${endOf("v", "t")};
      if v_end is not null then
        result := json_build_object('outcome', v_end)::text;
        exit work;
      end if;
      if a.account is null or ${forgotten} then
        a := row(a.account, 0, 0, 0, null, t, 0);
      end if;
      if t < a.locked_until and a.locked_by is distinct from v_nonce then
        result := json_build_object('outcome', 'locked', 'until', a.locked_until)::text;
        exit work;
      end if;
${more.beforeCounting}      exit when p_after >= ${NEVER}${more.counts};
      v_until := 0;
      if p_after < ${NEVER} then
        a.failures := a.failures + 1;
        a.touched_at := t;
        if a.failures >= p_after then
          v_until := t + least(p_longest, p_first * 2 ^ least(a.level, 30));
          a.failures := 0;
          a.level := a.level + 1;
          a.locked_until := v_until;
          a.locked_by := v_nonce;
        end if;
      end if;
      if a.account is not null then${KEEP_ACCOUNT}
        exit;
      end if;
      insert into {s}.accounts (account, failures, level, locked_until, locked_by, touched_at, forget_at)
        values (p_account, a.failures, a.level, a.locked_until, a.locked_by, a.touched_at, ${FORGET_AT})
        on conflict do nothing;
      exit when found;
    end loop;
${more.counting}    update {s}.verifications set attempts = v.attempts + 1, updated_at = t,
      checks = v.checks || jsonb_build_array(p_check || jsonb_build_object('at', t))
      where id = v.id returning attempts, updated_at, checks into v.attempts, v.updated_at, v.checks;
    ${counted(more.told)}`,
    `${LOCALS}${more.locals}`,
  );

export const forgive = (more: ForgiveSteps): string =>
  procedure(
    "forgive",
    `${WHICH}, p_nonce jsonb, p_account text, p_after double precision${more.parameters}`,
    `${LOCK_ROW}
    v_nonce := p_nonce;
    if v.id is null or v.state <> 'pending' or not ${HAS_COUNTED} then
      exit work;
    end if;
    select * into a from {s}.accounts where account = p_account for update;
    t := ${CLOCK};
    update {s}.verifications set attempts = v.attempts - 1, updated_at = t, checks = (
        select coalesce(jsonb_agg(c order by n), '[]') from jsonb_array_elements(v.checks) with ordinality x(c, n)
        where c -> 'nonce' <> v_nonce
      ) where id = v.id;
${more.forgiving}    if a.account is null or ${forgotten} then
      exit work;
    end if;
    if t < a.locked_until and a.locked_by = v_nonce then
      a.failures := p_after - 1;
      a.level := a.level - 1;
      a.locked_until := 0;
      a.locked_by := null;${KEEP_ACCOUNT}
    elsif a.locked_by is distinct from v_nonce and a.failures > 0 then
      a.failures := a.failures - 1;${KEEP_ACCOUNT}
    end if;`,
    LOCALS,
  );

/** Exactly one nonce is ever told "consumed", and only one that has counted. */
export const consume = (more: ConsumeSteps): string =>
  procedure(
    "consume",
    `${WHICH}, p_nonce jsonb, p_account text, p_step_key text, p_step double precision${more.parameters}`,
    `${LOCK_ROW}
    v_nonce := p_nonce;
    v_end := case when v.id is null or not ${HAS_COUNTED} then 'missing' when v.state = 'canceled' then 'canceled'
      when v.state = 'verified' and v.used_by = v_nonce then 'consumed' when v.state = 'verified' then 'used' end;
    if v_end is not null then
      result := json_build_object('outcome', v_end, 'at', v.used_at)::text;
      exit work;
    end if;
    select * into a from {s}.accounts where account = p_account for update;
    t := ${CLOCK};
    if t < a.locked_until and a.locked_by is distinct from v_nonce then
      result := json_build_object('outcome', 'locked', 'until', a.locked_until)::text;
      exit work;
    end if;
${more.beforeConsuming}    if p_step_key is not null then
      insert into {s}.steps (key, value, forget_at) values (p_step_key, p_step, t + ${DAY})
        on conflict (key) do update set value = excluded.value, forget_at = excluded.forget_at
        where steps.value < excluded.value or steps.forget_at <= t;
      if not found then
        result := json_build_object('outcome', 'replayed')::text;
        exit work;
      end if;
    end if;
    if a.account is not null and not ${forgotten} then
      if a.locked_by = v_nonce then
        a.level := a.level - 1;
        a.locked_until := 0;
        a.locked_by := null;
      end if;
      a.failures := 0;
      a.touched_at := t;${KEEP_ACCOUNT}
    end if;
${more.consuming}    update {s}.verifications set state = 'verified', used_by = v_nonce, used_at = t, updated_at = t where id = v.id;
    result := json_build_object('outcome', 'consumed', 'at', t)::text;`,
    LOCALS,
  );

const PLAIN = {
  parameters: "",
  locals: "",
  knowing: "",
  told: "",
  counts: "",
  beforeCounting: "",
  counting: "",
  forgiving: "",
  beforeConsuming: "",
  consuming: "",
};

export const ATTEMPTS: readonly string[] = [attempt(PLAIN), forgive(PLAIN), consume(PLAIN)];
