import { createRequire } from "node:module";
import type { KeyObject } from "node:crypto";
import type * as JsonWebToken from "jsonwebtoken";

const require = createRequire(import.meta.url);
let library: typeof JsonWebToken | undefined;

/**
 * Loaded when the first token comes, and at once: an app without bearer tokens does not pay for it, and the guard's
 * path stays synchronous.
 */
function jsonwebtoken(): typeof JsonWebToken {
  library ??= require("jsonwebtoken") as typeof JsonWebToken;
  return library;
}

type VerifyRules = JsonWebToken.VerifyOptions;
type SignRules = JsonWebToken.SignOptions;

/** @throws jsonwebtoken's errors. */
export function verifyToken(token: string, key: KeyObject, rules: VerifyRules): unknown {
  return jsonwebtoken().verify(token, key, rules);
}

/** @throws jsonwebtoken's errors. */
export function signToken(claims: object, key: KeyObject, rules: SignRules): string {
  return jsonwebtoken().sign(claims, key, rules);
}
