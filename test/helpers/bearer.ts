import jsonwebtoken from "jsonwebtoken";
import { jwtProof, type TwoFactorOptions } from "../../src/index.js";
import { type Fixture, fixture } from "./app.js";

export const JWT_SECRET = "a secret for tokens, of 32 bytes and more";

/** A first-factor token, good for an hour by the fixture's clock. */
export function bearer({ clock }: Pick<Fixture, "clock">, claims: Record<string, unknown> = { sub: "ada" }): string {
  const iat = Math.floor(clock() / 1000);
  const token = jsonwebtoken.sign({ iat, exp: iat + 3600, ...claims }, JWT_SECRET, { algorithm: "HS256" });
  return `Bearer ${token}`;
}

/** The fixture for clients with bearer tokens. */
export function bearerFixture(options: Partial<TwoFactorOptions> = {}): Fixture {
  return fixture({ proof: jwtProof({ secret: JWT_SECRET, algorithms: ["HS256"] }), ...options });
}
