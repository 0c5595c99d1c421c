import type { UsageRow } from "../stores/records.js";
import { invalid } from "./prepare.js";

/** By which stretches of time usage is told. Days, months and years are those of UTC. */
export const PERIODS = ["day", "month", "year", "all", "today", "yesterday", "thisMonth", "lastMonth"] as const;
export type Period = (typeof PERIODS)[number];

export interface UsageRequest {
  account?: string;
  service?: string;
  /** `"all"` counts verifications, a channel counts its messages, repeated ones included. @default "all" */
  channel?: "all" | "sms" | "voice" | "email";
  country?: string;
  status?: string;
  /** @default "all" */
  period?: Period;
  /** First and last day, `YYYY-MM-DD`, both included. */
  from?: string;
  until?: string;
}

/** What one stretch of time came to. */
export interface UsageRecord {
  /** First and last day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly until: string;
  readonly count: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byCountry: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const DAY = 24 * 3_600_000;
const SHAPE = /^\d{4}-\d\d-\d\d$/;

/** The days that a request is about, as far as it bounds them. */
export function spanOf({ period = "all", from, until }: UsageRequest, now: number): { from?: string; until?: string } {
  for (const day of [from, until]) {
    if (day !== undefined && !isDay(day)) throw invalid(`"${day}" is no day: YYYY-MM-DD.`);
  }
  const today = dayOf(now);
  const month = today.slice(0, 7);
  switch (period) {
    case "today":
      return { from: today, until: today };
    case "yesterday":
      return { from: dayOf(now - DAY), until: dayOf(now - DAY) };
    case "thisMonth":
      return { from: `${month}-01`, until: today };
    case "lastMonth": {
      const last = dayOf(Date.parse(`${month}-01`) - DAY);
      return { from: `${last.slice(0, 7)}-01`, until: last };
    }
    default:
      return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
  }
}

/** The engine reads the 30th of February as a day of March. */
function isDay(day: unknown): boolean {
  const at = typeof day === "string" && SHAPE.test(day) ? Date.parse(day) : Number.NaN;
  return !Number.isNaN(at) && dayOf(at) === day;
}

/** Rows of days, summed by the period. Stretches without usage are left out, but for a request of exactly one. */
export function summarize(rows: readonly UsageRow[], request: UsageRequest, now: number): UsageRecord[] {
  const { channel = "all", country, status, period = "all" } = request;
  const span = spanOf(request, now);
  const counted = rows.filter(
    (row) =>
      (channel === "all" ? row.channel === undefined : row.channel === channel) &&
      (country === undefined || row.country === country) &&
      (status === undefined || row.status === status) &&
      (span.from === undefined || row.day >= span.from) &&
      (span.until === undefined || row.day <= span.until),
  );
  if (period !== "day" && period !== "month" && period !== "year") {
    const days = counted.map((row) => row.day);
    const from = span.from ?? days.at(0) ?? dayOf(now);
    return [sum(counted, from, span.until ?? days.at(-1) ?? dayOf(now))];
  }
  const width = { day: 10, month: 7, year: 4 }[period];
  const stretches = [...new Set(counted.map((row) => row.day.slice(0, width)))];
  return stretches.map((stretch) =>
    sum(
      counted.filter((row) => row.day.startsWith(stretch)),
      firstDay(stretch),
      lastDay(stretch),
    ),
  );
}

function sum(rows: readonly UsageRow[], from: string, until: string): UsageRecord {
  const byStatus: Record<string, number> = {};
  const byCountry: Record<string, Record<string, number>> = {};
  for (const { status, country, count } of rows) {
    byStatus[status] = (byStatus[status] ?? 0) + count;
    if (country === undefined) continue;
    const there = (byCountry[country] ??= {});
    there[status] = (there[status] ?? 0) + count;
  }
  return { from, until, count: rows.reduce((total, row) => total + row.count, 0), byStatus, byCountry };
}

function firstDay(stretch: string): string {
  return `${stretch}-01-01`.slice(0, 10);
}

function lastDay(stretch: string): string {
  if (stretch.length === 10) return stretch;
  const [year = 0, month] = stretch.split("-").map(Number);
  return dayOf(Date.UTC(month === undefined ? year + 1 : year, month ?? 0, 1) - DAY);
}

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
