import type { Request } from "express";
import { fingerprint } from "../../core/crypto.js";
import { isTwoFactorError, misconfigured, TwoFactorError } from "../../core/errors.js";
import type { Login, ProofContext } from "../proof.js";
import { bearerOf, invalidToken } from "./bearer.js";
import type { JwtKeys } from "./keys.js";
import type { JwtClaims, JwtSettings } from "./options.js";
import { type CachedToken, TokenCache } from "./token-cache.js";
import { checkTimes, type Times, type Verified, verifyBearer } from "./verify.js";

/** What the rest of the request needs of a verified token; the claims themselves are not kept. */
interface FirstToken extends CachedToken {
  readonly login: Login;
  readonly times: Times;
}

/** The part of a login that depends on the mode. */
type LoginOf = (token: string, verified: Verified) => Pick<Login, "binding" | "marks">;

/** Verifies the bearer tokens of one proof, each of them once. */
export class FirstTokens {
  readonly #cache = new TokenCache<FirstToken>();
  readonly #keys: JwtKeys;
  readonly #settings: JwtSettings;
  readonly #context: ProofContext;
  readonly #loginOf: LoginOf;

  constructor(keys: JwtKeys, settings: JwtSettings, context: ProofContext, loginOf: LoginOf) {
    this.#keys = keys;
    this.#settings = settings;
    this.#context = context;
    this.#loginOf = loginOf;
  }

  /** @throws TwoFactorError `first_factor_required` for a token that does not verify. */
  read(req: Request): FirstToken {
    const token = bearerOf(req);
    const known = this.#cache.get(token);
    if (!known) return this.#cache.add(this.#open(token));
    try {
      checkTimes(known.times, this.#context.clock());
    } catch (error) {
      throw invalidToken(error);
    }
    return known;
  }

  /**
   * The same with all its claims, verified anew, for somebody about to elevate it.
   *
   * @throws TwoFactorError `first_factor_required` when it does not verify any more, or is not this user's.
   */
  elevable(req: Request, user: string): Verified & { readonly token: string } {
    const token = bearerOf(req);
    const now = this.#context.clock();
    const verified = this.#verify(token, now);
    if (verified.claims["sub"] !== user) throw invalidToken(new Error("The token is not the user's who was verified."));
    // Within the tolerance for clocks it may still open doors, but what replaces it would be born dead.
    if (verified.times.exp * 1_000 <= now)
      throw new TwoFactorError("first_factor_required", { detail: "The token has expired." });
    return { ...verified, token };
  }

  #open(token: string): FirstToken {
    const verified = this.#verify(token, this.#context.clock());
    const { sub } = verified.claims;
    const { binding, marks } = this.#loginOf(token, verified);
    const machine = this.#isMachine(verified.claims);
    const named = typeof sub === "string" && sub !== "";
    const login: Login = named ? { binding, user: sub, machine, marks } : { binding, machine, marks };
    return { token, login, times: verified.times };
  }

  #verify(token: string, now: number): Verified {
    try {
      return verifyBearer(token, this.#keys, this.#settings, now);
    } catch (error) {
      throw isTwoFactorError(error) ? error : invalidToken(error);
    }
  }

  #isMachine(claims: JwtClaims): boolean {
    const machine: unknown = this.#settings.machine(claims);
    if (typeof machine !== "boolean") throw misconfigured("jwtProof({ machine }) must return true or false, at once.");
    return machine;
  }
}

/** Names the login of a token: as one cannot be told from the other, it is safe to store. */
export function bindingOf(token: string): string {
  return fingerprint(["bearer", token]);
}
