import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import { aCharge, anEvent, aPending, type Checks, HOUR, MINUTE, tally } from "../bench.js";

/** A new verification, and what becomes of the earlier ones. */
export const openingChecks: Checks = {
  async "opens a verification and gives it back as it was asked for"(bench) {
    const asked = aPending({
      keyId: "k1",
      subject: "ada",
      service: "login",
      events: [anEvent({ country: "SE", reference: "m1" }), anEvent({ channel: "email", to: "ada@example.com" })],
      detail: { text: 'ünï "\u{1f600}', list: [1, null, true], deep: { a: {} } },
    });
    const opened = await bench.store.open(asked, "account", [], bench.now);
    assert.equal(opened.outcome, "opened");
    const found = await bench.find({ id: asked.id });
    assert.ok(found);
    const { ttl, supersede: _supersede, ...rest } = asked;
    for (const [field, value] of Object.entries(rest)) {
      assert.deepEqual(found[field as keyof typeof found], value, field);
    }
    assert.equal(found.state, "pending");
    assert.equal(found.attempts, 0);
    assert.equal(found.revision, 0);
    assert.deepEqual(found.checks, []);
    assert.equal(found.usedBy, undefined);
    assert.equal(found.guardUntil, undefined);
    bench.same(found.createdAt, bench.now, "createdAt");
    assert.equal(found.updatedAt, found.createdAt);
    assert.equal(found.expiresAt - found.createdAt, ttl);
  },

  async "cancels all of an owner's with a new one that supersedes them, and nobody else's"(bench) {
    const older = await bench.opened({ purpose: "a" });
    const old = await bench.opened({ purpose: "b" });
    const nonce = await bench.counted({ id: old.id });
    const used = await bench.opened({ purpose: "c" });
    await bench.consume({ id: used.id }, await bench.counted({ id: used.id }));
    const others = await bench.opened({ owner: "another" });
    const newer = await bench.opened({ purpose: "a", supersede: "cancel" });
    for (const { id } of [older, old]) assert.equal((await bench.find({ id }))?.state, "canceled");
    assert.equal((await bench.find({ id: used.id }))?.state, "verified");
    assert.equal((await bench.attempt({ id: old.id })).outcome, "canceled");
    assert.equal((await bench.consume({ id: old.id }, nonce)).outcome, "canceled");
    await bench.counted({ id: others.id });
    await bench.counted({ id: newer.id });
  },

  async "cancels nothing when what would supersede it is not opened"(bench) {
    const { id } = await bench.opened();
    const full = aCharge({ key: "full", max: 0 });
    assert.equal((await bench.open({ supersede: "cancel" }, "account", [full])).outcome, "limited");
    assert.equal((await bench.find({ id }))?.state, "pending");
  },

  async "opens and charges once for the same id, and answers the same when it is asked again"(bench) {
    const charge = aCharge({ max: 2 });
    for (const supersede of ["return", "cancel", "keep"] as const) {
      const asked = aPending({ id: randomId(), owner: supersede, supersede });
      const first = await bench.store.open(asked, "account", [{ ...charge, key: supersede }], bench.now);
      const again = await bench.store.open(asked, "account", [{ ...charge, key: supersede }], bench.now);
      assert.deepEqual([first.outcome, again], ["opened", first]);
      assert.equal(await bench.charge({ ...charge, key: supersede }), "charged");
      assert.notEqual(await bench.charge({ ...charge, key: supersede }), "charged");
    }
  },

  async "leaves one of an owner's alive when many supersede each other at once"(bench) {
    const opened = await bench.atOnce(() => bench.opened({ supersede: "cancel" }));
    const rows = await Promise.all(opened.map(({ id }) => bench.find({ id })));
    assert.equal(rows.filter((row) => row?.state === "pending").length, 1);
  },

  async "keeps an owner's earlier ones beside a new one where it is told to, for the same purpose too"(bench) {
    const first = await bench.opened();
    const second = await bench.opened({ supersede: "keep" });
    assert.notEqual(first.id, second.id);
    for (const { id } of [first, second]) await bench.counted({ id });
  },

  async "does not cancel what is under guard, until its time is over"(bench) {
    const { id, createdAt, guardUntil } = await bench.opened({ guardTime: MINUTE });
    assert.equal(guardUntil, createdAt + MINUTE);
    await bench.pass(MINUTE - bench.instant);
    const second = await bench.opened({ supersede: "cancel" });
    await bench.counted({ id });
    assert.equal((await bench.find({ owner: "owner" }))?.id, second.id);
    await bench.pass(bench.instant);
    await bench.opened({ supersede: "cancel" });
    for (const each of [id, second.id]) assert.equal((await bench.find({ id: each }))?.state, "canceled");
    // the guard is against newer ones, not against its owner
    const guarded = await bench.opened({ owner: "guarded", guardTime: HOUR });
    assert.equal(await bench.store.cancel({ id: guarded.id }, bench.now), true);
  },

  async "keeps one live verification for each owner and purpose"(bench) {
    const first = await bench.opened();
    const again = await bench.open();
    assert.equal(again.outcome, "exists");
    assert.equal(again.outcome === "exists" && again.entry.id, first.id);
    await bench.opened({ purpose: "another" });
    await bench.opened({ owner: "another" });
  },

  async "keeps owners and purposes apart, whatever characters they hold"(bench) {
    const names = [
      "a",
      "b",
      "a:b",
      "b:a",
      "a,b",
      '["a","b"]',
      "",
      " ",
      "A",
      "\u00e5",
      "a\u030a",
      "a\u0000b",
      "*",
      "{a}",
    ];
    // an owner may have a handful open at once, and none of these has more
    for (const owner of names) {
      for (const purpose of names.slice(0, 7)) await bench.opened({ owner: `o${owner}`, purpose: `p${purpose}` });
    }
    for (const purpose of names.slice(7)) await bench.opened({ owner: "another", purpose: `p${purpose}` });
  },

  async "opens one of many that are asked for at the same time"(bench) {
    const charge = aCharge({ max: 10 });
    const answers = await bench.atOnce(() => bench.open({}, "account", [charge]));
    assert.equal(tally(answers, "opened"), 1);
    assert.equal(tally(answers, "exists"), answers.length - 1);
    const ids = new Set(
      answers.map((answer) => (answer.outcome === "exists" || answer.outcome === "opened" ? answer.entry.id : "")),
    );
    assert.equal(ids.size, 1);
    for (let left = 9; left > 0; left -= 1) assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "opens another once the one before has ended"(bench) {
    const canceled = await bench.opened();
    await bench.store.cancel({ id: canceled.id }, bench.now);
    const used = await bench.opened();
    await bench.consume({ id: used.id }, await bench.counted({ id: used.id }));
    const spent = await bench.opened({ maxAttempts: 1 });
    await bench.counted({ id: spent.id });
    const expired = await bench.opened();
    await bench.pass(5 * MINUTE);
    const last = await bench.opened();
    assert.equal(new Set([canceled.id, used.id, spent.id, expired.id, last.id]).size, 5);
  },

  async "opens nothing when a limit refuses, and charges nothing when nothing opens"(bench) {
    const [tight, wide] = [aCharge({ key: "tight", max: 1 }), aCharge({ key: "wide", max: 2 })];
    const first = await bench.opened({}, "account", [wide, tight]);
    assert.equal((await bench.open({}, "account", [wide, tight])).outcome, "exists");
    const refused = await bench.open({ purpose: "other" }, "account", [wide, tight]);
    assert.equal(refused.outcome, "limited");
    bench.same(refused.outcome === "limited" ? refused.refusal.retryAt : 0, bench.now + MINUTE, "retryAt");
    assert.equal((await bench.find({ owner: "owner" }))?.id, first.id);
    // of two, one was used by the first; the second is still there
    assert.equal(await bench.charge(wide), "charged");
    assert.notEqual(await bench.charge(wide), "charged");
  },
};
