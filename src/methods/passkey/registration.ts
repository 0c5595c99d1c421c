import { type Keyring, mac } from "../../core/crypto.js";
import type { Person } from "../method.js";
import { isFields, type Registration } from "./answer.js";
import { newChallenge, PATIENCE } from "./challenge.js";
import { answeredChallenge, type Asked } from "./client-data.js";
import { type Credential, descriptorOf, passkeysOf } from "./credential.js";
import type { PasskeyCreation } from "./json.js";
import { loadLibrary } from "./library.js";
import type { RelyingParty } from "./options.js";

/** EdDSA, ES256, RS256: what authenticators have (COSE algorithm registry). */
const ALGORITHMS = [-8, -7, -257];

/** What is remembered of a passkey that is being made. */
export interface Begun {
  readonly handle: string;
  /** Those there are already: a second of the same would be none. */
  readonly known: readonly string[];
}

/** What the browser is to make, for the enrolment of this id. */
export function creationFor(
  { id, name, origins: _origins }: RelyingParty,
  { keys, id: enrollment, now }: Asked,
  person: Person,
): { readonly begun: Begun; readonly publicKey: PasskeyCreation } {
  const credentials = passkeysOf(person).map(({ credential }) => credential);
  const handle = credentials[0]?.handle ?? handleOf(keys, person.user);
  const account = person.contact.email ?? person.contact.phone ?? name;
  return {
    begun: { handle, known: credentials.map((each) => each.id) },
    publicKey: {
      rp: { id, name },
      user: { id: handle, name: account, displayName: account },
      challenge: newChallenge(keys, enrollment, now),
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
      timeout: PATIENCE,
      excludeCredentials: credentials.map(descriptorOf),
      // Telephones and password managers keep and copy only what could be found without being named.
      authenticatorSelection: { residentKey: "preferred", requireResidentKey: false, userVerification: "required" },
      attestation: "none",
    },
  };
}

/** Says nothing about the user to whoever gets hold of the device (WebAuthn section 14.6.1). */
function handleOf({ current }: Keyring, user: string): string {
  return mac(current.token, ["passkey user", user]).toString("base64url");
}

/** WebAuthn section 7.1: every check true, or no. */
export async function checkRegistration(
  party: RelyingParty,
  asked: Asked,
  { id, transports, ...response }: Registration,
  { handle, known }: Begun,
): Promise<Credential | undefined> {
  const { verifyRegistrationResponse } = await loadLibrary();
  const { decodeAttestationObject } = await import("@simplewebauthn/server/helpers");
  const challenge = answeredChallenge(response.clientDataJSON, asked);
  if (challenge === undefined || known.includes(id)) return undefined;
  try {
    const attested = decodeAttestationObject(new Uint8Array(Buffer.from(response.attestationObject, "base64url")));
    // We have asked for none. The library would fetch the revocation lists that a certificate names, from wherever it says.
    const format = attested.get("fmt");
    if (format !== "none" && !(format === "packed" && !attested.get("attStmt").get("x5c"))) return undefined;
    const said: unknown = await verifyRegistrationResponse({
      response: { id, rawId: id, type: "public-key", clientExtensionResults: {}, response },
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      expectedType: "webauthn.create",
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    const made = madeOf(said);
    return made?.id === id ? { ...made, transports, handle } : undefined;
  } catch {
    return undefined;
  }
}

/** Only a yes in so many words is one. */
function madeOf(said: unknown): Omit<Credential, "transports" | "handle"> | undefined {
  if (!isFields(said) || said["verified"] !== true || !isFields(said["registrationInfo"])) return undefined;
  const { credential, userVerified, credentialDeviceType: deviceType, credentialBackedUp } = said["registrationInfo"];
  if (userVerified !== true || typeof credentialBackedUp !== "boolean" || !isFields(credential)) return undefined;
  const { id, publicKey, counter } = credential;
  if (typeof id !== "string" || !(publicKey instanceof Uint8Array) || typeof counter !== "number") return undefined;
  if (deviceType !== "singleDevice" && deviceType !== "multiDevice") return undefined;
  const key = Buffer.from(publicKey).toString("base64url");
  return { id, publicKey: key, counter, deviceType, backedUp: credentialBackedUp };
}
