/**
 * The attacker has the password, a session, and whatever can be said to `/2fa/verify`: another device, another site that
 * a person was lured to, an answer to something else, a browser that lies. One thing is different each time.
 */
import { generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { newChallenge } from "../../src/methods/passkey/challenge.js";
import { createKeyring } from "../../src/core/crypto.js";
import { ORIGIN } from "../helpers/app.js";
import { BE, BS, type Changes, SoftPasskey, UP, UV } from "../helpers/authenticator.js";
import { type Agent, type Challenge, passkeyShop } from "../helpers/passkeys.js";

const shop = passkeyShop({ secret: "a secret of the fixture, 32 bytes and more" });

/** Bob, who has a passkey and a challenge of his own. */
let bob: { agent: Agent; key: SoftPasskey };
let users = 0;

beforeAll(async () => {
  bob = await shop.owner("bob", new SoftPasskey(ORIGIN, { counter: 1 }));
});

async function victim() {
  users += 1;
  const user = `ada-${users}`;
  shop.contacts[user] = {};
  const key = new SoftPasskey(ORIGIN, { counter: 20 });
  const { agent } = await shop.owner(user, key);
  const other = await shop.login(user);
  return { agent, other, key, user, asked: await shop.asked(agent) };
}

type Victim = Awaited<ReturnType<typeof victim>>;

const P384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[copy.length - at] = (copy[copy.length - at] ?? 0) ^ 1;
    return copy;
  };

/** What one key says, honestly but for this. */
const ALTERED: Record<string, Changes> = {
  "the origin of another site": { clientData: { origin: "https://shop.example.evil.example" } },
  "the origin of a subdomain": { clientData: { origin: "https://www.shop.example" } },
  "the origin without its s": { clientData: { origin: "http://shop.example" } },
  "the origin with a port": { clientData: { origin: `${ORIGIN}:8443` } },
  "the origin in a list": { clientData: { origin: [ORIGIN] } },
  "no origin": { clientData: { origin: undefined } },
  "another relying party": { rpId: "evil.example" },
  "the type of a creation": { clientData: { type: "webauthn.create" } },
  "another type": { clientData: { type: "payment.get" } },
  "no type": { clientData: { type: undefined } },
  "no challenge": { clientData: { challenge: undefined } },
  "an empty challenge": { clientData: { challenge: "" } },
  "a challenge of nobody's": { clientData: { challenge: "A".repeat(43) } },
  "a frame of another site": { clientData: { crossOrigin: true } },
  "a frame, in other words": { clientData: { crossOrigin: "false" } },
  "a page around it": { clientData: { topOrigin: "https://evil.example" } },
  "a page around it, of our own": { clientData: { crossOrigin: true, topOrigin: ORIGIN } },
  "nobody there": { flags: UV },
  "nobody verified": { flags: UP },
  "no flags": { flags: 0 },
  "a copy of what cannot be copied": { flags: UP | UV | BS },
  "a key that can be copied all at once": { flags: UP | UV | BE | BS },
  "the count of its last use": { counter: 20 },
  "a count that went back": { counter: 19 },
  "a count that it no longer has": { counter: 0 },
  "a signature with one bit changed": { signature: flip(1) },
  "a signature of zeros": { signature: (bytes) => Buffer.alloc(bytes.length) },
  "a signature that is cut": { signature: (bytes) => bytes.subarray(0, -1) },
  "a signature by another hash": { hash: "sha384" },
  "a signature by another curve": { key: P384 },
  "a signature by RSA": { key: RSA },
  "bytes after the data": { authData: (bytes) => Buffer.concat([bytes, Buffer.from("evil")]) },
  "data that is cut": { authData: (bytes) => bytes.subarray(0, -1) },
  "data that says there is a key": { flags: UP | UV | 0x40 },
  "data that says there are extensions": { flags: UP | UV | 0x80 },
  "a user handle of nobody's": { response: { userHandle: "A".repeat(43) } },
  "an id of nobody's": { credential: { id: "A".repeat(43), rawId: "A".repeat(43) } },
};

