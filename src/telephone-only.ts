import { isProduction } from "./core/options.js";
import type { MethodName } from "./methods/method.js";

/** What needs the telephone network (a restricted authenticator: NIST SP 800-63B-4 section 3.1.3.3), and what is for emergencies. */
const NO_ALTERNATIVE: readonly MethodName[] = ["sms", "voice", "recovery-code"];

/** Whoever offers nothing but the telephone is told so: it is allowed, and people are to have another choice. */
export function warnOfTelephoneOnly(methods: readonly { readonly name: MethodName }[]): void {
  if (!isProduction() || methods.some(({ name }) => !NO_ALTERNATIVE.includes(name))) return;
  process.emitWarning(
    "twoFactor({ methods }) reaches people by the telephone network alone. A number can be taken over: offer passkey() or totp() beside it.",
    { code: "REQUIRE2FA_TELEPHONE_ONLY" },
  );
}
