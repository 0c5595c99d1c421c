import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import express from "express";
import jwt from "jsonwebtoken";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { createKeyring } from "../../src/core/crypto.js";
import { isTwoFactorError } from "../../src/core/errors.js";
import { fromClaim, toClaim } from "../../src/express/jwt/claim.js";
import { jwtProof } from "../../src/express/jwt-proof.js";
import type { JwtProofOptions } from "../../src/express/jwt/options.js";
import { TokenCache } from "../../src/express/jwt/token-cache.js";
import type { Login, Proof, ProofContext } from "../../src/express/proof.js";
import { acrOf, amrOf } from "../../src/step-up/assurance.js";
import { isAhead, type Mark } from "../../src/step-up/mark.js";
import { anyResponse, bearer, ec, type Json, mint, opened, requestWith, rsa, SECRET } from "../helpers/raw-jwt.js";
import { markFor, proofContext } from "../helpers/session-host.js";

const NOW = 1_800_000_000_000;
const S = NOW / 1_000;

class Clock {
  now = NOW;
  readonly read = (): number => this.now;
}

function proofOf(options: Partial<JwtProofOptions> = {}, context: Partial<ProofContext> = {}): Proof {
  const all = { secret: SECRET, algorithms: ["HS256"], ...options } as JwtProofOptions;
  return jwtProof(all)(proofContext({ clock: () => NOW, ...context }));
}

const companionOf = (options: Partial<JwtProofOptions> = {}, context: Partial<ProofContext> = {}): Proof =>
  proofOf({ ...options, mode: "companion" } as JwtProofOptions, context);

const claims = (more: Json = {}): Json => ({ sub: "ada", iat: S - 60, exp: S + 3_600, ...more });
const token = (more: Json = {}, header: Json = {}): string =>
  mint({ alg: "HS256", typ: "JWT", ...header }, claims(more), "HS256", SECRET);

const mark = (more: Partial<Mark> = {}): Mark => markFor("ada", { at: NOW, ...more });

async function grant(proof: Proof, given: string, mark: Mark, headers: Record<string, string> = {}): Promise<string> {
  const req = bearer(given, headers);
  const { token } = await proof.grant(req, anyResponse(req), mark);
  return token ?? "";
}

function read(proof: Proof, given: string, headers: Record<string, string> = {}): Login | string {
  try {
    return proof.read(bearer(given, headers)) ?? "nobody";
  } catch (error) {
    return isTwoFactorError(error) ? error.code : String(error);
  }
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isTwoFactorError(error) ? error.code : String(error);
  }
  return undefined;
}

