import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from "node:crypto";
import { misconfigured } from "../../core/errors.js";
import type { GivenOptions, JwtAlgorithm, JwtKey, JwtSettings } from "./options.js";

/** A key, and those of the accepted algorithms that it is for. */
interface Verifier {
  readonly key: KeyObject;
  readonly algorithms: readonly JwtAlgorithm[];
}

export interface Signer {
  readonly key: KeyObject;
  readonly algorithm: JwtAlgorithm;
  readonly kid?: string;
}

export interface JwtKeys {
  readonly verifiers: readonly Verifier[];
  /** Only where we issue tokens under the app's own key. */
  readonly signer?: Signer;
}

/**
 * Key objects, made once: jsonwebtoken tries a string secret as a PEM key on every call and takes 44 times as long.
 *
 * @throws TwoFactorError `misconfigured` for keys that are missing, weak, of the wrong kind for an algorithm (RFC 8725
 * section 3.1), or that nothing in `algorithms` is for.
 */
export function jwtKeys(given: GivenOptions, settings: JwtSettings): JwtKeys {
  const { secret, privateKey, publicKey } = given;
  if (secret !== undefined && (privateKey !== undefined || publicKey !== undefined)) {
    throw misconfigured("jwtProof() takes a secret or keys, not both: a token must not choose how it is checked.");
  }
  if (settings.mode === "companion" && privateKey !== undefined) {
    throw misconfigured(
      'jwtProof({ mode: "companion" }) never signs with the key of the first token: leave privateKey out.',
    );
  }
  const signing = secret !== undefined ? secretKeys(secret, settings.algorithms) : pair(privateKey);
  const [first] = signing;
  const published = publicKey === undefined ? [] : list(publicKey).map(readPublic);
  const verifying = [...signing.map(verifyingHalf), ...published];
  if (verifying.length === 0) throw misconfigured(missing(settings.mode));
  if (settings.mode === "upgrade" && !first) throw misconfigured(missing("upgrade"));
  const verifiers = verifying.map((key) => verifier(key, settings.algorithms));
  const idle = settings.algorithms.find((algorithm) => !verifiers.some((each) => each.algorithms.includes(algorithm)));
  if (idle !== undefined) throw misconfigured(`jwtProof({ algorithms }): no key here is for ${idle}.`);
  if (settings.mode === "companion" || !first) return { verifiers };
  return { verifiers, signer: { ...signer(first, verifiers), ...kidOf(privateKey) } };
}

function missing(mode: "upgrade" | "companion"): string {
  return mode === "upgrade"
    ? "jwtProof() needs a secret, or a privateKey, to sign the upgraded token with."
    : 'jwtProof({ mode: "companion" }) needs a publicKey, or the secret, to verify the first token with.';
}

function secretKeys(secret: string | readonly string[], algorithms: readonly JwtAlgorithm[]): KeyObject[] {
  const least = Math.max(256, ...algorithms.map((name) => Number(name.slice(2)))) / 8;
  const secrets: readonly unknown[] = typeof secret === "string" ? [secret] : secret;
  return secrets.map((each) => {
    if (typeof each !== "string" || Buffer.byteLength(each) < least) {
      throw misconfigured(`jwtProof({ secret }) needs at least ${least} bytes in every secret.`);
    }
    if (each.includes("-----BEGIN")) {
      throw misconfigured(
        "jwtProof({ secret }) holds a PEM key, which is no secret. Give it as privateKey or publicKey.",
      );
    }
    return createSecretKey(each, "utf8");
  });
}

function pair(privateKey: JwtKey | undefined): KeyObject[] {
  return privateKey === undefined ? [] : [readKey(privateKey, "privateKey", createPrivateKey)];
}

function readPublic(key: JwtKey): KeyObject {
  return readKey(key, "publicKey", createPublicKey);
}

function list(keys: JwtKey | readonly JwtKey[]): readonly JwtKey[] {
  return Array.isArray(keys) ? keys : [keys as JwtKey];
}

type Reader = typeof createPublicKey | typeof createPrivateKey;

function readKey(given: JwtKey, option: "privateKey" | "publicKey", read: Reader): KeyObject {
  try {
    const key =
      given instanceof KeyObject
        ? given
        : read(typeof given === "string" ? given : { key: { ...given }, format: "jwk" });
    if (`${key.type}Key` === option) return key;
  } catch (cause) {
    throw misconfigured(
      `jwtProof({ ${option} }) cannot be read: ${cause instanceof Error ? cause.message : "no key"}.`,
    );
  }
  throw misconfigured(`jwtProof({ ${option} }) is a key of another kind.`);
}

function verifyingHalf(key: KeyObject): KeyObject {
  return key.type === "private" ? createPublicKey(key) : key;
}

const CURVES: Readonly<Record<string, string>> = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };
const MIN_MODULUS = 2_048;

function fits(key: KeyObject, algorithm: JwtAlgorithm): boolean {
  const family = algorithm.slice(0, 2);
  if (key.type === "secret") return family === "HS";
  if (key.asymmetricKeyType === "rsa") return family === "RS" || family === "PS";
  if (key.asymmetricKeyType === "rsa-pss") return family === "PS";
  return key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === CURVES[algorithm];
}

function verifier(key: KeyObject, accepted: readonly JwtAlgorithm[]): Verifier {
  const algorithms = accepted.filter((algorithm) => fits(key, algorithm));
  const { modulusLength = MIN_MODULUS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_MODULUS) throw misconfigured(`jwtProof(): an RSA key needs at least ${MIN_MODULUS} bits.`);
  if (algorithms.length === 0) {
    const kind = key.type === "secret" ? "a secret" : `a key of type ${key.asymmetricKeyType ?? "unknown"}`;
    throw misconfigured(`jwtProof(): nothing in algorithms (${accepted.join(", ")}) is for ${kind}.`);
  }
  return { key, algorithms };
}

/** The first verifier is the other half of the signing key. */
function signer(key: KeyObject, [half]: readonly Verifier[]): Signer {
  const algorithm = half?.algorithms[0];
  if (algorithm === undefined) throw misconfigured(missing("upgrade"));
  return { key, algorithm };
}

function kidOf(key: JwtKey | undefined): { kid?: string } {
  const kid: unknown = typeof key === "object" && !(key instanceof KeyObject) ? key["kid"] : undefined;
  return typeof kid === "string" ? { kid } : {};
}
