/**
 * The attacker has no key. They know everything else: the public keys, the shape of a good token, often a good token of
 * their own for another account, and every mistake a verifier was ever caught making (RFC 8725 section 2; CVE-2015-9235,
 * CVE-2020-15084, CVE-2022-21449, CVE-2022-23540, CVE-2022-23541). They strip signatures, name algorithms that need
 * none, use the public key as an HMAC secret, bring their own key in the header, point `kid` at files and tables, spell
 * one token in two ways, change single claims, and hand a token of one kind to a door meant for another. The door has to
 * answer 401 to all of it, before and after it has seen the good token that the forgery was made from.
 */
import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { createKeyring, seal, unseal } from "../../src/core/crypto.js";
import { isTwoFactorError } from "../../src/core/errors.js";
import { jwtProof } from "../../src/express/jwt-proof.js";
import type { JwtProofOptions } from "../../src/express/jwt/options.js";
import type { Proof } from "../../src/express/proof.js";
import { readToken, writeToken } from "../../src/step-up/device-token.js";
import { anyResponse, bearer, ec, type Json, mint, opened, part, rsa, SECRET, signature } from "../helpers/raw-jwt.js";
import { markFor, proofContext } from "../helpers/session-host.js";

type Forgery = readonly [name: string, token: string];

const now = Math.floor(Date.now() / 1_000);
const claims: Json = {
  iss: "acme",
  aud: "api",
  sub: "mallory",
  iat: now - 60,
  nbf: now - 60,
  exp: now + 3_600,
  jti: "j",
};
const ada: Json = { ...claims, sub: "ada" };
const RULES = { issuer: "acme", audience: "api" };

interface Target {
  readonly name: string;
  readonly alg: "HS256" | "RS256" | "ES256";
  readonly key: KeyObject | string;
  readonly options: JwtProofOptions;
}

const hs: Target = {
  name: "a secret",
  alg: "HS256",
  key: SECRET,
  options: { ...RULES, secret: SECRET, algorithms: ["HS256"] },
};
const rs: Target = {
  name: "an RSA key",
  alg: "RS256",
  key: rsa.privateKey,
  options: { ...RULES, privateKey: rsa.privateKey, algorithms: ["RS256"] },
};
const es: Target = {
  name: "an elliptic curve key",
  alg: "ES256",
  key: ec.privateKey,
  options: { ...RULES, mode: "companion", publicKey: ec.publicKey, algorithms: ["ES256"] },
};

/** As the app would sign it. */
function good({ alg, key }: Target, payload: Json | string = claims, header: Json = {}): string {
  return mint({ alg, typ: "JWT", ...header }, payload, alg, key);
}

function unsigned(): Forgery[] {
  const names: unknown[] = [
    "none",
    "NONE",
    "nOnE",
    "None",
    "NonE",
    "",
    " none",
    "none ",
    "null",
    null,
    undefined,
    0,
    false,
    [],
    {},
  ];
  return names.flatMap((alg): Forgery[] => {
    const input = `${part({ alg, typ: "JWT" })}.${part(ada)}`;
    const empty = createHmac("sha256", "").update(input).digest("base64url");
    return ["", "AA", empty].map((end) => [
      `alg ${JSON.stringify(alg)}, signature "${end.slice(0, 4)}"`,
      `${input}.${end}`,
    ]);
  });
}

/** Rightly signed, under a name that is not on the list. */
function misnamed(target: Target): Forgery[] {
  const names: unknown[] = [
    `${target.alg} `,
    target.alg.toLowerCase(),
    [target.alg],
    { name: target.alg },
    "HS1",
    "EdDSA",
  ];
  const forged = names.map((alg): Forgery => [
    `alg ${JSON.stringify(alg)}`,
    mint({ alg }, ada, target.alg, target.key),
  ]);
  const family = target.alg.slice(0, 2);
  const others = family === "ES" ? [] : ["384", "512"].map((size) => `${family}${size}`);
  return [...forged, ...others.map((alg): Forgery => [`signed with ${alg}`, mint({ alg }, ada, alg, target.key)])];
}

