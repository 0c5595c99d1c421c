import assert from "node:assert/strict";
import { type Checks, DAY } from "../bench.js";

/** Lists of documents that have names. */
export const documentChecks: Checks = {
  async "keeps one document of each name in a list, oldest first"(bench) {
    const { store } = bench;
    assert.deepEqual(await store.documents("list"), []);
    assert.equal(await store.addDocument("list", "b", "first"), true);
    assert.equal(await store.addDocument("list", "a", "second"), true);
    assert.equal(await store.addDocument("list", "b", "another"), false);
    assert.equal(await store.addDocument("other", "b", "elsewhere"), true);
    assert.deepEqual(await store.documents("list"), ["first", "second"]);
    assert.deepEqual(await store.documents("other"), ["elsewhere"]);
    // they have no end of their own
    await bench.pass(30 * DAY);
    assert.deepEqual(await store.documents("list"), ["first", "second"]);
  },

  async "keeps one of many documents that are added by the same name at once, and all of different names"(bench) {
    const { store } = bench;
    const added = await bench.atOnce((index) => store.addDocument("same", "name", `document ${index}`));
    assert.equal(added.filter(Boolean).length, 1);
    assert.deepEqual(await store.documents("same"), [`document ${added.indexOf(true)}`]);
    const all = await bench.atOnce((index) => store.addDocument("different", `name ${index}`, `document ${index}`));
    assert.ok(all.every(Boolean));
    const expected = all.map((_, index) => `document ${index}`);
    assert.deepEqual((await store.documents("different")).toSorted(), expected.toSorted());
  },

  async "puts a document in the place of another, and only where there is one"(bench) {
    const { store } = bench;
    for (const name of ["a", "b", "c"]) await store.addDocument("list", name, name);
    assert.equal(await store.replaceDocument("list", "b", "new"), true);
    assert.deepEqual(await store.documents("list"), ["a", "new", "c"]);
    assert.equal(await store.replaceDocument("list", "d", "d"), false);
    assert.equal(await store.replaceDocument("nothing", "a", "a"), false);
    assert.deepEqual(await store.documents("list"), ["a", "new", "c"]);
    assert.deepEqual(await store.documents("nothing"), []);
  },

  async "removes a document, once, and from its own list"(bench) {
    const { store } = bench;
    for (const name of ["a", "b"]) await store.addDocument("list", name, name);
    await store.addDocument("other", "a", "elsewhere");
    assert.equal(await store.removeDocument("list", "c"), false);
    assert.equal(await store.removeDocument("nothing", "a"), false);
    const removed = await bench.atOnce(() => store.removeDocument("list", "a"));
    assert.equal(removed.filter(Boolean).length, 1);
    assert.deepEqual(await store.documents("list"), ["b"]);
    assert.deepEqual(await store.documents("other"), ["elsewhere"]);
    assert.equal(await store.replaceDocument("list", "a", "back"), false);
    assert.equal(await store.addDocument("list", "a", "back"), true);
    assert.deepEqual(await store.documents("list"), ["b", "back"]);
  },

  async "keeps lists, names and documents apart, whatever characters they hold"(bench) {
    const { store } = bench;
    const names = [
      "",
      "a",
      "A",
      "a:b",
      "*",
      "å",
      "a\u030a",
      "a\u0000b",
      "__proto__",
      "constructor",
      'ünï "\u{1f600}\n',
    ];
    for (const list of names) {
      for (const name of names) assert.equal(await store.addDocument(list, name, `${list}/${name}`), true);
    }
    for (const list of names) {
      assert.deepEqual(
        await store.documents(list),
        names.map((name) => `${list}/${name}`),
      );
    }
  },
};
