import type { Request } from "express";
import { totp, twoFactor, type TwoFactorOptions } from "require2fa";

export const SECRET = "a secret for benchmarks, and nothing else at all";
export const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/** The middleware as an app of one process has it; no limits but those it cannot be without. */
export function instance(options: Partial<TwoFactorOptions> = {}) {
  return twoFactor({
    secret: SECRET,
    allowMemoryStore: true,
    user: (req: Request) => (req as unknown as { session: { userId: string } }).session.userId,
    contact: (user) => ({ email: `${user}@acme.example` }),
    methods: [totp({ secret: () => TOTP_SECRET })],
    ...options,
  });
}