/** The public key in every spelling a server might hold it in, as the secret of an HMAC. */
function confused(key: KeyObject): Forgery[] {
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  const der = key.export({ type: "spki", format: "der" });
  const jwk = key.export({ format: "jwk" });
  const spellings: [string, string | Buffer][] = [
    ["PEM", pem],
    ["PEM without its newline", pem.trimEnd()],
    ["PEM with two newlines", `${pem}\n`],
    ["PEM with CRLF", pem.replaceAll("\n", "\r\n")],
    ["PEM on one line", pem.replaceAll("\n", "")],
    ["PEM with escaped newlines", pem.replaceAll("\n", "\\n")],
    ["the PEM's body", pem.replaceAll(/-----.*-----|\n/g, "")],
    ["DER", der],
    ["JWK", JSON.stringify(jwk)],
    ["the modulus or the point", Buffer.from(String(jwk.n ?? jwk.x), "base64url")],
    ["nothing", ""],
  ];
  return ["HS256", "HS384", "HS512"].flatMap((alg) =>
    spellings.map(([name, secret]): Forgery => {
      const input = `${part({ alg, typ: "JWT" })}.${part(ada)}`;
      const mac = createHmac(`sha${alg.slice(2)}`, secret)
        .update(input)
        .digest("base64url");
      return [`${alg} keyed with ${name}`, `${input}.${mac}`];
    }),
  );
}

/** Signatures that are true of anything, to a verifier that does not check their range (CVE-2022-21449). */
function psychic(target: Target): Forgery[] {
  const input = `${part({ alg: target.alg, typ: "JWT" })}.${part(ada)}`;
  const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
  const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]);
  const zero = Buffer.alloc(32);
  const values: [string, Buffer][] = [
    ["zeros", Buffer.alloc(64)],
    ["r = 0, s = 1", Buffer.concat([zero, one])],
    ["r = 1, s = 0", Buffer.concat([one, zero])],
    ["r = s = the order", Buffer.concat([order, order])],
    ["r = 0, s = the order", Buffer.concat([zero, order])],
    ["DER of zeros", Buffer.from("3006020100020100", "hex")],
    ["zeros as long as an RSA key", Buffer.alloc(256)],
    ["ones as long as an RSA key", Buffer.alloc(256, 0xff)],
    ["one byte", Buffer.of(0)],
    ["a kilobyte", Buffer.alloc(1_024, 1)],
    ["noise", randomBytes(target.alg === "RS256" ? 256 : 64)],
  ];
  return values.map(([name, value]) => [`a signature of ${name}`, `${input}.${value.toString("base64url")}`]);
}

const own = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
};

/** The attacker's own key, and where to find it. */
function ownKeys(): Forgery[] {
  const jwk = own.RS256.publicKey.export({ format: "jwk" });
  const mine = { RS256: own.RS256.privateKey, ES256: own.ES256.privateKey, HS256: "attacker" };
  const headers: Json[] = [
    { jwk },
    { jwk: own.ES256.publicKey.export({ format: "jwk" }) },
    { jwk: { kty: "oct", k: Buffer.from("attacker").toString("base64url") } },
    { jku: "https://evil.example/jwks.json" },
    { jku: "http://169.254.169.254/latest/meta-data" },
    { x5u: "https://evil.example/cert.pem" },
    { x5c: [own.RS256.publicKey.export({ type: "spki", format: "der" }).toString("base64")] },
    { x5t: "attacker", x5c: [] },
  ];
  return Object.entries(mine).flatMap(([alg, key]) =>
    headers.map((more): Forgery => [
      `${alg} with ${JSON.stringify(more).slice(0, 40)}`,
      mint({ alg, ...more }, ada, alg, key),
    ]),
  );
}

