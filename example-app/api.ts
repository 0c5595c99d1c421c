import { createSecretKey } from "node:crypto";
import { type Request, type Response, Router } from "express";
import jwt from "jsonwebtoken";
import { jwtProof, type ProofFactory } from "require2fa";
import { checkPassword } from "./users.js";

const ISSUER = "https://fjord.example";
const ALGORITHM = "HS256";
const LIFETIME = 3_600;

/** The first factor for programs: a password, kept as a bearer token. */
export interface Api {
  readonly router: Router;
  /** Adds the second factor to such a token. */
  readonly proof: ProofFactory;
  /** The user of a request's bearer token, if it has one that holds. */
  userOf(req: Request): string | undefined;
}

export function api(secret: string, clock: () => number): Api {
  const key = createSecretKey(secret, "utf8");
  const now = (): number => Math.floor(clock() / 1000);

  const logIn = async (req: Request, res: Response): Promise<void> => {
    const user = await checkPassword(req.body);
    if (!user) return void res.status(401).json({ error: "Wrong username or password." });
    const claims = { sub: user.id, iss: ISSUER, iat: now(), exp: now() + LIFETIME };
    res.set("Cache-Control", "no-store").json({ token: jwt.sign(claims, key, { algorithm: ALGORITHM }) });
  };

  const router = Router();
  router.post("/api/login", (req, res, next) => {
    logIn(req, res).catch(next);
  });

  return {
    router,
    proof: jwtProof({ secret, algorithms: [ALGORITHM], issuer: ISSUER }),
    userOf(req) {
      const [, token] = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? "") ?? [];
      if (token === undefined) return undefined;
      try {
        const claims = jwt.verify(token, key, { algorithms: [ALGORITHM], issuer: ISSUER, clockTimestamp: now() });
        return typeof claims.sub === "string" ? claims.sub : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
