import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { auth, claimCheck } from "express-oauth2-jwt-bearer";
import { createVerifier } from "fast-jwt";
import { jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { jwtProof, require2fa } from "require2fa";
import { fakeRequest, fakeResponse, passing } from "../identities.js";
import { instance } from "../instance.js";
import { beyond, type Case, type Figures, type Part } from "../part.js";
import { timed, timedAsync } from "../timing.js";

const KEY = "a key for benchmarks of tokens and for nothing else";
const key = createSecretKey(KEY, "utf8");
const ISSUER = "https://acme.example";
const AUDIENCE = "bank";
/** More than any cache here holds, so that in turn none of them is ever found; or few enough to be found always. */
const UNSEEN = 25_000;
const SEEN = 1_000;

/** A token as an app issues it after the second factor. */
function token(user: string): string {
  const now = Date.now() / 1_000;
  const id = () => randomBytes(32).toString("base64url");
  const second = { id: id(), at: now, methods: ["totp"], of: id(), until: now + 3_600 };
  const claims = { sub: user, amr: ["otp"], acr: "urn:require2fa:2", jti: id(), "2fa": second };
  return jsonwebtoken.sign(claims, key, { algorithm: "HS256", expiresIn: "1h", issuer: ISSUER, audience: AUDIENCE });
}

function requests(count: number): Request[] {
  return Array.from({ length: count }, (_, index) =>
    fakeRequest({}, { authorization: `Bearer ${token(`user-${index}`)}` }),
  );
}

function bearer(req: Request): string {
  return (req.headers.authorization ?? "").slice("Bearer ".length);
}

/** A verifier as the middleware that people write around it. */
const sync =
  (count: number, verify: (token: string) => unknown): Case =>
  () => {
    const guard: RequestHandler = (req, _res, next) => {
      verify(bearer(req));
      next();
    };
    return timed(passing(guard, requests(count)));
  };

const waiting =
  (guard: (req: Request) => Promise<unknown>): Case =>
  () => {
    const all = requests(UNSEEN);
    return timedAsync((index) => guard(all[index % all.length] as Request), { atOnce: 50 });
  };

const guarded =
  (count: number): Case =>
  () => {
    const proof = jwtProof({ secret: KEY, algorithms: ["HS256"], issuer: ISSUER, audience: AUDIENCE, expiresIn: "1h" });
    const middleware = instance({ proof, user: () => undefined });
    const all = requests(count);
    for (const each of all) passing(middleware, [each])(0);
    return timed(passing(require2fa({ maxAge: "15m" }), all));
  };

/** What every verifier does at least: compares a keyed hash and reads the claims. */
function bareHmac(text: string): unknown {
  const dot = text.lastIndexOf(".");
  const made = createHmac("sha256", key).update(text.slice(0, dot)).digest();
  if (!timingSafeEqual(made, Buffer.from(text.slice(dot + 1), "base64url"))) throw new Error("It is not signed.");
  return JSON.parse(Buffer.from(text.slice(text.indexOf(".") + 1, dot), "base64url").toString());
}

const rules = { algorithms: ["HS256" as const], issuer: ISSUER, audience: AUDIENCE };
const fast = { key: KEY, algorithms: rules.algorithms, allowedIss: ISSUER, allowedAud: AUDIENCE };

/** express-oauth2-jwt-bearer works with promises all the way. */
function oauth2(): Case {
  const verify = auth({ secret: KEY, tokenSigningAlg: "HS256", issuer: ISSUER, audience: AUDIENCE });
  const check = claimCheck((claims) => claims["2fa"] !== undefined);
  const res = fakeResponse();
  const step = (handler: RequestHandler, req: Request) =>
    new Promise<void>((resolve, reject) => {
      void handler(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
    });
  return waiting(async (req) => {
    await step(verify, req);
    await step(check, req);
  });
}

const unseen = (peer: string) => (median: Figures) =>
  beyond(median, "unseen", "nothing") / beyond(median, peer, "nothing");

export const jwt: Part = {
  peers: ["jsonwebtoken", "fast-jwt", "jose", "express-oauth2-jwt-bearer"],
  cases: {
    nothing: sync(UNSEEN, () => undefined),
    "bare HMAC": sync(UNSEEN, bareHmac),
    unseen: guarded(UNSEEN),
    jsonwebtoken: sync(UNSEEN, (text) => jsonwebtoken.verify(text, key, rules)),
    "fast-jwt": sync(UNSEEN, createVerifier(fast)),
    jose: waiting((req) => jwtVerify(bearer(req), key, rules)),
    "express-oauth2-jwt-bearer": () => oauth2()(),
    "nothing seen": sync(SEEN, () => undefined),
    seen: guarded(SEEN),
    "fast-jwt with cache": sync(SEEN, createVerifier({ ...fast, cache: true, cacheTTL: 3_600_000 })),
  },
  rows: [
    {
      what: "JWT guard, token not seen before",
      beside: "jsonwebtoken, KeyObject",
      value: unseen("jsonwebtoken"),
      target: { most: 1.3 },
    },
    { what: "JWT guard, token not seen before", beside: "bare HMAC", value: unseen("bare HMAC") },
    { what: "JWT guard, token not seen before", beside: "fast-jwt", value: unseen("fast-jwt") },
    { what: "JWT guard, token not seen before", beside: "jose", value: unseen("jose") },
    {
      what: "JWT guard, token not seen before",
      beside: "express-oauth2-jwt-bearer",
      value: unseen("express-oauth2-jwt-bearer"),
    },
    {
      what: "JWT guard, token seen before",
      beside: "fast-jwt with cache",
      value: (median) => beyond(median, "seen", "nothing seen") / beyond(median, "fast-jwt with cache", "nothing seen"),
      target: { most: 0.5 },
    },
  ],
};