function keyIds(): Forgery[] {
  const kids: unknown[] = [
    "../../../../../../dev/null",
    "/dev/null",
    "/proc/sys/kernel/randomize_va_space",
    "file:///etc/hostname",
    "' OR 1=1 --",
    "x' UNION SELECT 'attacker",
    "key|whoami",
    "https://evil.example/key",
    "__proto__",
    "constructor",
    "\u0000",
    "k".repeat(4_000),
    ["current"],
    { $ne: null },
    0,
    true,
  ];
  return kids.flatMap((kid): Forgery[] =>
    ["", "attacker"].map((key) => [
      `kid ${JSON.stringify(kid).slice(0, 40)}`,
      mint({ alg: "HS256", kid }, ada, "HS256", key),
    ]),
  );
}

/** Rightly signed, but for a header that asks for rules of its own. */
function ownRules(target: Target): Forgery[] {
  const headers: Json[] = [
    { crit: ["exp"] },
    { crit: ["b64"], b64: false },
    { crit: [] },
    { crit: "exp" },
    { crit: ["2fa"], "2fa": true },
    { b64: false },
    { b64: true },
    { zip: "DEF" },
    { enc: "A256GCM" },
    { jwk: {} },
    { jku: "" },
    { x5u: "" },
    { x5c: [] },
    { kid: ["current"] },
    { typ: "2fa+jwt" },
    { typ: "JWE" },
    { typ: ["JWT"] },
    { typ: null },
  ];
  return headers.map((more) => [`rightly signed, with ${JSON.stringify(more)}`, good(target, ada, more)]);
}

function misshapen(target: Target): Forgery[] {
  const right = good(target);
  const [head = "", body = "", end = ""] = right.split(".");
  const jwe = [part({ alg: "dir", enc: "A256GCM" }), "", "aXY", "Y2lwaGVy", "dGFn"].join(".");
  const json = `{"payload":"${body}","protected":"${head}","signature":"${end}"}`;
  const many = [`${right}.`, `${right}..`, `.${right}`, `${head}.${body}.${end}.${end}`, jwe, jwe.replace("..", ".a.")];
  const few = [head, `${head}.${body}`, `${head}.${body}.`, `${head}..${end}`, `.${body}.${end}`, "..", "."];
  const other = ["a.b.c", "null.null.null", "undefined", "[object Object]", json, "%00", "\u00e9.a.b"];
  const shapes = [...many, ...few, ...other];
  const bodies = ["[]", "null", "7", '"ada"', "", "{", `${JSON.stringify(ada)}x`, `\ufeff${JSON.stringify(ada)}`];
  return [
    ...shapes.map((token): Forgery => [`the shape ${token.slice(0, 24)}`, token]),
    ...bodies.map((each): Forgery => [`the body ${each.slice(0, 12)}`, good(target, each)]),
    ["a header that is a list", mint("[]", ada, target.alg, target.key)],
    ["a header that is not JSON", mint("alg", ada, target.alg, target.key)],
    ["a header that is not UTF-8", `${Buffer.of(0xff, 0xfe).toString("base64url")}.${body}.${end}`],
    ["a body that is not UTF-8", latin1(target)],
    ["nine kilobytes", good(target, { ...ada, pad: "x".repeat(9_000) })],
  ];
}

function latin1({ alg, key }: Target): string {
  const body = Buffer.from(JSON.stringify({ ...ada, sub: "ad\u00e9" }), "latin1").toString("base64url");
  const input = `${part({ alg })}.${body}`;
  return `${input}.${signature(input, alg, key)}`;
}

/** One token, two readers: the last name wins here, the first one there. */
function twice(target: Target): Forgery[] {
  const { alg, key } = target;
  const headers = [
    `{"alg":"none","alg":"${alg}"}`,
    `{"alg":"${alg}","alg":"${alg}"}`,
    `{"alg":"none","\\u0061lg":"${alg}"}`,
    `{"typ":"2fa+jwt","alg":"${alg}","typ":"JWT"}`,
    `{"a:b":{"x":1},"alg":"none","alg":"${alg}"}`,
  ];
  const body = JSON.stringify(ada).slice(1);
  const bodies = [`{"sub":"mallory",${body}`, `{"exp":1,${body}`, `{"s\\u0075b":"mallory",${body}`];
  return [
    ...headers.map((header): Forgery => [`header ${header}`, mint(header, ada, alg, key)]),
    ...bodies.map((each): Forgery => [`body ${each.slice(0, 24)}`, mint({ alg }, each, alg, key)]),
  ];
}