describe("construction", () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const refused: [string, object, RegExp][] = [
    ["no options", {}, /algorithms/],
    [
      "an unknown option, with the nearest right name",
      { secret: SECRET, algorithm: ["HS256"] },
      /Did you mean "algorithms"/,
    ],
    ["an unknown mode", { mode: "upgrad", secret: SECRET, algorithms: ["HS256"] }, /Did you mean "upgrade"/],
    ["no algorithms", { secret: SECRET }, /algorithms/],
    ["an empty list of algorithms", { secret: SECRET, algorithms: [] }, /algorithms/],
    ["an algorithm that is not in a list", { secret: SECRET, algorithms: "HS256" }, /algorithms/],
    ["the algorithm none", { secret: SECRET, algorithms: ["none"] }, /none/],
    ["none among others", { secret: SECRET, algorithms: ["HS256", "none"] }, /none/],
    ["an algorithm spelt otherwise", { secret: SECRET, algorithms: ["hs256"] }, /Did you mean "HS256"/],
    ["no key at all", { algorithms: ["HS256"] }, /needs a secret/],
    ["a secret that is not set", { secret: undefined, algorithms: ["HS256"] }, /needs a secret/],
    ["no secret in the list", { secret: [], algorithms: ["HS256"] }, /needs a secret/],
    ["a secret below 32 bytes", { secret: "x".repeat(31), algorithms: ["HS256"] }, /at least 32 bytes/],
    ["a weak one among secrets", { secret: [SECRET, "short"], algorithms: ["HS256"] }, /at least 32 bytes/],
    [
      "a secret below the hash of its algorithm",
      { secret: "x".repeat(63), algorithms: ["HS256", "HS512"] },
      /64 bytes/,
    ],
    ["a PEM key for a secret", { secret: publicPem, algorithms: ["HS256"] }, /no secret/],
    [
      "a secret with an algorithm for keys",
      { secret: SECRET, algorithms: ["HS256", "RS256"] },
      /no key here is for RS256/,
    ],
    ["a secret with algorithms for keys only", { secret: SECRET, algorithms: ["ES256"] }, /is for a secret/],
    ["keys with an algorithm for secrets", { privateKey: rsa.privateKey, algorithms: ["RS256", "HS256"] }, /HS256/],
    [
      "a public key with an algorithm for secrets",
      { mode: "companion", publicKey: publicPem, algorithms: ["HS256"] },
      /rsa/,
    ],
    ["a secret and keys", { secret: SECRET, publicKey: publicPem, algorithms: ["HS256", "RS256"] }, /not both/],
    ["an upgrade without a signing key", { publicKey: rsa.publicKey, algorithms: ["RS256"] }, /privateKey/],
    ["a companion without a key", { mode: "companion", algorithms: ["RS256"] }, /publicKey/],
    [
      "a companion with a signing key",
      { mode: "companion", privateKey: rsa.privateKey, algorithms: ["RS256"] },
      /leave/,
    ],
    ["an RSA key below 2048 bits", { privateKey: weak.privateKey, algorithms: ["RS256"] }, /2048/],
    ["a key on another curve", { privateKey: p384.privateKey, algorithms: ["ES256"] }, /ec/],
    ["an unreadable key", { privateKey: "-----BEGIN NOTHING-----", algorithms: ["RS256"] }, /cannot be read/],
    ["a public key to sign with", { privateKey: rsa.publicKey, algorithms: ["RS256"] }, /another kind/],
    [
      "a private key to publish",
      { mode: "companion", publicKey: rsa.privateKey, algorithms: ["RS256"] },
      /another kind/,
    ],
    [
      "a JWK of a secret",
      { mode: "companion", publicKey: { kty: "oct", k: "AAAA" }, algorithms: ["RS256"] },
      /cannot be read/,
    ],
    ["a key of no use here", { privateKey: rsa.privateKey, publicKey: ec.publicKey, algorithms: ["RS256"] }, /ec/],
    ["an empty issuer", { secret: SECRET, algorithms: ["HS256"], issuer: "" }, /issuer/],
    ["no issuer in the list", { secret: SECRET, algorithms: ["HS256"], issuer: [] }, /issuer/],
    ["an audience that is no name", { secret: SECRET, algorithms: ["HS256"], audience: [/./] }, /audience/],
    ["a bare number for a duration", { secret: SECRET, algorithms: ["HS256"], expiresIn: 900 }, /not a duration/],
    ["no life at all", { secret: SECRET, algorithms: ["HS256"], expiresIn: 0 }, /"1s" and "1h"/],
    ["a life above an hour", { secret: SECRET, algorithms: ["HS256"], expiresIn: "61m" }, /"1s" and "1h"/],
    ["a machine that is no function", { secret: SECRET, algorithms: ["HS256"], machine: true }, /machine/],
  ];

  it.each(refused)("refuses %s", (_name, options, sentence) => {
    expect(() => jwtProof(options as JwtProofOptions)).toThrow(sentence);
    expect(codeOf(() => jwtProof(options as JwtProofOptions))).toBe("misconfigured");
  });

  it("never shows a secret in what it says", () => {
    for (const secret of ["x".repeat(31), `${SECRET}-----BEGIN`]) {
      expect(() => jwtProof({ secret, algorithms: ["HS256"] })).not.toThrow(secret);
    }
  });

  it("takes keys as PEM, as JWK and as objects", async () => {
    const pem = ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const jwk = { ...ec.privateKey.export({ format: "jwk" }), kid: "2026-11" };
    for (const privateKey of [pem, jwk, ec.privateKey]) {
      const proof = jwtProof({ privateKey, algorithms: ["ES256"] })(proofContext({ clock: () => NOW }));
      const upgraded = await grant(proof, mint({ alg: "ES256" }, claims(), "ES256", ec.privateKey), mark());
      expect(read(proof, upgraded)).toMatchObject({ user: "ada", marks: [{ user: "ada" }] });
      expect(opened(upgraded).header).toEqual({
        alg: "ES256",
        typ: "JWT",
        ...(privateKey === jwk && { kid: "2026-11" }),
      });
    }
    const jwks = [
      rsa.publicKey.export({ format: "jwk" }),
      ec.publicKey.export({ type: "spki", format: "pem" }).toString(),
    ];
    const several = jwtProof({ mode: "companion", publicKey: jwks, algorithms: ["RS256", "ES256"] });
    const companion = several(proofContext({ clock: () => NOW }));
    expect(read(companion, mint({ alg: "ES256" }, claims(), "ES256", ec.privateKey))).toMatchObject({ user: "ada" });
    expect(read(companion, mint({ alg: "RS256" }, claims(), "RS256", rsa.privateKey))).toMatchObject({ user: "ada" });
  });

  it("waits for the first token before it loads a library", () => {
    const folder = new URL("../../src/express/jwt/", import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) expect(source).not.toMatch(/^import (?!type )[^;]*"(jsonwebtoken|lru-cache)"/m);
  });
});

