import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { totp, type TotpOptions } from "../../src/methods/totp.js";
import type { Pending } from "../../src/stores/pending.js";
import { fixture, TOTP_SECRET } from "../helpers/app.js";

const ENTRY = {} as Pending;
const ADA = { user: "ada", contact: {}, factors: [] };
const STEP = 30_000;

/** The method as `twoFactor()` would have it, and the step it matches: `undefined` for a wrong code. */
function matcher(options: TotpOptions) {
  const method = totp(options).create({} as never);
  return async (code: string, now: number): Promise<number | undefined> =>
    (await method.compare(ENTRY, ADA, code, now))?.step?.value;
}

/** RFC 4226 section 5.3, written down once more: what is tested must not be what tests. */
function hotp(secret: Uint8Array, counter: number, digits: number, algorithm: string): string {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(counter));
  const hash = createHmac(algorithm, secret).update(moving).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const fives = bits.match(/.{1,5}/g) ?? [];
  return fives.map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}

const ascii = (length: number): Buffer => Buffer.from("1234567890".repeat(7).slice(0, length));
const SECRETS = { sha1: ascii(20), sha256: ascii(32), sha512: ascii(64) } as const;

/** RFC 4226 appendix D. */
const HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

/** RFC 6238 appendix B: seconds, then the code by SHA-1, SHA-256 and SHA-512. */
const TOTP = [
  [59, "94287082", "46119246", "90693936"],
  [1_111_111_109, "07081804", "68084774", "25091201"],
  [1_111_111_111, "14050471", "67062674", "99943326"],
  [1_234_567_890, "89005924", "91819424", "93441116"],
  [2_000_000_000, "69279037", "90698825", "38618901"],
  [20_000_000_000, "65353130", "77737706", "47863826"],
] as const;

describe("E01: totp()", () => {
  it.each(HOTP.map((code, counter) => [counter, code] as const))(
    "makes of counter %d the code %s of RFC 4226 appendix D",
    async (counter, code) => {
      const matches = matcher({ secret: () => SECRETS.sha1, window: 0 });
      expect(await matches(code, counter * STEP)).toBe(counter);
      expect(await matches(code, (counter + 1) * STEP)).toBeUndefined();
    },
  );

  it.each(
    TOTP.flatMap(([seconds, sha1, sha256, sha512]) => [
      [seconds, "sha1", sha1] as const,
      [seconds, "sha256", sha256] as const,
      [seconds, "sha512", sha512] as const,
    ]),
  )("makes at %d s by %s the code %s of RFC 6238 appendix B", async (seconds, algorithm, code) => {
    const matches = matcher({ secret: () => SECRETS[algorithm], digits: 8, algorithm, window: 0 });
    expect(await matches(code, seconds * 1_000)).toBe(Math.floor(seconds / 30));
    expect(
      await matches(
        code.replace(/^./, (digit) => String((Number(digit) + 1) % 10)),
        seconds * 1_000,
      ),
    ).toBeUndefined();
  });

  it("covers all 28 vectors", () => {
    expect(HOTP.length + TOTP.length * 3).toBe(28);
  });

  it.each([2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 37])("counts beyond 32 bits: step %d", async (step) => {
    for (const algorithm of ["sha1", "sha256", "sha512"] as const) {
      const matches = matcher({ secret: () => SECRETS[algorithm], algorithm, window: 0 });
      const code = hotp(SECRETS[algorithm], step, 6, algorithm);
      expect(await matches(code, step * STEP)).toBe(step);
      expect(await matches(code, step * STEP + STEP - 1)).toBe(step);
      expect(code === hotp(SECRETS[algorithm], step % 2 ** 32, 6, algorithm)).toBe(step < 2 ** 32);
    }
  });

  it.each([16, 20, 32, 64])("takes secrets of %d bytes, as bytes and however people copy base32", async (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + 11) % 256);
    const text = base32(bytes);
    const padded = text.padEnd(Math.ceil(text.length / 8) * 8, "=");
    const grouped = text.toLowerCase().replace(/(.{4})/g, "$1 ");
    const code = hotp(bytes, 58_000_000, 6, "sha1");
    for (const secret of [
      bytes,
      Buffer.from(bytes),
      text,
      padded,
      grouped,
      text.replace(/(.{4})/g, "$1-"),
      `\t${text}\n`,
    ]) {
      expect(await matcher({ secret: () => secret })(code, 58_000_000 * STEP)).toBe(58_000_000);
    }
  });

  it("has codes of six, seven and eight digits, leading zeros and all", async () => {
    for (const digits of [6, 7, 8] as const) {
      let step = 1_000;
      while (!hotp(SECRETS.sha1, step, digits, "sha1").startsWith("00")) step += 1;
      const code = hotp(SECRETS.sha1, step, digits, "sha1");
      const matches = matcher({ secret: () => SECRETS.sha1, digits });
      expect(await matches(code, step * STEP)).toBe(step);
      expect(await matches(String(Number(code)), step * STEP)).toBeUndefined();
    }
  });
});