/** What somebody says who has more than one thing to choose from. */
const FOREIGN: Record<string, (at: Victim) => string | Promise<string>> = {
  "the challenge of another session": async ({ other, key }) => key.get((await shop.asked(other)).publicKey),
  "the challenge of another user": async ({ key }) => key.get((await shop.asked(bob.agent)).publicKey),
  "the challenge as it was two minutes ago": async ({ key, asked }) => {
    const code = key.get(asked.publicKey);
    shop.clock.tick(2 * 60_000);
    return code;
  },
  "a challenge of tomorrow's": ({ key, asked }) =>
    key.get({ ...asked.publicKey, challenge: made(asked, shop.clock() + 86_400_000) }),
  "a challenge by another secret": ({ key, asked }) =>
    key.get({ ...asked.publicKey, challenge: made(asked, shop.clock(), "a secret of nobody's, of 32 bytes and more") }),
  "the answer of another user's passkey": ({ asked }) => bob.key.get(asked.publicKey),
  "the name of one passkey, the key of another": ({ key, asked }) =>
    bob.key.get(asked.publicKey, { credential: { id: key.idText, rawId: key.idText } }),
  "the key of one passkey, the name of another": ({ key, asked }) =>
    key.get(asked.publicKey, { key: bob.key.privateKey }),
  "the user handle of another user": ({ key, asked }) =>
    key.get(asked.publicKey, { response: { userHandle: bob.key.handle } }),
};

function made({ id }: Challenge, at: number, secret = "a secret of the fixture, 32 bytes and more"): string {
  return newChallenge(createKeyring(secret), id, at);
}

/** No answer at all: refused before anything is counted. */
const MALFORMED: Record<string, (code: string) => unknown> = {
  "an object": (code) => JSON.parse(code) as unknown,
  "a list": (code) => [code],
  "a list of one": (code) => `[${code}]`,
  nothing: () => "",
  "no JSON": (code) => code.slice(1),
  "JSON of another kind": () => "42",
  "an id that is another in other words": (code) => altered(code, { rawId: "AAAA" }),
  "an id in other letters": (code) => altered(code, { id: "a+b/", rawId: "a+b/" }),
  "another type": (code) => altered(code, { type: "password" }),
  "no response": (code) => altered(code, { response: null }),
  "a response in a list": (code) => altered(code, { response: [] }),
  "no signature": (code) => inResponse(code, { signature: "" }),
  "a signature that is no text": (code) => inResponse(code, { signature: { length: 70 } }),
  "a user handle that is no text": (code) => inResponse(code, { userHandle: [1] }),
  "more than 8 KB": (code) => altered(code, { more: "x".repeat(8 * 1024) }),
};

const altered = (code: string, changes: object): string => JSON.stringify({ ...JSON.parse(code), ...changes });
const inResponse = (code: string, changes: object): string =>
  altered(code, { response: { ...JSON.parse(code).response, ...changes } });

const verify = (agent: Agent, code: unknown) => agent.post("/2fa/verify").send({ code });

describe("E08 an assertion with one thing altered", () => {
  it.each(Object.entries(ALTERED))("%s", async (_what, changes) => {
    const { agent, key, asked } = await victim();
    const before = shop.counters.grants;
    const { status, body } = await verify(agent, key.get(asked.publicKey, changes));
    expect([status, body.code, body.attemptsLeft]).toEqual([422, "wrong_code", 4]);
    await agent.get("/vault").expect(401);
    expect(shop.counters.grants).toBe(before);
    // and it was this alone that was wrong with it
    await verify(agent, key.get(asked.publicKey)).expect(200);
  });

  it.each(Object.entries(FOREIGN))("%s", async (_what, answer) => {
    const at = await victim();
    const before = shop.counters.grants;
    await verify(at.agent, await answer(at)).expect(422);
    await at.agent.get("/vault").expect(401);
    expect(shop.counters.grants).toBe(before);
    const { publicKey } = await shop.asked(at.agent);
    const response = { userHandle: at.key.handle };
    await verify(at.agent, at.key.get(publicKey, { response })).expect(200);
  });

  it("is no answer at all in any other shape, and costs no attempt", async () => {
    const { agent, key, asked } = await victim();
    for (const [what, change] of Object.entries(MALFORMED)) {
      const { status, body } = await verify(agent, change(key.get(asked.publicKey)));
      expect([what, status, body.code]).toEqual([what, 400, "invalid_request"]);
    }
    expect(await shop.asked(agent)).toMatchObject({ attemptsLeft: 5 });
    expect(shop.counters.faults).toEqual([]);
  });

  it("opens once, and never again", async () => {
    const { agent, other, key, asked } = await victim();
    const code = key.get(asked.publicKey);
    await verify(agent, code).expect(200);
    await verify(agent, code).expect(409);
    await verify(other, code).expect(404);
    shop.clock.tick(15 * 60_000 + 1);
    await agent.get("/vault").expect(401);
    await verify(agent, code).expect(422);
  });

  it("is worth nothing to another challenge of the same session", async () => {
    const { agent, key, asked } = await victim();
    const { body } = await agent.post("/2fa/challenge").send({ action: "transfer", method: "passkey" }).expect(201);
    const code = key.get(asked.publicKey);
    await agent.post("/2fa/verify").send({ code, challenge: body.id }).expect(422);
    await agent.post("/2fa/verify").send({ code, challenge: asked.id }).expect(200);
  });

  it("leaves the session and the login what they are", async () => {
    const { agent, key, asked, user } = await victim();
    await shop.asked(bob.agent);
    await verify(bob.agent, key.get(asked.publicKey)).expect(422);
    await verify(agent, key.get(asked.publicKey)).expect(200);
    const sessions = Object.values(await all());
    expect(sessions.filter(({ userId, twoFactor }) => userId === user && twoFactor?.marks.length)).toHaveLength(1);
    expect(
      new Set(sessions.flatMap(({ userId, twoFactor }) => twoFactor?.marks.map((mark) => mark.user === userId))),
    ).toEqual(new Set([true, undefined]));
  });
});

