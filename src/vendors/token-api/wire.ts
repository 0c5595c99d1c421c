/** How a token travels. */
export type TokenPathType = "sms" | "email";

/** What the body of a `POST` may say; each has a default. */
export interface TokenRequest {
  /** The alphabet: `numeric`, `alphanumeric`, or another that the server knows. */
  readonly type?: string;
  readonly length?: number;
  /** With `{token}` where the token goes. */
  readonly text?: string;
  /** Seconds. */
  readonly expiry?: number;
}

export const TOKEN_PLACE = "{token}";

/** What a path means: one identifier, or a token of its. */
export interface TokenPath {
  readonly type: string;
  readonly identifier: string;
  readonly token?: string;
}

const ROOT = "/v1/token/";

/** The path of a call. Every character of identifier and token is escaped that could end the path or mean a space. */
export function pathOf({ type, identifier, token }: TokenPath): string {
  const parts = [type, identifier, ...(token === undefined ? [] : [token])];
  return ROOT + parts.map((part) => encodeURIComponent(part)).join("/");
}

/**
 * Reads a path that came in, or says that it is none of ours (`undefined`) or not readable (`"malformed"`). A plus sign is
 * a plus sign, written so or as `%2B`.
 */
export function readPath(path: string): TokenPath | "malformed" | undefined {
  if (!path.toLowerCase().startsWith(ROOT)) return undefined;
  const [type, identifier, token, ...more] = path.slice(ROOT.length).replace(/\/$/, "").split("/").map(decoded);
  if (type === undefined || identifier === undefined || more.length > 0) return "malformed";
  if (type === "" || identifier === "" || token === "") return "malformed";
  return { type: type.toLowerCase(), identifier, ...(token === undefined ? {} : { token }) };
}

/** Empty, as no segment is, for what is no percent-encoding of text. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}

export function bodyOf(request: TokenRequest): string {
  return JSON.stringify(request);
}
