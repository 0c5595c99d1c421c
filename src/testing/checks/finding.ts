import assert from "node:assert/strict";
import { aCharge, anEvent, type Checks, MINUTE } from "../bench.js";

/** Which verification is meant, and how long it lives. */
export const findingChecks: Checks = {
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
};