/** The good token in another spelling, or with a piece of it changed. */
function bent(target: Target): Forgery[] {
  const right = good(target);
  const [head = "", body = "", end = ""] = right.split(".");
  const other = good(target, { ...claims, jti: "other" }).split(".")[2] ?? "";
  const flip = (text: string, at: number): string =>
    `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
  const spots = (text: string): number[] => [
    0,
    1,
    2,
    7,
    11,
    Math.floor(text.length / 2),
    text.length - 3,
    text.length - 2,
  ];
  const slack = end.slice(0, -1) + (BASE64[BASE64.indexOf(end.at(-1) ?? "") + 1] ?? "");
  return [
    ...spots(head).map((at): Forgery => [`header changed at ${at}`, `${flip(head, at)}.${body}.${end}`]),
    ...spots(body).map((at): Forgery => [`body changed at ${at}`, `${head}.${flip(body, at)}.${end}`]),
    ...spots(end).map((at): Forgery => [`signature changed at ${at}`, `${head}.${body}.${flip(end, at)}`]),
    ["the claims of another account", `${head}.${part(ada)}.${end}`],
    ["the signature of another token", `${head}.${body}.${other}`],
    ["half a signature", `${head}.${body}.${end.slice(0, end.length / 2)}`],
    ["a doubled signature", `${head}.${body}.${end}${end}`],
    ["padding", `${head}.${body}.${end}=`],
    ["padding everywhere", [head, body, end].map((each) => `${each}==`).join(".")],
    ["the other base64 alphabet", right.replaceAll("-", "+").replaceAll("_", "/").replace(".", ".+")],
    ["unused bits set", `${head}.${body}.${slack}`],
    ["a space inside", `${head}. ${body}.${end}`],
    ["percent signs", encodeURIComponent(right).replaceAll(".", "%2E")],
    ["a comma and another", `${right},${right}`],
    ["a space and another", `${right} ${right}`],
    ["quotes", `"${right}"`],
  ];
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Secrets that are nearly right. */
function nearly(): Forgery[] {
  const secrets = [
    `${SECRET}\n`,
    SECRET.slice(0, -1),
    SECRET.toUpperCase(),
    Buffer.from(SECRET).toString("base64"),
    "secret",
    "changeit",
  ];
  const hashed = createHash("sha256").update(SECRET).digest("hex");
  const ours = createKeyring("k".repeat(32)).current;
  return [
    ...[...secrets, hashed].map((key): Forgery => [
      `the secret ${key.slice(0, 8)}...`,
      mint({ alg: "HS256" }, ada, "HS256", key),
    ]),
    ...[ours.code, ours.seal, ours.token].map((key): Forgery => [
      "another key of ours",
      mint({ alg: "HS256" }, ada, "HS256", key),
    ]),
  ];
}

function forgeries(target: Target): Forgery[] {
  const keys = target.alg === "HS256" ? nearly() : confused(target.alg === "RS256" ? rsa.publicKey : ec.publicKey);
  const shaped = [...misnamed(target), ...ownRules(target), ...misshapen(target), ...twice(target), ...bent(target)];
  return [...unsigned(), ...keys, ...psychic(target), ...ownKeys(), ...keyIds(), ...shaped];
}

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

/** A door that opens for a verified person, and counts how often it did. */
async function door(proof: Proof) {
  const entered: string[] = [];
  const app = express();
  app.get("/vault", (req, res) => {
    const login = proof.accepts(req) ? proof.read(req) : undefined;
    if (login?.user === undefined) return void res.status(401).json({ code: "nobody" });
    entered.push(login.user);
    return void res.json({ user: login.user, marks: login.marks.length });
  });
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    if (!isTwoFactorError(error)) return void res.status(500).json({ code: String(error) });
    return void res.status(error.status).json({ code: error.code, message: error.message });
  });
  const listening = createServer(app);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const knock = async (token: string, companion?: string): Promise<{ status: number; body: Json }> => {
    const authorization = Buffer.from(`Bearer ${token}`).toString("latin1");
    const headers = { authorization, ...(companion !== undefined && { "two-factor-token": companion }) };
    const response = await fetch(`http://127.0.0.1:${port}/vault`, { headers });
    return { status: response.status, body: (await response.json()) as Json };
  };
  return { knock, entered };
}

