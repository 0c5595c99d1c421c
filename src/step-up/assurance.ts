import type { Factor } from "../methods/method.js";

/** What a method is called in the `amr` claim (RFC 8176 section 2); `email` is not registered there and stays a private name. */
const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  totp: ["otp"],
  sms: ["sms"],
  voice: ["tel"],
  email: ["email"],
  "recovery-code": ["otp"],
  passkey: ["hwk", "user"],
};

/** The first factor and one of ours: what `acr` says unless the proof was phishing-resistant. */
const ACR_MFA = "urn:require2fa:mfa";

/** Phishing-resistant, as the OpenID Connect EAP profile (ACR values, section 2) spells it. */
const ACR_PHISHING_RESISTANT = "phr";

/**
 * Authentication method references for what was proved, and `"mfa"`: the caller speaks of a second factor on top of a
 * first. A method this table does not know goes by its own name; where a mark says it exactly, that is what holds.
 */
export function amrOf(methods: readonly string[], exactly?: readonly string[]): readonly string[] {
  const values =
    exactly ?? methods.flatMap((method) => (Object.hasOwn(REFERENCES, method) ? (REFERENCES[method] ?? []) : [method]));
  return [...new Set([...values, "mfa"])];
}

/** The authentication context class for what was proved: one phishing-resistant method makes the whole so. */
export function acrOf(methods: readonly string[]): string {
  return methods.includes("passkey") ? ACR_PHISHING_RESISTANT : ACR_MFA;
}

/** A key that can be copied to another device is no hardware's. For a mark; nothing for what is no passkey. */
export function keyOf(factor: Pick<Factor, "passkey"> | undefined): { readonly amr?: readonly string[] } {
  if (!factor?.passkey) return {};
  return { amr: [factor.passkey.deviceType === "multiDevice" ? "swk" : "hwk", "user"] };
}
