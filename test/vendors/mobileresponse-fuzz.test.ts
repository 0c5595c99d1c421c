import express from "express";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { mobileresponseRouter } from "../../src/vendors/mobileresponse/index.js";
import { inject } from "../helpers/inject.js";
import { oddBodies } from "../helpers/odd-bodies.js";
import { engine } from "../helpers/vendor-host.js";
import { times } from "../helpers/effort.js";

const WORKFLOW = "00000000-0000-0000-0000-000000000000";
const RUNS = times(20_000, 4_000);

it("answers whatever comes with a typed answer, and does nothing but what was asked", { timeout: 60_000 }, async () => {
  const { tfa, box, clock } = engine();
  const faults: unknown[] = [];
  const app = express().use(
    mobileresponseRouter({
      verifications: tfa.verifications,
      tokens: { acme: "t1" },
      workflows: { [WORKFLOW]: {} },
      failures: { max: 1_000_000, interval: "10m" },
      onFault: (error) => faults.push(error),
      clock,
    }),
  );
  const settings = {
    "content-type": "json",
    ResponseData: { a: "incomingunit.metadata.current-code", b: "metadata.x" },
  };
  const metadata = { receiver: "0707", "current-code": "12345" };
  const right = { workflowid: WORKFLOW, triggernames: "validate-code", metadata, RequestSettings: settings };
  await fc.assert(
    fc.asyncProperty(oddBodies(right), fc.boolean(), async ({ body, headers }, known) => {
      const token = known ? { "api-token": "t1" } : { "api-key": "t2" };
      const answer = await inject(app, {
        method: "POST",
        url: "/1/workflows",
        headers: { ...headers, ...token },
        body,
      });
      const told = JSON.parse(answer.text) as Record<string, unknown>;
      expect(known ? [200, 400, 404] : [401]).toContain(answer.status);
      if (answer.status === 200) expect(told).toHaveProperty("processId");
      else expect(told).toEqual({ errors: [{ errorMessage: expect.any(String) }] });
    }),
    { numRuns: RUNS },
  );
  expect(faults).toEqual([]);
  expect(box.messages).toEqual([]);
  expect((await tfa.verifications.search({ account: "acme" })).total).toBe(0);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
