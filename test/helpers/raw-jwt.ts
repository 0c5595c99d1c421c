import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Request, Response } from "express";

export type Json = Readonly<Record<string, unknown>>;

export const SECRET = "a secret of more than sixty-four bytes, so that it is long enough for every HMAC there is";
export const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
export const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** One part of a token: an object becomes JSON, text is taken as it is. */
export function part(value: Json | string): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

/** Signs whatever it is given by the algorithm, and says nothing about it in the header: forgers do not ask a library. */
export function mint(header: Json | string, claims: Json | string, algorithm: string, key: KeyObject | string): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${signature(input, algorithm, key)}`;
}

export function signature(input: string, algorithm: string, key: KeyObject | string): string {
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith("HS")) return createHmac(hash, key).update(input).digest("base64url");
  if (typeof key === "string") throw new Error("A key pair signs with its private half.");
  const options = algorithm.startsWith("ES") ? ({ dsaEncoding: "ieee-p1363" } as const) : {};
  return sign(hash, Buffer.from(input), { key, ...options }).toString("base64url");
}

/** Header and claims of a token, unverified. */
export function opened(token: string): { header: Json; claims: Json } {
  const [header = "", claims = ""] = token.split(".").map((each) => Buffer.from(each, "base64url").toString());
  return { header: JSON.parse(header) as Json, claims: JSON.parse(claims) as Json };
}

/** A request as Node hands it over: names in lower case, and every header as it came in `rawHeaders`. */
export function requestWith(headers: Readonly<Record<string, string | readonly string[]>>): Request {
  const req = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value].flat()) req.rawHeaders.push(name, each);
    // Of a header that may not be repeated Node keeps the first; the others it joins.
    req.headers[name.toLowerCase()] =
      name.toLowerCase() === "authorization" ? [value].flat()[0] : [value].flat().join(", ");
  }
  return req as Request;
}

export function bearer(token: string, more: Readonly<Record<string, string>> = {}): Request {
  return requestWith({ Authorization: `Bearer ${token}`, ...more });
}

export function anyResponse(req: Request): Response {
  return new ServerResponse(req) as Response;
}
