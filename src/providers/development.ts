import { misconfigured } from "../core/errors.js";
import { isProduction } from "../core/options.js";

/**
 * Keeps what shows codes to anybody who looks away from real users.
 *
 * @throws TwoFactorError `misconfigured` when `NODE_ENV` is `production`.
 */
export function developmentOnly(what: string): void {
  if (!isProduction()) return;
  throw misconfigured(
    `${what} shows every code in clear and is for development and tests only. ` +
      "With NODE_ENV=production use a provider that reaches the person: smtp(), webhook() or one of the vendors.",
  );
}
