import { maker } from "../core/called.js";
import { companionProof } from "./jwt/companion.js";
import { jwtKeys } from "./jwt/keys.js";
import { type GivenOptions, type JwtProofOptions, jwtSettings } from "./jwt/options.js";
import { upgradeProof } from "./jwt/upgrade.js";
import type { ProofFactory } from "./proof.js";

/**
 * Keeps the proof of a second factor with a bearer token (RFC 6750). Verification answers with a `token` to use from
 * then on.
 *
 * `mode: "upgrade"`, the default, is for an app that signs its own tokens: the new token has the subject and claims of
 * the first, and says `amr` (RFC 8176), `acr` and `2fa`, the claim the guard reads. `mode: "companion"` is for tokens
 * that somebody else signs: the first token stays as it is, and a second one, bound to it by subject and hash (`ath`, as
 * in RFC 9449 section 4.2), goes with it in the header `Two-Factor-Token`. A `2fa` claim in the first token then means
 * nothing; in upgrade mode, whoever holds one of the keys can say it.
 *
 * A bearer token must be signed with one of `algorithms` under one of the keys, carry `exp`, hold now (clocks may differ
 * by 30 seconds) and bring no key or rule of its own in its header; then it is remembered, so that its signature is
 * checked once. A token cannot be called back: `req.twoFactor.clear()` and `tfa.revoke(userId)` void its proof at the
 * guard, by a list, until it is too old anyway.
 *
 * @example
 * jwtProof({ secret: process.env.JWT_SECRET, algorithms: ["HS256"], issuer: "https://acme.example" })
 *
 * @throws TwoFactorError `misconfigured` at construction for unknown options and for keys that are missing, weak or not
 * for the algorithms. At a request: `first_factor_required` (401) for a token that does not verify.
 */
export function jwtProof(options: JwtProofOptions): ProofFactory {
  const given: GivenOptions = options;
  const settings = jwtSettings(given);
  const keys = jwtKeys(given, settings);
  const { signer } = keys;
  return (context) =>
    signer ? upgradeProof(keys, signer, settings, context) : companionProof(keys, settings, context);
}
maker(jwtProof, "jwtProof");
