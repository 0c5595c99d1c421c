import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import type { NewPending } from "../../stores/pending.js";
import { anEvent, type Bench, type Checks, DAY, DELIVERY, HOUR, MINUTE } from "../bench.js";

/** What is remembered of verifications, and what is forgotten. */
export const recordChecks: Checks = {
  async "finds records by everything they can be filtered by, alone and together"(bench) {
    const first = await one(bench, { tenant: "a", service: "s", subject: "ada" });
    await bench.pass(MINUTE);
    const second = await one(bench, { tenant: "a", service: "t", subject: "bob" }, "+46707000000");
    await bench.pass(MINUTE);
    const third = await one(bench, { tenant: "b", service: "s", subject: "ada" });
    const since = second.createdAt;
    const found: [Parameters<Bench["search"]>[0], readonly { id: string }[]][] = [
      [{}, [third, second, first]],
      [{ tenant: "a" }, [second, first]],
      [{ tenant: "a", service: "s" }, [first]],
      [{ service: "s" }, [third, first]],
      [{ subject: "ada" }, [third, first]],
      [{ to: "+46707000000" }, [second]],
      [{ to: "+46707000000", tenant: "b" }, []],
      [{ since }, [third, second]],
      [{ since: since + bench.instant }, [third]],
      [{ until: since - bench.instant + 1 }, [first]],
      [{ until: third.createdAt + bench.instant }, [third, second, first]],
      [{ since, until: since + bench.instant }, [second]],
      [{ tenant: "" }, []],
      [{ tenant: "A" }, []],
      [{ service: "__proto__" }, []],
    ];
    for (const [filter, rows] of found) {
      const { total, entries } = await bench.search(filter);
      const ids = rows.map(({ id }) => id);
      assert.deepEqual([total, entries.map(({ id }) => id)], [ids.length, ids], JSON.stringify(filter));
    }
    assert.deepEqual((await bench.search({ service: "t" })).entries[0], await bench.find({ id: second.id }));
  },

  async "finds records by what they came to, as time and attempts have it"(bench) {
    const verified = await one(bench);
    await bench.consume({ id: verified.id }, await bench.counted({ id: verified.id }));
    const failed = await one(bench, { maxAttempts: 1 });
    await bench.counted({ id: failed.id });
    const canceled = await one(bench);
    await bench.store.cancel({ id: canceled.id }, bench.now);
    const undeliverable = await one(bench, { delivery: { ...DELIVERY, status: "failed", sent: [] } });
    const pending = await one(bench, { ttl: HOUR });
    const expired = await one(bench);
    const statusOf = async (id: string): Promise<string[]> => {
      const statuses = ["pending", "verified", "failed", "expired", "canceled", "undeliverable"] as const;
      const found = await Promise.all(statuses.map((status) => bench.search({ status })));
      return statuses.filter((_, index) => found[index]?.entries.some((entry) => entry.id === id));
    };
    assert.deepEqual(await statusOf(expired.id), ["pending"]);
    await bench.pass(5 * MINUTE);
    const rows = { verified, failed, canceled, undeliverable, pending, expired };
    for (const [status, { id }] of Object.entries(rows)) assert.deepEqual(await statusOf(id), [status]);
  },

  async "finds the newest first, a page at a time, without a gap or a repetition"(bench) {
    // many of one instant among them: only something else than the time can tell those apart
    const ids: string[] = [];
    for (let index = 0; index < 25; index += 1) {
      ids.push((await one(bench)).id);
      if (index % 10 === 9) await bench.pass(bench.instant);
    }
    for (const limit of [1, 7, 25, 100]) {
      const pages = await pagesOf(bench, {}, limit);
      assert.equal(pages.length, Math.ceil(25 / limit));
      assert.deepEqual(
        pages
          .flat()
          .map(({ id }) => id)
          .sort(),
        ids.toSorted(),
      );
      const times = pages.flat().map(({ createdAt }) => createdAt);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => b - a),
      );
    }
    const [all, again] = [await pagesOf(bench, {}, 100), await pagesOf(bench, {}, 7)];
    assert.deepEqual(again.flat(), all.flat());
    assert.deepEqual((await bench.search({}, { offset: 25 })).entries, []);
    assert.deepEqual(await bench.search({}, { limit: 0 }), { total: 25, entries: [] });
  },

  async "moves nothing that was not yet seen when others come in or change between two pages"(bench) {
    for (let index = 0; index < 9; index += 1) {
      await one(bench);
      if (index % 4 === 3) await bench.pass(bench.instant);
    }
    const before = (await bench.search()).entries.map(({ id }) => id);
    await bench.pass(bench.instant);
    const until = bench.now;
    await bench.pass(bench.instant);
    const [open, bounded]: string[][] = [[], []];
    for (let offset = 0; offset < 12; offset += 3) {
      open?.push(...(await bench.search({}, { offset, limit: 3 })).entries.map(({ id }) => id));
      bounded?.push(...(await bench.search({ until }, { offset, limit: 3 })).entries.map(({ id }) => id));
      await one(bench);
      // an attempt, and its end, are no reason to stand elsewhere
      await bench.counted({ id: before[8 - offset / 3] ?? "" });
      await bench.store.cancel({ id: before[offset / 3] ?? "" }, bench.now);
    }
    // by its end the page is the same whatever comes; without it, what is new pushes, and lets nothing slip by
    assert.deepEqual(bounded, before);
    const expected = [before.slice(0, 3), before.slice(2, 5), before.slice(4, 7), before.slice(6, 9)];
    assert.deepEqual(open, expected.flat());
  },

  async "counts verifications by day, country and what they came to, and messages by channel as well"(bench) {
    await bench.pass(DAY - (bench.now % DAY) + HOUR);
    const [today, tomorrow] = [dayOf(bench.now), dayOf(bench.now + DAY)];
    const sent = (changes = {}) => anEvent({ at: bench.now, country: "SE", status: "sent", ...changes });
    await one(bench, { tenant: "a", ttl: 3 * DAY, events: [sent()] });
    await one(bench, {
      tenant: "a",
      ttl: 3 * DAY,
      events: [sent(), sent({ channel: "voice" }), sent({ channel: "voice" })],
    });
    const verified = await one(bench, {
      tenant: "a",
      service: "s",
      events: [sent({ country: "NO", status: "failed" })],
    });
    await bench.consume({ id: verified.id }, await bench.counted({ id: verified.id }));
    await one(bench, { tenant: "b", ttl: 3 * DAY });
    await bench.pass(DAY);
    const late = await one(bench, { tenant: "a", ttl: 3 * DAY, events: [] });
    await bench.amend({ id: late.id }, 0, {}, [], sent({ channel: "email", country: undefined }));
    await bench.store.note(
      { id: late.id },
      { id: (await bench.find({ id: late.id }))?.events[0]?.id ?? "", status: "delivered" },
      bench.now,
    );
    const expected = [
      `${today} - SE pending: 2`,
      `${today} - NO verified: 1`,
      `${today} sms SE sent: 2`,
      `${today} voice SE sent: 2`,
      `${today} sms NO failed: 1`,
      `${tomorrow} - - pending: 1`,
      `${tomorrow} email - delivered: 1`,
    ];
    assert.deepEqual(await bench.usage({ tenant: "a" }), expected.sort());
    assert.deepEqual(await bench.usage({ tenant: "b" }), [`${today} - - pending: 1`]);
    assert.deepEqual(
      await bench.usage({ service: "s" }),
      [`${today} - NO verified: 1`, `${today} sms NO failed: 1`].sort(),
    );
    assert.deepEqual(
      await bench.usage({ since: late.createdAt }),
      expected.slice(0).filter((row) => row.startsWith(tomorrow)),
    );
    assert.deepEqual(await bench.usage({ tenant: "c" }), []);
  },

  async "takes the day of a verification from when it began, and that of a message from when it was sent"(bench) {
    await bench.pass(DAY - (bench.now % DAY) + DAY - MINUTE);
    const [day, next] = [dayOf(bench.now), dayOf(bench.now + DAY)];
    const { id } = await one(bench, { ttl: HOUR, events: [anEvent({ at: bench.now, status: "sent" })] });
    await bench.pass(2 * MINUTE);
    await bench.amend({ id }, 0, {}, [], anEvent({ at: bench.now, status: "sent" }));
    await bench.consume({ id }, await bench.counted({ id }));
    assert.deepEqual(await bench.usage(), [`${day} - - verified: 1`, `${day} sms - sent: 1`, `${next} sms - sent: 1`]);
  },

  async "remembers a verification after its end, as it was"(bench) {
    const { id } = await one(bench, { events: [anEvent()] });
    const nonce = await bench.counted({ id }, { typed: "sealed" });
    await bench.consume({ id }, nonce);
    const row = await bench.find({ id });
    await bench.pass(HOUR);
    assert.deepEqual(await bench.find({ id }), row);
    assert.deepEqual(await bench.search({ status: "verified" }), { total: 1, entries: [row] });
  },
};

/** One of an owner of its own. */
async function one(bench: Bench, changes: Partial<NewPending> = {}, to?: string) {
  const delivery = to === undefined ? {} : { delivery: { ...DELIVERY, to } };
  return bench.opened({ owner: randomId(), ...delivery, ...changes });
}

async function pagesOf(bench: Bench, filter: Parameters<Bench["search"]>[0], limit: number) {
  const pages = [];
  for (let offset = 0; ; offset += limit) {
    const { total, entries } = await bench.search(filter, { offset, limit });
    if (entries.length > 0) pages.push(entries);
    if (offset + limit >= total) return pages;
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
