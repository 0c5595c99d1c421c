import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comapiRouter } from "../../src/vendors/comapi/index.js";
import { FAILURES } from "../../src/vendors/comapi/wire.js";
import { engine, hostOf } from "../helpers/routee-comapi-host.js";
import { bodies, fuzz, type FuzzRequest, headers, inject } from "../helpers/routee-comapi-fuzz.js";
import { times } from "../helpers/effort.js";

const BASIC = `Basic ${Buffer.from("user:pass").toString("base64")}`;
const NAMES = ["to", "from", "countryIsoCode", "body", "validUntil", "code"];

/** What a mistake may look like in an otherwise right request. */
const MISTAKES: readonly Record<string, unknown>[] = [
  ...["", " ", "12", "07979080215", "+", "4479790802150", -447979080215, ["447979080215"], { a: 1 }, null, true].map(
    (to) => ({ to }),
  ),
  ...["", " ", "A", "1", "1234567890123456", "ABCDEFGHIJKL", "T中st", "a\nb", ["Test"], { a: 1 }, true].map((from) => ({
    from,
  })),
  ...["GB", "XXX", "", 7, ["GBR"], "GBRR"].map((countryIsoCode) => ({ countryIsoCode })),
  ...["", "no place", "{code}", 7, ["{{code}}"], "{{code}}".padEnd(1_601), true].map((body) => ({ body })),
  ...["", "now", "2015-10-21T13:28:06.419Z", "2999-01-01T00:00:00Z", 1767225900000, [], "2026-13-01T00:00:00Z"].map(
    (validUntil) => ({ validUntil }),
  ),
];

describe("the Comapi router", () => {
  it("answers twenty thousand odd requests in its own terms, and changes nothing", async () => {
    const { tfa, clock, messages } = engine();
    const accounts = { user: { password: "pass" } };
    const app = hostOf(
      comapiRouter({
        verifications: tfa.verifications,
        accounts,
        clock,
        onFault: (error) => expect.fail(String(error)),
      }),
    );
    const right = { to: "447979080215", from: "Test" };
    const json = { authorization: BASIC, "content-type": "application/json" };
    const created = await inject(app, {
      method: "POST",
      url: "/webapi/verify",
      headers: json,
      body: Buffer.from(JSON.stringify(right)),
    });
    const { requestId } = JSON.parse(created.text) as { requestId: string };
    expect(messages).toHaveLength(1);

    const who = fc.constantFrom(
      BASIC,
      BASIC,
      BASIC,
      BASIC,
      `Basic ${Buffer.from("user:x").toString("base64")}`,
      "Bearer x",
      "",
    );
    const target = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom("POST /webapi/verify", "POST /WebApi/Verify/", "POST /webapi/verify/sendcode"),
      },
      {
        weight: 4,
        arbitrary: fc
          .constantFrom("0bd57dc3-580c-4c1d-8aee-2ff79bd8633c", "x", "%ff", "__proto__", "..%2f", "%00", "sendcode")
          .map((id) => `PUT /webapi/verify/${id}/validate`),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "GET /webapi/verify",
          "DELETE /webapi/verify/x/validate",
          `POST /webapi/verify/${requestId}/validate`,
        ),
      },
    );
    const anything: fc.Arbitrary<FuzzRequest> = fc
      .tuple(target, who, headers, bodies(NAMES))
      .map(([place, authorization, given, body]) => requestOf(place, { ...given, authorization }, body));
    const nearly: fc.Arbitrary<FuzzRequest> = fc
      .tuple(fc.constantFrom(...MISTAKES), fc.boolean())
      .map(([mistake, listed]) => (listed ? [{ ...right, ...mistake }] : { ...right, ...mistake }))
      .map((body) => requestOf("POST /webapi/verify", json, Buffer.from(JSON.stringify(body))));
    const codeless: fc.Arbitrary<FuzzRequest> = fc
      .constantFrom<unknown>(
        {},
        { code: "" },
        { code: null },
        { code: ["1234"] },
        { code: { a: 1 } },
        { code: "1".repeat(65) },
        [{}, {}],
        "1234",
      )
      .map((body) => requestOf(`PUT /webapi/verify/${requestId}/validate`, json, Buffer.from(JSON.stringify(body))));

    const statuses = new Set<number>();
    const all = fc.oneof(
      { weight: 8, arbitrary: anything },
      { weight: 2, arbitrary: nearly },
      { weight: 1, arbitrary: codeless },
    );
    await fuzz(times(20_000, 4_000), all, app, ({ status, type, text }) => {
      statuses.add(status);
      if (status === 204) return expect(text).toBe("");
      if (status === 401) return expect(text).toBe("No authorization header supplied or invalid username or password");
      if (status === 405) return expect(type).toMatch(/^text\/plain/);
      expect([status, type]).toEqual([400, "application/json; charset=utf-8"]);
      const failures = JSON.parse(text) as { property: string; failureCode: string; details: string }[];
      expect(failures.length).toBeGreaterThan(0);
      for (const { property, failureCode, details } of failures) {
        expect(["", ...NAMES]).toContain(property);
        expect(Object.keys(FAILURES)).toContain(failureCode);
        expect(details).toMatch(/./);
      }
    });

    expect([...statuses].sort()).toEqual([204, 400, 401, 405]);
    expect(messages).toHaveLength(1);
    const { total, found } = await tfa.verifications.search({ account: "comapi:user" });
    expect([total, found[0]?.status, found[0]?.attempts]).toEqual([1, "pending", 0]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);
});

function requestOf(place: string, given: Record<string, string>, body: Buffer): FuzzRequest {
  const [method = "", url = ""] = place.split(/ (.*)/);
  return { method, url, headers: given, body };
}
