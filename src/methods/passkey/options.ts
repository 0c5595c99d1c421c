import { misconfigured } from "../../core/errors.js";
import { checkKeys, display, listOf } from "../../core/options.js";
import { isPrintable } from "../../core/printable.js";

export interface PasskeyOptions {
  /**
   * The domain that passkeys belong to, as in `"example.com"`: they work there and on every subdomain, and nowhere else.
   * Those that people have are lost when it changes.
   * @default the host of the first `twoFactor({ origin })`
   */
  rpId?: string;
  /**
   * The origins whose pages may use them, as in `["https://example.com"]`; for an Android app, `"android:apk-key-hash:..."`.
   * @default `twoFactor({ origin })`
   */
  origins?: readonly string[];
  /**
   * What the browser calls the site while a passkey is made.
   * @default `twoFactor({ service })`, or else `rpId`
   */
  rpName?: string;
}

/** Who passkeys are for (WebAuthn section 4, "Relying Party"). */
export interface RelyingParty {
  readonly id: string;
  readonly name: string;
  readonly origins: readonly string[];
}

const DOMAIN = /^(?!\d+(?:\.\d+){3}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;
const ANDROID = /^android:apk-key-hash:[\w-]{43}$/;

/** What can be checked before the instance is known. */
export function checkPasskeyOptions(options: PasskeyOptions): void {
  checkKeys(options, { rpId: true, origins: true, rpName: true }, "passkey()");
  const { rpId, rpName, origins } = options;
  if (rpId !== undefined && (typeof rpId !== "string" || rpId.length > 253 || !DOMAIN.test(rpId))) {
    throw misconfigured(
      `passkey({ rpId: "${display(rpId)}" }) must be a domain such as "example.com": no scheme, no port, no IP address.`,
    );
  }
  if (rpName !== undefined && (typeof rpName !== "string" || !isPrintable(rpName, 1, 60))) {
    throw misconfigured("passkey({ rpName }) must be a name of 1 to 60 printable characters.");
  }
  if (origins !== undefined && listOf(origins, "passkey({ origins })").length === 0) {
    throw misconfigured("passkey({ origins }) needs at least one, or leave it out.");
  }
}

/** @throws TwoFactorError `misconfigured` where there is no origin, or one that can have no passkeys of this domain. */
export function relyingParty(
  options: PasskeyOptions,
  { origins: configured, service }: { readonly origins: readonly string[]; readonly service: string | undefined },
): RelyingParty {
  const origins = options.origins ?? configured;
  const [first] = origins;
  if (first === undefined) {
    throw misconfigured(
      'passkey() needs to know where it is used: write twoFactor({ origin: "https://example.com" }), or passkey({ rpId, origins }).',
    );
  }
  const hosts = origins.map(hostOf).filter((host) => host !== undefined);
  const id = options.rpId ?? hosts[0];
  if (id === undefined) throw misconfigured("passkey({ rpId }) is missing: none of the origins is a website.");
  checkPasskeyOptions({ rpId: id });
  const foreign = hosts.find((host) => host !== id && !host.endsWith(`.${id}`));
  if (foreign !== undefined) {
    throw misconfigured(
      `passkey(): browsers let ${foreign} use no passkeys of ${id}. Give passkey({ rpId }) a domain that all of the origins are in.`,
    );
  }
  return { id, name: options.rpName ?? service ?? id, origins };
}

/** Nothing for an app; browsers know passkeys in secure contexts alone. */
function hostOf(origin: string): string | undefined {
  if (typeof origin === "string" && ANDROID.test(origin)) return undefined;
  const url = typeof origin === "string" && URL.canParse(origin) ? new URL(origin) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && /^(?:.+\.)?localhost$/.test(url.hostname));
  if (url?.origin !== origin || !secure) {
    throw misconfigured(
      `passkey(): "${display(origin)}" is no origin with passkeys. Browsers know them at https: and at http://localhost, with no path.`,
    );
  }
  return url.hostname;
}
