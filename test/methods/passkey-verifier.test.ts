/** What the library says is not believed unless it is a yes in so many words (GitLab CVE-2026-0723). */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ORIGIN } from "../helpers/app.js";
import { SoftPasskey } from "../helpers/authenticator.js";
import { passkeyShop } from "../helpers/passkeys.js";

const library = vi.hoisted(() => ({ says: undefined as ((honest: object) => unknown) | undefined }));

vi.mock("@simplewebauthn/server", async (original) => {
  const real = await original<typeof import("@simplewebauthn/server")>();
  const says = (honest: object): unknown => (library.says ? library.says(honest) : honest);
  return {
    verifyAuthenticationResponse: async (options: Parameters<typeof real.verifyAuthenticationResponse>[0]) =>
      says(await real.verifyAuthenticationResponse(options)),
    verifyRegistrationResponse: async (options: Parameters<typeof real.verifyRegistrationResponse>[0]) =>
      says(await real.verifyRegistrationResponse(options)),
  };
});

const NO: Record<string, (honest: object) => unknown> = {
  undefined: () => undefined,
  null: () => null,
  "1": () => 1,
  "a word": () => "ok",
  true: () => true,
  "a promise of nothing": () => Promise.resolve(undefined),
  "a list": (honest) => [honest],
  "no verdict": (honest) => ({ ...honest, verified: undefined }),
  "1 for a verdict": (honest) => ({ ...honest, verified: 1 }),
  '"true" for a verdict': (honest) => ({ ...honest, verified: "true" }),
  "a promise for a verdict": (honest) => ({ ...honest, verified: Promise.resolve(true) }),
  "a verdict about nothing": () => ({ verified: true }),
  "a verdict about another": (honest) => about(honest, { credentialID: "AAAA", credential: { id: "AAAA" } }),
  "a verdict about nobody": (honest) => about(honest, { userVerified: undefined }),
  "a count that is none": (honest) => about(honest, { newCounter: Number.NaN, credential: undefined }),
  "an error": () => {
    throw new Error("The library has a bad day.");
  },
};

function about(honest: object, changes: object): object {
  const inner = Object.entries(honest).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "object" ? { ...value, ...changes } : value,
  ]);
  return Object.fromEntries(inner) as object;
}

describe("E08 a verifier that says anything but yes", () => {
  beforeEach(() => {
    library.says = undefined;
  });

  it.each(Object.entries(NO))("opens nothing and adds nothing: %s", async (_what, says) => {
    const shop = passkeyShop();
    const { agent, key } = await shop.owner();
    const { publicKey } = await shop.asked(agent);
    library.says = says;
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(publicKey) })
      .expect(422);
    await agent.get("/vault").expect(401);
    expect(shop.counters.grants).toBe(0);

    shop.contacts["new"] = {};
    const other = await shop.login("new");
    const begun = await shop.enroll(other);
    const code = new SoftPasskey(ORIGIN).create(begun.publicKey);
    await other.post("/2fa/factors/confirm").send({ enrollment: begun.id, code }).expect(422);
    expect(await shop.tfa.factors.list("new")).toEqual([]);

    library.says = undefined;
    await agent
      .post("/2fa/verify")
      .send({ code: key.get(publicKey) })
      .expect(200);
  });
});
