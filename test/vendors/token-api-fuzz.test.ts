import express from "express";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { tokenApiRouter } from "../../src/vendors/token-api/index.js";
import { inject } from "../helpers/inject.js";
import { oddBodies } from "../helpers/odd-bodies.js";
import { engine } from "../helpers/vendor-host.js";
import { times } from "../helpers/effort.js";

const RUNS = times(20_000, 4_000);
const SIGNS = [...("abc019+%@/.;:=&$,!*'()~-_" as string)];
const PHONE = "/v1/token/sms/%2B919812345678";

function served() {
  const made = engine();
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const app = express().use(tokenApiRouter({ verifications: made.tfa.verifications, keys: { acme: "k1" }, onFault }));
  return { ...made, faults, app };
}

it(
  "answers whatever body comes with 200 or 400, and makes a token for none that is odd",
  { timeout: 120_000 },
  async () => {
    const { tfa, app, faults, clock } = served();
    let made = 0;
    tfa.events.on("verification.sent", () => (made += 1));
    const right = { type: "numeric", length: 6, text: "no place", expiry: 300 };
    await fc.assert(
      fc.asyncProperty(oddBodies(right), fc.boolean(), async ({ body, headers }, known) => {
        clock.tick(1);
        const before = made;
        const key: Record<string, string> = known ? { apikey: "k1" } : { apikey: "k2" };
        const answer = await inject(app, { method: "POST", url: PHONE, headers: { ...headers, ...key }, body });
        expect(answer.text).toBe("");
        expect(known ? [200, 400] : [400]).toContain(answer.status);
        // a body with an odd place for the token is odd whatever else it says
        expect(made).toBe(before + (answer.status === 200 ? 1 : 0));
      }),
      { numRuns: RUNS },
    );
    expect(faults).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);

it("answers whatever path comes with 400, 404 or 405", { timeout: 120_000 }, async () => {
  const { app, faults, box } = served();
  const segment = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.constantFrom(
      "sms",
      "email",
      "fax",
      "..",
      ".",
      "%",
      "%ff",
      "%00",
      "+46",
      "a@b.c",
      "a@b.c@d",
      "%2F",
      ";",
      "?",
      "#",
      "__proto__",
    ),
    fc.string({ unit: fc.constantFrom(...SIGNS) }),
  );
  const path = fc.array(segment, { maxLength: 6 }).map((parts) => `/v1/token/${parts.join("/")}`);
  const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE");
  await fc.assert(
    fc.asyncProperty(method, path, async (verb, url) => {
      const answer = await inject(app, {
        method: verb,
        url,
        headers: { apikey: "k1" },
        body: verb === "POST" ? '{"text":"no place"}' : "",
      });
      expect([400, 404, 405]).toContain(answer.status);
    }),
    { numRuns: RUNS },
  );
  expect(faults).toEqual([]);
  expect(box.messages).toEqual([]);
});
