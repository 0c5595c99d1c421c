import { gzipSync } from "node:zlib";
import * as fc from "fast-check";

export interface OddBody {
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const TYPES = [
  "application/json",
  "json/application",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "text/plain; charset=utf-16le",
  "text/plain; charset=koi8-x",
  "application/json; charset=latin1",
  ";;;",
  "",
];

/**
 * Bodies that no client should send: right ones with a field made odd, values of every type in their places, odd nestings,
 * odd bytes, odd labels. `right` is a body that would be carried out.
 */
export function oddBodies(right: Readonly<Record<string, unknown>>): fc.Arbitrary<OddBody> {
  const key = fc.oneof(
    fc.constantFrom(...Object.keys(right), "__proto__", "constructor", "toString", "length"),
    fc.string(),
  );
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1e308,
      "",
      " ",
      "\u0000",
      "__proto__",
      "{code}",
      "+",
      "a@b",
      [],
      {},
      [[]],
      ["+46707123456", "+46707123457"],
    ),
    fc.string({ unit: "binary" }),
    fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })),
  );
  const mutated = fc
    .dictionary(key, odd, { maxKeys: 4 })
    .map((changes) => JSON.stringify(Object.fromEntries([...Object.entries(right), ...Object.entries(changes)])));
  const text = fc.oneof(
    mutated,
    fc.dictionary(key, odd).map((value) => JSON.stringify(value)),
    fc.json(),
    mutated.chain((whole) => fc.nat(whole.length).map((cut) => whole.slice(0, cut))),
    fc.webQueryParameters(),
    fc.string({ unit: "binary" }),
    fc.integer({ min: 1, max: 30_000 }).map((depth) => "[".repeat(depth)),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth)),
    fc.constant(`{"metadata":"${"x".repeat(66_000)}"}`),
  );
  const label = fc.constantFrom(...TYPES).map((type) => (type === "" ? {} : { "content-type": type }));
  const plain = fc.tuple(text, label).map(([body, headers]) => ({ body, headers }));
  const packed = fc
    .tuple(text, label)
    .map(([body, headers]) => ({ body: gzipSync(body), headers: { ...headers, "content-encoding": "gzip" } }));
  const bytes = fc.tuple(
    fc.uint8Array({ maxLength: 200 }),
    label,
    fc.constantFrom("gzip", "br", "deflate", "odd", "identity"),
  );
  return fc.oneof(
    { weight: 20, arbitrary: plain },
    { weight: 1, arbitrary: packed },
    {
      weight: 2,
      arbitrary: bytes.map(([body, headers, encoding]) => ({
        body,
        headers: { ...headers, "content-encoding": encoding },
      })),
    },
  );
}
