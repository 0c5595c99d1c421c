import type { Prompt } from "./prompt.js";
import type { ClientTexts } from "./texts.js";

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /**
   * Where `twoFactor()` has its routes. With an origin for an API elsewhere, as in `"https://api.example.com/2fa"`.
   * Requests to any other origin pass untouched. Default `"/2fa"`.
   */
  readonly path?: string;
  /** In place of the dialog. */
  readonly prompt?: Prompt;
  /** The dialog's words by language, as in `require2fa/client/texts`. English is built in. */
  readonly texts?: Readonly<Record<string, ClientTexts>>;
  /** Language of the dialog. Default: that of the document. */
  readonly locale?: string;
  /** Gets the token that a right code was answered with, where people log in by bearer tokens. */
  readonly onToken?: (token: string) => void;
}

export interface PreflightOptions extends Pick<RequestInit, "credentials" | "headers" | "signal"> {
  /** How old a proof may be, as in `"5m"`. Default `"15m"`. */
  readonly maxAge?: string;
  /** The `action` of the route, if it has one. */
  readonly action?: string;
}

export interface Fetch2fa extends Fetch {
  /**
   * Asks now, so that the request after it need not: before a long form or an upload. True once there is a proof, false
   * if the person declined or cannot be asked. A route with `bind` asks nevertheless.
   */
  preflight(options?: PreflightOptions): Promise<boolean>;
}
