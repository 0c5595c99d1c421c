import { createHash } from "node:crypto";

const BASE64 = /[A-Za-z0-9+/_-]{12,}={0,2}/g;

/** Every spelling under which a secret could lie about: as it is, encoded, or hashed without a key. */
export function spellings(secret: string): Map<string, string> {
  const bytes = Buffer.from(secret);
  const hash = (algorithm: string) => createHash(algorithm).update(secret).digest();
  return new Map([
    ["in clear", secret],
    ["reversed", [...secret].toReversed().join("")],
    ["spaced", [...secret].join(" ")],
    ["spoken", [...secret].join(", ")],
    ["url-encoded", encodeURIComponent(secret)],
    ["base64", bytes.toString("base64").replace(/=+$/, "")],
    ["base64url", bytes.toString("base64url")],
    ["hex", bytes.toString("hex")],
    ["md5", hash("md5").toString("hex")],
    ["sha1", hash("sha1").toString("hex")],
    ["sha256", hash("sha256").toString("hex")],
    ["sha512", hash("sha512").toString("hex")],
    ["md5, base64", hash("md5").toString("base64url")],
    ["sha1, base64", hash("sha1").toString("base64url")],
    ["sha256, base64", hash("sha256").toString("base64url")],
  ]);
}

/** Which of the secrets are in the haystack, and how they are spelt there; base64 in it is opened first. */
export function found(haystack: string, secrets: Iterable<string>): string[] {
  const opened = [haystack.toLowerCase(), ...[...haystack.matchAll(BASE64)].flatMap(([text]) => decoded(text))].join(
    "\n",
  );
  const hits: string[] = [];
  for (const secret of secrets) {
    for (const [how, spelling] of spellings(secret)) {
      const hit = how.includes("base64") ? haystack.includes(spelling) : opened.includes(spelling.toLowerCase());
      if (hit) hits.push(`${secret} ${how}`);
    }
  }
  return hits;
}

/** What a run of base64 says, wherever in it a secret begins. */
function decoded(text: string): string[] {
  return [0, 1, 2, 3].map((offset) => Buffer.from(text.slice(offset), "base64").toString("latin1").toLowerCase());
}