function proofOf(options: JwtProofOptions): Proof {
  return jwtProof(options)(proofContext());
}

describe.each([hs, rs, es])("F04 a door behind $name", (target) => {
  const forged = forgeries(target);

  it(
    `answers 401 to ${forged.length} forged tokens and opens for the good one, before and after`,
    { timeout: 60_000 },
    async () => {
      expect(forged.length).toBeGreaterThanOrEqual(200);
      const { knock, entered } = await door(proofOf(target.options));
      const through: string[] = [];
      const tryAll = async (): Promise<void> => {
        for (const [name, token] of forged) {
          const { status, body } = await knock(token);
          if (status !== 401 || body["code"] !== "first_factor_required")
            through.push(`${name}: ${status} ${JSON.stringify(body)}`);
        }
      };
      await tryAll();
      expect(through).toEqual([]);
      expect((await knock(good(target))).body).toEqual({ user: "mallory", marks: 0 });
      await tryAll();
      expect(through).toEqual([]);
      expect(entered).toEqual(["mallory"]);
    },
  );

  it("says the same to all of them", async () => {
    const { knock } = await door(proofOf(target.options));
    const answers = new Set<string>();
    for (const [, token] of forged.filter((_, at) => at % 7 === 0))
      answers.add(JSON.stringify((await knock(token)).body));
    expect([...answers]).toEqual(['{"code":"first_factor_required","message":"The bearer token is not valid."}']);
  });
});

describe("verifiers with known mistakes, which the same tokens must open", () => {
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const claimsOf = (token: string): Json => opened(token).claims;

  /** Which of the forgeries a verifier takes; one that throws refuses. */
  function taken(verify: (token: string) => Json | undefined): string[] {
    return forgeries(rs).flatMap(([name, token]) => {
      try {
        return verify(token)?.["sub"] === "ada" ? [name] : [];
      } catch {
        return [];
      }
    });
  }

  it("one that only decodes", () => {
    expect(taken(claimsOf).length).toBeGreaterThan(100);
  });

  it("one that lets the token choose the algorithm and has one key for all", () => {
    const names = taken((token) => {
      const [head = "", body = "", end = ""] = token.split(".");
      const alg = String(opened(token).header["alg"]);
      if (alg.toLowerCase() === "none") return claimsOf(token);
      const mac = createHmac(`sha${alg.slice(2)}`, pem)
        .update(`${head}.${body}`)
        .digest("base64url");
      return alg.startsWith("HS") && mac === end ? claimsOf(token) : undefined;
    });
    expect(names).toContain('alg "nOnE", signature ""');
    expect(names).toContain("HS512 keyed with PEM");
  });

  it("one that takes the key from the header", () => {
    const names = taken((token) => {
      const { header } = opened(token);
      const input = token.slice(0, token.lastIndexOf("."));
      const { kty, k } = header["jwk"] as { kty: string; k: string };
      const mac = createHmac("sha256", Buffer.from(k, "base64url")).update(input).digest("base64url");
      return kty === "oct" && token.endsWith(mac) ? claimsOf(token) : undefined;
    });
    expect(names.join()).toContain('HS256 with {"jwk":{"kty":"oct"');
  });
});

