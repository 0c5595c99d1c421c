import { CLOCK_SKEW } from "../../core/clock.js";
import { type Keyring, type KeySet, mac, sameText } from "../../core/crypto.js";

/** How long a passkey may take to answer, in milliseconds. */
export const PATIENCE = 2 * 60_000;

/** Milliseconds since the epoch fit for the next 8,000 years. */
const TIME_BYTES = 6;
const TAG_BYTES = 26;
const TEXT = /^[\w-]{43}$/;

/**
 * What a passkey is to sign (WebAuthn section 13.4.3): 32 bytes that name the verification and the moment it was asked,
 * and that nobody but us can make. Nothing of it is kept. It cannot be used twice because the verification cannot.
 */
export function newChallenge(keys: Keyring, id: string, now: number): string {
  return challengeAt(keys.current, id, now);
}

/** Whether we have asked exactly this for that verification, in the last two minutes. */
export function isOurs(keys: Keyring, id: string, challenge: string, now: number): boolean {
  if (!TEXT.test(challenge)) return false;
  const at = Buffer.from(challenge, "base64url").readUIntBE(0, TIME_BYTES);
  if (at > now + CLOCK_SKEW || now - at >= PATIENCE) return false;
  return keys.all.some((set) => sameText(challengeAt(set, id, at), challenge));
}

function challengeAt({ token }: KeySet, id: string, at: number): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUIntBE(at, 0, TIME_BYTES);
  const tag = mac(token, ["passkey challenge", id, String(at)]).subarray(0, TAG_BYTES);
  return Buffer.concat([time, tag]).toString("base64url");
}
