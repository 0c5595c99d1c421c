import { createHash } from "node:crypto";
import type { Request } from "express";
import type { Keyring } from "../../core/crypto.js";
import { unavailable } from "../../core/errors.js";
import type { Mark } from "../../step-up/mark.js";
import type { Granted, Login, Proof, ProofContext } from "../proof.js";
import { hasBearer } from "./bearer.js";
import { fromClaim, toClaim } from "./claim.js";
import { checkNames, parseCompact } from "./compact.js";
import { bindingOf, FirstTokens } from "./first-token.js";
import { signToken, verifyToken } from "./jsonwebtoken.js";
import type { JwtKeys } from "./keys.js";
import type { JwtClaims, JwtSettings } from "./options.js";
import { type CachedToken, TokenCache } from "./token-cache.js";
import { checkTimes, seconds, type Times, timesOf } from "./verify.js";

/** The request header of the second token. */
const HEADER = "two-factor-token";
/** Its own type and issuer: it passes for no other token, and no other for it (RFC 8725 sections 3.8 and 3.11). */
const TYPE = "2fa+jwt";
const ISSUER = "require2fa";
const ALGORITHM = "HS256";
const NONE: readonly Mark[] = [];

interface Companion extends CachedToken {
  readonly sub: string;
  /** Which first token it belongs to. */
  readonly ath: string;
  /** The first token itself, once one has been found to be the right one: it need not be hashed again. */
  first?: string;
  readonly times: Times;
  readonly marks: readonly Mark[];
}

/** The proof as a second token beside one that somebody else signs. */
export function companionProof(keys: JwtKeys, settings: JwtSettings, context: ProofContext): Proof {
  const tokens = new FirstTokens(keys, settings, context, (token) => ({ binding: bindingOf(token), marks: NONE }));
  const cache = new TokenCache<Companion>();

  function marksOf(req: Request, first: string, user: string | undefined): readonly Mark[] {
    const token = req.headers[HEADER];
    if (typeof token !== "string" || user === undefined) return NONE;
    try {
      const now = context.clock();
      const companion = cache.get(token) ?? cache.add(openCompanion(token, context.keys, now));
      checkTimes(companion.times, now);
      if (companion.sub !== user || (companion.first !== first && companion.ath !== hashOf(first))) return NONE;
      companion.first = first;
      return companion.marks;
    } catch {
      // Whatever is wrong with it, it proves nothing; the first token stands for itself.
      return NONE;
    }
  }

  function read(req: Request): Login {
    const { token, login } = tokens.read(req);
    const marks = marksOf(req, token, login.user);
    return marks === NONE ? login : { ...login, marks };
  }

  async function grant(req: Request, _res: unknown, mark: Mark): Promise<Granted> {
    const { token, times } = tokens.elevable(req, mark.user);
    const now = context.clock();
    const iat = seconds(now);
    const claims = {
      iss: ISSUER,
      sub: mark.user,
      ath: hashOf(token),
      iat,
      exp: Math.min(iat + settings.lifetime, Math.floor(times.exp)),
      "2fa": toClaim(mark, marksOf(req, token, mark.user), bindingOf(token), times.exp, now),
    };
    return { token: issue(claims, context.keys) };
  }

  return { kind: "jwt", accepts: hasBearer, read, grant, clear: () => Promise.resolve() };
}

function issue(claims: JwtClaims, { current }: Keyring): string {
  try {
    const header = { alg: ALGORITHM, typ: TYPE, kid: current.id };
    return signToken(claims, current.token, { algorithm: ALGORITHM, header });
  } catch (error) {
    throw unavailable("The token could not be signed.", error);
  }
}

/** @throws Error for anything but a companion token that we have issued. */
function openCompanion(token: string, keys: Keyring, now: number): Companion {
  const { header, claims: text } = parseCompact(token);
  const { typ, kid } = header;
  const set = typeof kid === "string" ? keys.find(kid) : undefined;
  if (typ !== TYPE || !set) throw new Error("This is no companion token of ours.");
  const claims = verifyToken(token, set.token, {
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    clockTimestamp: seconds(now),
    ignoreExpiration: true,
  }) as JwtClaims;
  checkNames(text, claims);
  const { sub, ath } = claims;
  if (typeof sub !== "string" || typeof ath !== "string") throw new Error("The companion token belongs to no token.");
  return { token, sub, ath, times: timesOf(claims), marks: fromClaim(claims["2fa"], sub)?.marks ?? NONE };
}

/** The `ath` of a token: the base64url SHA-256 of its text (RFC 9449 section 4.2). */
function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
