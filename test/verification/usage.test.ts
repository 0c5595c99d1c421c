import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { email, memoryStore, outbox, sms, twoFactor, voice } from "../../src/index.js";
import type { UsageRow } from "../../src/stores/records.js";
import { type Period, PERIODS, summarize, type UsageRecord, type UsageRequest } from "../../src/verification/usage.js";
import { fakeClock } from "../helpers/clock.js";

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 2, 31, 13, 45);

interface Happened {
  readonly at: number;
  readonly channel: string | undefined;
  readonly country: string | undefined;
  readonly status: string;
}

/** What each period is, written down once more and by dates alone. */
function reference(
  happened: readonly Happened[],
  { period = "all", channel = "all", country, status, from, until }: UsageRequest,
  now: number,
): UsageRecord[] {
  const today = new Date(now);
  const [year, month, day] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  const single: Partial<Record<Period, [number, number]>> = {
    today: [Date.UTC(year, month, day), Date.UTC(year, month, day)],
    yesterday: [Date.UTC(year, month, day - 1), Date.UTC(year, month, day - 1)],
    thisMonth: [Date.UTC(year, month, 1), Date.UTC(year, month, day)],
    lastMonth: [Date.UTC(year, month - 1, 1), Date.UTC(year, month, 0)],
  };
  const named = single[period];
  const first = named?.[0] ?? (from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from));
  const last = named?.[1] ?? (until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until));
  const counted = happened.filter((each) => {
    const start = each.at - (each.at % DAY);
    const isWay = channel === "all" ? each.channel === undefined : each.channel === channel;
    const isThere =
      (country === undefined || each.country === country) && (status === undefined || each.status === status);
    return isWay && isThere && start >= first && start <= last;
  });
  const iso = (at: number) => new Date(at).toISOString().slice(0, 10);
  const record = (some: readonly Happened[], start: number, end: number): UsageRecord => {
    const byStatus: Record<string, number> = {};
    const byCountry: Record<string, Record<string, number>> = {};
    for (const each of some) {
      byStatus[each.status] = (byStatus[each.status] ?? 0) + 1;
      if (each.country === undefined) continue;
      byCountry[each.country] = {
        ...byCountry[each.country],
        [each.status]: (byCountry[each.country]?.[each.status] ?? 0) + 1,
      };
    }
    return { from: iso(start), until: iso(end), count: some.length, byStatus, byCountry };
  };
  if (period === "day" || period === "month" || period === "year") {
    const startOf = (at: number): number => {
      const date = new Date(at);
      const parts: [number, number, number] = [
        date.getUTCFullYear(),
        period === "year" ? 0 : date.getUTCMonth(),
        period === "day" ? date.getUTCDate() : 1,
      ];
      return Date.UTC(...parts);
    };
    const endOf = (start: number): number => {
      const date = new Date(start);
      const next = { day: [0, 0, 1], month: [0, 1, 0], year: [1, 0, 0] }[period] as [number, number, number];
      return Date.UTC(date.getUTCFullYear() + next[0], date.getUTCMonth() + next[1], date.getUTCDate() + next[2]) - DAY;
    };
    const starts = [...new Set(counted.map(({ at }) => startOf(at)))].sort((a, b) => a - b);
    return starts.map((start) =>
      record(
        counted.filter(({ at }) => startOf(at) === start),
        start,
        endOf(start),
      ),
    );
  }
  const days = counted.map(({ at }) => at).sort((a, b) => a - b);
  const start = Number.isFinite(first) ? first : (days[0] ?? now);
  const end = Number.isFinite(last) ? last : (days.at(-1) ?? now);
  return [record(counted, start, end)];
}

