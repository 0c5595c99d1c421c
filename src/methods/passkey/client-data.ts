import type { Keyring } from "../../core/crypto.js";
import { objectIn } from "./answer.js";
import { isOurs } from "./challenge.js";

/** Which verification was asked, and when the answer came. */
export interface Asked {
  readonly keys: Keyring;
  readonly id: string;
  readonly now: number;
}

/**
 * The challenge that the browser says was answered, if it is ours and was answered on a page of our own: in a frame of
 * another site a person does not see whom they are confirming something for. That is looked at here because the library
 * lets `crossOrigin` pass.
 */
export function answeredChallenge(clientDataJSON: string, { keys, id, now }: Asked): string | undefined {
  const data = objectIn(Buffer.from(clientDataJSON, "base64url").toString());
  if (!data) return undefined;
  const { challenge, crossOrigin = false, topOrigin } = data;
  if (crossOrigin !== false || topOrigin !== undefined) return undefined;
  return typeof challenge === "string" && isOurs(keys, id, challenge, now) ? challenge : undefined;
}
