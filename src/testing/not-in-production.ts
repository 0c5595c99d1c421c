import { misconfigured } from "../core/errors.js";
import { isProduction } from "../core/options.js";

/**
 * Called when the kit is imported: what reads codes must not even be loaded beside real users.
 *
 * @throws TwoFactorError `misconfigured` when `NODE_ENV` is `production`.
 */
export function refuseProduction(): void {
  if (!isProduction()) return;
  throw misconfigured(
    "require2fa/testing reads codes that were sent, so it does not load with NODE_ENV=production. Import it in tests only.",
  );
}