describe("F05 single claims changed in a good token", () => {
  const mark = markFor("mallory", { methods: ["sms"], action: "view", bind: "digest" });

  async function elevated(target: Target): Promise<string> {
    const req = bearer(good(target));
    return (await proofOf(target.options).grant(req, anyResponse(req), mark)).token ?? "";
  }

  function changed(token: string): Forgery[] {
    const { header, claims } = opened(token);
    const second = claims["2fa"] as Json;
    const end = token.split(".")[2] ?? "";
    const values: Json = {
      iss: "evil",
      aud: "admin",
      sub: "ada",
      exp: now + 9_999,
      nbf: 0,
      iat: now,
      jti: "k",
      amr: ["hwk"],
      acr: "phr",
    };
    const factors: Json = {
      at: now + 20,
      methods: ["passkey"],
      action: "pay",
      bind: "other",
      id: "n".repeat(43),
      of: "o".repeat(32),
      until: 9e9,
    };
    const without = (from: Json, name: string): Json =>
      Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));
    const variants: [string, Json, Json][] = [
      ...Object.entries(values).map(([name, value]): [string, Json, Json] => [
        name,
        header,
        { ...claims, [name]: value },
      ]),
      ...Object.keys(values).map((name): [string, Json, Json] => [`no ${name}`, header, without(claims, name)]),
      ...Object.entries(factors).map(([name, value]): [string, Json, Json] => [
        `2fa.${name}`,
        header,
        { ...claims, "2fa": { ...second, [name]: value } },
      ]),
      ["no 2fa", header, without(claims, "2fa")],
      ["prior", header, { ...claims, "2fa": { ...second, prior: [{ ...second, action: "pay" }] } }],
      ["typ", { ...header, typ: "at+jwt" }, claims],
      ["no typ", without(header, "typ"), claims],
      ["kid", { ...header, kid: "x" }, claims],
    ];
    const forged = variants.map(([name, head, body]): Forgery => [name, `${part(head)}.${part(body)}.${end}`]);
    // A claim the token never had is not changed by being left out.
    return forged.filter(([, each]) => each !== token);
  }

  it.each([hs, rs])("break its signature, with $name", async (target) => {
    const { knock } = await door(proofOf(target.options));
    const token = await elevated(target);
    expect((await knock(token)).body).toEqual({ user: "mallory", marks: 1 });
    for (const [name, forged] of changed(token)) expect((await knock(forged)).status, name).toBe(401);
  });

  it.each([
    ["no issuer", { iss: undefined }],
    ["another issuer", { iss: "acme.evil" }],
    ["a list of issuers", { iss: ["acme", "evil"] }],
    ["no audience", { aud: undefined }],
    ["another audience", { aud: "admin" }],
    ["no subject", { sub: undefined }],
    ["a subject that is no text", { sub: ["ada"] }],
    ["no expiry", { exp: undefined }],
    ["an expiry in words", { exp: String(now + 60) }],
    ["an expiry gone by", { exp: now - 61 }],
    ["a beginning to come", { nbf: now + 61 }],
    ["a beginning in words", { nbf: "0" }],
    ["a date of issue to come", { iat: now + 61 }],
    ["a date of issue in words", { iat: "0" }],
  ])("are refused from the issuer too: %s", async (_name, more) => {
    const { knock } = await door(proofOf(hs.options));
    expect((await knock(good(hs, { ...claims, ...more }))).status).toBe(401);
  });
});

