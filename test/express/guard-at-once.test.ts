import type { Request, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { jwtProof, memoryStore, require2fa, totp, twoFactor } from "../../src/index.js";
import type { ProofFactory } from "../../src/express/proof.js";
import { recordingStore } from "../helpers/recording-store.js";
import { anyResponse, bearer, mint, requestWith, SECRET } from "../helpers/raw-jwt.js";
import { markFor } from "../helpers/session-host.js";

const S = Math.floor(Date.now() / 1_000);

function guarded(proof?: ProofFactory) {
  const { store, calls } = recordingStore(memoryStore());
  const middleware = twoFactor({
    secret: SECRET,
    user: (req) => (req as unknown as { session?: { userId: string } }).session?.userId,
    contact: () => ({}),
    methods: [totp({ secret: () => null })],
    store,
    ...(proof && { proof }),
  });
  /** What has happened by the time that the guard returns. */
  const pass = (req: Request, guard: RequestHandler): { passed: boolean; asked: readonly string[] } => {
    let passed = false;
    Object.assign(req, { method: "GET", path: "/vault", baseUrl: "" });
    void middleware(req, anyResponse(req), () => undefined);
    const before = calls.length;
    void guard(req, anyResponse(req), () => (passed = true));
    return { passed, asked: [...new Set(calls.slice(before).map(({ method }) => method))] };
  };
  return pass;
}

describe("a guard whose proof holds", () => {
  it("runs the handler in the same tick, and asks the store only what it knows by itself", () => {
    const pass = guarded();
    const twoFactor = { binding: "b".repeat(32), marks: [markFor("ada", { at: Date.now() })] };
    const req = Object.assign(requestWith({}), { session: { userId: "ada", twoFactor } });
    expect(pass(req, require2fa())).toEqual({ passed: true, asked: ["revokedAt"] });
  });

  it("does so with a token that it has never seen, and with one that it has", () => {
    const pass = guarded(jwtProof({ secret: SECRET, algorithms: ["HS256"], expiresIn: "1h" }));
    const second = { id: "i".repeat(43), at: S, methods: ["totp"], of: "o".repeat(32), until: S + 60 };
    const token = mint({ alg: "HS256", typ: "JWT" }, { sub: "ada", exp: S + 60, "2fa": second }, "HS256", SECRET);
    for (let time = 0; time < 2; time += 1) {
      expect(pass(bearer(token), require2fa())).toEqual({ passed: true, asked: ["revokedAt"] });
    }
  });
});