describe("which requests are its own", () => {
  it.each([
    [{ Authorization: "Bearer abc" }, true],
    [{ authorization: "bearer abc" }, true],
    [{ AUTHORIZATION: "BEARER abc" }, true],
    [{ Authorization: "Bearer" }, true],
    [{ Authorization: "Bearerabc" }, false],
    [{ Authorization: "Basic YWRhOmxvdmVsYWNl" }, false],
    [{ Authorization: "" }, false],
    [{ "X-Authorization": "Bearer abc" }, false],
    [{}, false],
  ])("accepts %o: %s", (headers, expected) => {
    expect(proofOf().accepts(requestWith(headers as Record<string, string>))).toBe(expected);
  });

  it("takes the scheme in any case and with any number of spaces", () => {
    const proof = proofOf();
    const given = token();
    for (const value of [`Bearer ${given}`, `bearer ${given}`, `BEARER   ${given}`, `Bearer  ${given}`]) {
      expect(proof.read(requestWith({ Authorization: value }))).toMatchObject({ user: "ada" });
    }
  });

  it("refuses a request that presents two tokens, wherever the second one is", () => {
    const proof = proofOf();
    const good = token();
    expect(proof.read(requestWith({ Authorization: `Bearer ${good}` }))).toMatchObject({ user: "ada" });
    for (const other of [good, token({ sub: "mallory" }), "x"]) {
      const req = requestWith({ Authorization: [`Bearer ${good}`, `Bearer ${other}`] });
      expect(codeOf(() => proof.read(req))).toBe("first_factor_required");
    }
  });

  it("behaves the same over a real connection", async () => {
    const app = express();
    const proof = jwtProof({ secret: SECRET, algorithms: ["HS256"] })(proofContext());
    app.get(
      "/",
      (req, res) => void res.json({ accepts: proof.accepts(req), code: codeOf(() => proof.read(req)) ?? "ok" }),
    );
    const soon = Math.floor(Date.now() / 1_000) + 60;
    const good = mint({ alg: "HS256" }, { sub: "ada", exp: soon }, "HS256", SECRET);
    expect((await request(app).get("/").set("Authorization", `Bearer ${good}`)).body).toEqual({
      accepts: true,
      code: "ok",
    });
    expect((await request(app).get("/").set("Authorization", `Bearer ${good}x`)).body.code).toBe(
      "first_factor_required",
    );
    expect((await request(app).get("/")).body.accepts).toBe(false);
  });
});

