import assert from "node:assert/strict";
import { aCharge, anEvent, aPending, type Checks, DELIVERY, HOUR, MINUTE, sentTimes, tally } from "../bench.js";

/** Opening, finding, changing and ending a verification. */
export const pendingChecks: Checks = {
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

  async "finds a verification for its owner only"(bench) {
    const { id } = await bench.opened({ owner: "ada" });
    assert.equal((await bench.find({ id, owner: "ada" }))?.id, id);
    assert.equal((await bench.find({ id }))?.id, id);
    assert.equal(await bench.find({ id, owner: "eve" }), undefined);
    assert.equal(await bench.find({ owner: "eve" }), undefined);
    assert.equal(await bench.find({ id: "nothing" }), undefined);
    assert.equal(await bench.find({ id: "nothing", owner: "ada" }), undefined);
  },

  async "finds a verification for its tenant only, by its owner as well"(bench) {
    const ours = await bench.opened({ tenant: "one" });
    await bench.pass(bench.instant);
    const theirs = await bench.opened({ tenant: "two" });
    assert.equal((await bench.find({ id: ours.id, tenant: "one" }))?.id, ours.id);
    assert.equal((await bench.find({ id: ours.id, tenant: "one", owner: "owner" }))?.id, ours.id);
    assert.equal(await bench.find({ id: ours.id, tenant: "two" }), undefined);
    assert.equal(await bench.find({ id: ours.id, tenant: "two", owner: "owner" }), undefined);
    assert.equal((await bench.find({ owner: "owner", tenant: "one" }))?.id, ours.id);
    assert.equal((await bench.find({ owner: "owner", tenant: "two" }))?.id, theirs.id);
    assert.equal(await bench.find({ owner: "owner", tenant: "three" }), undefined);
    assert.equal(await bench.find({ tenant: "one" }), undefined);
    assert.equal(await bench.find({}), undefined);
  },

  async "does nothing to what belongs to another tenant"(bench) {
    const { id } = await bench.opened({ tenant: "one", events: [anEvent({ id: "event" })] });
    const nonce = await bench.counted({ id });
    for (const which of [
      { id, tenant: "two" },
      { id, owner: "owner", tenant: "two" },
      { owner: "owner", tenant: "two" },
    ]) {
      assert.equal((await bench.attempt(which)).outcome, "missing");
      assert.equal((await bench.consume(which, nonce)).outcome, "missing");
      assert.equal((await bench.amend(which, 0)).outcome, "missing");
      assert.equal(await bench.store.cancel(which, bench.now), false);
      assert.equal(await bench.store.note(which, { id: "event", status: "failed" }, bench.now), false);
      await bench.forgive(which, nonce);
    }
    const row = await bench.find({ id });
    assert.deepEqual([row?.attempts, row?.state, row?.revision, row?.events[0]?.status], [1, "pending", 0, "queued"]);
    // one of the same name elsewhere neither stands in for it nor ends it
    await bench.opened({ tenant: "two" });
    await bench.opened({ tenant: "three", supersede: "cancel" });
    assert.equal((await bench.find({ id }))?.state, "pending");
  },

  async "finds an owner's newest live verification, and the newest of all when none is live"(bench) {
    const first = await bench.opened({ purpose: "first" });
    await bench.pass(bench.instant);
    const second = await bench.opened({ purpose: "second" });
    assert.equal((await bench.find({ owner: "owner" }))?.id, second.id);
    await bench.store.cancel({ id: second.id }, bench.now);
    assert.equal((await bench.find({ owner: "owner" }))?.id, first.id);
    await bench.store.cancel({ id: first.id }, bench.now);
    assert.equal((await bench.find({ owner: "owner" }))?.id, second.id);
  },

  async "takes for an owner's newest the one that was opened, returned or amended last"(bench) {
    const newest = async () => (await bench.find({ owner: "owner" }))?.id;
    const first = await bench.opened({ purpose: "first" });
    await bench.pass(bench.instant);
    const second = await bench.opened({ purpose: "second" });
    assert.equal(await newest(), second.id);
    assert.equal((await bench.open({ purpose: "first" })).outcome, "exists");
    assert.equal(await newest(), first.id);
    assert.equal((await bench.amend({ id: second.id }, 0)).outcome, "amended");
    assert.equal(await newest(), second.id);
    // nothing else brings one forward
    assert.equal((await bench.amend({ id: first.id }, 7)).outcome, "changed");
    const full = aCharge({ key: "full", max: 0 });
    assert.equal((await bench.amend({ id: first.id }, 0, {}, [full])).outcome, "limited");
    await bench.counted({ id: first.id });
    await bench.find({ id: first.id });
    assert.equal(await newest(), second.id);
    const counted = await bench.attempt({ owner: "owner" });
    assert.equal(counted.outcome === "counted" && counted.entry.id, second.id);
    await bench.store.cancel({ owner: "owner" }, bench.now);
    assert.equal((await bench.find({ id: second.id }))?.state, "canceled");
    assert.equal(await newest(), first.id);
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

  async "ends a verification at the instant it was given, by its timestamp and not by a sweep"(bench) {
    const { id, expiresAt } = await bench.opened();
    await bench.pass(expiresAt - bench.now - bench.instant);
    await bench.counted({ id });
    assert.equal((await bench.open()).outcome, "exists");
    await bench.pass(bench.instant);
    assert.equal((await bench.attempt({ id })).outcome, "expired");
    assert.equal((await bench.amend({ id }, 0)).outcome, "expired");
    assert.equal(await bench.store.cancel({ id }, bench.now), false);
    assert.equal((await bench.open()).outcome, "opened");
  },

  async "tells a verification that ended from one that never was"(bench) {
    const used = await bench.opened({ purpose: "used" });
    await bench.consume({ id: used.id }, await bench.counted({ id: used.id }));
    const canceled = await bench.opened({ purpose: "canceled" });
    assert.equal(await bench.store.cancel({ id: canceled.id }, bench.now), true);
    const spent = await bench.opened({ purpose: "spent", maxAttempts: 1 });
    await bench.counted({ id: spent.id });
    const rows = { used: used.id, canceled: canceled.id, spent: spent.id, missing: "nothing" };
    const ended = async (): Promise<void> => {
      for (const [outcome, id] of Object.entries(rows)) {
        assert.equal((await bench.attempt({ id })).outcome, outcome);
        assert.equal((await bench.amend({ id }, 0)).outcome, outcome);
      }
      assert.equal((await bench.find({ id: used.id }))?.state, "verified");
      assert.equal((await bench.find({ id: canceled.id }))?.state, "canceled");
      assert.equal((await bench.find({ id: spent.id }))?.state, "pending");
    };
    await ended();
    // as long as it would have lived, and for a person who is slow a while longer
    await bench.pass(4 * MINUTE);
    await ended();
    await bench.pass(2 * MINUTE);
    assert.equal((await bench.attempt({ id: used.id })).outcome, "used");
    assert.equal((await bench.attempt({ id: canceled.id })).outcome, "canceled");
    assert.equal((await bench.attempt({ id: spent.id })).outcome, "spent");
    assert.equal(await bench.store.cancel({ id: spent.id }, bench.now), false);
    assert.equal((await bench.find({ id: spent.id }))?.state, "pending");
  },

  async "forgets no live verification of an owner to make room for another"(bench) {
    const opened: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      const answer = await bench.open({ purpose: `purpose ${index}` });
      if (answer.outcome === "opened") opened.push(answer.entry.id);
      else assert.equal(answer.outcome, "full");
    }
    for (const id of opened) assert.equal((await bench.attempt({ id })).outcome, "counted");
    // and of those that ended, none that is still to be found by its name
    for (let index = 0; index < 12; index += 1) {
      const { id } = await bench.opened({ owner: "another" });
      await bench.store.cancel({ id }, bench.now);
    }
    assert.equal((await bench.search({ status: "canceled" })).total, 12);
  },

  async "changes a verification once for each revision"(bench) {
    const { id, revision } = await bench.opened();
    const sent = [...DELIVERY.sent, { method: "email", to: "ada@example.com", sends: 2, resendAt: bench.now + MINUTE }];
    const delivery = { method: "email", to: "ada@example.com", sent };
    const amended = await bench.amend({ id, owner: "owner" }, revision, delivery);
    assert.equal(amended.outcome, "amended");
    const entry = await bench.find({ id });
    assert.deepEqual(entry?.delivery, { ...DELIVERY, ...delivery });
    assert.ok(entry && entry.revision > revision);
    const late = await bench.amend({ id }, revision, { method: "voice" });
    assert.equal(late.outcome, "changed");
    assert.equal(late.outcome === "changed" && late.entry.delivery.method, "email");
    assert.equal((await bench.amend({ id }, entry.revision, { method: "voice" })).outcome, "amended");
    assert.equal((await bench.amend({ id, owner: "eve" }, entry.revision + 1)).outcome, "missing");
  },

  async "changes a verification for one of many that ask at the same time"(bench) {
    const { id } = await bench.opened();
    const charge = aCharge({ max: 2 });
    const answers = await bench.atOnce((index) => bench.amend({ id }, 0, sentTimes(index + 2), [charge]));
    assert.equal(tally(answers, "amended"), 1);
    assert.equal(tally(answers, "changed"), answers.length - 1);
    const winner = answers.findIndex(({ outcome }) => outcome === "amended");
    assert.equal((await bench.find({ id }))?.delivery.sent[0]?.sends, winner + 2);
    assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "adds what was sent to the events, and puts what it knows anew in its place"(bench) {
    const [first, second] = [anEvent({ id: "first", country: "SE" }), anEvent({ id: "second", channel: "voice" })];
    const { id } = await bench.opened({ events: [first] });
    assert.equal((await bench.amend({ id }, 0, {}, [], second)).outcome, "amended");
    assert.deepEqual((await bench.find({ id }))?.events, [first, second]);
    const told = anEvent({ id: "first", status: "failed", errorCode: "42" });
    assert.equal((await bench.amend({ id }, 1, {}, [], told)).outcome, "amended");
    assert.deepEqual((await bench.find({ id }))?.events, [told, second]);
    assert.equal((await bench.amend({ id }, 1, {}, [], anEvent())).outcome, "changed");
    assert.equal((await bench.amend({ id }, 2)).outcome, "amended");
    assert.deepEqual((await bench.find({ id }))?.events, [told, second]);
  },

  async "notes what a message came to, whether its verification lives or not, and for its owner only"(bench) {
    const [first, second] = [anEvent({ id: "first", country: "SE" }), anEvent({ id: "second" })];
    const { id } = await bench.opened({ events: [first, second], ttl: MINUTE });
    const note = async (which: { id: string; owner?: string }, event: { id: string; status: "sent" | "delivered" }) =>
      bench.store.note(which, event, bench.now);
    assert.equal(await note({ id, owner: "eve" }, { id: "first", status: "sent" }), false);
    assert.equal(await note({ id }, { id: "third", status: "sent" }), false);
    assert.equal(await note({ id: "nothing" }, { id: "first", status: "sent" }), false);
    assert.deepEqual((await bench.find({ id }))?.events, [first, second]);
    await bench.pass(bench.instant);
    assert.equal(await note({ id, owner: "owner" }, { id: "first", status: "sent" }), true);
    const noted = await bench.find({ id });
    assert.deepEqual(noted?.events, [{ ...first, status: "sent" }, second]);
    // a receipt is no change that anybody who amends must know of
    assert.equal(noted?.revision, 0);
    bench.same(noted?.updatedAt ?? 0, bench.now, "updatedAt");
    await bench.store.cancel({ id }, bench.now);
    await bench.pass(2 * MINUTE);
    assert.equal(await note({ id }, { id: "first", status: "delivered" }), true);
    const ended = await bench.find({ id });
    assert.deepEqual(ended?.events, [{ ...first, status: "delivered" }, second]);
    assert.equal(ended?.state, "canceled");
  },

  async "loses no note of many that come at once, and none to a change at the same time"(bench) {
    const ids = Array.from({ length: 20 }, (_, index) => `event ${index}`);
    const { id } = await bench.opened({ events: ids.map((each) => anEvent({ id: each })) });
    await Promise.all([
      ...ids.map(async (each) => bench.store.note({ id }, { id: each, status: "delivered" }, bench.now)),
      bench.amend({ id }, 0, {}, [], anEvent({ id: "one more" })),
    ]);
    const statuses = (await bench.find({ id }))?.events.map(({ id: each, status }) => `${each} ${status}`);
    assert.deepEqual(statuses, [...ids.map((each) => `${each} delivered`), "one more queued"]);
  },

  async "changes nothing when a limit refuses"(bench) {
    const { id } = await bench.opened();
    const charge = aCharge({ max: 1 });
    await bench.charge(charge);
    const refused = await bench.amend({ id }, 0, { method: "voice" }, [charge], anEvent());
    assert.deepEqual((await bench.find({ id }))?.events, []);
    assert.equal(refused.outcome, "limited");
    assert.equal((await bench.find({ id }))?.delivery.method, "sms");
    assert.equal((await bench.find({ id }))?.revision, 0);
  },

  async "does not give an attempt back when a verification is changed"(bench) {
    const { id } = await bench.opened({ maxAttempts: 2 });
    await bench.counted({ id });
    await bench.amend({ id }, 0, sentTimes(2));
    await bench.counted({ id });
    assert.equal((await bench.attempt({ id })).outcome, "spent");
  },

  async "cancels a live verification, once, and for its owner only"(bench) {
    const { id } = await bench.opened();
    assert.equal(await bench.store.cancel({ id, owner: "eve" }, bench.now), false);
    assert.equal(await bench.store.cancel({ id: "nothing" }, bench.now), false);
    assert.equal(await bench.store.cancel({ id, owner: "owner" }, bench.now), true);
    assert.equal(await bench.store.cancel({ id, owner: "owner" }, bench.now), false);
    await bench.opened();
    assert.equal(await bench.store.cancel({ owner: "owner" }, bench.now), true);
    assert.equal(await bench.store.cancel({ owner: "owner" }, bench.now), false);
  },

  async "either cancels or uses up a verification, never both"(bench) {
    for (let round = 0; round < 20; round += 1) {
      const { id } = await bench.opened({ purpose: `round ${round}` });
      const nonce = await bench.counted({ id });
      const consume = () => bench.consume({ id }, nonce);
      const cancel = async () => bench.store.cancel({ id }, bench.now);
      const [first, second] = await Promise.all(round % 2 === 0 ? [consume(), cancel()] : [cancel(), consume()]);
      const canceled = [first, second].some((answer) => answer === true);
      const consumed = [first, second].some((answer) => typeof answer === "object" && answer.outcome === "consumed");
      assert.equal(Number(canceled) + Number(consumed), 1);
      assert.equal((await bench.find({ id }))?.state, canceled ? "canceled" : "verified");
    }
  },

  async "takes the nothing that ended for its owner's newest, too"(bench) {
    assert.equal((await bench.attempt({ owner: "nobody" })).outcome, "missing");
    const { id } = await bench.opened();
    const counted = await bench.attempt({ owner: "owner" });
    assert.equal(counted.outcome === "counted" && counted.entry.id, id);
    await bench.store.cancel({ owner: "owner" }, bench.now);
    assert.equal((await bench.attempt({ owner: "owner" })).outcome, "canceled");
  },
};
