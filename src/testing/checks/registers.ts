import assert from "node:assert/strict";
import { randomId } from "../../core/crypto.js";
import { isFirst } from "../../stores/first.js";
import { type Checks, HOUR, MINUTE, SECOND } from "../bench.js";

/** Small facts under a key: who was first, when last used, what was kept, who was revoked. */
export const registerChecks: Checks = {
  async "is first for one nonce only, and again for that one"(bench) {
    const { store } = bench;
    assert.equal(await isFirst(store, "key", "first", MINUTE, bench.now), true);
    assert.equal(await isFirst(store, "key", "second", MINUTE, bench.now), false);
    assert.equal(await isFirst(store, "key", "first", MINUTE, bench.now), true);
    assert.equal(await isFirst(store, "another", "second", MINUTE, bench.now), true);
  },

  async "is first for one of many that come at once"(bench) {
    const answers = await bench.atOnce((index) => isFirst(bench.store, "key", `nonce ${index}`, MINUTE, bench.now));
    assert.equal(answers.filter(Boolean).length, 1);
  },

  async "tells everybody who claims a key the one value that holds it"(bench) {
    const { store } = bench;
    const claims = await bench.atOnce((index) => store.claim("key", `value ${index}`, MINUTE, bench.now));
    assert.equal(new Set(claims).size, 1);
    const [value = ""] = claims;
    assert.ok(/^value \d+$/.test(value), value);
    assert.equal(await store.claim("key", "late", MINUTE, bench.now), value);
    assert.equal(await store.claim("empty", "", MINUTE, bench.now), "");
    assert.equal(await store.claim("empty", "late", MINUTE, bench.now), "");
  },

  async "keeps what was claimed where values are kept: it is read, put anew and taken as they are"(bench) {
    const { store } = bench;
    await store.claim("key", "claimed", MINUTE, bench.now);
    assert.equal(await store.get("key", bench.now), "claimed");
    assert.equal(await store.put("key", "the answer", MINUTE, bench.now), true);
    assert.equal(await store.claim("key", "late", MINUTE, bench.now), "the answer");
    assert.equal(await store.take("key", bench.now), "the answer");
    assert.equal(await store.claim("key", "new", MINUTE, bench.now), "new");
  },

  async "remembers who was first for as long as it was told, and no later call makes it longer"(bench) {
    const { store } = bench;
    await isFirst(store, "key", "first", MINUTE, bench.now);
    await bench.pass(MINUTE - bench.instant);
    assert.equal(await isFirst(store, "key", "second", HOUR, bench.now), false);
    assert.equal(await isFirst(store, "key", "first", HOUR, bench.now), true);
    await bench.pass(bench.instant);
    assert.equal(await isFirst(store, "key", "second", MINUTE, bench.now), true);
  },

  async "marks a use while the one before is near enough, and never again once it was not"(bench) {
    const { store } = bench;
    const since = bench.now;
    await bench.pass(50 * SECOND);
    assert.equal(await store.touch({ key: "key", since, idle: MINUTE }, bench.now), true);
    await bench.pass(50 * SECOND);
    assert.equal(await store.touch({ key: "key", since, idle: MINUTE }, bench.now), true);
    await bench.pass(MINUTE + bench.instant);
    assert.equal(await store.touch({ key: "key", since, idle: MINUTE }, bench.now), false);
    assert.equal(await store.touch({ key: "key", since, idle: MINUTE }, bench.now), false);
    assert.equal(await store.touch({ key: "other", since: bench.now, idle: MINUTE }, bench.now), true);
  },

  async "takes the first use by the instant it is told"(bench) {
    const since = bench.now;
    await bench.pass(MINUTE + bench.instant);
    assert.equal(await bench.store.touch({ key: "key", since, idle: MINUTE }, bench.now), false);
  },

  async "counts a use exactly the idle time ago as near enough, the first and every further one"(bench) {
    const since = bench.now;
    await bench.pass(MINUTE);
    assert.equal(await bench.store.touch({ key: "first", since, idle: MINUTE }, bench.now), true);
    await bench.pass(MINUTE);
    assert.equal(await bench.store.touch({ key: "first", since, idle: MINUTE }, bench.now), true);
  },

  async "says whether a use is near enough without marking it, where it is told only to look"(bench) {
    const { store } = bench;
    const use = { key: "key", since: bench.now, idle: MINUTE };
    const look = async () => store.touch({ ...use, peek: true }, bench.now);
    await bench.pass(50 * SECOND);
    assert.equal(await look(), true);
    await bench.pass(10 * SECOND + bench.instant);
    // looked at ten seconds ago, used never
    assert.equal(await look(), false);
    assert.equal(await store.touch(use, bench.now), false);
    const other = { key: "other", since: bench.now, idle: MINUTE };
    await bench.pass(50 * SECOND);
    assert.equal(await store.touch(other, bench.now), true);
    await bench.pass(50 * SECOND);
    assert.equal(await store.touch({ ...other, peek: true }, bench.now), true);
    await bench.pass(10 * SECOND + bench.instant);
    assert.equal(await store.touch({ ...other, peek: true }, bench.now), false);
  },

  async "keeps a value until its time is over, and the newest under each key"(bench) {
    const { store } = bench;
    const value = 'ünï "\u{1f600}\n\u0000'.repeat(100);
    assert.equal(await store.put("key", "old", HOUR, bench.now), true);
    assert.equal(await store.put("key", value, MINUTE, bench.now), true);
    assert.equal(await store.put("empty", "", MINUTE, bench.now), true);
    assert.equal(await store.get("key", bench.now), value);
    assert.equal(await store.get("key", bench.now), value);
    assert.equal(await store.get("empty", bench.now), "");
    assert.equal(await store.get("nothing", bench.now), undefined);
    await bench.pass(MINUTE - bench.instant);
    assert.equal(await store.get("key", bench.now), value);
    await bench.pass(bench.instant);
    assert.equal(await store.get("key", bench.now), undefined);
    assert.equal(await store.take("key", bench.now), undefined);
  },

  async "takes a value out once"(bench) {
    const { store } = bench;
    await store.put("key", "value", MINUTE, bench.now);
    assert.equal(await store.take("key", bench.now), "value");
    assert.equal(await store.take("key", bench.now), undefined);
    assert.equal(await store.get("key", bench.now), undefined);
    assert.equal(await store.put("key", "another", MINUTE, bench.now), true);
    assert.equal(await store.take("key", bench.now), "another");
  },

  async "takes a value out for one of many that come at once"(bench) {
    await bench.store.put("key", "value", MINUTE, bench.now);
    const answers = await bench.atOnce(() => bench.store.take("key", bench.now));
    assert.equal(answers.filter((answer) => answer === "value").length, 1);
    assert.equal(answers.filter((answer) => answer === undefined).length, answers.length - 1);
  },

  async "gives the room of dead values to new ones"(bench) {
    const { store } = bench;
    const large = "x".repeat(256 * 1024);
    let kept = 0;
    while (kept < 128 && (await store.put(`first ${kept}`, large, MINUTE, bench.now))) kept += 1;
    await bench.pass(2 * MINUTE);
    for (let index = 0; index < Math.min(kept, 16); index += 1) {
      assert.equal(await store.put(`second ${index}`, large, MINUTE, bench.now), true, `after ${kept} that have died`);
    }
  },

  async "knows at once when a subject was revoked, and nobody else"(bench) {
    const { store } = bench;
    const subjects = ["ada", "Ada", "ada ", "__proto__", "constructor", "å", "a\u030a", ""];
    for (const subject of subjects) assert.equal(store.revokedAt(subject), 0, subject);
    await store.revoke("ada", HOUR, bench.now);
    bench.same(store.revokedAt("ada"), bench.now, "revokedAt");
    for (const subject of subjects.slice(1)) assert.equal(store.revokedAt(subject), 0, subject);
  },

  async "moves a revocation forward with the next one, and keeps it as long as it was told"(bench) {
    const { store } = bench;
    await store.revoke("ada", HOUR, bench.now);
    await bench.pass(MINUTE);
    await store.revoke("ada", HOUR, bench.now);
    const last = bench.now;
    bench.same(store.revokedAt("ada"), last, "revokedAt");
    await bench.pass(HOUR - bench.instant);
    for (let index = 0; index < 20; index += 1) await store.revoke(randomId(), MINUTE, bench.now);
    bench.same(store.revokedAt("ada"), last, "just before its time is over");
  },
};
