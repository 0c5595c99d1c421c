import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { routeeRouter } from "../../src/vendors/routee/index.js";
import { engine, hostOf } from "../helpers/routee-comapi-host.js";
import { bodies, fuzz, type FuzzAnswer, type FuzzRequest, headers, inject } from "../helpers/routee-comapi-fuzz.js";
import { times } from "../helpers/effort.js";

const APP = "5756a411e4b06a33d50517c7";
const SECRET = "vb6QpjCIOG";
const BASIC = `Basic ${Buffer.from(`${APP}:${SECRET}`).toString("base64")}`;
const NAMES = [
  "method",
  "type",
  "recipient",
  "template",
  "arguments",
  "templateCountry",
  "originator",
  "lifetimeInSeconds",
  "maxRetries",
  "digits",
  "restrictions",
  "answer",
  "grant_type",
  "scope",
];

/** What a mistake may look like in an otherwise right request. */
const MISTAKES: readonly Record<string, unknown>[] = [
  ...["fax", "", 7, null, ["sms"], { sms: 1 }].map((method) => ({ method })),
  ...["token", 7, ["code"]].map((type) => ({ type })),
  ...["", "12", "+30", 306948530920, ["+306948530920"], { a: 1 }, "+306948530920,+306948530921"].map((recipient) => ({
    recipient,
  })),
  ...["", "no place", 7, ["@@pin"], "@@pins", "{code}", "@@pin".padEnd(2_001)].map((template) => ({ template })),
  ...["text", 7, [], { a: [] }, { a: null }, { a: "x".repeat(300) }].map((args) => ({ arguments: args })),
  ...[3, 21, -1, 4.5, "4x", [4], {}, 1e99].map((digits) => ({ digits })),
  ...[-1, 10, "x", [], 2 ** 31].map((maxRetries) => ({ maxRetries })),
  ...[0, -5, 86_401, "1h", []].map((lifetimeInSeconds) => ({ lifetimeInSeconds })),
  ...["Greece", "XX", 7, ["GR"]].map((templateCountry) => ({ templateCountry })),
  ...["a sender that is too long", "\u0000", "Ωmega"].map((originator) => ({ originator })),
  ...["1", 7, [], { templateId: {} }, { entityId: "x".repeat(65) }].map((restrictions) => ({ restrictions })),
];

describe("the Routee router", () => {
  it("answers twenty thousand odd requests in its own terms, and changes nothing", async () => {
    const { tfa, clock, messages } = engine();
    const applications = { [APP]: { secret: SECRET } };
    const app = hostOf(
      routeeRouter({
        verifications: tfa.verifications,
        applications,
        clock,
        onFault: (error) => expect.fail(String(error)),
      }),
    );
    const ask = (method: string, url: string, authorization: string, body = ""): Promise<FuzzAnswer> =>
      inject(app, {
        method,
        url,
        headers: { authorization, "content-type": "application/json" },
        body: Buffer.from(body),
      });
    const token = JSON.parse((await ask("POST", "/oauth/token?grant_type=client_credentials", BASIC)).text) as {
      access_token: string;
    };
    const bearer = `Bearer ${token.access_token}`;
    const right = { method: "sms", type: "code", recipient: "+306948530920", template: "@@pin" };
    const { trackingId } = JSON.parse((await ask("POST", "/2step", bearer, JSON.stringify(right))).text) as {
      trackingId: string;
    };
    expect(messages).toHaveLength(1);

    const who = fc.constantFrom(bearer, bearer, bearer, bearer, BASIC, "Bearer x", "");
    const target = fc.oneof(
      { weight: 8, arbitrary: fc.constant("POST /2step") },
      { weight: 3, arbitrary: fc.constant("POST /oauth/token") },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom("POST", "GET", "DELETE", "PUT"),
            fc.constantFrom("reports", "%ff", "__proto__", "0", "..%2f", "a b"),
          )
          .map(([method, id]) => `${method} /2step/${encodeURI(decodeOr(id))}`),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom("GET /2step/reports/applications/x", "GET /2step/%ff", "POST /2step/%E0%A4%A"),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "POST /2step/x?answer[]=1",
          "POST /2step/x?answer[__proto__]=1",
          `POST /2step/${trackingId}?answer=`,
        ),
      },
    );
    const anything: fc.Arbitrary<FuzzRequest> = fc
      .tuple(target, who, headers, bodies(NAMES))
      .map(([place, authorization, given, body]) => requestOf(place, { ...given, authorization }, body, trackingId));
    const nearly: fc.Arbitrary<FuzzRequest> = fc
      .constantFrom(...MISTAKES)
      .map((mistake) => JSON.stringify({ ...right, ...mistake }))
      .map((body) =>
        requestOf("POST /2step", { authorization: bearer, "content-type": "application/json" }, Buffer.from(body), ""),
      );

    const statuses = new Set<number>();
    await fuzz(
      times(20_000, 4_000),
      fc.oneof({ weight: 5, arbitrary: anything }, { weight: 1, arbitrary: nearly }),
      app,
      (answer, { method, url }) => {
        statuses.add(answer.status);
        if (url.startsWith("/oauth/token") || method === "GET")
          expect([200, 400, 401, 403, 404, 405]).toContain(answer.status);
        else expect([400, 401, 403, 404, 405]).toContain(answer.status);
        expect(answer.type).toMatch(/^application\/json/);
        const body = JSON.parse(answer.text) as Record<string, unknown>;
        if (answer.status === 200) return;
        if (typeof body["error"] === "string")
          expect(body["error_description"] ?? body["message"]).toEqual(expect.any(String));
        else
          expect(body).toMatchObject({ code: expect.stringMatching(/^\d{9}$/), developerMessage: expect.any(String) });
      },
    );

    expect([...statuses].sort()).toEqual([200, 400, 401, 404, 405]);
    expect(messages).toHaveLength(1);
    const { total, found } = await tfa.verifications.search({ account: `routee:${APP}` });
    expect([total, found[0]?.status, found[0]?.attempts]).toEqual([1, "pending", 0]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);
});

/** An answer to the one that is pending would be counted, as it should: those go elsewhere. */
function requestOf(place: string, given: Record<string, string>, body: Buffer, pending: string): FuzzRequest {
  const [method = "", url = ""] = place.split(/ (.*)/);
  const empty = pending !== "" && url.includes(pending);
  return { method, url, headers: given, body: empty ? Buffer.alloc(0) : body };
}

function decodeOr(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
