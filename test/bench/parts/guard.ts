import type { Request, RequestHandler } from "express";
import { claimCheck } from "express-oauth2-jwt-bearer";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import { require2fa } from "require2fa";
import { betterAuthInMemory, signUp } from "../better-auth.js";
import { elevatedRequest, fakeRequest, fakeResponse, IDENTITIES, passing } from "../identities.js";
import { instance } from "../instance.js";
import { beyond, type Case, type Figures, type Part } from "../part.js";
import { timed, timedAsync } from "../timing.js";

const MAX_AGE = 15 * 60_000;
/** better-auth's memory adapter looks through all of them. */
const BETTER_AUTH_USERS = 100;

const requests = () => Array.from({ length: IDENTITIES }, (_, index) => elevatedRequest(`user-${index}`));

/** What somebody writes who has no library: the floor. */
const byHand: RequestHandler = (req, res, next) => {
  const { mfaAt } = (req as unknown as { session: { mfaAt?: number } }).session;
  if (mfaAt === undefined || Date.now() - mfaAt > MAX_AGE) return void res.status(401).end();
  next();
};

const over =
  (guard: RequestHandler): Case =>
  () =>
    timed(passing(guard, requests()));

const marginal = (peer: string) => (median: Figures) =>
  beyond(median, "require2fa()", "nothing") / beyond(median, peer, "nothing");

export const guard: Part = {
  peers: ["express", "express-rate-limit", "helmet", "express-oauth2-jwt-bearer", "better-auth"],
  cases: {
    nothing: over((_req, _res, next) => next()),
    "by hand": over(byHand),
    "require2fa()"() {
      const all = requests();
      const middleware = instance();
      for (const each of all) passing(middleware, [each])(0);
      return timed(passing(require2fa({ maxAge: "15m" }), all));
    },
    "twoFactor() and require2fa()"() {
      const middleware = instance();
      const guarded = require2fa({ maxAge: "15m" });
      return timed(passing((req, res, next) => middleware(req, res, () => guarded(req, res, next)), requests()));
    },
    helmet: over(helmet()),
    claimCheck() {
      const check = claimCheck(({ mfa }) => mfa === true);
      // As a verifier leaves them: each with claims of its own, parsed.
      const claims = (index: number): unknown => JSON.parse(JSON.stringify({ sub: `user-${index}`, mfa: true }));
      const requestOf = (index: number) => fakeRequest({ auth: { payload: claims(index) } });
      return timed(
        passing(
          check,
          Array.from({ length: IDENTITIES }, (_, index) => requestOf(index)),
        ),
      );
    },
    "express-rate-limit"() {
      const limit = rateLimit({
        limit: Number.MAX_SAFE_INTEGER,
        keyGenerator: (req) => String(req.url),
        validate: false,
      });
      const all = Array.from({ length: IDENTITIES }, (_, index) => fakeRequest({ url: `/${index}` }));
      const res = fakeResponse();
      return timedAsync(
        (index) => {
          return new Promise((resolve) => void limit(all[index % IDENTITIES] as Request, res, resolve));
        },
        { atOnce: 50 },
      );
    },
    async "better-auth getSession"() {
      const auth = betterAuthInMemory();
      const all: Headers[] = [];
      for (let index = 0; index < BETTER_AUTH_USERS; index += 1) {
        all.push(new Headers({ cookie: await signUp(auth, `user-${index}`) }));
      }
      return timedAsync(
        async (index) => {
          const headers = all[index % all.length] as Headers;
          if (!(await auth.api.getSession({ headers }))) throw new Error("There is no session.");
        },
        { atOnce: 50 },
      );
    },
  },
  rows: [
    {
      what: "session guard, proof holds",
      beside: "check written by hand",
      value: marginal("by hand"),
      target: { most: 3 },
    },
    { what: "session guard, proof holds", beside: "claimCheck", value: marginal("claimCheck") },
    { what: "session guard, proof holds", beside: "helmet", value: marginal("helmet") },
    { what: "session guard, proof holds", beside: "express-rate-limit", value: marginal("express-rate-limit") },
    { what: "session guard, proof holds", beside: "better-auth getSession", value: marginal("better-auth getSession") },
    {
      what: "twoFactor() and its guard",
      beside: "check written by hand",
      value: (median) =>
        beyond(median, "twoFactor() and require2fa()", "nothing") / beyond(median, "by hand", "nothing"),
    },
  ],
};