function rowsOf(happened: readonly Happened[]): UsageRow[] {
  return happened
    .map(({ at, channel, country, status }) => ({
      day: new Date(at).toISOString().slice(0, 10),
      ...(channel === undefined ? {} : { channel }),
      ...(country === undefined ? {} : { country }),
      status,
      count: 1,
    }))
    .sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

const happening = fc.record({
  at: fc.integer({ min: Date.UTC(2023, 11, 1), max: Date.UTC(2026, 3, 2) - 1 }),
  channel: fc.constantFrom(undefined, undefined, "sms", "voice", "email"),
  country: fc.constantFrom(undefined, "SE", "GB"),
  status: fc.constantFrom("pending", "verified", "failed", "sent"),
});
const day = fc.integer({ min: Date.UTC(2024, 0, 1), max: NOW }).map((at) => new Date(at).toISOString().slice(0, 10));

describe("usage by", () => {
  it.each(PERIODS)("%s is what a reference makes of the same", (period) => {
    const request = fc.record(
      {
        channel: fc.constantFrom("all", "sms", "voice", "email"),
        country: fc.constantFrom("SE", "GB", "GR"),
        status: fc.constantFrom("pending", "verified", "sent"),
        from: day,
        until: day,
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<UsageRequest>;
    const now = fc.constantFrom(
      NOW,
      Date.UTC(2024, 1, 29),
      Date.UTC(2026, 0, 1),
      Date.UTC(2024, 11, 31, 23, 59, 59, 999),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), request, now, (happened, asked, at) => {
        const wanted = { ...asked, period };
        expect(summarize(rowsOf(happened), wanted, at)).toEqual(reference(happened, wanted, at));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["2026-13-01", "2026-02-30", "20260101", "yesterday", "2026-1-1", ""])(
    "a day that is none (%j) is refused",
    (from) => {
      expect(() => summarize([], { from }, NOW)).toThrow(expect.objectContaining({ code: "invalid_request" }));
      expect(() => summarize([], { until: from }, NOW)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    },
  );
});

describe("the service", () => {
  it("counts verifications, and messages by channel, over two months", async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 30, 12));
    const box = outbox();
    const tfa = twoFactor({
      secret: "a secret of the tests that is long enough",
      user: () => undefined,
      contact: () => null,
      methods: [sms(box), voice(box), email(box)],
      store: memoryStore({ retention: "400d" }),
      clock,
    });
    const started = async (to: string, channel: "sms" | "voice" | "email", account?: string) => {
      const made = await tfa.verifications.start({ to, channel, ...(account === undefined ? {} : { account }) });
      if (!made.ok) throw new Error(made.reason);
      return made.verification.id;
    };
    await started("+46707123456", "sms");
    clock.tick(DAY);
    const right = await started("+447979080215", "sms");
    await tfa.verifications.check({ id: right, code: /\d{6}/.exec(box.messages[0]?.text ?? "")?.[0] ?? "" });
    clock.tick(31_000);
    await started("ada@example.com", "email");
    clock.tick(DAY);
    const again = await started("+46707123457", "voice");
    clock.tick(30_000);
    await tfa.verifications.resend({ id: again });
    await started("+46707123458", "sms", "somebody else");
    clock.tick(600_000);

    const count = async (request: UsageRequest) =>
      (await tfa.verifications.usage(request)).map((record) => [record.from, record.until, record.count]);
    expect(await count({})).toEqual([["2026-01-30", "2026-02-01", 4]]);
    expect(await count({ channel: "sms" })).toEqual([["2026-01-30", "2026-01-31", 2]]);
    expect(await count({ channel: "voice" })).toEqual([["2026-02-01", "2026-02-01", 2]]);
    expect(await count({ period: "day" })).toEqual([
      ["2026-01-30", "2026-01-30", 1],
      ["2026-01-31", "2026-01-31", 2],
      ["2026-02-01", "2026-02-01", 1],
    ]);
    expect(await count({ period: "month" })).toEqual([
      ["2026-01-01", "2026-01-31", 3],
      ["2026-02-01", "2026-02-28", 1],
    ]);
    expect(await count({ period: "year" })).toEqual([["2026-01-01", "2026-12-31", 4]]);
    expect(await count({ period: "today" })).toEqual([["2026-02-01", "2026-02-01", 1]]);
    expect(await count({ period: "yesterday" })).toEqual([["2026-01-31", "2026-01-31", 2]]);
    expect(await count({ period: "thisMonth" })).toEqual([["2026-02-01", "2026-02-01", 1]]);
    expect(await count({ period: "lastMonth" })).toEqual([["2026-01-01", "2026-01-31", 3]]);
    expect(await count({ from: "2026-01-31", until: "2026-01-31" })).toEqual([["2026-01-31", "2026-01-31", 2]]);
    expect(await count({ account: "somebody else", period: "today" })).toEqual([["2026-02-01", "2026-02-01", 1]]);
    expect(await count({ account: "nobody" })).toMatchObject([[expect.any(String), expect.any(String), 0]]);
    expect(await tfa.verifications.usage({})).toMatchObject([
      { byStatus: { verified: 1, expired: 3 }, byCountry: { SE: { expired: 2 }, GB: { verified: 1 } } },
    ]);
  });
});
