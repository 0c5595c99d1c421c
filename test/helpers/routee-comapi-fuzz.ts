import { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Express } from "express";
import * as fc from "fast-check";

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Runs an app on a request without a socket in between: twenty thousand of them in seconds. */
export function inject(app: Express, { method, url, headers, body }: FuzzRequest): Promise<FuzzAnswer> {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const req = new IncomingMessage(socket as Socket);
  Object.assign(req, { method, url, headers: { ...headers, "content-length": String(body.length) } });
  req.push(body);
  req.push(null);
  const res = new ServerResponse(req);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer to ${method} ${url}`)), 5_000);
    res.end = ((chunk?: unknown) => {
      clearTimeout(timer);
      const text = Buffer.isBuffer(chunk) ? chunk.toString() : typeof chunk === "string" ? chunk : "";
      resolve({ status: res.statusCode, type: String(res.getHeader("content-type") ?? ""), text });
      return res;
    }) as typeof res.end;
    app(req as never, res as never);
  });
}

const odd = fc.constantFrom<unknown>(
  "",
  " ",
  "0",
  "-1",
  "1e9",
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
  "__proto__",
  "constructor",
  "\u0000",
  "\u202e",
  "\ud800",
  "{{code}}",
  "@@pin",
  "{code}",
  "%00",
  "../..",
  "x".repeat(300),
  "2015-10-21T13:28:06.419Z",
  "GBR",
  "sms",
  "code",
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  { length: 1 },
  [["a", 1]],
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: odd },
  { weight: 2, arbitrary: fc.string({ maxLength: 30, unit: "binary" }) },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** Objects whose names are those of the API, in any case, and those of every object's prototype. */
function fieldsOf(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const spelled = fc.constantFrom(
    ...names,
    ...names,
    ...names.map((name) => name.toUpperCase()),
    "__proto__",
    "constructor",
    "toString",
  );
  return fc
    .array(fc.tuple(spelled, value), { maxLength: 7 })
    .map((pairs) =>
      JSON.parse(
        `{${pairs.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each) ?? "null"}`).join(",")}}`,
      ),
    );
}

/** Bodies of odd types, nestings and encodings. None holds a recipient that could be one. */
export function bodies(names: readonly string[]): fc.Arbitrary<Buffer> {
  const fields = fieldsOf(names);
  const json = fields.map((each) => JSON.stringify(each));
  const form = fields.map((each) =>
    new URLSearchParams(
      Object.entries(each).map(([name, it]) => [name, typeof it === "string" ? it : JSON.stringify(it)]),
    ).toString(),
  );
  const deep = fc.nat({ max: 4_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));
  const broken = fc.tuple(json, fc.nat({ max: 60 })).map(([text, cut]) => text.slice(0, -cut));
  const nested = fc
    .tuple(json, fc.constantFrom("[", '{"a":'))
    .map(([text, open]) => `${open}${text}${open === "[" ? "]" : "}"}`);
  const large = fc.constantFrom("{", "", '{"to":"').map((head) => head + "x".repeat(70_000));
  return fc.oneof(
    { weight: 8, arbitrary: json.map((text) => Buffer.from(text)) },
    { weight: 3, arbitrary: form.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: broken.map((text) => Buffer.from(text)) },
    { weight: 2, arbitrary: nested.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: json.map((text) => Buffer.from(text, "utf16le")) },
    { weight: 1, arbitrary: deep.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: large.map((text) => Buffer.from(text)) },
  );
}

const TYPES = [
  "application/json",
  "application/json; charset=utf-16",
  "application/json; charset=klingon",
  "application/x-www-form-urlencoded",
  "text/plain",
  "json/application",
  "multipart/form-data; boundary=x",
  ";;;",
];

/** Headers that say anything about a body. */
export const headers: fc.Arbitrary<Record<string, string>> = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.option(fc.constantFrom("gzip", "deflate", "br", "identity", "rot13"), { freq: 12 }),
  )
  .map(([type, encoding]) => ({
    "content-type": type,
    ...(encoding === null ? {} : { "content-encoding": encoding }),
  }));

/** Checks `judge` against so many requests, in batches. */
export async function fuzz(
  count: number,
  requests: fc.Arbitrary<FuzzRequest>,
  app: Express,
  judge: (answer: FuzzAnswer, request: FuzzRequest) => void,
): Promise<void> {
  const batch = 20;
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: batch, maxLength: batch }), async (all) => {
      const answers = await Promise.all(all.map((request) => inject(app, request)));
      for (const [index, answer] of answers.entries()) judge(answer, all[index] as FuzzRequest);
    }),
    { numRuns: count / batch },
  );
}
