import { isUtf8 } from "node:buffer";
import { isRecord } from "../stored-marks.js";

/** Header and claims of a token in compact serialization, before any signature has been checked. */
interface Compact {
  readonly header: Readonly<Record<string, unknown>>;
  /** As text: whoever verifies the signature parses them, and `checkNames()` looks at what came of it. */
  readonly claims: string;
}

/** What a header may bring along to make us check the token its own way (RFC 8725 sections 2.10 and 3.9). */
const UNWELCOME = ["crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"];

const MAX_BYTES = 8_192;
/** The header that came last: an issuer signs under the same one, token after token. */
let usual: { readonly text: string; readonly header: Compact["header"] } | undefined;

/**
 * Takes a token apart, accepting one spelling only: three parts, canonical base64url (RFC 4648 section 3.5), UTF-8, a
 * header that is a JSON object without a name written twice (RFC 7515 section 4) and that picks no keys or rules.
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
  return { header, claims: textOf(body) };
}

function headerOf(text: string): Compact["header"] {
  const json = textOf(text);
  const header: unknown = JSON.parse(json);
  checkNames(json, header);
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

function textOf(part: string): string {
  const bytes = bytesOf(part);
  if (!isUtf8(bytes)) throw new Error("The token is not UTF-8.");
  return bytes.toString();
}

/**
 * That what was parsed from a JSON text is an object, and has every name that is written there: `JSON.parse` keeps the
 * last of those that are written twice, and another reader may keep the first.
 *
 * @throws Error that says what is wrong; never for the client's eyes.
 */
export function checkNames(text: string, parsed: unknown): asserts parsed is Readonly<Record<string, unknown>> {
  if (!isRecord(parsed)) throw new Error("The token holds no JSON object.");
  if (namesOf(text) !== Object.keys(parsed).length) throw new Error("The token names something twice.");
}

/** How many members the outermost object of a valid JSON text is written with. Runs for every new token. */
function namesOf(text: string): number {
  let depth = 0;
  let names = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') at = endOfString(text, at);
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    else if (sign === ":" && depth === 1) names += 1;
  }
  return names;
}

/** Where the string ends that begins here: most of a token is inside of strings, and is leapt over. */
function endOfString(text: string, begin: number): number {
  let end = text.indexOf('"', begin + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** Whether the sign here follows an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === "\\") before -= 1;
  return (at - before) % 2 === 0;
}
