import { misconfigured } from "../../core/errors.js";

/**
 * The checks of WebAuthn sections 7.1 and 7.2, with the certificates and the COSE keys that belong to them. Loaded when
 * the first passkey is set up or used: an app without passkeys does not have the package.
 */
export async function loadLibrary() {
  try {
    return await import("@simplewebauthn/server");
  } catch {
    throw misconfigured(
      "passkey() checks with @simplewebauthn/server, which is not installed. Add it with: npm install @simplewebauthn/server",
    );
  }
}
