import type { Request } from "express";
import { randomId } from "../../core/crypto.js";
import { unavailable } from "../../core/errors.js";
import { acrOf, amrOf } from "../../step-up/assurance.js";
import type { Mark } from "../../step-up/mark.js";
import type { Granted, Login, Proof, ProofContext } from "../proof.js";
import { hasBearer } from "./bearer.js";
import { fromClaim, toClaim } from "./claim.js";
import { bindingOf, FirstTokens } from "./first-token.js";
import { signToken } from "./jsonwebtoken.js";
import type { JwtKeys, Signer } from "./keys.js";
import type { JwtClaims, JwtSettings } from "./options.js";
import { seconds, type Verified } from "./verify.js";

/** The proof as a claim of the app's own token: verification answers with a new one. */
export function upgradeProof(keys: JwtKeys, signer: Signer, settings: JwtSettings, context: ProofContext): Proof {
  const tokens = new FirstTokens(keys, settings, context, loginOf);

  async function grant(req: Request, _res: unknown, mark: Mark): Promise<Granted> {
    const first = tokens.elevable(req, mark.user);
    const claims = upgraded(first, mark, settings.lifetime, context.clock());
    try {
      const header = {
        alg: signer.algorithm,
        typ: first.typ ?? "JWT",
        ...(signer.kid !== undefined && { kid: signer.kid }),
      };
      return { token: signToken(claims, signer.key, { algorithm: signer.algorithm, header }) };
    } catch (error) {
      throw unavailable("The token could not be signed.", error);
    }
  }

  return {
    kind: "jwt",
    accepts: hasBearer,
    read: (req) => tokens.read(req).login,
    grant,
    clear: () => Promise.resolve(),
  };
}

function loginOf(token: string, { claims }: Verified): Pick<Login, "binding" | "marks"> {
  const { sub } = claims;
  const second = typeof sub === "string" && sub !== "" ? fromClaim(claims["2fa"], sub) : undefined;
  return { binding: second?.of ?? bindingOf(token), marks: second?.marks ?? [] };
}

/** The same subject and claims, and the second factor; the claims that name one token in particular are made new. */
function upgraded(first: Verified & { token: string }, mark: Mark, lifetime: number, now: number): JwtClaims {
  const { iat: _iat, exp: _exp, nbf: _nbf, jti: _jti, ...kept } = first.claims;
  const second = fromClaim(first.claims["2fa"], mark.user);
  const of = second?.of ?? bindingOf(first.token);
  const until = second?.until ?? first.times.exp;
  const iat = seconds(now);
  return {
    ...kept,
    iat,
    exp: Math.min(iat + lifetime, Math.floor(until)),
    jti: randomId(),
    amr: [...new Set([...references(first.claims["amr"]), ...amrOf(mark.methods, mark.amr)])],
    acr: acrOf(mark.methods),
    "2fa": toClaim(mark, second?.marks ?? [], of, until, now),
  };
}

function references(amr: unknown): readonly string[] {
  return Array.isArray(amr) ? amr.filter((each): each is string => typeof each === "string") : [];
}
