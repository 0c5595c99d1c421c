import { misconfigured } from "../core/errors.js";
import { isProduction } from "../core/options.js";
import { DeliveryError } from "./provider.js";

export interface BoundedCall {
  /** The provider's name, for error messages. */
  readonly who: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The deadline; it covers connecting, waiting and reading. */
  readonly signal: AbortSignal;
}

export interface BoundedAnswer {
  /** Anything but a redirect. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** How much of an answer is read, in bytes after decompression. */
export const MAX_ANSWER_BYTES = 1_048_576;

/** `callBounded` with the method most carriers want. */
export function postBounded(call: BoundedCall): Promise<BoundedAnswer> {
  return callBounded("POST", call);
}

/**
 * One HTTP request that cannot hang, follow a redirect, or fill the memory, whatever the other side does.
 * Any status but 3xx is an answer. Errors name the provider and a system code, never the URL, a header or the body.
 *
 * @throws DeliveryError with `unsent: true` only if the request certainly never left this machine.
 */
export async function callBounded(
  method: "GET" | "POST" | "PUT" | "DELETE",
  call: BoundedCall,
): Promise<BoundedAnswer> {
  const request = prepare(method, call);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    throw unreachable(call, error);
  }
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel().catch(ignore);
    throw redirected(call.who, response.status);
  }
  const text = await readBounded(call, response);
  return { status: response.status, headers: response.headers, text };
}

function prepare(method: string, { who, url, headers, body, signal }: BoundedCall): Request {
  try {
    signal.throwIfAborted();
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const sized = bytes && { "content-length": String(bytes.length) };
    return new Request(url, {
      method,
      headers: { "user-agent": "require2fa", ...headers, ...sized },
      redirect: "manual",
      signal,
      // fetch posts a body it could read twice a second time when it is answered 421; a stream it cannot
      ...(bytes && { body: new Blob([bytes]).stream(), duplex: "half" as const }),
    });
  } catch {
    const why = signal.aborted ? "was given no time" : "was given a request that HTTP cannot express";
    throw new DeliveryError(`${who} ${why}.`, { unsent: true, permanent: !signal.aborted });
  }
}

/** 302 and 303 may follow a request that was carried out; the others mean "not here". */
function redirected(who: string, status: number): DeliveryError {
  return new DeliveryError(`${who} answered with a redirect (${status}), which is never followed.`, {
    unsent: status !== 302 && status !== 303,
    permanent: true,
  });
}

async function readBounded({ who, signal }: BoundedCall, response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const facts = { unsent: isRefusal(response.status), permanent: isRefusal(response.status) };
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > MAX_ANSWER_BYTES) break;
      chunks.push(part.value);
    }
  } catch (error) {
    const why = signal.aborted ? "did not finish its answer in time" : `broke off its answer${codeOf(error)}`;
    throw new DeliveryError(`${who} ${why}.`, facts);
  }
  if (size > MAX_ANSWER_BYTES) {
    await reader.cancel().catch(ignore);
    throw new DeliveryError(`${who} answered with more than ${MAX_ANSWER_BYTES} bytes.`, facts);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}

/**
 * What an answer outside 2xx means for trying again: 4xx refuses this message for good, 429 and 503 may name a pause,
 * and after any other the message may have gone out.
 */
export function refusal(who: string, { status, headers }: Pick<BoundedAnswer, "status" | "headers">): DeliveryError {
  const retryAfter = status === 429 || status === 503 ? pauseOf(headers.get("retry-after")) : undefined;
  return new DeliveryError(`${who} answered with status ${status}${hintFor(status)}.`, {
    unsent: isRefusal(status),
    permanent: isRefusal(status) && status !== 429,
    retryAfter,
  });
}

/** What a status says about the set-up rather than about the message. */
export function hintFor(status: number): string {
  return status === 401 ? ": check the credentials" : "";
}

/** `Retry-After` in milliseconds: whole seconds or an HTTP date (RFC 9110 section 10.2.3). */
function pauseOf(value: string | null): number | undefined {
  if (value === null || value.length > 40) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function unreachable({ who, signal }: BoundedCall, error: unknown): DeliveryError {
  if (signal.aborted) return new DeliveryError(`${who} did not answer in time.`, { unsent: false });
  const cause = error instanceof Error ? error.cause : undefined;
  const unsent = neverLeft(cause);
  const why = unsent ? "could not be reached" : "broke the connection before it had answered";
  return new DeliveryError(`${who} ${why}${codeOf(cause)}.`, { unsent });
}

interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
}

/** Failures of TLS that end the handshake, before a byte of the request is written. */
const CERTIFICATE = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/;
const HANDSHAKE = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_UNSUPPORTED_PROTOCOL",
  "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
  "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
]);

function neverLeft(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(neverLeft);
  if (!(cause instanceof Error)) return false;
  const { code, syscall } = cause as SystemError;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  return typeof code === "string" && (HANDSHAKE.has(code) || CERTIFICATE.test(code));
}

/** The system's code for an error, in brackets. The error's own words may quote addresses and payloads. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as SystemError;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : "";
}

function ignore(): void {}

/**
 * Where a service is, without a slash at the end: paths are appended to it.
 *
 * @throws TwoFactorError `misconfigured` for anything but a bare http(s) address, and for http in production unless it is
 * this machine.
 */
export function checkedBase(value: unknown, option: string): string {
  const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const isBare = url && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isBare || !/^https?:$/.test(url.protocol)) {
    throw misconfigured(
      `${option} takes a complete address without user, query or fragment: "https://api.example.com".`,
    );
  }
  if (url.protocol === "http:" && isProduction() && !isLoopback(url.hostname)) {
    throw misconfigured(`${option} must be https in production: credentials and codes go there.`);
  }
  return url.href.replace(/\/+$/, "");
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
