import assert from "node:assert/strict";
import { aCharge, anEvent, type Checks, DELIVERY, MINUTE, sentTimes, tally } from "../bench.js";

/** A live verification that is changed, noted upon or ended. */
export const changingChecks: Checks = {
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

  async "changes and charges once for the same change, and answers the same when it is asked again"(bench) {
    const { id } = await bench.opened({ owner: "repeated" });
    const charge = aCharge({ key: "repeated", max: 2 });
    const change = { revision: 0, delivery: { ...DELIVERY, ...sentTimes(2) }, event: anEvent() };
    const first = await bench.store.amend({ id }, change, [charge], bench.now);
    const again = await bench.store.amend({ id }, change, [charge], bench.now);
    assert.deepEqual([first.outcome, again], ["amended", first]);
    assert.equal(await bench.charge(charge), "charged");
    assert.notEqual(await bench.charge(charge), "charged");
    const other = { ...change, delivery: { ...DELIVERY, ...sentTimes(3) } };
    assert.equal((await bench.store.amend({ id }, other, [], bench.now)).outcome, "changed");
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
