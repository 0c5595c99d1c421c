import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Request, Response } from "express";
import session from "express-session";

/** Whom the guards see in turn: one person alone would be in every cache. */
export const IDENTITIES = 1_000;

const store = new session.MemoryStore();

/** A request as Express and express-session leave it, with the session of a person who has proved a second factor. */
export function elevatedRequest(user: string, at = Date.now()): Request {
  const id = randomBytes(24).toString("base64url");
  const mark = { id: randomBytes(32).toString("base64url"), user, at, methods: ["totp"] };
  // As a session store hands it back: parsed.
  const twoFactor: unknown = JSON.parse(
    JSON.stringify({ binding: randomBytes(32).toString("base64url"), marks: [mark] }),
  );
  return fakeRequest({
    sessionID: id,
    sessionStore: store,
    session: { userId: user, mfaAt: at, twoFactor },
  });
}

export function fakeRequest(extra: object, headers: Readonly<Record<string, string>> = {}): Request {
  const rawHeaders = Object.entries(headers).flat();
  const request = {
    method: "GET",
    path: "/vault",
    url: "/vault",
    originalUrl: "/vault",
    baseUrl: "",
    ip: "127.0.0.1",
    headers,
    rawHeaders,
    query: {},
    protocol: "http",
    host: "acme.example",
    hostname: "acme.example",
    is: () => false,
    get: (name: string) => (name.toLowerCase() === "host" ? "acme.example" : undefined),
    app: { get: () => undefined },
    ...extra,
  };
  return request as unknown as Request;
}

/** As much of a response as the guards and their peers touch when they let a request pass. */
export function fakeResponse(): Response {
  const response = Object.assign(new EventEmitter(), {
    headersSent: false,
    statusCode: 200,
    setHeader: () => response,
    removeHeader: () => response,
    append: () => response,
    getHeader: () => undefined,
  });
  return response as unknown as Response;
}

/** Calls a guard over and over, each time for another one of the requests, and fails if it does not let it pass at once. */
export function passing(
  guard: (req: Request, res: Response, next: (error?: unknown) => void) => unknown,
  requests: readonly Request[],
): (index: number) => void {
  const res = fakeResponse();
  let passed = 0;
  const next = (error?: unknown): void => {
    if (error) throw error instanceof Error ? error : new Error("The guard refused.");
    passed += 1;
  };
  return (index) => {
    const before = passed;
    const req = requests[index % requests.length];
    if (req) void guard(req, res, next);
    if (passed === before) throw new Error("The guard did not call next at once.");
  };
}