describe("E02: the window of totp()", () => {
  const now = 1_000 * STEP + 12_345;
  const codeAt = (offset: number): string => hotp(SECRETS.sha1, 1_000 + offset, 6, "sha1");

  it.each([
    [1, [-1, 0]],
    [0, [0]],
    [undefined, [-1, 0]],
  ] as const)("of %s accepts the codes of steps %j and no others", async (window, accepted) => {
    const matches = matcher({ secret: () => SECRETS.sha1, ...(window === undefined ? {} : { window }) });
    const found: number[] = [];
    for (let offset = -3; offset <= 3; offset += 1) {
      const step = await matches(codeAt(offset), now);
      if (step !== undefined) found.push(step - 1_000);
    }
    expect(found).toEqual(accepted);
  });

  it.each([2, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "2", true])("cannot be %j", (window) => {
    expect(() => totp({ secret: () => "x", window: window as 1 })).toThrow(
      expect.objectContaining({ code: "misconfigured" }),
    );
  });

  it("goes by the server's clock, whatever the request says about the time", async () => {
    const shop = fixture();
    shop.guard("/vault");
    const agent = await shop.login("grace");
    await agent.get("/vault").expect(401);
    const seed = Buffer.from("Hello!\xde\xad\xbe\xef".repeat(2), "latin1");
    const step = Math.floor(shop.clock() / STEP);
    const ahead = hotp(seed, step + 10, 6, "sha1");
    const date = new Date(shop.clock() + 10 * STEP);
    await agent
      .post("/2fa/verify")
      .set({ date: date.toUTCString(), "x-timestamp": String(date.getTime()) })
      .send({ code: ahead, timestamp: date.getTime(), now: date.getTime(), epoch: date.getTime() })
      .expect(422);
    await agent
      .post("/2fa/verify")
      .send({ code: hotp(seed, step, 6, "sha1") })
      .expect(200);
  });

  it("is not widened by the digits, the algorithm or the secret being wrong", () => {
    for (const wrong of [
      { digits: 5 },
      { digits: 9 },
      { algorithm: "md5" },
      { algorithm: "SHA1" },
      { period: 60 },
      { secret: TOTP_SECRET },
    ]) {
      expect(() => totp({ secret: () => TOTP_SECRET, ...wrong } as TotpOptions)).toThrow(
        expect.objectContaining({ code: "misconfigured" }),
      );
    }
  });
});

