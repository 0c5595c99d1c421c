import request from "supertest";
import type { Express } from "express";
import { memoryStore, outbox, type Outbox, sms, type Store, twoFactor } from "require2fa";
import {
  expectChallenge,
  type FakeClock,
  faultyProvider,
  type ProviderBench,
  providerChecks,
  storeChecks,
  testKit,
} from "require2fa/testing";

/** True only where two types are the same; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

declare const app: Express;

const { box, clock, solve, markVerified } = testKit({ path: "/2fa" });
holds<Same<typeof box, Outbox>>();
holds<Same<typeof clock, FakeClock>>();
// @ts-expect-error not an option
testKit({ paht: "/2fa" });

twoFactor({
  secret: "s",
  contact: () => null,
  firstFactor: (req) => (req.ip === undefined ? "email" : null),
  methods: [sms(box), sms(faultyProvider({ fails: ["timeout", "500", "duplicate", "late-receipt"], box, clock }))],
  clock,
});
// @ts-expect-error a word that is none
twoFactor({ secret: "s", contact: () => null, firstFactor: "mail", methods: [] });

export async function use(): Promise<void> {
  const agent = request.agent(app);
  const answer = await solve(agent, () => agent.get("/vault").set("Accept", "*/*"), { code: ({ id }) => id });
  holds<Same<typeof answer, request.Response>>();
  const { verifiedAt } = await solve(agent, { code: "123456" });
  holds<Same<typeof verifiedAt, string>>();
  await markVerified(agent, { age: "5m", action: "payout", method: "totp", code: "123456" });
  // @ts-expect-error a length of time has its unit
  await markVerified(agent, { age: 300 });
  const { challenge, maxAge } = expectChallenge(await agent.get("/vault"), { method: "sms", reason: "expired" });
  holds<Same<typeof challenge.method, string>>();
  holds<Same<typeof maxAge, number | undefined>>();
  // @ts-expect-error not a reason
  expectChallenge(answer, { reason: "late" });
}

// @ts-expect-error not a fault
faultyProvider({ fails: ["explode"] });

const bench = (): ProviderBench => ({ provider: outbox(), arrived: () => [] });
holds<Same<ReturnType<typeof providerChecks>, ReadonlyMap<string, () => Promise<void>>>>();
providerChecks(bench);
storeChecks((): Store => memoryStore());
