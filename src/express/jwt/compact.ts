import { isRecord } from "../stored-marks.js";

/** Header and claims of a token in compact serialization, before any signature has been checked. */
interface Compact {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a header may bring along to make us check the token its own way (RFC 8725 sections 2.10 and 3.9). */
const UNWELCOME = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"];

const MAX_BYTES = 8_192;
const utf8 = new TextDecoder("utf-8", { fatal: true });

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
  const header = objectOf(head);
  const unwelcome = UNWELCOME.find((name) => Object.hasOwn(header, name));
  if (unwelcome !== undefined) throw new Error(`The token's header has "${unwelcome}".`);
  if (header["kid"] !== undefined && typeof header["kid"] !== "string") throw new Error('"kid" is not a string.');
  return { header, claims: objectOf(body) };
}

function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw new Error("The token is not base64url in its one right spelling.");
  return bytes;
}

function objectOf(part: string): Readonly<Record<string, unknown>> {
  const text = utf8.decode(bytesOf(part));
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error("The token holds no JSON object.");
  if (namesOf(text) !== Object.keys(value).length) throw new Error("The token names something twice.");
  return value;
}

/** How many members the outermost object of a valid JSON text is written with; `JSON.parse` keeps the last of each name. */
function namesOf(text: string): number {
  let depth = 0;
  let names = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (token === ":" && depth === 1) names += 1;
  }
  return names;
}