describe("reading", () => {
  it("knows the user, and no mark of a first factor", () => {
    const login = read(proofOf(), token({ amr: ["pwd", "mfa"], acr: "urn:require2fa:mfa", auth_time: S }));
    expect(login).toEqual({ user: "ada", machine: false, marks: [], binding: expect.stringMatching(/^[\w-]{32}$/) });
  });

  it("binds to the token without being it", () => {
    const [one, other] = [token(), token({ jti: "other" })].map((each) => read(proofOf(), each) as Login);
    expect(one?.binding).not.toBe(other?.binding);
    expect(token()).not.toContain(one?.binding);
    expect((read(proofOf(), token()) as Login).binding).toBe(one?.binding);
  });

  it.each([
    ["no sub", { sub: undefined }, true],
    ["an empty sub", { sub: "" }, true],
    ["a sub that is no text", { sub: 7 }, true],
    ["the sub of its client", { sub: "svc", client_id: "svc" }, true],
    ["the sub of its authorized party", { sub: "svc", azp: "svc" }, true],
    ["the grant of client credentials", { sub: "svc@clients", gty: "client-credentials" }, true],
    ["a person behind a client", { client_id: "app", azp: "app" }, false],
  ])("takes a token with %s for a machine: %s", (_name, more, machine) => {
    const login = read(proofOf(), token(more)) as Login;
    const { sub } = claims(more);
    expect(login).toEqual({ ...login, machine, ...(typeof sub === "string" && sub !== "" && { user: sub }) });
    expect("user" in login).toBe(typeof sub === "string" && sub !== "");
  });

  it("asks the app's own rule for machines, and only takes a plain answer", () => {
    const proof = proofOf({ machine: ({ scope }) => scope === "robot" });
    expect(read(proof, token({ scope: "robot" }))).toMatchObject({ machine: true, user: "ada" });
    expect(read(proof, token({ sub: undefined }))).toMatchObject({ machine: false });
    const vague = proofOf({ machine: (async () => true) as never });
    expect(read(vague, token())).toBe("misconfigured");
  });

  it.each([
    ["expired", { exp: S }, 29, "user"],
    ["expired beyond what clocks may differ", { exp: S }, 30, "first_factor_required"],
    ["not yet valid", { nbf: S + 30 }, 0, "user"],
    ["not yet valid by more", { nbf: S + 31 }, 0, "first_factor_required"],
    ["issued in the future", { iat: S + 30 }, 0, "user"],
    ["issued further in the future", { iat: S + 31 }, 0, "first_factor_required"],
  ])("allows clocks to differ by 30 seconds: %s", (_name, more, later, expected) => {
    const login = read(proofOf({}, { clock: () => NOW + later * 1_000 }), token(more));
    expect(typeof login === "string" ? login : "user").toBe(expected);
  });

  it.each([
    ["no exp", { exp: undefined }],
    ["an exp that is no number", { exp: String(S + 60) }],
    ["an nbf that is no number", { nbf: "now" }],
    ["an iat that is no number", { iat: [S] }],
  ])("refuses a token with %s", (_name, more) => {
    expect(read(proofOf(), token(more as Json))).toBe("first_factor_required");
  });

  it("refuses a token that never ends", () => {
    const endless = mint({ alg: "HS256" }, `{"sub":"ada","exp":1e999}`, "HS256", SECRET);
    expect(read(proofOf(), endless)).toBe("first_factor_required");
  });

  it.each([
    [undefined, true],
    ["JWT", true],
    ["jwt", true],
    ["at+jwt", true],
    ["application/at+jwt", true],
    ["AT+JWT", true],
    ["2fa+jwt", false],
    ["dpop+jwt", false],
    ["logout+jwt", false],
    ["secevent+jwt", false],
    ["", false],
    [1, false],
    [["JWT"], false],
  ])("reads the type %o: %s", (typ, good) => {
    const login = read(proofOf(), token({}, { typ }));
    expect(typeof login === "object").toBe(good);
  });

  it("holds tokens to their issuer and audience", () => {
    const proof = proofOf({ issuer: "https://acme.example", audience: ["api", "admin"] });
    const right = { iss: "https://acme.example", aud: ["web", "api"] };
    expect(read(proof, token(right))).toMatchObject({ user: "ada" });
    expect(read(proof, token({ ...right, aud: "admin" }))).toMatchObject({ user: "ada" });
    for (const wrong of [{ iss: undefined }, { iss: "https://acme.example." }, { iss: ["https://acme.example"] }]) {
      expect(read(proof, token({ ...right, ...wrong }))).toBe("first_factor_required");
    }
    for (const aud of [undefined, "web", [], "api ", { api: true }, "https://api"]) {
      expect(read(proof, token({ ...right, aud }))).toBe("first_factor_required");
    }
  });

  it("F04 verifies with every secret, signs with the first, and forgets one that is taken away", async () => {
    const [older, newer] = [SECRET, `newer than ${SECRET}`];
    const before = proofOf({ secret: [older] });
    const during = proofOf({ secret: [newer, older] });
    const after = proofOf({ secret: [newer] });
    const upgraded = await grant(before, token(), mark());
    expect(read(during, upgraded)).toMatchObject({ marks: [{}] });
    expect(read(after, upgraded)).toBe("first_factor_required");
    expect(read(after, await grant(during, upgraded, mark()))).toMatchObject({ marks: [{}, {}] });
  });

  it("verifies a token once, and its times every time", () => {
    const clock = new Clock();
    const verify = vi.spyOn(jwt, "verify");
    const proof = proofOf({}, { clock: clock.read });
    const given = token({ nbf: S - 10, exp: S + 60 });
    const first = read(proof, given);
    expect(read(proof, given)).toBe(first);
    clock.now = NOW - 41_000;
    expect(read(proof, given)).toBe("first_factor_required");
    clock.now = NOW + 90_000;
    expect(read(proof, given)).toBe("first_factor_required");
    clock.now = NOW;
    expect(read(proof, given)).toBe(first);
    expect(verify).toHaveBeenCalledTimes(1);
    verify.mockRestore();
  });

  it("remembers ten thousand tokens and compares them whole", () => {
    const cache = new TokenCache<{ token: string; count: number }>();
    expect(cache.get("a".repeat(40))).toBeUndefined();
    for (let count = 0; count < 10_001; count += 1)
      cache.add({ token: `head.body.${String(count).padStart(43, "x")}`, count });
    expect(cache.get(`head.body.${"0".padStart(43, "x")}`)).toBeUndefined();
    expect(cache.get(`head.body.${"10000".padStart(43, "x")}`)?.count).toBe(10_000);
    expect(cache.get(`head.evil.${"10000".padStart(43, "x")}`)).toBeUndefined();
  });
});

