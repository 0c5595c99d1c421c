import { isUtf8 } from "node:buffer";
import { isRecord } from "../stored-marks.js";

/** Header and claims of a token in compact serialization, before any signature has been checked. */
interface Compact {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a header may bring along to make us check the token its own way (RFC 8725 sections 2.10 and 3.9). */
const UNWELCOME = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"];

const MAX_BYTES = 8_192;
/** The header that came last: an issuer signs under the same one, token after token. */
let usual: { readonly text: string; readonly header: Compact["header"] } | undefined;

/**
 * Takes a token apart, accepting one spelling only: three parts, canonical base64url (RFC 4648 section 3.5), UTF-8, two
 * JSON objects without a name written twice (RFC 7515 section 4), and no header that picks keys or rules.
 *
 * @throws Error that says what is wrong; never for the client's eyes.
 */
export function parseCompact(token: string): Compact {
  if (token.length > MAX_BYTES) throw new Error("The token is too long.");
  const [head = "", body = "", signature = "", ...more] = token.split(".");
  if (more.length > 0 || head === "" || body === "" || signature === "")
    throw new Error("The token has not three parts.");
  bytesOf(signature);
  const header = usual?.text === head ? usual.header : headerOf(head);
  return { header, claims: objectOf(body) };
}

function headerOf(text: string): Compact["header"] {
  const header = objectOf(text);
  const unwelcome = UNWELCOME.find((name) => Object.hasOwn(header, name));
  if (unwelcome !== undefined) throw new Error(`The token's header has "${unwelcome}".`);
  if (header["kid"] !== undefined && typeof header["kid"] !== "string") throw new Error('"kid" is not a string.');
  usual = { text, header };
  return header;
}

function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw new Error("The token is not base64url in its one right spelling.");
  return bytes;
}

function objectOf(part: string): Readonly<Record<string, unknown>> {
  const bytes = bytesOf(part);
  if (!isUtf8(bytes)) throw new Error("The token is not UTF-8.");
  const text = bytes.toString();
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error("The token holds no JSON object.");
  if (namesOf(text) !== Object.keys(value).length) throw new Error("The token names something twice.");
  return value;
}

/**
 * How many members the outermost object of a valid JSON text is written with; `JSON.parse` keeps the last of each name. A
 * look at every character: this runs for every new token, and a regular expression takes several times as long.
 */
function namesOf(text: string): number {
  let depth = 0;
  let names = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') quoted = !quoted;
    else if (quoted) at += sign === "\\" ? 1 : 0;
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    else if (sign === ":" && depth === 1) names += 1;
  }
  return names;
}