describe("F05 a token of one kind at a door for another", () => {
  // The worst case: the app has given one secret to everything.
  const one = SECRET;
  const context = proofContext({ keys: createKeyring(one) });
  const upgrade = jwtProof({ ...RULES, secret: one, algorithms: ["HS256"] })(context);
  const companion = jwtProof({ ...RULES, mode: "companion", secret: one, algorithms: ["HS256"] })(context);
  const first = good(hs, ada);

  async function granted(proof: Proof, more: Record<string, string> = {}): Promise<string> {
    const req = bearer(first, more);
    return (await proof.grant(req, anyResponse(req), markFor("ada"))).token ?? "";
  }

  it("opens nothing it is not for", async () => {
    const upgraded = await granted(upgrade);
    const second = await granted(companion);
    const kinds: [string, string][] = [
      ["first", first],
      ["access token", good(hs, ada, { typ: "at+jwt" })],
      ["upgraded", upgraded],
      ["companion", second],
      ["companion signed by the app", mint(opened(second).header, { ...ada, ...opened(second).claims }, "HS256", one)],
      ["first in companion's clothes", good(hs, { ...ada, "2fa": opened(upgraded).claims["2fa"] }, { typ: "2fa+jwt" })],
      ["logout token", good(hs, ada, { typ: "logout+jwt" })],
      ["DPoP proof", good(hs, ada, { typ: "dpop+jwt" })],
      ["refresh token", good(hs, ada, { typ: "rt+jwt" })],
      ["trusted device", writeToken(context.keys, "ada", { id: "a".repeat(43), generation: 1 })],
      ["link of a message", seal(context.keys, JSON.stringify(["challenge", "ada", "en", now + 3_600_000]), "not me")],
    ];
    const at = async (proof: Proof, token: string, beside?: string): Promise<string> => {
      const { knock } = await door(proof);
      const { status, body } = await knock(token, beside);
      server?.closeAllConnections();
      server?.close();
      return status === 200 ? `${body["marks"]} marks` : String(status);
    };
    const table: Record<string, string[]> = {};
    for (const [name, token] of kinds) {
      table[name] = [
        await at(upgrade, token),
        await at(companion, token),
        await at(companion, first, token),
        await at(upgrade, first, token),
      ];
    }
    // As a bearer where tokens are upgraded, as a bearer where they have companions, as a companion, as a companion where there are none.
    expect(table).toEqual({
      first: ["0 marks", "0 marks", "0 marks", "0 marks"],
      "access token": ["0 marks", "0 marks", "0 marks", "0 marks"],
      upgraded: ["1 marks", "0 marks", "0 marks", "0 marks"],
      companion: ["401", "401", "1 marks", "0 marks"],
      "companion signed by the app": ["401", "401", "0 marks", "0 marks"],
      "first in companion's clothes": ["401", "401", "0 marks", "0 marks"],
      "logout token": ["401", "401", "0 marks", "0 marks"],
      "DPoP proof": ["401", "401", "0 marks", "0 marks"],
      "refresh token": ["401", "401", "0 marks", "0 marks"],
      "trusted device": ["401", "401", "0 marks", "0 marks"],
      "link of a message": ["401", "401", "0 marks", "0 marks"],
    });
    // And none of the others at the door of a device, or of a message.
    for (const [name, token] of kinds) {
      expect(readToken(context.keys, "ada", token) !== undefined, name).toBe(name === "trusted device");
      expect(unseal(context.keys, token, "not me") !== undefined, name).toBe(name === "link of a message");
    }
  });

  it("does not carry a mark from one login to another", async () => {
    const second = await granted(companion);
    const { knock } = await door(companion);
    const again = good(hs, { ...ada, jti: "second login" });
    const theirs = good(hs, claims);
    expect((await knock(first, second)).body).toEqual({ user: "ada", marks: 1 });
    expect((await knock(again, second)).body).toEqual({ user: "ada", marks: 0 });
    expect((await knock(theirs, second)).body).toEqual({ user: "mallory", marks: 0 });
    expect((await knock(first, second)).body).toEqual({ user: "ada", marks: 1 });
  });

  it("F06 never has a first factor speak for two: amr, acr and auth_time of the first token are no proof", async () => {
    const boastful = good(hs, { ...ada, amr: ["pwd", "otp", "mfa"], acr: "phr", auth_time: now });
    const { knock } = await door(upgrade);
    expect((await knock(boastful)).body).toEqual({ user: "ada", marks: 0 });
    const req = bearer(good(hs, { ...ada, auth_time: now - 50 }));
    const { token = "" } = await upgrade.grant(req, anyResponse(req), markFor("ada", { methods: ["sms"] }));
    expect(opened(token).claims).toMatchObject({ auth_time: now - 50, amr: ["sms", "mfa"], acr: "urn:require2fa:mfa" });
  });
});
