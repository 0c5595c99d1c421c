/** What a passkey answers to a challenge (WebAuthn Level 3, `AuthenticationResponseJSON`), as far as we read it. */
export interface Assertion {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string;
}

/** What a new passkey is presented with (`RegistrationResponseJSON`), as far as we read it. */
export interface Registration {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports: readonly string[];
}

/** Characters. The longest that is known of is half as long. */
const LONGEST = 8 * 1024;
/** WebAuthn section 4, "Credential ID": at most 1,023 bytes; ours are far below. */
const LONGEST_ID = 1_364;
const BASE64URL = /^[\w-]+$/;
const TRANSPORTS = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"];

/** Whether the text could be an answer at all: its shape alone, and nothing that costs anything. */
export function readAssertion(text: unknown): Assertion | undefined {
  const read = credentialIn(text);
  if (!read) return undefined;
  const { id, response } = read;
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  if (!isBase64url(clientDataJSON) || !isBase64url(authenticatorData) || !isBase64url(signature)) return undefined;
  const named = userHandle !== undefined && userHandle !== null && userHandle !== "";
  if (named && !isBase64url(userHandle)) return undefined;
  return { id, clientDataJSON, authenticatorData, signature, ...(named && { userHandle }) };
}

export function readRegistration(text: unknown): Registration | undefined {
  const read = credentialIn(text);
  if (!read) return undefined;
  const { clientDataJSON, attestationObject, transports } = read.response;
  if (!isBase64url(clientDataJSON) || !isBase64url(attestationObject)) return undefined;
  const told: readonly unknown[] = Array.isArray(transports) ? transports : [];
  return {
    id: read.id,
    clientDataJSON,
    attestationObject,
    transports: TRANSPORTS.filter((each) => told.includes(each)),
  };
}

function credentialIn(text: unknown): { readonly id: string; readonly response: Fields } | undefined {
  if (typeof text !== "string" || text.length > LONGEST) return undefined;
  const credential = objectIn(text);
  const { id, rawId, type, response } = credential ?? {};
  if (type !== "public-key" || id !== rawId || !isBase64url(id) || id.length > LONGEST_ID) return undefined;
  return isFields(response) ? { id, response } : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The JSON object in a text; nothing for any other text. */
export function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isBase64url(value: unknown): value is string {
  return typeof value === "string" && BASE64URL.test(value);
}
