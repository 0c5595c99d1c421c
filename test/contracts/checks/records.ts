import assert from "node:assert/strict";
import type { Pending } from "../../../src/stores/pending.js";
import type { RecordFilter, UsageRow } from "../../../src/stores/records.js";
import { anEvent, type Bench, type Checks, DELIVERY, HOUR, LOCK, MINUTE } from "../bench.js";

/** What is remembered of verifications: found, counted, erased; and documents in lists. */
export const recordChecks: Checks = {
  async "finds records newest first, in pages that do not overlap"(bench) {
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      ids.unshift((await bench.opened({ owner: `owner ${index}` })).id);
      await bench.pass(bench.instant);
    }
    const pages: string[] = [];
    for (const offset of [0, 3, 6, 9]) {
      const { total, entries } = await bench.store.search({}, { offset, limit: 3 }, bench.now);
      assert.equal(total, 7);
      pages.push(...entries.map(({ id }) => id));
    }
    assert.deepEqual(pages, ids);
  },

  async "puts those of one instant into one order, whatever page is asked for"(bench) {
    for (let index = 0; index < 9; index += 1) await bench.opened({ owner: `owner ${index}` });
    const all = await idsOf(bench, {});
    assert.equal(new Set(all).size, 9);
    for (let offset = 0; offset < 9; offset += 1) {
      const { entries } = await bench.store.search({}, { offset, limit: 1 }, bench.now);
      assert.deepEqual(entries.map(({ id }) => id), [all[offset]]);
    }
  },

  async "finds records by whatever is asked, and by all of it"(bench) {
    const start = bench.now;
    const one = await bench.opened({ owner: "1", tenant: "t1", service: "s1", subject: "ada" });
    await bench.pass(MINUTE);
    const delivery = { ...DELIVERY, to: "+46707123457" };
    const two = await bench.opened({ owner: "2", tenant: "t1", service: "s2", subject: "bob", delivery });
    await bench.pass(MINUTE);
    const three = await bench.opened({ owner: "3", tenant: "t2", service: "s1", subject: "ada" });
    const cases: [RecordFilter, Pending[]][] = [
      [{}, [three, two, one]],
      [{ tenant: "t1" }, [two, one]],
      [{ service: "s1" }, [three, one]],
      [{ subject: "ada" }, [three, one]],
      [{ subject: "eve" }, []],
      [{ to: "+46707123457" }, [two]],
      [{ tenant: "t1", service: "s1" }, [one]],
      [{ tenant: "t2", subject: "bob" }, []],
      [{ since: start + MINUTE }, [three, two]],
      [{ until: start + MINUTE }, [one]],
      [{ since: start + MINUTE, until: start + 2 * MINUTE }, [two]],
    ];
    for (const [filter, expected] of cases) {
      assert.deepEqual(await idsOf(bench, filter), expected.map(({ id }) => id), JSON.stringify(filter));
    }
  },

  async "finds records by what they have come to"(bench) {
    const opened = async (owner: string, changes = {}) => (await bench.opened({ owner, ...changes })).id;
    const verified = await opened("verified");
    await bench.consume({ id: verified }, await bench.counted({ id: verified }));
    const failed = await opened("failed", { maxAttempts: 1 });
    await bench.counted({ id: failed });
    const canceled = await opened("canceled");
    await bench.store.cancel({ id: canceled }, bench.now);
    const undeliverable = await opened("undeliverable", { delivery: { ...DELIVERY, status: "failed", sent: [] } });
    const expired = await opened("expired", { ttl: MINUTE });
    await bench.pass(2 * MINUTE);
    const pending = await opened("pending");
    const states = { verified, failed, canceled, undeliverable, expired, pending } as const;
    for (const [status, id] of Object.entries(states)) {
      assert.deepEqual(await idsOf(bench, { status: status as keyof typeof states }), [id], status);
    }
  },

  async "remembers every verification of an owner, however many there are"(bench) {
    const ids: string[] = [];
    for (let index = 0; index < 15; index += 1) {
      const { id } = await bench.opened({ purpose: `purpose ${index}` });
      await bench.store.cancel({ id }, bench.now);
      ids.unshift(id);
      await bench.pass(bench.instant);
    }
    assert.deepEqual(await idsOf(bench, {}), ids);
  },

  async "counts verifications and messages by day, channel, country and what they came to"(bench) {
    await bench.pass(24 * HOUR - (bench.now % (24 * HOUR)) + HOUR);
    const [at, day] = [bench.now, dayOf(bench.now)];
    const first = await bench.opened({ owner: "1", events: [anEvent({ at, status: "delivered" })] });
    await bench.consume({ id: first.id }, await bench.counted({ id: first.id }));
    const mail = anEvent({ at, channel: "email", to: "a@example.com", status: "failed" });
    const { country: _none, ...nowhere } = mail;
    await bench.opened({ owner: "2", events: [anEvent({ at, status: "delivered" }), nowhere] });
    await bench.opened({ owner: "3", tenant: "another", events: [anEvent({ at, country: "GB", status: "delivered" })] });
    await bench.pass(24 * HOUR);
    const next = dayOf(bench.now);
    await bench.opened({ owner: "4", events: [anEvent({ at: bench.now, status: "delivered" })] });
    assert.deepEqual(sorted(await bench.store.usage({ tenant: "tenant" }, bench.now)), sorted([
      { day, country: "SE", status: "verified", count: 1 },
      { day, country: "SE", status: "expired", count: 1 },
      { day, channel: "sms", country: "SE", status: "delivered", count: 2 },
      { day, channel: "email", status: "failed", count: 1 },
      { day: next, country: "SE", status: "pending", count: 1 },
      { day: next, channel: "sms", country: "SE", status: "delivered", count: 1 },
    ]));
    assert.deepEqual(await bench.store.usage({ tenant: "nobody" }, bench.now), []);
  },

  async "erases what is about a user, their failures and their locks, and nothing of others"(bench) {
    const lock = { ...LOCK, after: 1 };
    const ada = await bench.opened({ owner: "ada", subject: "ada" }, "ada");
    const older = await bench.opened({ owner: "ada", purpose: "older", subject: "ada" }, "ada");
    const bob = await bench.opened({ owner: "bob", subject: "bob" }, "bob");
    const nobody = await bench.opened({ owner: "nobody" }, "nobody");
    for (const [{ id }, account] of [[ada, "ada"], [bob, "bob"]] as const) await bench.counted({ id }, { account, lock });
    await bench.store.erase("ada", bench.now);
    for (const { id } of [ada, older]) assert.equal(await bench.find({ id }), undefined);
    assert.equal(await bench.find({ owner: "ada" }), undefined);
    assert.deepEqual(new Set(await idsOf(bench, {})), new Set([bob.id, nobody.id]));
    await bench.opened({ owner: "ada", subject: "ada" }, "ada");
    assert.equal((await bench.open({ owner: "bob", purpose: "new" }, "bob")).outcome, "locked");
  },

  async "keeps documents by list and name, in the order they came"(bench) {
    const { store } = bench;
    assert.deepEqual(await store.documents("limits"), []);
    assert.equal(await store.addDocument("limits", "b", '{"n":1}'), true);
    assert.equal(await store.addDocument("limits", "a", '{"n":2}'), true);
    assert.equal(await store.addDocument("workflows", "a", '{"n":3}'), true);
    assert.equal(await store.addDocument("limits", "b", '{"n":4}'), false);
    assert.deepEqual(await store.documents("limits"), ['{"n":1}', '{"n":2}']);
    assert.equal(await store.replaceDocument("limits", "b", '{"n":5}'), true);
    assert.equal(await store.replaceDocument("limits", "c", '{"n":6}'), false);
    assert.deepEqual(await store.documents("limits"), ['{"n":5}', '{"n":2}']);
    assert.equal(await store.removeDocument("limits", "b"), true);
    assert.equal(await store.removeDocument("limits", "b"), false);
    assert.equal(await store.removeDocument("nothing", "b"), false);
    assert.deepEqual(await store.documents("limits"), ['{"n":2}']);
    assert.deepEqual(await store.documents("workflows"), ['{"n":3}']);
  },

  async "adds one of many documents of a name that come at once"(bench) {
    const answers = await bench.atOnce((index) => bench.store.addDocument("list", "name", `document ${index}`));
    assert.equal(answers.filter(Boolean).length, 1);
    assert.deepEqual(await bench.store.documents("list"), [`document ${answers.indexOf(true)}`]);
  },

  async "keeps lists and names apart, whatever characters they hold"(bench) {
    const names = ["a", "A", "a:b", "b", "__proto__", "constructor", "toString", "", "å", "a\u030a"];
    for (const list of names) {
      for (const name of names) assert.equal(await bench.store.addDocument(list, name, `${list}|${name}`), true);
    }
    for (const list of names) assert.equal((await bench.store.documents(list)).length, names.length);
  },
};

async function idsOf(bench: Bench, filter: RecordFilter): Promise<string[]> {
  const { entries } = await bench.store.search(filter, { offset: 0, limit: 100 }, bench.now);
  return entries.map(({ id }) => id);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function sorted(rows: readonly UsageRow[]): string[] {
  return rows.map(({ day, channel, country, status, count }) => JSON.stringify([day, channel ?? "", country ?? "", status, count])).sort();
}
