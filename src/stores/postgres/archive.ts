import type { RecordFilter, RecordPage, UsageRow } from "../records.js";
import { toKey } from "./text.js";
import { rowOf, statusOf } from "./sql/parts.js";

/** By the database's clock as it stood when the statement came: a read waits for nobody. Another one is for tests. */
const clock = (place: string): string =>
  `coalesce(${place}::double precision, floor(extract(epoch from statement_timestamp()) * 1000)::double precision)`;
const dayOf = (ms: string): string => `to_char(to_timestamp(${ms} / 1000) at time zone 'UTC', 'YYYY-MM-DD')`;

/** A row of `usageQuery`. */
export type CountedRow = readonly [
  day: string,
  channel: string | null,
  country: string | null,
  status: string,
  count: number,
];

interface Query {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One page, newest first, and how many there are: ids decide between those of one instant. */
export function searchQuery(filter: RecordFilter, { offset, limit }: RecordPage, now: number | null): Query {
  const { where, values } = fits(filter, now, [offset, limit]);
  const text = `select (select count(*) from {s}.verifications v where ${where})::text as total, (
    select json_agg(p.row)::text from (
      select ${rowOf("v")} as row from {s}.verifications v where ${where}
      order by v.created_at desc, v.id offset $1::bigint limit $2::bigint
    ) p
  ) as entries`;
  return { text, values };
}

/** Verifications by what they came to, with the country of their first message; and messages by channel. */
export function usageQuery(filter: RecordFilter, now: number | null): Query {
  const { where, values } = fits(filter, now, [now]);
  const text = `select (
    with fitting as materialized (
      select v.created_at, v.events, ${statusOf("v", clock("$1"))} as status from {s}.verifications v where ${where}
    ), counted as (
      select ${dayOf("created_at")} as day, null as channel, events -> 0 ->> 'country' as country, status from fitting
      union all
      select ${dayOf("(e ->> 'at')::double precision")}, e ->> 'channel', e ->> 'country', e ->> 'status'
      from fitting, jsonb_array_elements(events) e
    )
    select json_agg(json_build_array(day, channel, country, status, count) order by day) from (
      select day, channel, country, status, count(*) as count from counted group by day, channel, country, status
    ) rows
  )::text as result`;
  return { text, values };
}

export function usageRow([day, channel, country, status, count]: CountedRow): UsageRow {
  return { day, ...(channel === null ? {} : { channel }), ...(country === null ? {} : { country }), status, count };
}

/** Only what is asked for stands in the statement, so that every one of them is planned for itself. */
function fits(
  filter: RecordFilter,
  now: number | null,
  before: readonly unknown[],
): { where: string; values: readonly unknown[] } {
  const values = [...before];
  const terms: string[] = [];
  const add = (term: (place: string) => string, value: unknown): void => {
    values.push(value);
    terms.push(term(`$${values.length}`));
  };
  const columns = { tenant: "tenant", service: "service", to: "recipient", subject: "subject" } as const;
  for (const [name, column] of Object.entries(columns)) {
    const wanted = filter[name as keyof typeof columns];
    if (wanted !== undefined) add((place) => `v.${column} = ${place}::text`, toKey(wanted));
  }
  if (filter.since !== undefined) add((place) => `v.created_at >= ${place}::double precision`, filter.since);
  if (filter.until !== undefined) add((place) => `v.created_at < ${place}::double precision`, filter.until);
  if (filter.status !== undefined) {
    add((place) => `${place}::text`, filter.status);
    const wanted = terms.pop();
    add((place) => `${statusOf("v", clock(place))} = ${wanted}`, now);
  }
  return { where: terms.length === 0 ? "true" : terms.join(" and "), values };
}