describe("E03: a time step", () => {
  const seed = Buffer.from("Hello!\xde\xad\xbe\xef".repeat(2), "latin1");

  /** Grace, challenged in a new session; answers with a verify of the code `offset` steps from now. */
  async function grace(shop: ReturnType<typeof fixture>) {
    const agent = await shop.login("grace");
    await agent.get("/vault").expect(401);
    const code = (offset: number): string => hotp(seed, Math.floor(shop.clock() / STEP) + offset, 6, "sha1");
    return (offset: number) => agent.post("/2fa/verify").send({ code: code(offset) });
  }

  function shopWithVault() {
    const shop = fixture();
    shop.guard("/vault");
    return shop;
  }

  it("is burnt by success: the same code opens nothing again, in no session", async () => {
    const shop = shopWithVault();
    const [first, second, third] = [await grace(shop), await grace(shop), await grace(shop)];
    await first(0).expect(200);
    const again = await second(0).expect(422);
    expect(again.body).toMatchObject({ code: "wrong_code", attemptsLeft: 4 });
    await third(0).expect(422);
    expect(shop.counters.grants).toBe(1);
  });

  it("burns the steps before it: the code of T-1 is dead once T was used", async () => {
    const shop = shopWithVault();
    const [first, second] = [await grace(shop), await grace(shop)];
    await first(0).expect(200);
    await second(-1).expect(422);
    expect(shop.counters.grants).toBe(1);
  });

  it("leaves the next one alive: T after T-1, and T+1 after T", async () => {
    const shop = shopWithVault();
    const [first, second, third] = [await grace(shop), await grace(shop), await grace(shop)];
    await first(-1).expect(200);
    await second(0).expect(200);
    shop.clock.tick(STEP);
    await third(-1).expect(422);
    await third(0).expect(200);
    expect(shop.counters.grants).toBe(3);
  });

  it("is not burnt by a wrong code, nor by somebody else", async () => {
    const shop = fixture({ methods: [totp({ secret: () => TOTP_SECRET })] });
    shop.guard("/vault");
    const ada = await shop.login("ada");
    await ada.get("/vault").expect(401);
    const code = hotp(seed, Math.floor(shop.clock() / STEP), 6, "sha1");
    await ada
      .post("/2fa/verify")
      .send({ code: String((Number(code) + 1) % 1_000_000).padStart(6, "0") })
      .expect(422);
    await ada.post("/2fa/verify").send({ code }).expect(200);
    const bob = await shop.login("bob");
    await bob.get("/vault").expect(401);
    await bob.post("/2fa/verify").send({ code }).expect(200);
  });

  it("is used once by nine sessions that answer at the same time", async () => {
    const shop = shopWithVault();
    const sessions = await Promise.all(Array.from({ length: 9 }, () => grace(shop)));
    const answers = await Promise.all(sessions.map((verify) => verify(0)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(shop.counters.grants).toBe(1);
  });
});

describe("a secret that is not there", () => {
  afterEach(() => void vi.useRealTimers());

  it.each([null, undefined, ""])("makes %j no method at all", async (secret) => {
    const method = totp({ secret: () => secret }).create({} as never);
    expect(await method.enrolled(ADA)).toEqual([]);
    expect(await method.compare(ENTRY, ADA, "123456", 0)).toBeUndefined();
    expect(await method.compare(ENTRY, ADA, "000000", 0)).toBeUndefined();
  });

  it("closes the door when the callback fails while a code is compared", async () => {
    let broken = false;
    const secret = (): string => {
      if (broken) throw new Error("the database is away");
      return TOTP_SECRET;
    };
    const { tfa } = fixture({ methods: [totp({ secret })] });
    const owner = { user: "grace", session: "s" };
    await tfa.challenges.start(owner);
    broken = true;
    await expect(tfa.challenges.verify({ ...owner, code: "123456" })).rejects.toThrow(Error);
  });

  it("A09: closes the door within five seconds when the callback never answers while a code is compared", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let hangs = false;
    const secret = () => (hangs ? new Promise<string>(() => undefined) : TOTP_SECRET);
    const { tfa } = fixture({ methods: [totp({ secret })] });
    const owner = { user: "grace", session: "s" };
    await tfa.challenges.start(owner);
    hangs = true;
    const outcome = vi.fn();
    void tfa.challenges.verify({ ...owner, code: "123456" }).then(outcome, outcome);
    await vi.advanceTimersByTimeAsync(5_000);
    await vi.waitFor(() => expect(outcome).toHaveBeenCalledWith(expect.objectContaining({ code: "unavailable" })), {
      timeout: 500,
      interval: 10,
    });
  });
});
