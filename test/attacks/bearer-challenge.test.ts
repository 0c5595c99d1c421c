/**
 * The client is somebody else's program: an OAuth library that reads `WWW-Authenticate` by the letter of RFC 9110 and
 * RFC 9470. A header it cannot parse, or into which a route's own names could be smuggled, is a client that never steps up.
 */
import * as fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import type { Duration, RoutePolicy } from "../../src/index.js";
import { bearer, bearerFixture } from "../helpers/bearer.js";

/** RFC 9110 section 11.6.1: one scheme and its parameters. Throws for anything that is not exactly that. */
function parseChallenge(header: string): { scheme: string; params: Record<string, string> } {
  const [, scheme = "", rest = ""] = /^([!#$%&'*+.^_`|~\w-]+)(?: +(.*))?$/s.exec(header) ?? [];
  if (scheme === "") throw new Error(`No scheme in ${header}`);
  const params: Record<string, string> = {};
  const parameter =
    /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"|([!#$%&'*+.^_`|~\w-]+))[ \t]*(,[ \t]*|$)/gy;
  while (parameter.lastIndex < rest.length) {
    const found = parameter.exec(rest);
    if (!found) throw new Error(`No parameter in what is left of ${header}`);
    const [, name = "", quoted, token = ""] = found;
    if (Object.hasOwn(params, name)) throw new Error(`${name} is there twice.`);
    params[name] = quoted === undefined ? token : quoted.replace(/\\(.)/gs, "$1");
  }
  return { scheme, params };
}

async function challengeOf(policy: RoutePolicy) {
  const shop = bearerFixture();
  shop.guard("/vault", policy);
  const answer = await request(shop.app).get("/vault").set("Authorization", bearer(shop));
  const header = answer.headers["www-authenticate"] as unknown;
  expect(typeof header).toBe("string");
  return { shop, answer, header: header as string };
}

describe("a token without a second factor", () => {
  it("A10 is told which authentication is missing, and how old it may be", async () => {
    const { shop, answer, header } = await challengeOf({ maxAge: "5m" });
    expect(answer.status).toBe(401);
    expect(parseChallenge(header)).toEqual({
      scheme: "Bearer",
      params: {
        error: "insufficient_user_authentication",
        error_description: "A second factor is required",
        acr_values: "urn:require2fa:mfa",
        max_age: "300",
      },
    });
    expect(answer.body).toMatchObject({ code: "second_factor_required", maxAge: 300 });
    expect(shop.counters.handlerHits).toBe(0);
  });

  it("A10 is told the same with 403, for clients that log out on every 401", async () => {
    const { answer, header } = await challengeOf({ maxAge: "5m", status: 403 });
    expect(answer.status).toBe(403);
    expect(parseChallenge(header).params).toMatchObject({ error: "insufficient_user_authentication", max_age: "300" });
  });

  it("A10 is told max_age 0 where one proof is good for one request", async () => {
    const { header } = await challengeOf({ maxAge: 0 });
    expect(parseChallenge(header).params["max_age"]).toBe("0");
  });

  it("A10 steps up, and passes with the token it was given", async () => {
    const { shop } = await challengeOf({});
    const first = bearer(shop);
    const agent = request(shop.app);
    const { body } = await agent
      .post("/2fa/verify")
      .set("Authorization", first)
      .send({ code: shop.code() })
      .expect(200);
    expect(body).toMatchObject({ verified: true, methods: ["sms"], token: expect.any(String) });
    await agent.get("/vault").set("Authorization", `Bearer ${body.token}`).expect(200);
    await agent.get("/vault").set("Authorization", first).expect(401);
    expect(shop.counters).toMatchObject({ grants: 1, handlerHits: 1 });
  });

  it("A10 reads the same for every policy, and nothing of a policy but its age gets into the header", async () => {
    const durations = fc
      .tuple(fc.nat({ max: 1440 }), fc.constantFrom("s", "m"))
      .map(([count, unit]) => `${count}${unit}` as Duration);
    const policies = fc.record<RoutePolicy>(
      {
        maxAge: durations,
        action: fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter((text) => !/\p{C}/u.test(text)),
        methods: fc.constantFrom<NonNullable<RoutePolicy["methods"]>>(["sms"], ["email", "sms"], {
          allOf: ["sms", "email"],
        }),
        status: fc.constantFrom<401 | 403>(401, 403),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(policies, async (policy) => {
        const { header } = await challengeOf(policy);
        const { scheme, params } = parseChallenge(header);
        expect(scheme).toBe("Bearer");
        expect(Object.keys(params)).toEqual(["error", "error_description", "acr_values", "max_age"]);
        expect(params["max_age"]).toMatch(/^\d+$/);
        expect(params["acr_values"]).toMatch(/^[!\x23-\x5b\x5d-\x7e]+$/);
      }),
      { numRuns: 60 },
    );
  });
});

describe("no token, or one that is none", () => {
  it.each([
    ["a token of somebody else", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.AAAA"],
    ["no token behind the scheme", "Bearer"],
    ["words", "Bearer let me in"],
  ])("A10 %s is answered with invalid_token", async (_name, authorization) => {
    const shop = bearerFixture();
    shop.guard("/vault");
    const answer = await request(shop.app).get("/vault").set("Authorization", authorization).expect(401);
    expect(answer.body).toMatchObject({ code: "first_factor_required" });
    expect(parseChallenge(answer.headers["www-authenticate"] as string)).toEqual({
      scheme: "Bearer",
      params: { error: "invalid_token" },
    });
  });

  it("A10 no token at all is answered with the scheme alone", async () => {
    const shop = bearerFixture();
    shop.guard("/vault");
    const answer = await request(shop.app).get("/vault").expect(401);
    expect(parseChallenge(answer.headers["www-authenticate"] as string)).toEqual({ scheme: "Bearer", params: {} });
  });
});
