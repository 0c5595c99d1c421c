/** `$2` is the time of a test. */
export const GET = `select value as result from {s}.kept where key = $1::text and forget_at >
  coalesce($2::double precision, floor(extract(epoch from statement_timestamp()) * 1000::numeric)::double precision)`;

export const ADD = `with done as (
    insert into {s}.documents (list, name, document) values ($1::text, $2::text, $3::text)
    on conflict do nothing returning 1
  ) select count(*)::text as result from done`;

export const REPLACE = `with done as (
    update {s}.documents set document = $3::text where list = $1::text and name = $2::text returning 1
  ) select count(*)::text as result from done`;

export const REMOVE = `with done as (
    delete from {s}.documents where list = $1::text and name = $2::text returning 1
  ) select count(*)::text as result from done`;

/** A document is JSON of a text already. */
export const DOCUMENTS = `select ('[' || string_agg(document, ',' order by number) || ']') as result
  from {s}.documents where list = $1::text`;
