import assert from "node:assert/strict";
import { aCharge, anEvent, aPending, type Checks, DELIVERY, MINUTE, tally } from "../bench.js";

/** Opening, finding, changing and ending a verification. */
export const pendingChecks: Checks = {
  async "opens a verification and gives it back as it was asked for"(bench) {
    const asked = aPending({ keyId: "k1", detail: { text: 'ünï "\u{1f600}', list: [1, null, true], deep: { a: {} } } });
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
    bench.same(found.updatedAt, bench.now, "updatedAt");
    bench.same(found.createdAt, bench.now, "createdAt");
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
    assert.equal((await bench.find({ id, tenant: "tenant" }))?.id, id);
    assert.equal((await bench.find({ owner: "ada", tenant: "tenant" }))?.id, id);
    for (const which of [{ id }, { owner: "ada" }, { id, owner: "ada" }]) {
      assert.equal(await bench.find({ ...which, tenant: "another" }), undefined);
      assert.equal((await bench.attempt({ ...which, tenant: "another" })).outcome, "missing");
      assert.equal((await bench.amend({ ...which, tenant: "another" }, 0)).outcome, "missing");
      assert.equal(await bench.store.cancel({ ...which, tenant: "another" }, bench.now), false);
    }
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

  async "takes the one that was asked for again for its owner's newest"(bench) {
    const first = await bench.opened({ purpose: "first" });
    await bench.pass(bench.instant);
    await bench.opened({ purpose: "second" });
    await bench.pass(bench.instant);
    assert.equal((await bench.open({ purpose: "first" })).outcome, "exists");
    assert.equal((await bench.find({ owner: "owner" }))?.id, first.id);
  },

  async "cancels an owner's others where it should, but for those under guard"(bench) {
    const old = await bench.opened({ purpose: "old" });
    const guarded = await bench.opened({ purpose: "guarded", guardTime: MINUTE, supersede: "keep" });
    const foreign = await bench.opened({ owner: "another" });
    const states = async () => {
      const ids = [old.id, guarded.id, foreign.id];
      return Promise.all(ids.map(async (id) => (await bench.find({ id }))?.state));
    };
    await bench.opened({ purpose: "first", supersede: "cancel" });
    assert.deepEqual(await states(), ["canceled", "pending", "pending"]);
    await bench.pass(MINUTE - bench.instant);
    await bench.opened({ purpose: "second", supersede: "cancel" });
    assert.deepEqual(await states(), ["canceled", "pending", "pending"]);
    await bench.pass(bench.instant);
    await bench.opened({ purpose: "third", supersede: "cancel" });
    assert.deepEqual(await states(), ["canceled", "canceled", "pending"]);
  },

  async "cancels nothing for one that did not open"(bench) {
    const { id } = await bench.opened();
    const tight = aCharge({ max: 1 });
    await bench.charge(tight);
    assert.equal((await bench.open({ supersede: "cancel" }, "account", [tight])).outcome, "limited");
    assert.equal((await bench.find({ id }))?.state, "pending");
  },

  async "keeps an owner's others where it should, also for the same purpose"(bench) {
    const first = await bench.opened({ supersede: "keep" });
    const second = await bench.opened({ supersede: "keep" });
    for (const { id } of [first, second]) await bench.counted({ id });
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
  },

  async "forgets no live verification of an owner to make room for another"(bench) {
    const opened: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      const answer = await bench.open({ purpose: `purpose ${index}` });
      if (answer.outcome === "opened") opened.push(answer.entry.id);
      else assert.equal(answer.outcome, "full");
    }
    for (const id of opened) assert.equal((await bench.attempt({ id })).outcome, "counted");
  },

  async "changes a verification once for each revision"(bench) {
    const { id, revision } = await bench.opened();
    const sent = [{ method: "email", to: "ada@example.com", sends: 2, resendAt: bench.now + MINUTE }];
    const delivery = { method: "email", to: "ada@example.com", sent, step: 1 };
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
    const answers = await bench.atOnce((index) => bench.amend({ id }, 0, { step: index + 2 }, [charge]));
    assert.equal(tally(answers, "amended"), 1);
    assert.equal(tally(answers, "changed"), answers.length - 1);
    const winner = answers.findIndex(({ outcome }) => outcome === "amended");
    assert.equal((await bench.find({ id }))?.delivery.step, winner + 2);
    assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
  },

  async "changes nothing when a limit refuses"(bench) {
    const { id } = await bench.opened();
    const charge = aCharge({ max: 1 });
    await bench.charge(charge);
    const refused = await bench.amend({ id }, 0, { method: "voice" }, [charge]);
    assert.equal(refused.outcome, "limited");
    assert.equal((await bench.find({ id }))?.delivery.method, "sms");
    assert.equal((await bench.find({ id }))?.revision, 0);
  },

  async "keeps what was sent with a verification, each once and in order"(bench) {
    const [first, second] = [anEvent({ id: "first" }), anEvent({ id: "second", channel: "email", status: "sent" })];
    const { id } = await bench.opened({ events: [first] });
    assert.equal((await bench.amend({ id }, 0, {}, [], second)).outcome, "amended");
    const told = { ...first, status: "delivered" as const, reference: "r-1" };
    assert.equal(await bench.store.note({ id }, { id: "first", status: "delivered", reference: "r-1" }, bench.now), true);
    assert.deepEqual((await bench.find({ id }))?.events, [told, second]);
    const again = { ...second, status: "failed" as const };
    assert.equal((await bench.amend({ id }, 1, {}, [], again)).outcome, "amended");
    assert.deepEqual((await bench.find({ id }))?.events, [told, again]);
  },

  async "notes what a message came to whatever became of its verification, and changes nothing else"(bench) {
    const { id } = await bench.opened({ events: [anEvent({ id: "first" })] });
    await bench.store.cancel({ id }, bench.now);
    const before = await bench.find({ id });
    assert.equal(await bench.store.note({ id }, { id: "first", status: "delivered" }, bench.now), true);
    const after = await bench.find({ id });
    assert.equal(after?.events[0]?.status, "delivered");
    for (const field of ["state", "attempts", "revision", "expiresAt"] as const) assert.equal(after?.[field], before?.[field]);
    assert.equal(await bench.store.note({ id }, { id: "another", status: "delivered" }, bench.now), false);
    assert.equal(await bench.store.note({ id: "nothing" }, { id: "first", status: "sent" }, bench.now), false);
    assert.equal(await bench.store.note({ id, tenant: "another" }, { id: "first", status: "sent" }, bench.now), false);
    assert.equal((await bench.find({ id }))?.events.length, 1);
  },

  async "does not give an attempt back when a verification is changed"(bench) {
    const { id } = await bench.opened({ maxAttempts: 2 });
    await bench.counted({ id });
    await bench.amend({ id }, 0, { step: 2 });
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
