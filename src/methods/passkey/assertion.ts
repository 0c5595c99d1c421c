import { sameText } from "../../core/crypto.js";
import { type Assertion, isFields } from "./answer.js";
import { answeredChallenge, type Asked } from "./client-data.js";
import type { Credential } from "./credential.js";
import { loadLibrary } from "./library.js";
import type { RelyingParty } from "./options.js";

/**
 * WebAuthn section 7.2: every check true, or no. The credential as it is to be kept from now on, after a right answer.
 *
 * @throws TwoFactorError `misconfigured` where the library is missing; whatever the library throws at an answer is a no.
 */
export async function checkAssertion(
  party: RelyingParty,
  asked: Asked,
  answer: Assertion,
  credential: Credential,
): Promise<Credential | undefined> {
  const { verifyAuthenticationResponse } = await loadLibrary();
  const { id, userHandle, ...response } = answer;
  const challenge = answeredChallenge(answer.clientDataJSON, asked);
  if (challenge === undefined || id !== credential.id) return undefined;
  // The library does not look at it. It is there where the passkey was found without being named.
  if (userHandle !== undefined && !sameText(userHandle, credential.handle)) return undefined;
  try {
    const said: unknown = await verifyAuthenticationResponse({
      response: { id, rawId: id, type: "public-key", clientExtensionResults: {}, response },
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      expectedType: "webauthn.get",
      requireUserVerification: true,
      // It compares counters before the signature: then an unsigned answer would say how far ours has come. See below.
      credential: { id, publicKey: new Uint8Array(Buffer.from(credential.publicKey, "base64url")), counter: 0 },
    });
    return afterUse(said, credential);
  } catch {
    return undefined;
  }
}

/** Only a yes in so many words is one, and only about this credential. */
function afterUse(said: unknown, credential: Credential): Credential | undefined {
  if (!isFields(said) || said["verified"] !== true || !isFields(said["authenticationInfo"])) return undefined;
  const { credentialID, userVerified, newCounter, credentialDeviceType, credentialBackedUp } =
    said["authenticationInfo"];
  const sound = credentialID === credential.id && userVerified === true && typeof credentialBackedUp === "boolean";
  // Whether it can be copied to another device is fixed when it is made (section 6.1.3).
  if (!sound || credentialDeviceType !== credential.deviceType) return undefined;
  if (typeof newCounter !== "number" || !hasGrown(newCounter, credential.counter)) return undefined;
  return { ...credential, counter: newCounter, backedUp: credentialBackedUp };
}

/** Section 7.2 step 22: one that does not count says 0 every time; one that does and falls back has been copied. */
function hasGrown(counter: number, known: number): boolean {
  return counter > known || (counter === 0 && known === 0);
}
