import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { passkey, type PasskeyOptions, type TwoFactorOptions } from "../../src/index.js";
import { createKeyring } from "../../src/core/crypto.js";
import { Events } from "../../src/core/events.js";
import type { Factor, Person } from "../../src/methods/method.js";
import { isOurs, newChallenge } from "../../src/methods/passkey/challenge.js";
import { TEXTS } from "../../src/verification/texts.js";
import type { Pending } from "../../src/stores/pending.js";
import { ORIGIN } from "../helpers/app.js";
import { BE, cbor, SoftPasskey, UP, UV } from "../helpers/authenticator.js";
import { passkeyShop } from "../helpers/passkeys.js";

/** Row E08 asks for 100,000; so many runs a nightly build may afford. */
const FUZZ = Number(process.env["PASSKEY_FUZZ"] ?? 2_000);
const NOW = Date.UTC(2026, 0, 1);

const keys = createKeyring("a secret of this test, of 32 bytes and more");

describe("passkey()", () => {
  const shop = (options: PasskeyOptions, rest: Partial<TwoFactorOptions> = {}) =>
    passkeyShop({ methods: [passkey(options)], ...rest });

  it.each<[string, PasskeyOptions, Partial<TwoFactorOptions>, RegExp]>([
    ["factors", {}, { factors: false }, /factors: true/],
    ["an origin", {}, { origin: undefined }, /twoFactor\(\{ origin: "https:\/\/example.com" \}\), or passkey/],
    ["an origin with passkeys", {}, { origin: "http://shop.example" }, /Browsers know them at https:/],
    ["a name and no number", {}, { origin: "https://127.0.0.1" }, /must be a domain/],
    ["a website", { origins: [`android:apk-key-hash:${"A".repeat(43)}`] }, {}, /rpId \}\) is missing/],
    ["a domain that all are in", { rpId: "example.com" }, {}, /shop\.example use no passkeys of example\.com/],
    ["no suffix by letters", { rpId: "p.example" }, {}, /shop\.example use no passkeys of p\.example/],
    ["a domain", { rpId: "https://shop.example" }, {}, /no scheme, no port/],
    ["an origin without a path", { origins: [`${ORIGIN}/login`] }, {}, /no origin with passkeys/],
    ["a name", { rpName: "" }, {}, /rpName/],
    ["some origins", { origins: [] }, {}, /at least one/],
    ["known options", { rpID: "shop.example" } as never, {}, /Did you mean "rpId"/],
  ])("wants %s", (_what, options, rest, lesson) => {
    expect(() => shop(options, rest)).toThrow(
      expect.objectContaining({ code: "misconfigured", message: expect.stringMatching(lesson) }),
    );
  });

  it("takes the name from the service, and the domain from the first origin", async () => {
    const party = async (options: PasskeyOptions, rest: Partial<TwoFactorOptions> = {}) => {
      const { tfa } = shop(options, rest);
      const begun = await tfa.factors.enroll({ user: "tom", session: "s", method: "passkey" });
      return begun.ok && begun.enrollment.publicKey?.rp;
    };
    expect(await party({})).toEqual({ id: "shop.example", name: "Shop" });
    expect(await party({}, { origin: "http://localhost:3000", service: undefined })).toEqual({
      id: "localhost",
      name: "localhost",
    });
    const origins = ["https://www.shop.example", `android:apk-key-hash:${"A".repeat(43)}`];
    expect(await party({ rpId: "shop.example", rpName: "The Shop", origins })).toEqual({
      id: "shop.example",
      name: "The Shop",
    });
  });
});

describe("the challenge", () => {
  const text = newChallenge(keys, "id", NOW);

  it("is 32 bytes, of one verification and one moment", () => {
    expect(Buffer.from(text, "base64url")).toHaveLength(32);
    const others = [newChallenge(keys, "other", NOW), newChallenge(keys, "id", NOW + 1)];
    expect(new Set([text, ...others]).size).toBe(3);
    expect(newChallenge(keys, "id", NOW)).toBe(text);
  });

  it.each([
    [0, true],
    [2 * 60_000 - 1, true],
    [2 * 60_000, false],
    [-30_000, true],
    [-30_001, false],
    [365 * 86_400_000, false],
  ])("is ours %i ms later: %s", (later, ours) => {
    expect(isOurs(keys, "id", text, NOW + later)).toBe(ours);
  });

  it("is not, with a bit or a letter changed", () => {
    for (let bit = 0; bit < 256; bit += 1) {
      const bytes = Buffer.from(text, "base64url");
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isOurs(keys, "id", bytes.toString("base64url"), NOW)).toBe(false);
    }
    for (const other of [`${text}=`, ` ${text}`, text.slice(1), "", text.toUpperCase()]) {
      expect(isOurs(keys, "id", other, NOW)).toBe(false);
    }
    expect(isOurs(keys, "other", text, NOW)).toBe(false);
  });

  it("is still ours under the secret before, and not under the one after it is gone", () => {
    const [old, young] = ["a secret of this test, of 32 bytes and more", "its successor, also of 32 bytes and more"];
    expect(isOurs(createKeyring([young, old]), "id", text, NOW)).toBe(true);
    expect(isOurs(createKeyring(young), "id", text, NOW)).toBe(false);
  });
});

