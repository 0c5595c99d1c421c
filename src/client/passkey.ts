import type { PublicChallenge } from "../express/wire.js";

/**
 * Has the person confirm with their passkey, and gives the code for it: what a prompt of the app's own returns for a
 * challenge of the method `"passkey"`. Call it in the click of a button; an older challenge is renewed by
 * `use("passkey")`.
 *
 * @throws DOMException `NotAllowedError` for a person who would not or could not, `AbortError` by the signal; TypeError
 * in a browser that has no passkeys.
 */
export async function passkeyCode(
  { publicKey }: Pick<PublicChallenge, "publicKey">,
  signal?: AbortSignal,
): Promise<string> {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey as PublicKeyCredentialRequestOptionsJSON);
  const wish = { publicKey: options, signal } as CredentialRequestOptions;
  return JSON.stringify(await navigator.credentials.get(wish));
}
