import type { ConnectionOptions } from "node:tls";
import { misconfigured } from "../core/errors.js";
import { checkKeys, isProduction, wholeNumber } from "../core/options.js";
import { pattern } from "../core/pattern.js";

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps://host`; instead of host, port, secure and auth. */
  readonly url?: string | undefined;
  readonly host?: string | undefined;
  /** Default 465 when secure, otherwise 587. */
  readonly port?: number | undefined;
  /** TLS from the first byte. Default: true on port 465. */
  readonly secure?: boolean | undefined;
  readonly auth?: { readonly user: string; readonly pass: string } | undefined;
  /** Refuse a server that does not offer STARTTLS. Default: true in production, unless the host is this machine. */
  readonly requireTls?: boolean | undefined;
  /** For node's TLS, such as the `ca` of a company's own authority. Checking certificates stays on in production. */
  readonly tls?: ConnectionOptions | undefined;
  /** `no-reply@example.com` or `Example <no-reply@example.com>`. */
  readonly from: string;
  /** Where an answer would go; the same form as `from`. */
  readonly replyTo?: string | undefined;
  /** For events and records. Default `"smtp"`. */
  readonly name?: string | undefined;
}

export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

export interface SmtpSettings extends Server {
  readonly name: string;
  readonly from: Mailbox;
  readonly replyTo: Mailbox | undefined;
  readonly requireTls: boolean;
  readonly tls: ConnectionOptions | undefined;
}

interface Server {
  readonly host: string;
  readonly port: number | undefined;
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
}

export function smtpSettings(options: SmtpOptions): SmtpSettings {
  const known = { url: true, host: true, port: true, secure: true, auth: true } as const;
  const more = { requireTls: true, tls: true, from: true, replyTo: true, name: true } as const;
  checkKeys(options, { ...known, ...more }, "smtp()");
  const server = options.url === undefined ? fromFields(options) : fromUrl(options);
  if (options.tls?.rejectUnauthorized === false && isProduction()) {
    throw misconfigured(
      "smtp({ tls: { rejectUnauthorized: false } }) trusts anybody. " +
        "For an authority of your own, pass its certificate as tls.ca.",
    );
  }
  return {
    ...server,
    name: options.name ?? "smtp",
    from: mailbox(options.from, "smtp({ from })"),
    replyTo: options.replyTo === undefined ? undefined : mailbox(options.replyTo, "smtp({ replyTo })"),
    requireTls: options.requireTls ?? (isProduction() && !server.secure && !isLoopback(server.host)),
    tls: options.tls,
  };
}

function fromFields({ host, port, secure, auth }: SmtpOptions): Server {
  if (typeof host !== "string" || !/^[\w.:-]{1,255}$/.test(host)) {
    throw misconfigured(
      'smtp() needs a server: { url: "smtp://user:password@mail.example.com:587" } or { host, port, auth }.',
    );
  }
  if (auth && (typeof auth.user !== "string" || typeof auth.pass !== "string")) {
    throw misconfigured("smtp({ auth }) takes { user, pass }, both strings.");
  }
  const checked = port === undefined ? undefined : wholeNumber(port, 1, 65_535, "smtp({ port })");
  return { host, port: checked, secure: secure ?? port === 465, auth };
}

function fromUrl(options: SmtpOptions): Server {
  for (const field of ["host", "port", "secure", "auth"] as const) {
    if (options[field] !== undefined) throw misconfigured(`smtp() takes { url } or { ${field} }, not both.`);
  }
  try {
    return serverOf(new URL(options.url ?? ""));
  } catch {
    throw misconfigured(
      'smtp({ url }) reads "smtp://user:password@host:587" or "smtps://host", with special characters in the ' +
        "password percent-encoded and nothing after the port.",
    );
  }
}

function serverOf(url: URL): Server {
  const known = url.protocol === "smtp:" || url.protocol === "smtps:";
  const bare = (url.pathname === "" || url.pathname === "/") && url.search === "" && url.hash === "";
  if (!known || !bare || url.hostname === "") throw new TypeError("not an SMTP server");
  const user = decodeURIComponent(url.username);
  const port = url.port === "" ? undefined : Number(url.port);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port,
    secure: url.protocol === "smtps:" || port === 465,
    auth: user === "" ? undefined : { user, pass: decodeURIComponent(url.password) },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const ADDRESS = pattern(String.raw`^[^\s\p{C}"(),:;<>@[\]\\]{1,64}@[a-z0-9.-]{1,253}$`, "iu");
const NAMED = pattern(String.raw`^([^\p{C}<>]{0,100})<([^<>]{1,320})>$`, "u");

function mailbox(value: unknown, where: string): Mailbox {
  const text = typeof value === "string" ? value.trim() : "";
  const named = NAMED().exec(text);
  const address = named?.[2] ?? text;
  if (!ADDRESS().test(address)) {
    throw misconfigured(
      `${where} takes one address, as in "no-reply@example.com" or "Example <no-reply@example.com>".`,
    );
  }
  return { name: (named?.[1] ?? "").trim().replace(/^"(.*)"$/, "$1"), address };
}
