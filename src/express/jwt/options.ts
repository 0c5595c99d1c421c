import type { KeyObject } from "node:crypto";
import { type Duration, milliseconds } from "../../core/durations.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf } from "../../core/options.js";

/** Signature algorithms with one shared secret (RFC 7518 section 3.2). */
export type SecretAlgorithm = "HS256" | "HS384" | "HS512";
/** Signature algorithms with a key pair (RFC 7518 sections 3.3 to 3.5). */
export type KeyAlgorithm = "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512";
export type JwtAlgorithm = SecretAlgorithm | KeyAlgorithm;

/** A key as RFC 7517 writes it. Our own type: Node's moved between versions of its types. */
export interface Jwk {
  readonly kty?: string;
  readonly [parameter: string]: unknown;
}

/** A key as PEM text, as a JSON Web Key (RFC 7517) or as Node's own object. */
export type JwtKey = string | Jwk | KeyObject;

/** The claims of a token that has been verified. */
export type JwtClaims = Readonly<Record<string, unknown>>;

interface Shared {
  /** Only tokens that say exactly this in `iss`, or one of these. Default: any issuer. */
  issuer?: string | readonly string[];
  /** Only tokens that name this in `aud`, or one of these. Default: any audience, or none. */
  audience?: string | readonly string[];
  /**
   * How long the token lives that is issued after verification; never longer than the first one, never above `"1h"`.
   * Default `"15m"`.
   */
  expiresIn?: Duration;
  /**
   * Whether a token speaks for a program, so that no person could answer a challenge. Default: it has no `sub`, or its
   * `sub` equals `client_id` or `azp`, or its `gty` is `"client-credentials"`.
   */
  machine?: (claims: JwtClaims) => boolean;
}

interface WithSecret extends Shared {
  /**
   * What the tokens are signed with, or several for rotation: the first signs, all verify. At least as many bytes as the
   * longest hash in `algorithms` has: 32, 48 or 64 (RFC 7518 section 3.2).
   */
  secret: string | readonly string[] | undefined;
  /** The algorithms to accept, and no others; new tokens are signed with the first (RFC 8725 section 3.1). */
  algorithms: readonly SecretAlgorithm[];
  privateKey?: never;
  publicKey?: never;
}

/** The app signs its tokens with a secret: after verification it hands out an upgraded one. */
export interface UpgradeWithSecret extends WithSecret {
  mode?: "upgrade";
}

/** The app signs its tokens with a private key: after verification it hands out an upgraded one. */
export interface UpgradeWithKeys extends Shared {
  mode?: "upgrade";
  /** Signs the upgraded tokens. A `kid` in a JSON Web Key goes into their header. */
  privateKey: JwtKey;
  /** What else verifies, for rotation; the public half of `privateKey` always does. */
  publicKey?: JwtKey | readonly JwtKey[];
  /** The algorithms to accept, and no others; new tokens are signed with the first that fits `privateKey`. */
  algorithms: readonly KeyAlgorithm[];
  secret?: never;
}

/** Somebody else signs the tokens, with a secret we know: the proof travels in a second token of our own. */
export interface CompanionWithSecret extends WithSecret {
  mode: "companion";
}

/** Somebody else signs the tokens: the proof travels in a second token of our own. */
export interface CompanionWithKeys extends Shared {
  mode: "companion";
  /** What verifies the first token; several for rotation. */
  publicKey: JwtKey | readonly JwtKey[];
  /** The algorithms to accept, and no others (RFC 8725 section 3.1). */
  algorithms: readonly KeyAlgorithm[];
  privateKey?: never;
  secret?: never;
}

export type JwtProofOptions = UpgradeWithSecret | UpgradeWithKeys | CompanionWithSecret | CompanionWithKeys;

/** The same options, all in one, once the compiler has had its say. */
export interface GivenOptions extends Shared {
  mode?: "upgrade" | "companion";
  secret?: string | readonly string[] | undefined;
  privateKey?: JwtKey | undefined;
  publicKey?: JwtKey | readonly JwtKey[] | undefined;
  algorithms: readonly JwtAlgorithm[];
}

/** The options, checked; keys are made from the rest of them elsewhere. */
export interface JwtSettings {
  readonly mode: "upgrade" | "companion";
  readonly algorithms: readonly JwtAlgorithm[];
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  /** Seconds. */
  readonly lifetime: number;
  readonly machine: (claims: JwtClaims) => boolean;
}

const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"] as const satisfies readonly SecretAlgorithm[];
const RSA_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
] as const satisfies readonly KeyAlgorithm[];
const CURVE_ALGORITHMS = ["ES256", "ES384", "ES512"] as const satisfies readonly KeyAlgorithm[];
const ALGORITHMS: readonly JwtAlgorithm[] = [...SECRET_ALGORITHMS, ...RSA_ALGORITHMS, ...CURVE_ALGORITHMS];
const LONGEST = 3_600_000;

/** @throws TwoFactorError `misconfigured` for whatever is unknown, missing or too weak. */
export function jwtSettings(given: GivenOptions): JwtSettings {
  checkKeys<GivenOptions>(
    given,
    {
      mode: true,
      secret: true,
      privateKey: true,
      publicKey: true,
      algorithms: true,
      issuer: true,
      audience: true,
      expiresIn: true,
      machine: true,
    },
    "jwtProof()",
  );
  const { mode = "upgrade", expiresIn = "15m", machine = speaksForItself } = given;
  if (typeof machine !== "function") throw misconfigured("jwtProof({ machine }) must be a function of the claims.");
  return {
    mode: oneOf(mode, ["upgrade", "companion"], "jwtProof({ mode })"),
    algorithms: algorithmsOf(given.algorithms),
    issuer: names(given.issuer, "issuer"),
    audience: names(given.audience, "audience"),
    lifetime: lifetimeOf(expiresIn),
    machine,
  };
}

function algorithmsOf(given: unknown): readonly JwtAlgorithm[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw misconfigured('jwtProof({ algorithms }) must list the algorithms to accept, as in ["HS256"] or ["ES256"].');
  }
  return given.map((each) => oneOf(each, ALGORITHMS, "jwtProof({ algorithms })"));
}

function names(given: string | readonly string[] | undefined, option: string): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const texts = list.filter((each): each is string => typeof each === "string" && each !== "");
  if (texts.length === 0 || texts.length !== list.length) {
    throw misconfigured(`jwtProof({ ${option} }) must be a name, or a list of names; leave it out to accept any.`);
  }
  return texts;
}

function lifetimeOf(given: Duration): number {
  const life = milliseconds(given, "jwtProof({ expiresIn })");
  if (life < 1_000 || life > LONGEST) {
    throw misconfigured(`jwtProof({ expiresIn }): ${JSON.stringify(given)} is not between "1s" and "1h".`);
  }
  return Math.floor(life / 1_000);
}

function speaksForItself({ sub, client_id: client, azp, gty }: JwtClaims): boolean {
  return typeof sub !== "string" || sub === "" || sub === client || sub === azp || gty === "client-credentials";
}
