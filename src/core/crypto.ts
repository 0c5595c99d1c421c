import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
  timingSafeEqual,
} from "node:crypto";
import { misconfigured } from "./errors.js";
import { listOf } from "./options.js";

/** One secret of the app, spread into a key for each use so that no use can answer for another. */
export interface KeySet {
  /** Public name of the secret, stored beside whatever it made. */
  readonly id: string;
  readonly code: KeyObject;
  readonly seal: KeyObject;
  readonly token: KeyObject;
}

/** All secrets: the first makes new things, every one of them still checks old ones. */
export interface Keyring {
  readonly current: KeySet;
  /** Newest first. */
  readonly all: readonly KeySet[];
  find(id: string): KeySet | undefined;
}

const MIN_SECRET_BYTES = 32;
const MAKE_ONE =
  "Make one with: node -p \"require('crypto').randomBytes(32).toString('base64url')\", and keep it where your other secrets are.";

/**
 * @throws TwoFactorError `misconfigured` for a missing secret or one below 32 bytes (RFC 8725 section 3.5:
 * a keyed hash wants a key at least as long as its output).
 */
export function createKeyring(secret: string | readonly string[] | undefined): Keyring {
  const secrets = typeof secret === "string" ? [secret] : listOf(secret ?? [], "twoFactor({ secret })");
  const first = secrets[0];
  if (first === undefined) {
    throw misconfigured(`twoFactor({ secret }) is missing. ${MAKE_ONE}`);
  }
  const sets = secrets.map((each) => {
    if (typeof each !== "string" || Buffer.byteLength(each) < MIN_SECRET_BYTES) {
      const what = typeof each === "string" ? `one of ${Buffer.byteLength(each)}` : typeof each;
      throw misconfigured(
        `twoFactor({ secret }) needs at least ${MIN_SECRET_BYTES} bytes in every secret, and was given ${what}. ${MAKE_ONE}`,
      );
    }
    return keySet(each);
  });
  const current = sets[0] ?? keySet(first);
  const byId = new Map(sets.map((set) => [set.id, set]));
  return { current, all: sets, find: (id) => byId.get(id) };
}

function keySet(secret: string): KeySet {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "require2fa", use, 32));
  const key = (use: string): KeyObject => createSecretKey(derive(use));
  return {
    id: derive("id").subarray(0, 6).toString("base64url"),
    code: key("code"),
    seal: key("seal"),
    token: key("token"),
  };
}

/** A keyed hash over parts, each fenced by its length so that no two lists of parts hash alike. */
export function mac(key: KeyObject, parts: readonly string[], algorithm: "sha256" | "sha512" = "sha256"): Buffer {
  const hmac = createHmac(algorithm, key);
  for (const part of parts) hmac.update(`${part.length}:${part}`);
  return hmac.digest();
}

/** Where a digest is written out: a Buffer of its own for each would cost more than the hash. */
const digest = Buffer.alloc(32);

/** A short name for a tuple, the same everywhere and different for different tuples. */
export function fingerprint(parts: readonly unknown[]): string {
  digest.write(hash("sha256", JSON.stringify(parts), "binary"), "latin1");
  // 32 characters, and no slice of a longer string that would stay in memory with them.
  return digest.toString("base64url", 0, 24);
}

const COMPARE_BYTES = 64;
/** Where both sides are laid out: two Buffers of their own for each comparison would cost more than it. */
const sides = [Buffer.alloc(COMPARE_BYTES), Buffer.alloc(COMPARE_BYTES)] as const;

/** Equality in constant time; both sides are laid into buffers of one length first. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = sides;
  const lengths = a.write(left) === Buffer.byteLength(left) && b.write(right) === Buffer.byteLength(right);
  const same = timingSafeEqual(a, b);
  // No code stays behind, and nothing that would stand after a shorter one.
  a.fill(0);
  b.fill(0);
  return same && lengths && left.length === right.length;
}

const ID_BYTES = 32;
const pool = Buffer.alloc(ID_BYTES * 128);
let used = pool.length;

/** 256 random bits, base64url. Drawn from a pool: a call to the system for every id would cost more than the id. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString("base64url", used, used + ID_BYTES);
  pool.fill(0, used, used + ID_BYTES);
  used += ID_BYTES;
  return id;
}

/** Encrypts with AES-256-GCM; `context` must be the same when it is opened (NIST SP 800-38D). */
export function seal(keys: Keyring, plain: string, context: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keys.current.seal, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return [keys.current.id, Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url")].join(".");
}

/** What was sealed, or `undefined` if key, context or a single bit differs. */
export function unseal(keys: Keyring, sealed: string, context: string): string | undefined {
  const [id = "", data = ""] = sealed.split(".");
  const set = keys.find(id);
  const bytes = Buffer.from(data, "base64url");
  if (!set || bytes.length < 28) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", set.seal, bytes.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(12, 28));
    return decipher.update(bytes.subarray(28), undefined, "utf8") + decipher.final("utf8");
  } catch {
    return undefined;
  }
}