interface Kept {
  readonly userId: string;
  readonly twoFactor?: { readonly marks: readonly { readonly user: string }[] };
}

function all(): Promise<Record<string, Kept>> {
  return new Promise((resolve) => {
    shop.sessions.all((_error, sessions) => resolve(sessions as unknown as Record<string, Kept>));
  });
}

/** What is said of a new passkey, with one thing altered. */
const UNFIT: Record<string, Changes> = {
  "the origin of another site": { clientData: { origin: "https://evil.example" } },
  "another relying party": { rpId: "evil.example" },
  "the type of an assertion": { clientData: { type: "webauthn.get" } },
  "a challenge of nobody's": { clientData: { challenge: "A".repeat(43) } },
  "a frame of another site": { clientData: { crossOrigin: true } },
  "nobody there": { flags: UV },
  "nobody verified": { flags: UP },
  "no key in it": { authData: (bytes) => bytes.subarray(0, 37) },
  "another id than the key's": { credential: { id: "AAAA", rawId: "AAAA" } },
  // the library would go and look for its revocation list
  "a certificate": {
    attestation: { fmt: "packed", attStmt: { alg: -7, sig: Buffer.alloc(70), x5c: [Buffer.alloc(9)] } },
  },
  "a certificate of a chip": { attestation: { fmt: "tpm", attStmt: { ver: "2.0", x5c: [Buffer.alloc(9)] } } },
  "another format": { attestation: { fmt: "evil" } },
  "a statement where there is none": { attestation: { attStmt: { alg: -7 } } },
};

describe("E08 a new passkey with one thing altered", () => {
  it.each(Object.entries(UNFIT))("%s", async (_what, changes) => {
    const tom = await shop.login(`tom-${(users += 1)}`);
    shop.contacts[`tom-${users}`] = {};
    const { id, publicKey } = await shop.enroll(tom);
    const key = new SoftPasskey(ORIGIN);
    const confirm = (code: string) => tom.post("/2fa/factors/confirm").send({ enrollment: id, code });
    await confirm(key.create(publicKey, changes)).expect(422);
    expect((await tom.get("/2fa/factors")).body.factors).toEqual([]);
    await confirm(key.create(publicKey)).expect(201);
  });

  it("comes within two minutes or not at all, to the session that began it", async () => {
    shop.contacts["tina"] = {};
    const [tina, other] = [await shop.login("tina"), await shop.login("tina")];
    const { id, publicKey } = await shop.enroll(tina);
    const code = new SoftPasskey(ORIGIN).create(publicKey);
    await other.post("/2fa/factors/confirm").send({ enrollment: id, code }).expect(404);
    shop.clock.tick(2 * 60_000);
    await tina.post("/2fa/factors/confirm").send({ enrollment: id, code }).expect(410);
    expect(await shop.tfa.factors.list("tina")).toEqual([]);
  });
});