/** The method by itself, with one person who has a passkey. */
async function alone() {
  const method = passkey().create({
    keys,
    clock: () => NOW,
    events: new Events(),
    service: "Shop",
    host: undefined,
    origins: [ORIGIN],
    enrols: true,
    book: TEXTS,
  });
  const entry = (id: string) => ({ id, subject: "ada" }) as unknown as Pending;
  const key = new SoftPasskey(ORIGIN, { flags: UP | UV | BE });
  const person: Person = { user: "ada", contact: {}, factors: [] };
  const begun = await method.enrolling?.begin(person, undefined, "enrollment");
  if (!begun?.shown?.publicKey || !method.enrolling) throw new Error("Not begun.");
  const { publicKey } = begun.shown;
  const confirm = (text: string) => method.enrolling?.confirm(entry("enrollment"), begun, text, NOW);
  const confirmed = await confirm(key.create(publicKey));
  if (!confirmed?.secret) throw new Error("Not confirmed.");
  const factor: Factor = { id: "f", method: "passkey", name: "", createdAt: NOW, secret: confirmed.secret };
  const owner = { ...person, factors: [factor] };
  const asked = method.request?.(entry("challenge"), [], NOW);
  if (!asked) throw new Error("Nothing asked.");
  const compare = (text: string) => method.compare(entry("challenge"), owner, text, NOW);
  return { method, key, publicKey, asked, compare, confirm };
}

/** A cut, a bit, or anything at all. */
function garbled(bytes: Buffer): Buffer {
  const kind = randomInt(4);
  if (kind === 0) return bytes.subarray(0, randomInt(bytes.length));
  if (kind === 1) return randomBytes(randomInt(1, 200));
  if (kind === 2) return Buffer.concat([bytes, randomBytes(randomInt(1, 40))]);
  const copy = Buffer.from(bytes);
  for (let times = randomInt(1, 4); times > 0; times -= 1) copy[randomInt(copy.length)] = randomInt(256);
  return copy.equals(bytes) ? Buffer.concat([copy, copy]) : copy;
}

describe("E08 garbage", () => {
  it(
    `is a wrong answer ${FUZZ} times: for CBOR, for data that is signed, and for JSON`,
    { timeout: 60_000 + FUZZ * 10 },
    async () => {
      const { method, key, publicKey, asked, compare, confirm } = await alone();
      const answers = {
        data: () => key.get(asked, { authData: (bytes) => garbled(withExtensions(bytes)) }),
        attestation: () => inResponse(key.create(publicKey), "attestationObject"),
        key: () => key.create(publicKey, { authData: garbled }),
        client: () => inResponse(key.get(asked), "clientDataJSON"),
        json: () => garbled(Buffer.from(key.get(asked))).toString("latin1"),
      };
      const kinds = Object.values(answers);
      let [read, right] = [0, 0];
      for (let index = 0; index < FUZZ; index += 1) {
        const answer = kinds[index % kinds.length]?.() ?? "";
        // What is right all the same is right: what was changed says nothing that is checked, as an AAGUID or an extension.
        const secrets = [(await confirm(answer))?.secret, (await compare(answer))?.factor?.secret];
        for (const secret of secrets.filter((each) => each !== undefined)) {
          expect(JSON.parse(secret)).toMatchObject({ id: key.idText, deviceType: "multiDevice" });
          right += 1;
        }
        if (method.accepts(answer)) read += 1;
      }
      expect(read).toBeGreaterThan(FUZZ / 4);
      expect(right).toBeLessThan(FUZZ / 5);
      expect(await compare(key.get(asked))).toBeDefined();
    },
  );
});

/** With the flag of extensions, and a map of them. */
function withExtensions(bytes: Buffer): Buffer {
  const flagged = Buffer.concat([bytes, cbor({ credProtect: 2, more: [1, "two", { three: 3 }] })]);
  flagged[32] = (flagged[32] ?? 0) | 0x80;
  return flagged;
}

function inResponse(text: string, field: string): string {
  const credential = JSON.parse(text) as { response: Record<string, string> };
  const bytes = garbled(Buffer.from(credential.response[field] ?? "", "base64url"));
  return JSON.stringify({ ...credential, response: { ...credential.response, [field]: bytes.toString("base64url") } });
}
