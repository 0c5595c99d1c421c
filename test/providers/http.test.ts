import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callBounded, MAX_ANSWER_BYTES, postBounded, refusal } from "../../src/providers/http.js";
import { DeliveryError } from "../../src/providers/provider.js";
import { type FaultServer, startFaultServer } from "../helpers/fault-server.js";

const SECRET = "Bearer s3cr3t-t0ken";
const BODY = '{"text":"483920 is your code"}';

let server: FaultServer;
beforeAll(async () => void (server = await startFaultServer()));
afterAll(() => server.close());
afterEach(() => void server.seen.splice(0));

function post(changes: { url?: string; ms?: number } = {}): ReturnType<typeof postBounded> {
  const { url = server.url, ms = 5_000 } = changes;
  const headers = { authorization: SECRET };
  return postBounded({ who: "acme", url, headers, body: BODY, signal: AbortSignal.timeout(ms) });
}

async function failure(call: Promise<unknown>): Promise<DeliveryError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  const told = `${String(error)} ${(error as Error).stack} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
  for (const secret of [SECRET, "483920", "169.254"]) expect(told).not.toContain(secret);
  return error as DeliveryError;
}

describe("G04 an answer", () => {
  it("comes with status, headers and text", async () => {
    server.script({ status: 201, headers: { "x-trace": "7" }, body: "grüezi" });
    const { status, headers, text } = await post();
    expect([status, headers.get("x-trace"), text]).toEqual([201, "7", "grüezi"]);
    expect(server.seen).toMatchObject([{ method: "POST", body: BODY, headers: { authorization: SECRET } }]);
  });

  it("may have any status, and the caller decides what it means", async () => {
    for (const status of [204, 400, 401, 421, 429, 500, 503]) {
      server.script(status);
      expect((await post()).status).toBe(status);
    }
    expect(server.seen).toHaveLength(7);
  });

  it("is read as it is, however odd", async () => {
    for (const odd of ["garbage", "html200", "empty", "deep", "bom", "nan", "duplicates"] as const) {
      server.script(odd);
      expect((await post()).status).toBe(200);
    }
  });

  it("comes to the other methods as well", async () => {
    server.script("ok");
    for (const method of ["GET", "PUT", "DELETE"] as const) {
      await callBounded(method, { who: "acme", url: server.url, signal: AbortSignal.timeout(5_000) });
    }
    expect(server.seen.map(({ method }) => method)).toEqual(["GET", "PUT", "DELETE"]);
  });
});

describe("G04 a fault", () => {
  it.each(["huge", "gzipBomb"] as const)("of too much (%s) is cut off after one megabyte", async (fault) => {
    server.script(fault);
    await post().catch(() => undefined);
    const before = process.memoryUsage().rss;
    const error = await failure(post());
    expect(error.message).toContain(`more than ${MAX_ANSWER_BYTES} bytes`);
    expect(error.unsent).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1_048_576);
  });

  it.each(["timeout", "slow"] as const)(
    "of time (%s) ends at the deadline, and the message may be out",
    async (fault) => {
      server.script(fault);
      const error = await failure(post({ ms: 60 }));
      expect(error).toMatchObject({ unsent: false, permanent: false });
      expect(error.message).toContain("in time");
    },
  );

  it.each(["resetBefore", "resetAfterAccept", "wrongLength"] as const)(
    "of the connection (%s) leaves open what happened",
    async (fault) => {
      server.script(fault);
      expect(await failure(post())).toMatchObject({ unsent: false, permanent: false });
      expect(server.seen.length).toBeLessThanOrEqual(1);
    },
  );

  it("of an unknown host, or one that listens to nobody, means unsent", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => void free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    expect(await failure(post({ url: `http://127.0.0.1:${port}/` }))).toMatchObject({ unsent: true, permanent: false });
    expect(await failure(post({ url: `http://localhost:${port}/` }))).toMatchObject({ unsent: true });
    expect(await failure(post({ url: "http://no-such-host.invalid/" }))).toMatchObject({ unsent: true });
  });

  it("of a certificate that nobody vouches for means unsent, and nothing arrives", async () => {
    const tls = await startFaultServer({ tls: true });
    const error = await failure(post({ url: tls.url }));
    expect(error).toMatchObject({ unsent: true });
    expect(error.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(tls.seen).toEqual([]);
    await tls.close();
  });

  it("of speaking TLS to a plain server means unsent", async () => {
    expect(await failure(post({ url: server.url.replace("http:", "https:") }))).toMatchObject({ unsent: true });
  });

  it("of a request that cannot be written means unsent, for good", async () => {
    const call = { who: "acme", url: server.url, signal: AbortSignal.timeout(5_000) };
    const error = await failure(postBounded({ ...call, headers: { "x-bad": `${SECRET}\r\nX-Evil: 1` } }));
    expect(error).toMatchObject({ unsent: true, permanent: true });
    expect(await failure(post({ url: "http://user:s3cr3t@127.0.0.1/" }))).toMatchObject({
      unsent: true,
      permanent: true,
    });
  });

  it("of no time at all sends nothing", async () => {
    const call = postBounded({ who: "acme", url: server.url, body: BODY, signal: AbortSignal.abort() });
    expect(await failure(call)).toMatchObject({ unsent: true, permanent: false });
    expect(server.seen).toEqual([]);
  });
});

describe("G04 a redirect", () => {
  it("is an error, and is never followed", async () => {
    const other = await startFaultServer();
    for (const [status, unsent] of [
      [301, true],
      [302, false],
      [303, false],
      [307, true],
      [308, true],
    ] as const) {
      server.script({ status, headers: { location: other.url } });
      expect(await failure(post())).toMatchObject({ unsent, permanent: true });
    }
    server.script("redirect");
    await failure(post());
    expect(other.seen).toEqual([]);
    await other.close();
  });
});

describe("refusal", () => {
  const meaning = (status: number, after?: string): DeliveryError => {
    return refusal("acme", { status, headers: new Headers(after === undefined ? {} : { "retry-after": after }) });
  };

  it("takes 4xx for a no to this message, for good", () => {
    for (const status of [400, 401, 403, 404, 422])
      expect(meaning(status)).toMatchObject({ unsent: true, permanent: true });
  });

  it("says of 401 where to look, and of nothing else", () => {
    expect(meaning(401).message).toBe("acme answered with status 401: check the credentials.");
    expect(meaning(403).message).toBe("acme answered with status 403.");
  });

  it("takes 5xx for a perhaps", () => {
    for (const status of [500, 502, 503, 504])
      expect(meaning(status)).toMatchObject({ unsent: false, permanent: false });
  });

  it("takes 429 for not now", () => {
    expect(meaning(429)).toMatchObject({ unsent: true, permanent: false, retryAfter: undefined });
  });

  it("reads Retry-After in seconds and as a date, on 429 and 503 alone", () => {
    expect(meaning(429, "30").retryAfter).toBe(30_000);
    expect(meaning(503, "2").retryAfter).toBe(2_000);
    expect(meaning(500, "2").retryAfter).toBeUndefined();
    const inAMinute = meaning(429, new Date(Date.now() + 60_000).toUTCString()).retryAfter ?? 0;
    expect(inAMinute).toBeGreaterThan(55_000);
    expect(inAMinute).toBeLessThanOrEqual(60_000);
  });

  it("passes over a Retry-After that cannot be read", () => {
    for (const odd of ["soon", "-5", "1e3", "9".repeat(500), ""]) expect(meaning(429, odd).retryAfter ?? 0).toBe(0);
  });
});