describe("upgrading", () => {
  it("keeps subject and claims, makes anew what names one token, and says what was proved", async () => {
    const first = token({
      aud: "api",
      iss: "acme",
      scope: "pay",
      nbf: S - 60,
      jti: "first",
      auth_time: S - 50,
      cnf: { jkt: "k" },
    });
    const upgraded = await grant(proofOf(), first, mark({ methods: ["sms"], action: "transfer", bind: "digest" }));
    const { header, claims } = opened(upgraded);
    expect(header).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toEqual({
      sub: "ada",
      aud: "api",
      iss: "acme",
      scope: "pay",
      auth_time: S - 50,
      cnf: { jkt: "k" },
      iat: S,
      exp: S + 900,
      jti: expect.stringMatching(/^[\w-]{43}$/),
      amr: ["sms", "mfa"],
      acr: "urn:require2fa:mfa",
      "2fa": {
        id: expect.any(String),
        at: S,
        methods: ["sms"],
        action: "transfer",
        bind: "digest",
        of: (read(proofOf(), first) as Login).binding,
        until: S + 3_600,
      },
    });
    expect(jwt.verify(upgraded, SECRET, { clockTimestamp: S })).toMatchObject({ sub: "ada" });
  });

  it("reads back the very mark it was given, to the millisecond", async () => {
    const given = mark({ at: NOW - 1_237, action: "transfer", bind: "b", methods: ["passkey", "totp"] });
    expect((read(proofOf(), await grant(proofOf(), token(), given)) as Login).marks).toEqual([given]);
    for (let off = 0; off < 1_000; off += 13) {
      const other = mark({ at: NOW - off });
      expect(fromClaim(toClaim(other, [], "o".repeat(32), S, NOW), "ada")?.marks).toEqual([other]);
    }
    const plain = mark();
    expect((read(proofOf(), await grant(proofOf(), token(), plain)) as Login).marks).toEqual([plain]);
  });

  it("keeps the type of an access token", async () => {
    expect(opened(await grant(proofOf(), token({}, { typ: "at+jwt" }), mark())).header).toEqual({
      alg: "HS256",
      typ: "at+jwt",
    });
  });

  it("never outlives the first token", async () => {
    const first = token({ exp: S + 300 });
    expect(opened(await grant(proofOf(), first, mark())).claims["exp"]).toBe(S + 300);
    expect(opened(await grant(proofOf({ expiresIn: "1m" }), first, mark())).claims["exp"]).toBe(S + 60);
    const clock = new Clock();
    const proof = proofOf({ expiresIn: "10m" }, { clock: clock.read });
    const once = await grant(proof, token({ exp: S + 1_500 }), mark());
    clock.now = NOW + 500_000;
    const twice = await grant(proof, once, mark());
    expect(opened(twice).claims["exp"]).toBe(S + 1_100);
    clock.now = NOW + 1_000_000;
    expect(opened(await grant(proof, twice, mark())).claims["exp"]).toBe(S + 1_500);
  });

  it("lives for whole seconds", async () => {
    const { claims } = opened(
      await grant(proofOf({ expiresIn: "90.5s" }, { clock: () => NOW + 999 }), token(), mark()),
    );
    expect(claims).toMatchObject({ iat: S, exp: S + 90 });
  });

  it("F06 adds to what the first token said of itself", async () => {
    const upgraded = await grant(proofOf(), token({ amr: ["pwd", "sms", 7] }), mark({ methods: ["sms"] }));
    expect(opened(upgraded).claims["amr"]).toEqual(["pwd", "sms", "mfa"]);
    const strange = await grant(proofOf(), token({ amr: "pwd" }), mark({ methods: ["passkey"] }));
    expect(opened(strange).claims).toMatchObject({ amr: ["hwk", "user", "mfa"], acr: "phr" });
  });

  it("keeps the binding and the newest four older marks, and drops what is older than a day", async () => {
    const clock = new Clock();
    const proof = proofOf({}, { clock: clock.read });
    const first = token({ exp: S + 400_000 });
    const { binding } = read(proof, first) as Login;
    let current = first;
    for (let count = 0; count < 7; count += 1) current = await grant(proof, current, mark({ action: `a${count}` }));
    const login = read(proof, current) as Login;
    expect(login.marks.map((each) => each.action)).toEqual(["a2", "a3", "a4", "a5", "a6"]);
    expect(login.binding).toBe(binding);
    expect((opened(current).claims["2fa"] as { prior: unknown[] }).prior).toHaveLength(4);
    const old = await grant(proof, first, mark({ at: NOW - 24 * 3_600_000 - 1, action: "old" }));
    expect(
      (read(proof, await grant(proof, old, mark({ action: "new" }))) as Login).marks.map((each) => each.action),
    ).toEqual(["new"]);
  });

  it("is for the user who was verified, and for a login that has not ended", async () => {
    const clock = new Clock();
    const proof = proofOf({}, { clock: clock.read });
    await expect(grant(proof, token(), markFor("grace"))).rejects.toMatchObject({ code: "first_factor_required" });
    await expect(grant(proof, token({ sub: undefined }), mark())).rejects.toMatchObject({
      code: "first_factor_required",
    });
    const short = token({ exp: S + 10 });
    expect(read(proof, short)).toMatchObject({ user: "ada" });
    clock.now = NOW + 10_000;
    expect(read(proof, short)).toMatchObject({ user: "ada" });
    await expect(grant(proof, short, mark())).rejects.toMatchObject({ code: "first_factor_required" });
    clock.now = NOW + 40_000;
    await expect(grant(proof, short, mark())).rejects.toMatchObject({ code: "first_factor_required" });
  });

  it("is unavailable, and grants nothing, when signing fails", async () => {
    const proof = jwtProof({ privateKey: rsa.privateKey, algorithms: ["RS256"] })(proofContext({ clock: () => NOW }));
    const first = mint({ alg: "RS256" }, claims(), "RS256", rsa.privateKey);
    const sign = vi.spyOn(jwt, "sign").mockImplementation(() => {
      throw new Error("the signer is down");
    });
    await expect(grant(proof, first, mark())).rejects.toMatchObject({ code: "unavailable" });
    sign.mockRestore();
    expect(read(proof, await grant(proof, first, mark()))).toMatchObject({ marks: [{}] });
  });

  it("has a mark from the future told from one whose time has come", async () => {
    const clock = new Clock();
    const proof = proofOf({}, { clock: clock.read });
    const ahead = await grant(
      proof,
      await grant(proof, token(), mark({ action: "now" })),
      mark({ at: NOW + 31_000, action: "ahead" }),
    );
    const actions = (): (string | undefined)[] =>
      (read(proof, ahead) as Login).marks.filter((each) => !isAhead(each, clock.now)).map((each) => each.action);
    expect(actions()).toEqual(["now"]);
    clock.now = NOW + 1_000;
    expect(actions()).toEqual(["now", "ahead"]);
    clock.now = NOW - 5_000;
    expect(actions()).toEqual(["now"]);
  });

  const sound = { id: "i".repeat(43), at: S, methods: ["totp"], of: "o".repeat(32), until: S + 60 };

  it.each([
    ["no object", "yes"],
    ["a list", [sound]],
    ["true", true],
    ["no id", { ...sound, id: undefined }],
    ["no time", { ...sound, at: undefined }],
    ["a time that is no number", { ...sound, at: String(S) }],
    ["no methods", { ...sound, methods: undefined }],
    ["an empty list of methods", { ...sound, methods: [] }],
    ["methods that are no names", { ...sound, methods: [1] }],
    ["an action that is no name", { ...sound, action: ["transfer"] }],
    ["a digest that is no text", { ...sound, bind: {} }],
    ["no binding", { ...sound, of: undefined }],
    ["no end", { ...sound, until: "never" }],
  ])("takes a 2fa claim with %s for none", (_name, claim) => {
    expect(read(proofOf(), token({ "2fa": claim }))).toMatchObject({ user: "ada", marks: [] });
  });

  it("reads the sound ones of older marks, and no more than four", () => {
    const prior = [
      ...Array.from({ length: 9 }, (_, at) => ({ ...sound, action: `p${at}` })),
      null,
      { ...sound, at: "x" },
    ];
    const login = read(proofOf(), token({ "2fa": { ...sound, prior } })) as Login;
    expect(login.marks.map((each) => each.action)).toEqual(["p7", "p8", undefined]);
  });

  it("ignores a companion token", async () => {
    const companion = await grant(companionOf(), token(), mark());
    expect(read(proofOf(), token(), { "Two-Factor-Token": companion })).toMatchObject({ marks: [] });
  });

  it("has nothing to clear: the guard's list of revocations does that", async () => {
    await expect(proofOf().clear(bearer(token()))).resolves.toBeUndefined();
  });
});

