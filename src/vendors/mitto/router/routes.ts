import type { Handler } from "./call.js";
import { limitHandlers } from "./limits.js";
import { cancel, send, verify } from "./otp.js";
import { oneRecord, searchRecords } from "./search.js";
import { usage } from "./usage.js";
import { workflowHandlers } from "./workflows.js";

/** What a path answers, by method. */
export type Methods = Readonly<Record<string, Handler>>;

/** A path, what in it names one thing, and pairs that stand in the path as if it were a query. */
export interface Route {
  readonly methods: Methods;
  readonly id: string;
  readonly pairs: string;
}

const both = (handler: Handler): Methods => ({ GET: handler, POST: handler });

/** `:id` stands for one part of a path; the first that fits is taken. */
const PATHS: readonly (readonly [path: string, methods: Methods])[] = [
  ["/2fa/send", { POST: send }],
  ["/2fa/verify", { POST: verify }],
  ["/2fa/cancel", { POST: cancel }],
  ["/2fa/search", both(searchRecords)],
  ["/2fa/search/:id", { GET: oneRecord }],
  ["/2fa/usage/records", both(usage)],
  ["/2fa/usage/records/:id", both(usage)],
  ...definitions("/2fa/limits", limitHandlers),
  ...definitions("/2fa/workflows", workflowHandlers),
];

function definitions(path: string, { create, update, remove, list, one }: typeof limitHandlers): [string, Methods][] {
  return [
    [path, { POST: create }],
    [`${path}/search`, { GET: list }],
    [`${path}/search/:id`, { GET: one }],
    [`${path}/:id`, { PUT: update, DELETE: remove }],
  ];
}

const ROUTES = PATHS.map(([path, methods]) => {
  return { methods, shape: new RegExp(`^${path.replace(":id", "([^/]+)")}$`, "i") };
});

/** The documented `records.channel=call&...`, which lost its question mark to a dot. */
const PAIRS_IN_PATH = /^(\/2fa\/usage\/records)(?:\.json)?[.&]([^/]*=[^/]*)$/i;

/** The route of a path, which may end in `.json`; `undefined` for what is not Mitto's. */
export function routeOf(path: string): Route | undefined {
  const [, records, pairs = ""] = PAIRS_IN_PATH.exec(path) ?? [];
  const bare = records ?? path.replace(/\/$/, "").replace(/\.json$/i, "");
  for (const { shape, methods } of ROUTES) {
    const match = shape.exec(bare);
    if (match) return { methods, id: decoded(match[1] ?? ""), pairs };
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