describe("a companion token", () => {
  const publicKey = createPublicKey(rsa.publicKey.export({ type: "spki", format: "pem" }).toString());
  const keys = createKeyring(["c".repeat(32)]);
  const companion = (clock: () => number = () => NOW): Proof =>
    jwtProof({ mode: "companion", publicKey, algorithms: ["RS256"] })(proofContext({ clock, keys }));
  const first = (more: Json = {}): string =>
    mint({ alg: "RS256", typ: "at+jwt" }, claims(more), "RS256", rsa.privateKey);

  it("is short-lived, of its own type, and bound to subject and hash of the first token", async () => {
    const given = first();
    const { header, claims } = opened(await grant(companion(), given, mark({ methods: ["sms"], action: "pay" })));
    expect(header).toEqual({ alg: "HS256", typ: "2fa+jwt", kid: keys.current.id });
    expect(claims).toEqual({
      iss: "require2fa",
      sub: "ada",
      ath: expect.stringMatching(/^[\w-]{43}$/),
      iat: S,
      exp: S + 900,
      "2fa": {
        id: expect.any(String),
        at: S,
        methods: ["sms"],
        action: "pay",
        of: expect.any(String),
        until: S + 3_600,
      },
    });
  });

  it("opens with its own first token and with no other, not even of the same user", async () => {
    const proof = companion();
    const [mine, again, theirs] = [first(), first({ jti: "again" }), first({ sub: "grace" })];
    const second = await grant(proof, mine, mark());
    expect(read(proof, mine, { "Two-Factor-Token": second })).toMatchObject({ user: "ada", marks: [{ user: "ada" }] });
    for (const other of [again, theirs]) {
      expect(read(proof, other, { "Two-Factor-Token": second })).toMatchObject({ machine: false, marks: [] });
    }
    expect(read(proof, mine, { "Two-Factor-Token": second })).toMatchObject({ marks: [{}] });
    expect(read(proof, mine)).toMatchObject({ marks: [] });
  });

  it("keeps the binding of the first token, and the marks of the one before it", async () => {
    const proof = companion();
    const given = first();
    const one = await grant(proof, given, mark({ action: "one" }));
    const two = await grant(proof, given, mark({ action: "two" }), { "Two-Factor-Token": one });
    const login = read(proof, given, { "Two-Factor-Token": two }) as Login;
    expect(login.marks.map((each) => each.action)).toEqual(["one", "two"]);
    expect(login.binding).toBe((read(proof, given) as Login).binding);
  });

  it("makes a 2fa claim in the first token mean nothing", () => {
    const claim = { id: "i".repeat(43), at: S, methods: ["totp"], of: "o".repeat(32), until: S + 60 };
    const login = read(companion(), first({ "2fa": claim })) as Login;
    expect(login.marks).toEqual([]);
    expect(login.binding).not.toBe(claim.of);
  });

  it("expires, and never later than the first", async () => {
    const clock = new Clock();
    const proof = companion(clock.read);
    const given = first({ exp: S + 600 });
    const second = await grant(proof, given, mark());
    expect(opened(second).claims["exp"]).toBe(S + 600);
    const long = first();
    const other = await grant(proof, long, mark());
    clock.now = NOW + 929_000;
    expect(read(proof, long, { "Two-Factor-Token": other })).toMatchObject({ marks: [{}] });
    clock.now = NOW + 930_000;
    expect(read(proof, long, { "Two-Factor-Token": other })).toMatchObject({ user: "ada", marks: [] });
    expect(read(proof, given, { "Two-Factor-Token": second })).toBe("first_factor_required");
  });

  it("is verified by the key it names, as long as we have it", async () => {
    const [older, newer] = ["o".repeat(32), "n".repeat(32)];
    const at = (secret: string[]): Proof =>
      jwtProof({ mode: "companion", publicKey, algorithms: ["RS256"] })(
        proofContext({ clock: () => NOW, keys: createKeyring(secret) }),
      );
    const given = first();
    const second = await grant(at([older]), given, mark());
    expect(read(at([newer, older]), given, { "Two-Factor-Token": second })).toMatchObject({ marks: [{}] });
    expect(read(at([newer]), given, { "Two-Factor-Token": second })).toMatchObject({ user: "ada", marks: [] });
  });

  it("that is broken proves nothing, and harms nothing", async () => {
    const proof = companion();
    const given = first();
    const good = await grant(proof, given, mark());
    const { header, claims } = opened(good);
    const forge = (h: Json, c: Json = {}) =>
      mint({ ...header, ...h }, { ...claims, ...c }, "HS256", keys.current.token);
    expect(read(proof, given, { "Two-Factor-Token": forge({}) })).toMatchObject({ marks: [{}] });
    const broken = [
      "",
      "x",
      "a.b.c",
      `${good}x`,
      good.slice(0, -2),
      `${good}, ${good}`,
      `Bearer ${good}`,
      given,
      ...[
        { typ: "JWT" },
        { typ: undefined },
        { typ: "2FA+JWT" },
        { kid: "x" },
        { kid: undefined },
        { alg: "HS384" },
      ].map((h) => forge(h)),
      ...[{ alg: "none" }, { crit: ["exp"] }, { jwk: {} }].map((h) => forge(h)),
      ...[{ iss: "acme" }, { iss: undefined }, { sub: "grace" }, { sub: undefined }, { ath: "x" }].map((c) =>
        forge({}, c),
      ),
      ...[{ ath: undefined }, { exp: undefined }, { exp: S - 31 }, { iat: S + 31 }, { "2fa": undefined }].map((c) =>
        forge({}, c),
      ),
      mint(header, claims, "HS256", SECRET),
      mint(header, claims, "HS256", "c".repeat(32)),
    ];
    for (const each of broken) {
      expect(read(proof, given, { "Two-Factor-Token": each }), each).toMatchObject({ user: "ada", marks: [] });
    }
  });

  it("is for the user who was verified, and for a login that has not ended", async () => {
    await expect(grant(companion(), first(), markFor("grace"))).rejects.toMatchObject({
      code: "first_factor_required",
    });
    await expect(grant(companion(), first({ exp: S - 5 }), mark())).rejects.toMatchObject({
      code: "first_factor_required",
    });
    await expect(companion().clear(bearer(first()))).resolves.toBeUndefined();
  });

  it("is unavailable when signing fails", async () => {
    const sign = vi.spyOn(jwt, "sign").mockImplementation(() => {
      throw new Error("the signer is down");
    });
    await expect(grant(companion(), first(), mark())).rejects.toMatchObject({ code: "unavailable" });
    sign.mockRestore();
  });
});

describe("E11 F06 what a method is called in a token", () => {
  it.each([
    [["totp"], ["otp", "mfa"], "urn:require2fa:mfa"],
    [["sms"], ["sms", "mfa"], "urn:require2fa:mfa"],
    [["voice"], ["tel", "mfa"], "urn:require2fa:mfa"],
    [["email"], ["email", "mfa"], "urn:require2fa:mfa"],
    [["recovery-code"], ["otp", "mfa"], "urn:require2fa:mfa"],
    [["passkey"], ["hwk", "user", "mfa"], "phr"],
    [["totp", "recovery-code"], ["otp", "mfa"], "urn:require2fa:mfa"],
    [["sms", "passkey"], ["sms", "hwk", "user", "mfa"], "phr"],
    [["carrier-pigeon"], ["carrier-pigeon", "mfa"], "urn:require2fa:mfa"],
    [["constructor"], ["constructor", "mfa"], "urn:require2fa:mfa"],
    [[], ["mfa"], "urn:require2fa:mfa"],
  ])("says of %o: amr %o, acr %s", (methods, amr, acr) => {
    expect(amrOf(methods)).toEqual(amr);
    expect(acrOf(methods)).toBe(acr);
  });
});
